package verdict

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends v's JSON to dst: the same bytes as encoding/json writes, without reflection or allocation beyond
// dst's growth. A number that JSON cannot hold (NaN, infinity) is written as 0, because a log line is worth more than an error.
func (v *Verdict) AppendJSON(dst []byte) []byte {
	dst = appendText(append(dst, `{"id":`...), v.ID)
	dst = appendTime(append(dst, `,"time":`...), v.Time)
	dst = appendText(append(dst, `,"kind":`...), v.Kind.String())
	dst = appendText(append(dst, `,"mode":`...), v.Mode.String())
	dst = appendText(append(dst, `,"action":`...), v.Action.String())
	if v.Would != Relay {
		dst = appendText(append(dst, `,"would":`...), v.Would.String())
	}
	dst = appendFloat(append(dst, `,"score":`...), v.Score)
	dst = v.From.appendJSON(append(dst, `,"from":`...))
	dst = v.To.appendJSON(append(dst, `,"to":`...))
	dst = v.Source.appendJSON(append(dst, `,"source":`...))
	dst = append(dst, `,"signals":[`...)
	for i := range v.Signals {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = v.Signals[i].appendJSON(dst)
	}
	dst = append(dst, `],"response":`...)
	if v.Response == nil {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendInt(append(dst, `{"code":`...), int64(v.Response.Code), 10)
		dst = appendText(append(dst, `,"reason":`...), v.Response.Reason)
		dst = append(dst, '}')
	}
	dst = appendText(append(dst, `,"introduction":`...), v.Introduction)
	dst = strconv.AppendInt(append(dst, `,"elapsed_us":`...), v.ElapsedUS, 10)
	if v.Feedback != "" {
		dst = appendText(append(dst, `,"feedback":`...), v.Feedback)
	}
	return append(dst, '}')
}

func (f *From) appendJSON(dst []byte) []byte {
	dst = appendText(append(dst, `{"claimed":`...), f.Claimed)
	dst = appendText(append(dst, `,"display":`...), f.Display)
	dst = appendText(append(dst, `,"identity":`...), f.Identity)
	dst = appendText(append(dst, `,"proof":`...), f.Proof.String())
	if f.Signature != nil {
		dst = f.Signature.appendJSON(append(dst, `,"signature":`...))
	}
	return append(dst, '}')
}

func (t *To) appendJSON(dst []byte) []byte {
	dst = appendText(append(dst, `{"requested":`...), t.Requested)
	dst = appendText(append(dst, `,"user":`...), t.User)
	dst = appendText(append(dst, `,"alias":`...), t.Alias)
	return append(dst, '}')
}

func (s *Source) appendJSON(dst []byte) []byte {
	dst = appendText(append(dst, `{"address":`...), s.Address)
	dst = appendText(append(dst, `,"transport":`...), s.Transport)
	dst = appendText(append(dst, `,"peer":`...), s.Peer)
	dst = appendText(append(dst, `,"user_agent":`...), s.UserAgent)
	return append(dst, '}')
}

func (s *Signal) appendJSON(dst []byte) []byte {
	dst = appendText(append(dst, `{"name":`...), s.Name)
	dst = appendFloat(append(dst, `,"strength":`...), s.Strength)
	dst = appendFloat(append(dst, `,"weight":`...), s.Weight)
	dst = appendFloat(append(dst, `,"score":`...), s.Score)
	dst = appendText(append(dst, `,"evidence":`...), s.Evidence)
	return append(dst, '}')
}

func appendTime(dst []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// appendFloat writes as ES6 does and encoding/json with it: exponents only for very large and very small numbers.
func appendFloat(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, '0')
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, 64)
	if n := len(dst); format == 'e' && n >= 4 && dst[n-4] == 'e' && (dst[n-3] == '-' || dst[n-3] == '+') && dst[n-2] == '0' {
		dst[n-2] = dst[n-1] // e-09 becomes e-9
		dst = dst[:n-1]
	}
	return dst
}

const hex = "0123456789abcdef"

// appendText quotes s as encoding/json does: HTML's <, > and & and the line separators U+2028 and U+2029 are escaped, so the
// line is safe inside a page and a script; octets that are not UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if plain(c) {
				i++
				continue
			}
			dst = appendEscape(append(dst, s[from:i]...), c)
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(append(dst, s[from:i]...), `\ufffd`...)
			from = i + n
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, s[from:i]...), `\u202`...)
			dst = append(dst, hex[r&0xF])
			from = i + n
		}
		i += n
	}
	return append(append(dst, s[from:]...), '"')
}

func plain(c byte) bool {
	return c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xF])
}
