// Package publish writes addresses for pages that harvesters read as well: forms that a person can use and a program that looks for addresses passes over,
// and traps that tell which page was harvested. RFC 5039 §3.6 (address obfuscation), §2.3. For ENUM (RFC 6116) it writes the records that lead from numbers to
// addresses; one for a number that nobody has leads to a trap, and tells that the numbers were asked for one after the other.
//
// Obfuscation holds as long as few use the same form, so there are several, and each call draws its parts anew. None needs an image, which nobody can
// copy or have read aloud. A harvester that runs a page's scripts and styles as a browser does finds what a browser shows: against that one the trap is
// left, an address that no person is shown, different on each page. Whoever calls it has read that page with a program.
package publish

import (
	"errors"
	"fmt"
	"html"
	"math/rand/v2"
	"strconv"
	"strings"

	"gatehouse.example/sip/uri"
)

// Form is one way to write an address into a page.
type Form struct {
	// Name tells the forms apart.
	Name string `json:"name"`
	// Says what it is good for.
	Says string `json:"says"`
	// HTML is what to put into the page.
	HTML string `json:"html"`
}

// Address is an address that is to be published.
type Address struct {
	link string // "sip:bob@example.test", "tel:+15551230001"
	text string // what a person reads: without the scheme
	user string
	host string
}

// ErrAddress is wrapped where something is no address that can be published.
var ErrAddress = errors.New("publish: not an address; write it as bob@example.test or +15551230001")

// Parse reads a SIP address, with or without "sip:", or a number.
func Parse(text string) (Address, error) {
	text = strings.TrimSpace(text)
	full := text
	switch {
	case strings.HasPrefix(text, "+"):
		full = "tel:" + strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "", "/", "").Replace(text)
	case strings.Contains(text, "@") && !strings.HasPrefix(text, "sip:") && !strings.HasPrefix(text, "sips:"):
		full = "sip:" + text
	}
	u, err := uri.Parse([]byte(full))
	if err != nil {
		return Address{}, fmt.Errorf("%w: %q", ErrAddress, text)
	}
	if u.Scheme == uri.TEL {
		n, ok := u.AppendNumber(nil, uri.Plan{})
		if !ok {
			return Address{}, fmt.Errorf("%w: %q", ErrAddress, text)
		}
		return Address{link: "tel:" + string(n), text: string(n), user: string(n)}, nil
	}
	aor := string(u.AppendAoR(nil))
	_, rest, _ := strings.Cut(aor, ":")
	at := strings.LastIndexByte(rest, '@')
	if at <= 0 {
		return Address{}, fmt.Errorf("%w: %q", ErrAddress, text)
	}
	return Address{link: aor, text: rest, user: rest[:at], host: rest[at+1:]}, nil
}

// String returns the address as a person reads it.
func (a Address) String() string { return a.text }

// Domain is the host of the address, empty for a number.
func (a Address) Domain() string { return a.host }

// Forms writes the address in all ways there are, with parts drawn from r.
func (a Address) Forms(r *rand.Rand) []Form {
	return []Form{
		{"entities", "a link; stops programs that do not decode HTML", `<a href="` + entities(a.link, r) + `">` + entities(a.text, r) + `</a>`},
		{"split", "text to read and to copy; stops programs that look for whole addresses", a.split(r)},
		{"reversed", "text to read; stops programs that do not apply styles", a.reversed(r)},
		{"words", "text to read and to hear; stops programs that do not understand words", html.EscapeString(a.words())},
		{"script", "a link that appears when it is touched or focused; stops programs that do not run scripts", a.script(r)},
	}
}

// entities writes each character as a decimal or hexadecimal reference.
func entities(s string, r *rand.Rand) string {
	var b strings.Builder
	for _, c := range s {
		if r.IntN(2) == 0 {
			fmt.Fprintf(&b, "&#%d;", c)
		} else {
			fmt.Fprintf(&b, "&#x%x;", c)
		}
	}
	return b.String()
}

// split puts elements that are not shown, with text that would spoil the address, between the characters.
func (a Address) split(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("<span>")
	for i, c := range a.text {
		if i > 0 && (c == '@' || c == '.' || r.IntN(3) == 0) {
			b.WriteString(`<span hidden>` + noise(r) + `</span>`)
		}
		b.WriteString(html.EscapeString(string(c)))
	}
	b.WriteString("</span>")
	return b.String()
}

// reversed writes the text backwards and has the browser turn it around.
func (a Address) reversed(r *rand.Rand) string {
	runes := []rune(a.text)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return `<span style="unicode-bidi:bidi-override;direction:rtl">` + entities(string(runes), r) + `</span>`
}

// words spells out what harvesters look for.
func (a Address) words() string {
	if a.host == "" {
		return "plus " + strings.Join(strings.Split(strings.TrimPrefix(a.text, "+"), ""), " ")
	}
	return strings.NewReplacer(".", " dot ", "-", " dash ", "_", " underscore ").Replace(a.user) + " at " + strings.ReplaceAll(a.host, ".", " dot ")
}

// script keeps the address as numbers and puts it together when somebody is there. Without scripts the words are read.
func (a Address) script(r *rand.Rand) string {
	key := 1 + r.IntN(250)
	var codes []string
	for i := range len(a.link) {
		codes = append(codes, strconv.Itoa(int(a.link[i])^key))
	}
	id := "c" + noise(r)
	return `<a id="` + id + `" href="#" data-c="` + strings.Join(codes, " ") + `" data-k="` + strconv.Itoa(key) + `">` + html.EscapeString(a.words()) + `</a>` +
		`<script>(function(e){function f(){var s=e.dataset.c.split(" ").map(function(n){return String.fromCharCode(n^e.dataset.k)}).join("");` +
		`e.href=s;e.textContent=s.replace(/^[a-z]+:/,"")}["pointerover","touchstart","focus"].forEach(function(n){e.addEventListener(n,f,{once:true})})})` +
		`(document.getElementById("` + id + `"))</script>`
}

func noise(r *rand.Rand) string {
	const letters = "abcdefghijkmnpqrstuvwxyz"
	b := make([]byte, 3+r.IntN(4))
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// Trap makes an address of a domain that looks like anybody's. Who publishes it sees to it that nobody has it.
func Trap(domain string, r *rand.Rand) (Address, error) {
	if domain == "" {
		return Address{}, errors.New("publish: a number has no domain in which a trap could be made; name one that nobody has")
	}
	consonants, vowels := "bdfghklmnprstvw", "aeiou"
	var b strings.Builder
	for range 2 + r.IntN(2) {
		b.WriteByte(consonants[r.IntN(len(consonants))])
		b.WriteByte(vowels[r.IntN(len(vowels))])
	}
	b.WriteByte(consonants[r.IntN(len(consonants))])
	fmt.Fprintf(&b, "%02d%c%d", r.IntN(100), vowels[r.IntN(len(vowels))], r.IntN(1000))
	a, err := Parse("sip:" + b.String() + "@" + domain)
	if err != nil || !strings.EqualFold(a.host, strings.TrimSuffix(domain, ".")) {
		return Address{}, fmt.Errorf("publish: not a domain: %q", domain)
	}
	return a, nil
}

// Bait writes a trap so that programs find it at once and people never do, those who have a page read aloud included.
func (a Address) Bait() string {
	return `<div hidden aria-hidden="true"><a href="` + html.EscapeString(a.link) + `" tabindex="-1" rel="nofollow">` + html.EscapeString(a.text) + `</a></div>`
}
