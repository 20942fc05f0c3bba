package register

import (
	"bytes"

	"gatehouse.example/sip/uri"
)

// outcome is what a line is.
type outcome uint8

const (
	good     outcome = iota
	nothing          // empty, or a comment
	noDigits         // text
	notDigit         // digits, and what does not belong to a number
	tooShort
	tooLong
	noCountry // national, and the plan does not say of which country
)

// String says why a line is refused.
func (o outcome) String() string {
	return [...]string{"", "", "there is no number", "it holds what is no digit", "it is too short for a number with its country code",
		"it is longer than 15 digits", "it is not an international number (+ and country code)"}[o]
}

// parser takes the number from a line.
type parser struct {
	plan   uri.Plan
	number []byte
}

// parse reads one line. Digits with a comma between them are joined as long as they are no whole number yet, which is how area code and
// number come in some registers; what follows the next comma does not count.
func (p *parser) parse(line []byte) (uint64, outcome) {
	if i := bytes.IndexByte(line, '#'); i >= 0 {
		line = line[:i]
	}
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	n, digits, plus, other, junk := uint64(0), 0, false, false, false
scan:
	for i, c := range line {
		switch {
		case c-'0' <= 9:
			if digits++; digits <= 19 {
				n = n*10 + uint64(c-'0')
			}
		case c == '+' && digits == 0:
			plus = true
		case c == ',' || c == ';' || c == '\t':
			if digits >= 7 || junk || !startsWithDigit(line[i+1:]) {
				break scan
			}
		case c == ' ', c == '-', c == '.', c == '(', c == ')', c == '/', c == '"', c == '\'', c == '\r', c == '\n':
		default:
			junk = true
		}
		other = other || c > ' '
	}
	switch {
	case !other:
		return 0, nothing
	case digits == 0:
		return 0, noDigits
	case junk:
		return 0, notDigit
	case plus:
		return whole(n, digits)
	}
	return p.national(n, digits)
}

func startsWithDigit(b []byte) bool {
	b = bytes.TrimLeft(b, "\"' ")
	return len(b) > 0 && b[0]-'0' <= 9
}

func whole(n uint64, digits int) (uint64, outcome) {
	switch {
	case digits > maxDigits:
		return 0, tooLong
	case digits < minDigits || n == 0:
		return 0, tooShort
	}
	return n, good
}

// national makes a number that was written without "+" international by the plan, with a short way for the North American one.
func (p *parser) national(n uint64, digits int) (uint64, outcome) {
	const ten = 10_000_000_000
	if p.plan.Country == "1" && p.plan.Trunk == "1" && (digits == 10 && n >= ten/5 || digits == 11 && n/ten == 1) {
		return ten + n%ten, good
	}
	if digits > maxDigits+4 {
		return 0, tooLong
	}
	var text [24]byte
	at := len(text)
	for range digits {
		at--
		text[at] = '0' + byte(n%10)
		n /= 10
	}
	u := uri.URI{Scheme: uri.TEL, User: text[at:]}
	var ok bool
	if p.number, ok = u.AppendNumber(p.number[:0], p.plan); !ok || p.number[0] != '+' {
		return 0, noCountry
	}
	if len(p.number) > 1+maxDigits {
		return 0, tooLong
	}
	if n, ok := Number(string(p.number)); ok {
		return n, good
	}
	return 0, tooShort
}
