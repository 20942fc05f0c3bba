package effect

import (
	"fmt"
	"math"

	"gatehouse.example/verdict"
)

// World is one run of the simulation.
type World struct {
	// Options are what it was made from.
	Options Options

	events  []*event
	users   []*person
	people  []*person // outside, who know somebody inside
	codes   []string  // NPA-NXX of the users' numbers
	areas   []string  // area codes that most callers come from
	home    string
	carrier []carrier
	names   []string
	taken   map[string]bool
	sweeps  int
}

// person is somebody with a number.
type person struct {
	number   string // +1…
	name     string
	uri      string // as the callee of those inside, or the caller of those outside
	proof    verdict.Proof
	carrier  int
	contacts []*pair
	liar     bool
	agent    string
}

// carrier is a trunk that calls come in by.
type carrier struct {
	name, domain string
	sources      []string
}

// pair are two people who know each other.
type pair struct {
	user, other *person
	rate        float64 // calls a day
	inbound     float64 // the share of them that other makes
	from        int     // the day on which they come to know each other
}

// Make makes a world.
func Make(o Options) *World {
	w := &World{Options: o, taken: make(map[string]bool)}
	c := newChance(o.Seed, Actors)
	w.places(c)
	w.populate(c)
	w.wanted()
	w.unwanted()
	w.number()
	return w
}

// Len is how many events there are.
func (w *World) Len() int { return len(w.events) }

// add puts an event into the world.
func (w *World) add(e *event) *event {
	w.events = append(w.events, e)
	return e
}

// places makes up a domain, its numbers and its trunks. Nothing of it is the same with another seed.
func (w *World) places(c chance) {
	w.home = word(c) + ".example"
	for range 3 {
		w.areas = append(w.areas, area(c))
	}
	for range max(1, w.Options.Users/700) {
		w.codes = append(w.codes, pick(c, w.areas)+exchange(c))
	}
	for i := range 3 {
		domain := word(c) + ".example"
		t := carrier{name: "trunk" + string(rune('a'+i)), domain: domain}
		for j := range 2 {
			t.sources = append(t.sources, fmt.Sprintf("198.51.%d.%d:5060", 100+i, 10+j))
		}
		w.carrier = append(w.carrier, t)
	}
	for range 400 {
		w.names = append(w.names, title(word(c)))
	}
}

// area is an area code in use in North America; whether a number is assigned matters to those who look.
func area(c chance) string {
	return pick(c, []string{"201", "202", "206", "212", "213", "214", "216", "303", "305", "312", "313", "314", "404", "408", "410", "412", "414", "415",
		"425", "443", "469", "480", "502", "503", "504", "510", "512", "513", "516", "602", "612", "614", "615", "617", "619", "646", "650", "702", "704",
		"713", "714", "718", "720", "773", "801", "813", "816", "818", "901", "916", "917", "919"})
}

// exchange is a central office code: 2xx to 9xx, neither N11 nor 555.
func exchange(c chance) string {
	for {
		n := c.between(200, 999)
		if n%100 != 11 && n != 555 {
			return fmt.Sprint(n)
		}
	}
}

// numberIn makes a number that begins so and that nobody has.
func (w *World) numberIn(c chance, begin string) string {
	for {
		n := "+1" + begin
		for len(n) < len("+1")+10 {
			n += string(rune('0' + c.IntN(10)))
		}
		if !w.taken[n] {
			w.taken[n] = true
			return n
		}
	}
}

// anyNumber is a number of somewhere: most callers live near by.
func (w *World) anyNumber(c chance) string {
	switch {
	case c.is(.05):
		return w.numberIn(c, pick(c, w.codes)) // a real neighbour
	case c.is(.55):
		return w.numberIn(c, pick(c, w.areas)+exchange(c))
	}
	return w.numberIn(c, area(c)+exchange(c))
}

// populate makes users and those whom they know.
func (w *World) populate(c chance) {
	for range w.Options.Users {
		n := w.numberIn(c, pick(c, w.codes))
		w.users = append(w.users, &person{number: n, name: w.name(c), uri: "sip:" + n + "@" + w.home, proof: verdict.Digest,
			liar: c.is(w.Options.Liars), agent: agent(c)})
	}
	for _, u := range w.users {
		// Out-degree in 28 days: median 2, at most 18 (Copenhagen Networks Study); those are the ones called, not all who are known.
		for range min(30, max(1, int(math.Round(c.lognormal(5, .8))))) {
			w.befriend(c, u)
		}
	}
}

// befriend gives a user a contact.
func (w *World) befriend(c chance, u *person) {
	other := w.acquaintance(c)
	if other == u {
		return
	}
	// Calls of a pair in two weeks: median 2, 75 % up to 4, 99 % up to 29 (Copenhagen).
	p := &pair{user: u, other: other, rate: min(4, c.lognormal(1.7/14, 1.1)), inbound: .5}
	switch { // 66 % of pairs are reciprocal
	case c.is(.17):
		p.inbound = 1
	case c.is(.2):
		p.inbound = 0
	}
	if c.is(.15) {
		p.from = c.IntN(w.Options.Days)
	}
	u.contacts = append(u.contacts, p)
	other.contacts = append(other.contacts, p)
}

// acquaintance is a user, somebody whom another user knows already, or somebody new.
func (w *World) acquaintance(c chance) *person {
	switch {
	case c.is(.25):
		return pick(c, w.users)
	case c.is(.3) && len(w.people) > 0:
		return pick(c, w.people)
	}
	p := w.outsider(c)
	w.people = append(w.people, p)
	return p
}

// outsider is a person with a number elsewhere.
func (w *World) outsider(c chance) *person {
	p := &person{number: w.anyNumber(c), name: w.name(c), carrier: c.IntN(len(w.carrier)), proof: honestProof(c)}
	p.uri = "sip:" + p.number + "@" + w.carrier[p.carrier].domain
	return p
}

// honestProof: 26 to 60 % of providers do not sign; most of what is signed of people is full attestation (TransNexus 2022).
func honestProof(c chance) verdict.Proof {
	switch x := c.Float64(); {
	case x < .55:
		return verdict.StirA
	case x < .65:
		return verdict.StirB
	case x < .70:
		return verdict.StirC
	}
	return verdict.None
}

// spamProof is how spoofed calls are signed. With the shares of honest calls above it makes about 3 % of what has full attestation
// spam, 26 % of partial, 37 % of gateway attestation (US 2022).
func spamProof(c chance) verdict.Proof {
	switch x := c.Float64(); {
	case x < .12:
		return verdict.StirA
	case x < .35:
		return verdict.StirB
	case x < .60:
		return verdict.StirC
	}
	return verdict.None
}

func (w *World) name(c chance) string {
	if c.is(.3) {
		return "" // many networks hand on no name
	}
	return pick(c, w.names) + " " + pick(c, w.names)
}

// word makes up a word that can be said.
func word(c chance) string {
	b := make([]byte, 0, 12)
	for range c.between(2, 4) {
		b = append(b, pick(c, []string{"ba", "be", "co", "da", "fe", "gra", "hol", "ki", "la", "mar", "ne", "or", "pe", "ri", "sa", "ti", "ul", "ven", "wi", "zo"})...)
	}
	return string(b)
}

func title(s string) string { return string(s[0]-'a'+'A') + s[1:] }

func agent(c chance) string {
	return pick(c, []string{"Yealink SIP-T46U 108.86.0.20", "PolyVVX-VVX_411-UA/6.4.3", "Cisco-CP-8841-3PCC/12.0.1", "Zoiper v5.6.1", "Linphone/5.2.0 (belle-sip/5.3)",
		"snomD785/10.1.169", "Grandstream GXP2170 1.0.11.79", "MicroSIP/3.21.3"})
}
