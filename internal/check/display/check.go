// Package display is the check of the caller's display name: whether it is made to deceive the person who reads it. RFC 5039 §3.1 and §5 (the name is
// what a human sees, and nothing proves it); Unicode UTS #39 (confusables, mixed scripts) and UAX #9 (direction).
//
// The names in signed tokens and in cards (RFC 9795, RFC 9796) are looked at likewise: who signs them vouches for the number (RFC 8224 §12.6).
//
// It sees control characters, direction overrides, invisible characters where no script needs them, words of mixed scripts that only look alike,
// addresses and numbers in the name that are not the caller's, and names that the operator protects (a bank's, the own company's) in whatever disguise.
//
// Cost: one pass over a name of plain ASCII, two over any other; names are cut at 128 octets; no allocation unless something is found. It does not know which names are
// true.
package display

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalControl   = "DISPLAY_CONTROL"
	signalDirection = "DISPLAY_DIRECTION"
	signalInvisible = "DISPLAY_INVISIBLE"
	signalMixed     = "DISPLAY_MIXED_SCRIPT"
	signalAddress   = "DISPLAY_ADDRESS"
	signalNumber    = "DISPLAY_NUMBER"
	signalProtected = "DISPLAY_PROTECTED"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "display", Stage: screen.Cheap, RFC: "5039 §3.1",
		Signals: []screen.SignalInfo{
			{Name: signalControl, Weight: 3, Description: "The display name holds control characters or is no valid UTF-8."},
			{Name: signalDirection, Weight: 4,
				Description: "The display name turns the direction of writing around; half as strong for marks without a text that needs them."},
			{Name: signalInvisible, Weight: 3, Description: "The display name holds invisible characters where no script needs them."},
			{Name: signalMixed, Weight: 4, Description: "A word of the display name mixes letters of scripts that look alike."},
			{Name: signalAddress, Weight: 2, Description: "The display name holds an address that is not the caller's."},
			{Name: signalNumber, Weight: 2,
				Description: "The display name holds a telephone number that is not the caller's; weaker where the caller has none."},
			{Name: signalProtected, Weight: 6,
				Description: "The display name is, or looks like, one that the operator protects, and the caller's number or domain is not listed with it."},
		},
	}
}

// Protected is a name that only some callers may bear.
type Protected struct {
	// Name is the name, of at least four letters. It is found as whole words, in any case and in letters that look alike.
	Name string
	// By are the numbers ("+18005551212"), number prefixes ("+1800*") and domains ("bank.test") of those who may bear it, once they are proven.
	By []string
}

// Config says which names are protected. None are by themselves.
type Config struct {
	Protected []Protected
}

// Check looks at display names. It is safe for concurrent use.
type Check struct {
	protected []protected
	shapes    *shapes
	letters   *letters
}

type protected struct {
	Protected
	folded string // as fold writes it, with spaces alone between letters
	joined string // the same without spaces
}

const (
	maxName      = 128 // octets that are looked at
	minProtected = 4
)

// New returns the check.
func New(cfg Config) (*Check, error) {
	c := &Check{shapes: newShapes(), letters: newLetters()}
	for _, p := range cfg.Protected {
		folded := strings.ReplaceAll(string(c.shapes.fold(nil, p.Name)), string(sign), " ")
		if len(strings.ReplaceAll(folded, " ", "")) < minProtected || len(p.Name) > maxName {
			return nil, fmt.Errorf("display: protected: %q: a name has at least four letters and at most 128 octets", p.Name)
		}
		c.protected = append(c.protected, protected{p, folded, strings.ReplaceAll(folded, " ", "")})
	}
	return c, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Run implements screen.Check. What local users call themselves is not looked at.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if a.Outbound {
		return
	}
	c.look(a, a.From.Display, r)
	for _, name := range a.Names {
		if name != a.From.Display {
			c.look(a, name, r)
		}
	}
}

// look judges one name.
func (c *Check) look(a *screen.Attempt, name string, r *screen.Report) {
	if name == "" {
		return
	}
	if len(name) > maxName {
		name = name[:maxName]
	}
	f := c.letters.survey(name)
	f.report(name, r)
	if f.at >= 0 {
		address(a, name, f.at, r)
	}
	if f.digits >= minDigits {
		number(a, name, r)
	}
	c.bears(a, name, r)
}

// bears judges whether the name is one that others may bear only.
func (c *Check) bears(a *screen.Attempt, name string, r *screen.Report) {
	if len(c.protected) == 0 {
		return
	}
	var buf [3 * maxName]byte
	folded := c.shapes.fold(buf[:0], name)
	for i := range c.protected {
		p := &c.protected[i]
		if !p.within(folded) || p.allows(a) {
			continue
		}
		r.Signal(signalProtected, 1, screen.Quote(name)+" reads as '"+p.Name+"', which is protected, and the caller is not proven to be it")
		return
	}
}

// within finds the name in folded text, as words of it.
func (p *protected) within(text []byte) bool {
	for from := range text {
		if text[from] == p.joined[0] && (from == 0 || between(text[from-1])) && (written(text[from:], p.folded) || spelled(text[from:], p.joined)) {
			return true
		}
	}
	return false
}

// written reads words, which may be one word as well ("FirstBank"), and have signs in them ("Fir.st-Bank").
func written(text []byte, words string) bool {
	for at := 0; ; {
		switch {
		case at == len(words):
			return len(text) == 0 || between(text[0])
		case len(text) == 0:
			return false
		case text[0] == words[at]:
			at++
			text = text[1:]
		case text[0] == sign:
			if words[at] == ' ' {
				at++
			}
			text = text[1:]
		case words[at] == ' ':
			at++
		default:
			return false
		}
	}
}

// spelled reads letters with something between each two of them ("F i r s t  B a n k").
func spelled(text []byte, joined string) bool {
	at := 0
	for i, c := range joined {
		n := utf8.RuneLen(c)
		if at+n > len(text) || string(text[at:at+n]) != joined[i:i+n] || at+n < len(text) && !between(text[at+n]) {
			return false
		}
		at += n + 1
	}
	return true
}

// allows says whether the proven caller may bear the name.
func (p *protected) allows(a *screen.Attempt) bool {
	switch a.From.Proof {
	case verdict.None, verdict.StirC:
		return false
	}
	for _, by := range p.By {
		if prefix, ok := strings.CutSuffix(by, "*"); ok && a.IdentityNumber != "" && strings.HasPrefix(a.IdentityNumber, prefix) {
			return true
		}
		if by == a.IdentityNumber && by != "" || a.IdentityDomain != "" && strings.EqualFold(by, a.IdentityDomain) {
			return true
		}
	}
	return false
}
