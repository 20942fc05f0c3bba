package newcomers

import (
	"math"
	"time"
)

// Trait is something that strangers have in common: a proof, a trunk, a part of the numbering plan.
type Trait struct {
	key uint64
	// Prior is what to think of it before anything is known: how many times as often it is seen of strangers who are not wanted.
	Prior float64
	// Fast tells that only the last hours count: campaigns last for hours, and trunks for years.
	Fast bool
	// Firm is how many strangers Prior is worth; 0: 6.
	Firm float64
}

// Word makes a trait of a word; kind tells traits apart that have the same words.
func (m *Memory) Word(kind uint64, word string, prior float64) Trait {
	return Trait{key: m.seed.String(hashTrait+kind<<8, word), Prior: prior}
}

// Number makes a trait of one of a few numbers that nobody can choose.
func (m *Memory) Number(kind, n uint64, prior float64) Trait {
	key := (m.salt ^ kind*0x9E3779B97F4A7C15 ^ n) * 0xD1B54A32D192ED03
	return Trait{key: key ^ key>>32, Prior: prior}
}

// Lately makes it one of the last hours.
func (t Trait) Lately() Trait { return Trait{key: t.key*37 + 1, Prior: 1, Fast: true} }

// cell counts how strangers turned out that had a trait.
type cell struct {
	at        int64 // Unix seconds: when the counts were as they are
	bad, good float32
}

func (c *cell) worth() int64 { return c.at + int64(min(c.bad+c.good, 100)*3600) }

const (
	slowHalf  = 10 * 24 * 3600 // seconds
	fastHalf  = 4 * 3600
	smooth    = 6.0 // strangers that a prior is worth
	priorGood = 6.0 // strangers of each kind, before there were any
	priorBad  = 3.0
	apart     = 0.85 // traits are not quite independent of each other
	mostOdds  = 33.0 // that one trait may say

	mostTraits = 16 // that are usual: more are allocated
)

func (c *cell) fade(now int64, fast bool) {
	half := int64(slowHalf)
	if fast {
		half = fastHalf
	}
	since := now - c.at
	if since <= half/64 {
		return
	}
	f := float32(math.Exp2(-float64(since) / float64(half)))
	c.bad, c.good, c.at = c.bad*f, c.good*f, now
}

func (m *Memory) look(t *Trait, now int64) cell {
	m.traits.Lock(t.key)
	defer m.traits.Unlock(t.key)
	c := m.traits.Find(t.key)
	if c == nil {
		return cell{}
	}
	out := *c
	out.fade(now, t.Fast)
	return out
}

// Odds is how likely a stranger with these traits is not wanted, as the logarithm of odds. The first trait is the one that all have.
func (m *Memory) Odds(traits []Trait, now time.Time) float64 {
	at := now.Unix()
	var buf [mostTraits]cell
	cells := buf[:0] // looked up first: what is worked out between locks waits for them
	for i := range traits {
		cells = append(cells, m.look(&traits[i], at))
	}
	base := (float64(cells[0].bad) + priorBad) / (float64(cells[0].good) + priorGood)
	product := 1.0
	for i := range traits[1:] {
		t, c := &traits[1+i], &cells[1+i]
		firm := t.Firm
		if firm == 0 {
			firm = smooth
		}
		odds := base * t.Prior
		p := firm / (1 + odds) // of them would be wanted
		says := (float64(c.bad) + firm - p) / ((float64(c.good) + p) * base)
		product *= min(max(says, 1/mostOdds), mostOdds)
	}
	return math.Log(base) + apart*math.Log(product)
}

// Teach puts down how a stranger turned out.
func (m *Memory) Teach(traits []Trait, wanted bool, weight float64, now time.Time) {
	at := now.Unix()
	for i := range traits {
		t := &traits[i]
		m.traits.Lock(t.key)
		c := m.traits.Take(t.key)
		if c.at == 0 {
			c.at = at
		}
		c.fade(at, t.Fast)
		if wanted {
			c.good += float32(weight)
		} else {
			c.bad += float32(weight)
		}
		m.traits.Unlock(t.key)
	}
}
