package tokens

import (
	"math"
	"time"
)

// The learner's constants. Five steps for each lesson come near to what going through all lessons five times gives.
const (
	step      = 0.1
	rehearsed = 5
	tiny      = 0.005 // a smaller error teaches nothing
	mostKept  = 1024  // features of one example
)

// learner is logistic regression with AdaGrad steps (Duchi, Hazan, Singer 2011); the weights stand in the table.
type learner struct {
	bias  float64
	bias2 float64 // squares of its gradients
	state uint64  // of the generator that chooses what is rehearsed
}

// next is splitmix64.
func (l *learner) next() uint64 {
	l.state += 0x9e3779b97f4a7c15
	return mix(l.state)
}

// Lesson is one message about which a person said something.
type Lesson struct {
	// Features are sorted and without duplicates.
	Features []uint64
	// Place is where it was meant to go.
	Place Place
	// Spam is what the person says.
	Spam bool
	// By is who says it.
	By string
	// Trusted lessons (the operator's) are not measured against the share of an account.
	Trusted bool
	// Time is when the message came.
	Time time.Time
}

// Learn takes a lesson. It reports learned as false where this account has said the same about the same text before, or has said more than its
// share. Where it said the opposite before, that is taken back first, and reversed is true.
func (m *Memory) Learn(l *Lesson) (learned, reversed bool) {
	if len(l.Features) == 0 {
		return false, false
	}
	features := l.Features
	if len(features) > mostKept {
		features = thin(features)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id := exampleID(features, l.By)
	if i := m.examples.find(id); i >= 0 {
		if m.examples.all[i].spam == l.Spam {
			return false, false
		}
		m.takeBack(i)
		reversed = true
	}
	e := example{id: id, features: features, spam: l.Spam, by: l.By, domain: l.Place.Domain, local: m.local(l), day: dayOf(l.Time), wide: l.Trusted || m.fair(l.By)}
	if e.local {
		e.user = l.Place.User
	}
	if !e.wide && !e.local {
		m.refused++
		return false, reversed
	}
	m.dirty = true
	m.lessons++
	m.note(&e, l)
	for range rehearsed - 1 {
		if i := m.examples.pick(m.lr.next()); i >= 0 {
			m.step(&m.examples.all[i], e.day)
		}
	}
	m.step(&e, e.day)
	m.examples.add(e)
	return true, reversed
}

// local says whether the account speaks of its own messages: then its own layer learns.
func (m *Memory) local(l *Lesson) bool { return l.Place.User != "" && l.By == l.Place.User }

// grace and share bound what one account has to say about others' messages: so many lessons, and then twice what the others have given on average.
const (
	grace = 20
	share = 2
)

// fair says whether an account has not yet said its share.
func (m *Memory) fair(by string) bool {
	own, n := m.accounts.of(by).total(), m.accounts.len()
	if m.accounts.of(by).total() > 0 {
		n--
	}
	if n == 0 {
		return true // nobody else says anything
	}
	others := m.accounts.sum - own
	return own < grace+share*others/n
}

// note counts a lesson, and how it would have been judged.
func (m *Memory) note(e *example, l *Lesson) {
	if m.spam >= leastOfEach && m.ham >= leastOfEach {
		layers := m.layers(l.Place)
		score, known := m.score(e.features, &layers, e.day)
		margin, _ := m.held.strange(known)
		m.held.add(score-brief(len(e.features))-margin, known, e.spam)
	}
	if e.wide {
		m.accounts.add(l.By, e.spam, 1)
		m.domains.add(e.domain, e.spam, 1)
		m.count(e, 1)
	}
	if e.local {
		m.users.add(e.user, e.spam, 1)
	}
}

// count puts an example into the counts, or takes it out.
func (m *Memory) count(e *example, by int) {
	if e.spam {
		m.spam = max(0, m.spam+float64(by))
	} else {
		m.ham = max(0, m.ham+float64(by))
	}
	for _, f := range e.features {
		m.table.put(f, e.day).count(e.spam, by)
	}
}

// step moves the weights towards what would have been right for an example.
func (m *Memory) step(e *example, day uint16) {
	if len(e.features) == 0 {
		return // taken back
	}
	layers := layerSet{n: 1}
	if e.domain != "" && m.domains.len() > 1 {
		layers.keys[layers.n] = keyOf("domain", e.domain)
		layers.n++
	}
	if e.user != "" {
		layers.keys[layers.n] = keyOf("user", e.user)
		layers.n++
	}
	score, _ := m.score(e.features, &layers, day)
	wanted := 0.0
	if e.spam {
		wanted = 1
	}
	g := 1/(1+math.Exp(-score)) - wanted
	if math.Abs(g) < tiny {
		return
	}
	gx := float32(g / math.Sqrt(float64(len(e.features))))
	for i, key := range layers.keys[:layers.n] {
		if i == 0 && !e.wide {
			continue
		}
		for _, f := range e.features {
			if i > 0 {
				f = mix(f ^ key)
			}
			m.table.put(f, day).move(gx)
		}
	}
	if e.wide {
		m.lr.bias2 += g * g
		m.lr.bias -= step * g / (math.Sqrt(m.lr.bias2) + 1e-3)
	}
}

func (e *entry) move(gx float32) {
	e.g += gx * gx
	e.w -= step * gx / (float32(math.Sqrt(float64(e.g))) + 1e-3)
}

// Unlearn takes back what an account has said about a text. The counts are as before; what the learner has made of it fades because it is
// rehearsed no more.
//
// It returns what the account had said, and whether it had.
func (m *Memory) Unlearn(features []uint64, by string) (spam, ok bool) {
	if len(features) > mostKept {
		features = thin(features)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.examples.find(exampleID(features, by))
	if i < 0 {
		return false, false
	}
	spam = m.examples.all[i].spam
	m.takeBack(i)
	return spam, true
}

func (m *Memory) takeBack(i int) {
	e := m.examples.all[i]
	m.dirty = true
	if e.wide {
		m.accounts.add(e.by, e.spam, -1)
		m.domains.add(e.domain, e.spam, -1)
		m.count(&e, -1)
	}
	if e.local {
		m.users.add(e.user, e.spam, -1)
	}
	e.spam = !e.spam
	m.step(&e, e.day) // one step back
	m.examples.remove(i)
}

// thin keeps an even choice of the features of a long text: those with the smallest hashes.
func thin(features []uint64) []uint64 { return features[:mostKept] }

// exampleID names what one account said about one text.
func exampleID(features []uint64, by string) uint64 {
	h := keyOf("by", by)
	for _, f := range features {
		h = mix(h*31 + f)
	}
	return h
}
