package fetch

import (
	"net/http"
	"strings"
	"time"
)

// A lifetime is what an answer says of how long it may be used.
type lifetime struct {
	fresh  time.Duration // from now; unset without given
	given  bool
	strict bool // not to be used when it is over, whatever happens (must-revalidate, no-cache, no-store)
}

// forever is the longest age that is told from others: RFC 9111 §1.2.2 has 2^31 stand for all above.
const forever = 1 << 31

// readLifetime reads Cache-Control, Age, Expires and Date as a cache does that many share (RFC 9111 §4.2.1): s-maxage before max-age
// before Expires. Of directives that contradict each other the shorter counts, and one that cannot be read means zero.
func readLifetime(h http.Header, now time.Time) lifetime {
	var l lifetime
	shared, private := int64(-1), int64(-1)
	for _, field := range h.Values("Cache-Control") {
		eachDirective(field, func(name, value string) {
			switch name {
			case "no-store", "no-cache":
				private, shared, l.strict = 0, 0, true
			case "must-revalidate", "proxy-revalidate":
				l.strict = true
			case "max-age":
				private = shorter(private, seconds(value))
			case "s-maxage":
				shared, l.strict = shorter(shared, seconds(value)), true // RFC 9111 §5.2.2.10: implies proxy-revalidate
			}
		})
	}
	age := max(seconds(strings.TrimSpace(h.Get("Age"))), 0)
	switch {
	case shared >= 0:
		l.fresh, l.given = clampSeconds(shared-age), true
	case private >= 0:
		l.fresh, l.given = clampSeconds(private-age), true
	case len(h.Values("Expires")) > 0:
		l.fresh, l.given = expires(h, now, age), true
	}
	return l
}

// expires is Expires less Date (RFC 9111 §5.3); a bad date is in the past.
func expires(h http.Header, now time.Time, age int64) time.Duration {
	until, err := http.ParseTime(h.Get("Expires"))
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return clampSeconds(int64(until.Sub(now)/time.Second) - age)
}

func clampSeconds(n int64) time.Duration { return time.Duration(min(max(n, 0), forever)) * time.Second }

func shorter(old, n int64) int64 {
	if old < 0 {
		return n
	}
	return min(old, n)
}

// seconds reads delta-seconds (RFC 9111 §1.2.2); what is none is zero.
func seconds(s string) int64 {
	if s == "" {
		return 0
	}
	n := int64(0)
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		n = min(10*n+int64(s[i]-'0'), forever)
	}
	return n
}

// eachDirective splits a Cache-Control field value: names in lower case, values without quotes (RFC 9111 §5.2). What is no directive
// is skipped.
func eachDirective(s string, f func(name, value string)) {
	for s != "" {
		s = strings.TrimLeft(s, " \t,")
		end := strings.IndexAny(s, "=, \t")
		if end < 0 {
			end = len(s)
		}
		name := strings.ToLower(s[:end])
		s = s[end:]
		value := ""
		if strings.HasPrefix(s, "=") {
			value, s = directiveValue(s[1:])
		}
		if name != "" {
			f(name, value)
		}
		if i := strings.IndexByte(s, ','); i >= 0 {
			s = s[i+1:]
		} else {
			s = ""
		}
	}
}

// directiveValue reads a token or a quoted string and returns it with what follows.
func directiveValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
