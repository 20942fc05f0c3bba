package tokens

import "time"

// mostKept is how many features of one text are learned.
const mostKept = 1024

// Again is how many of the lessons of old are judged again at each new one.
const again = 4

// Lesson is one message about which a person said something.
type Lesson struct {
	// ID names the message: the same account teaches once with it.
	ID string
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

// Learn takes a lesson. It reports learned as false where this account has said the same about the same message before, or has said more than its
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
	id := exampleID(features, l.By, l.ID)
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
	m.taught++
	if e.wide {
		m.hold(&e)
	}
	m.count(&e, 1)
	m.examples.add(e)
	for range again {
		if e := m.examples.next(); e != nil && e.wide {
			m.hold(e)
		}
	}
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

// hold judges a lesson as if it had not been learned.
func (m *Memory) hold(e *example) {
	if m.counted.spam < leastOfEach || m.counted.ham < leastOfEach {
		return
	}
	layers := m.layers(Place{Domain: e.domain})
	if e.counted {
		layers.leave = e
	}
	score, known := m.score(e.features, &layers, e.day)
	margin, _ := m.held.strange(known)
	if !e.counted {
		m.held.known.add(known, slowly)
	}
	e.held, e.judged = float32(score-margin), true
	m.held.changed(m.examples.all)
}

// mostCounts is how many lessons are counted before all counts are halved.
const mostCounts = 1 << 15

// count puts an example into the counts, or takes it out.
func (m *Memory) count(e *example, by int) {
	e.counted = by > 0
	if e.wide {
		m.accounts.add(e.by, e.spam, by)
		m.domains.add(e.domain, e.spam, by)
		m.counted.add(e.spam, by)
	}
	if e.user != "" {
		m.users.add(e.user, e.spam, by)
	}
	domain, user := keyOf("domain", e.domain), keyOf("user", e.user)
	for _, f := range e.features {
		if e.wide {
			m.table.put(f, e.day).count(e.spam, by)
		}
		if f%classes == classGram {
			continue
		}
		if e.wide && e.domain != "" {
			m.table.put(mix(f^domain), e.day).count(e.spam, by)
		}
		if e.user != "" {
			m.table.put(mix(f^user), e.day).count(e.spam, by)
		}
	}
	if m.counted.total() > mostCounts {
		m.halve()
	}
}

// halve makes old lessons count half, so that new ones weigh more.
func (m *Memory) halve() {
	m.table.halve()
	m.counted.halve()
	m.domains.halve()
	m.users.halve()
	m.accounts.halve()
}

// Unlearn takes back what an account has said about a text, as long as that is remembered: the counts are as before. It returns what the account had said, and whether it
// had.
func (m *Memory) Unlearn(id string, features []uint64, by string) (spam, ok bool) {
	if len(features) > mostKept {
		features = thin(features)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.examples.find(exampleID(features, by, id))
	if i < 0 {
		return false, false
	}
	spam = m.examples.all[i].spam
	m.takeBack(i)
	return spam, true
}

func (m *Memory) takeBack(i int) {
	m.dirty = true
	m.count(&m.examples.all[i], -1)
	m.examples.remove(i)
	m.held.changed(m.examples.all)
}

// thin keeps an even choice of the features of a long text: those with the smallest hashes.
func thin(features []uint64) []uint64 { return features[:mostKept] }

// exampleID names what one account said about one message.
func exampleID(features []uint64, by, id string) uint64 {
	h := keyOf("by", by) + keyOf("id", id)
	for _, f := range features {
		h = mix(h*31 + f)
	}
	return h
}
