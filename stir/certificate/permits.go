package certificate

import (
	"maps"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"gatehouse.example/stir/passport"
)

// claimRules are constraints in the form in which they are checked: no map, nothing to allocate.
type claimRules struct {
	include, exclude []string
	permitted        []permittedClaim
}

type permittedClaim struct {
	name   string
	values []string
}

func compile(c *Constraints) claimRules {
	// RFC 9118 §3: with iat, orig or dest in mustExclude the certificate counts as if it had no such extension.
	if slices.ContainsFunc(c.MustExclude, isBaseline) {
		return claimRules{}
	}
	r := claimRules{include: c.MustInclude, exclude: c.MustExclude}
	for _, name := range slices.Sorted(maps.Keys(c.Permitted)) {
		r.permitted = append(r.permitted, permittedClaim{name: name, values: c.Permitted[name]})
	}
	return r
}

func isBaseline(claim string) bool { return claim == "iat" || claim == "orig" || claim == "dest" }

// check obeys RFC 9118 §3, of which RFC 8226 §8 is a part.
func (r claimRules) check(t *passport.Token) error {
	for _, name := range r.include {
		if _, ok := t.Claim(name); !ok {
			return fail(ClaimRefused, name+" is missing")
		}
	}
	for _, name := range r.exclude {
		if _, ok := t.Claim(name); ok {
			return fail(ClaimRefused, name+" is excluded")
		}
	}
	for _, p := range r.permitted {
		if text, ok := t.Claim(p.name); ok && !permittedValue(text, p.values) {
			return fail(ClaimRefused, p.name+" has a value that is not permitted")
		}
	}
	return nil
}

func permittedValue(text string, values []string) bool {
	for _, v := range values {
		if claimEquals(text, v) {
			return true
		}
	}
	return false
}

// claimEquals compares a claim, JSON text, with a permitted value. A string is compared by what it means; anything else,
// for which no document gives an encoding, by its text as it was signed.
func claimEquals(text, want string) bool {
	if len(text) < 2 || text[0] != '"' {
		return text == want
	}
	text = text[1 : len(text)-1]
	for len(text) > 0 {
		if text[0] != '\\' {
			if len(want) == 0 || want[0] != text[0] {
				return false
			}
			text, want = text[1:], want[1:]
			continue
		}
		r, rest, ok := unescape(text)
		got, n := utf8.DecodeRuneInString(want)
		if !ok || n == 0 || got != r || got == utf8.RuneError {
			return false
		}
		text, want = rest, want[n:]
	}
	return want == ""
}

// unescape reads the escape that s begins with. RFC 8259 §7.
func unescape(s string) (r rune, rest string, ok bool) {
	if len(s) < 2 {
		return 0, "", false
	}
	switch c := s[1]; c {
	case '"', '\\', '/':
		return rune(c), s[2:], true
	case 'b':
		return '\b', s[2:], true
	case 'f':
		return '\f', s[2:], true
	case 'n':
		return '\n', s[2:], true
	case 'r':
		return '\r', s[2:], true
	case 't':
		return '\t', s[2:], true
	}
	r, ok = hexRune(s)
	if !ok || !utf16.IsSurrogate(r) {
		return r, s[min(6, len(s)):], ok
	}
	low, ok := hexRune(s[6:])
	r = utf16.DecodeRune(r, low)
	if !ok || r == utf8.RuneError {
		return 0, "", false
	}
	return r, s[12:], true
}

// hexRune reads the escape of four hexadecimal digits that s begins with.
func hexRune(s string) (r rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for i := 2; i < 6; i++ {
		c := s[i] | 0x20
		switch {
		case s[i] >= '0' && s[i] <= '9':
			r = r<<4 | rune(s[i]-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
