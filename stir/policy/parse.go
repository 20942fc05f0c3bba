package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Select returns the one record among the TXT texts at a name. Texts of other kinds are passed over; ErrNone where none is left, ErrSeveral
// where there are two. The strings of one TXT are joined before, without anything between them (RFC 7208 §3.3).
func Select(texts []string) (Record, error) {
	found := ""
	for _, t := range texts {
		if !isRecord(t) {
			continue
		}
		if found != "" {
			return Record{}, ErrSeveral
		}
		found = t
	}
	if found == "" {
		return Record{}, ErrNone
	}
	return Parse(found)
}

// isRecord says whether a text is meant to be a record: its first tag is the version.
func isRecord(text string) bool {
	first, _, _ := strings.Cut(text, ";")
	name, value, ok := strings.Cut(first, "=")
	return ok && strings.EqualFold(trim(name), "v") && trim(value) == "SIPID1"
}

// Parse reads one record.
func Parse(text string) (Record, error) {
	if !isRecord(text) {
		return Record{}, fmt.Errorf("%w: it does not begin with %s", ErrSyntax, Version)
	}
	if len(text) > MaxRecord {
		return Record{}, fmt.Errorf("%w: %d octets, at most %d", ErrSyntax, len(text), MaxRecord)
	}
	p := parser{Record: Record{Methods: Call, Sign: Stir, Percent: 100, MaxAge: DefaultMaxAge}}
	for part := range strings.SplitSeq(text, ";") {
		if part = trim(part); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return Record{}, fmt.Errorf("%w: %.40q is not tag=value", ErrSyntax, part)
		}
		if err := p.tag(strings.ToLower(trim(name)), trim(value)); err != nil {
			return Record{}, err
		}
	}
	if !p.hasPolicy {
		return Record{}, fmt.Errorf("%w: there is no p", ErrSyntax)
	}
	return p.Record, nil
}

// trim takes away the white space of the grammar, which is that of RFC 5234's WSP.
func trim(s string) string { return strings.Trim(s, " \t") }

type parser struct {
	Record
	hasPolicy bool
	seen      []string
}

// tag takes one tag. A name that occurs twice spoils the record (RFC 6376 §3.2 has the same rule), because nobody can know which was meant.
func (p *parser) tag(name, value string) error {
	if !token(name) || !printable(value) {
		return fmt.Errorf("%w: %.40q is not tag=value", ErrSyntax, name+"="+value)
	}
	for _, s := range p.seen {
		if s == name {
			return fmt.Errorf("%w: %.40q occurs twice", ErrSyntax, name)
		}
	}
	if p.seen = append(p.seen, name); len(p.seen) > MaxTags {
		return fmt.Errorf("%w: more than %d tags", ErrSyntax, MaxTags)
	}
	if !p.set(name, value) {
		return fmt.Errorf("%w: %s=%.40q means nothing", ErrSyntax, name, value)
	}
	return nil
}

// set reads the value of a known tag, and passes over others.
func (p *parser) set(name, value string) (ok bool) {
	switch name {
	case "p":
		p.hasPolicy = true
		p.Policy, ok = parseMode(value)
	case "sp":
		p.Subdomains, ok = parseMode(value)
	case "m":
		var set uint8
		set, ok = parseWords(methodWords[:], value)
		p.Methods = Methods(set)
	case "sign":
		var set uint8
		set, ok = parseWords(proofWords[:], value)
		p.Sign = Proofs(set)
	case "from":
		p.Start, ok = parseDay(value)
	case "pct":
		var n int64
		n, ok = parseNumber(value, 3)
		p.Percent = int(n)
		ok = ok && n <= 100
	case "max-age":
		var n int64
		n, ok = parseNumber(value, 10)
		p.MaxAge = time.Duration(min(n, int64(MaxMaxAge/time.Second))) * time.Second
	case "rua":
		p.Reports, ok = parseReports(value)
	default:
		ok = true
	}
	return ok
}

func parseMode(s string) (Mode, bool) {
	for _, w := range modeWords {
		if strings.EqualFold(s, w.word) {
			return w.mode, true
		}
	}
	return None, false
}

// word is a word of a list with its bit.
type word struct {
	text string
	bit  uint8
}

// parseWords reads a list of words. Unknown ones are passed over, so the set may be empty; an empty list or element is an error.
func parseWords(words []word, list string) (set uint8, ok bool) {
	for s := range strings.SplitSeq(list, ",") {
		s = strings.ToLower(trim(s))
		if !token(s) {
			return 0, false
		}
		for _, w := range words {
			if s == w.text {
				set |= w.bit
			}
		}
	}
	return set, true
}

// parseDay reads the full-date of RFC 3339 §5.6.
func parseDay(s string) (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, s)
	return day, err == nil && day.Year() >= 1970
}

// parseNumber reads up to width digits.
func parseNumber(s string, width int) (int64, bool) {
	if s == "" || len(s) > width {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// parseReports reads a list of URIs. Commas and semicolons in them are percent-encoded. Schemes that nobody could report to are passed over.
func parseReports(list string) (uris []string, ok bool) {
	n := 0
	for u := range strings.SplitSeq(list, ",") {
		u = trim(u)
		scheme, rest, colon := strings.Cut(u, ":")
		if n++; n > MaxReports || len(u) > MaxReport || !colon || !token(scheme) || rest == "" || strings.ContainsAny(rest, " \t") {
			return nil, false
		}
		switch scheme = strings.ToLower(scheme); scheme {
		case "mailto", "https":
			uris = append(uris, scheme+":"+rest)
		}
	}
	return uris, true
}

// token is a name or a word: it begins with a letter and goes on with letters, digits and hyphens.
func token(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || (s[i] < '0' || s[i] > '9') && s[i] != '-') {
			return false
		}
	}
	return s != ""
}

// printable says whether a value keeps to ASCII without controls but the tab.
func printable(s string) bool {
	for i := range len(s) {
		if (s[i] < ' ' || s[i] > '~') && s[i] != '\t' {
			return false
		}
	}
	return true
}
