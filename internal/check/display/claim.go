package display

import (
	"strings"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// minDigits make a telephone number; fewer are a room or an extension.
const minDigits = 7

// address judges an address in the name, whose '@' stands at at.
func address(a *screen.Attempt, name string, at int, r *screen.Report) {
	from := at
	for from > 0 && isAddress(name[from-1]) {
		from--
	}
	to := at + 1
	for to < len(name) && isAddress(name[to]) {
		to++
	}
	domain := strings.TrimRight(name[at+1:to], ".")
	if from == at || strings.IndexByte(domain, '.') <= 0 {
		return
	}
	found := name[from : at+1+len(domain)]
	if is(a.From.Claimed, found) || a.From.Proof != verdict.None && is(a.From.Identity, found) {
		return
	}
	strength := 1.0
	if strings.EqualFold(domain, a.FromDomain) {
		strength = 0.5 // another user of the same house: an alias, more often than not
	}
	r.Signal(signalAddress, strength, screen.Quote(name)+" holds the address "+screen.Quote(found)+", which is not the caller's")
}

func is(aor, address string) bool {
	return strings.EqualFold(aor[strings.IndexByte(aor, ':')+1:], address)
}

func isAddress(c byte) bool {
	letter := c | 0x20
	return letter >= 'a' && letter <= 'z' || c-'0' <= 9 || c == '.' || c == '-' || c == '_' || c == '+'
}

// number judges telephone numbers in the name.
func number(a *screen.Attempt, name string, r *screen.Report) {
	var digits [20]byte
	n := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) {
			switch c := name[i]; {
			case c-'0' <= 9:
				if n < len(digits) {
					digits[n] = c
				}
				n++
				continue
			case n > 0 && (c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/'):
				continue
			}
		}
		if n >= minDigits && n <= len(digits) && !isCaller(a, digits[:n]) {
			strength := 1.0
			if a.FromNumber == "" {
				strength = 0.3 // somebody who is called by an address may have a telephone too
			}
			r.Signal(signalNumber, strength, screen.Quote(name)+" holds a number that is not the caller's")
			return
		}
		n = 0
	}
}

// isCaller says whether digits end as a number of the caller does: names often leave out the country code.
func isCaller(a *screen.Attempt, digits []byte) bool {
	digits = digits[len(digits)-minDigits:]
	return endsWith(a.FromNumber, digits) || endsWith(a.IdentityNumber, digits) || strings.Contains(a.From.Claimed, string(digits))
}

func endsWith(number string, digits []byte) bool {
	return len(number) >= len(digits) && number[len(number)-len(digits):] == string(digits)
}
