package stranger

import (
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The kinds of traits.
const (
	traitAny uint64 = iota + 1
	traitProof
	traitWay
	traitNear
	traitArea
	traitName
	traitAgent
	traitFriends
	traitHeard
	traitNet
	traitHour
	traitSaid
)

const mostTraits = 12

// traits are what a stranger has in common with others. What goes before is what is published: of calls with full attestation 3 % are robocalls, of
// partial attestation 26 %, of the gateway's 37 % (US, 2022); neighbours' numbers are what campaigns like to show.
func (c *Check) traits(a *screen.Attempt, heard int, dst []newcomers.Trait) []newcomers.Trait {
	m := c.memory
	kind := uint64(a.Kind)
	// A number that somebody here has called is not a forged one, and who has rung the callee before, and was not objected to, is hardly a campaign.
	friendPriors, heardPriors := [...]float64{1, 0.22, 0.05}, [...]float64{1, 0.37, 0.14}
	add := func(what, value uint64, prior float64) {
		dst = append(dst, m.Number(what<<32|kind<<16, value, prior))
	}
	add(traitAny, 0, 1)
	add(traitProof, uint64(a.From.Proof), proofPrior(a.From.Proof))
	if way, ok := c.way(a, kind); ok {
		dst = append(dst, way.Lately())
		if a.Peer == "" {
			dst = append(dst, way)
		}
	}
	near := nearness(a)
	add(traitNear, uint64(near), near.prior())
	if len(a.FromNumber) >= areaDigits {
		area := m.Word(traitArea<<32|kind<<16, a.FromNumber[:areaDigits], 1)
		area.Firm = areaFirm
		dst = append(dst, area)
	}
	if c.cfg.Friends != nil {
		friends := min(c.cfg.Friends(a), 2)
		add(traitFriends, uint64(friends), friendPriors[friends])
	}
	add(traitHeard, uint64(heard), heardPriors[min(heard, 2)])
	add(traitHour, uint64(a.Time.UTC().Hour())/hours, 1)
	name := uint64(0)
	if a.From.Display != "" {
		name = 1
	}
	add(traitName, name, 1)
	var buf [mostName]byte
	if folded := fold(a.From.Display, buf[:0]); len(folded) > 0 {
		said := m.Word(traitSaid<<32|kind<<16, string(folded), 1)
		said.Firm = saidFirm
		dst = append(dst, said)
	}
	if a.Peer == "" && a.UserAgent != "" {
		dst = append(dst, m.Word(traitAgent<<32|kind<<16, a.UserAgent, 1))
	}
	return dst
}

// hours is how many of a day are one trait: campaigns and sellers have their hours, and friends have others.
const hours = 2

// areaDigits are as many as tell a part of a country: "+1212", "+4930".
const (
	areaDigits = 5
	areaFirm   = 20
)

// What is compared of a display name. Campaigns change their numbers with each call and their name seldom, and the same few are shown by all that ask a carrier's
// register for the name of a number that has none.
const (
	mostName = 32 // octets, folded
	saidFirm = 12
)

// fold appends a display name's letters in lower case, and one 0 for each run of digits.
func fold(name string, dst []byte) []byte {
	digits := false
	for i := 0; i < len(name) && len(dst) < mostName; i++ {
		c := name[i]
		was := digits
		digits = c >= '0' && c <= '9'
		switch {
		case digits && !was:
			dst = append(dst, '0')
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c|0x20)
		case c >= 'a' && c <= 'z', c >= 0x80:
			dst = append(dst, c)
		}
	}
	return dst
}

// way is how an attempt came in: by which peer, else from which network.
func (c *Check) way(a *screen.Attempt, kind uint64) (newcomers.Trait, bool) {
	if a.Peer != "" {
		return c.memory.Word(traitWay<<32|kind<<16, a.Peer, 1), true
	}
	if !a.Source.IsValid() {
		return newcomers.Trait{}, false
	}
	b := a.Source.Addr().As16()
	last := 6 // a /48
	if addr := a.Source.Addr(); addr.Is4() || addr.Is4In6() {
		last = 15 // a /24
	}
	return c.memory.Word(traitNet<<32|kind<<16, string(b[:last]), 1), true
}

func proofPrior(p verdict.Proof) float64 {
	switch p {
	case verdict.StirA, verdict.StirURI, verdict.TLS, verdict.Digest:
		return 0.3
	case verdict.Trunk:
		return 1
	case verdict.StirB:
		return 1.8
	case verdict.StirC:
		return 2.5
	}
	return 1
}

// distance is how near a stranger's number is to the callee's.
type distance uint64

const (
	nameless distance = iota
	afar
	abroad   // in another zone of the numbering plan of the world
	regional // begins with the same area
	nextDoor // differs in the last four digits
	itself
)

func (d distance) prior() float64 {
	switch d {
	case nextDoor:
		return 7
	case itself:
		return 20
	case abroad:
		return 1.6
	}
	return 1
}

const ending = 4 // digits of a neighbour's own

func nearness(a *screen.Attempt) distance {
	from, to := a.FromNumber, a.ToNumber
	switch {
	case from == "":
		return nameless
	case from == to:
		return itself
	case len(from) == len(to) && len(to) > ending+3 && from[:len(from)-ending] == to[:len(to)-ending]:
		return nextDoor
	case len(from) > areaDigits && len(to) > areaDigits && from[:areaDigits] == to[:areaDigits]:
		return regional
	case len(from) > 1 && len(to) > 1 && from[1] != to[1]:
		return abroad
	}
	return afar
}
