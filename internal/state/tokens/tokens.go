// Package tokens remembers which features of texts speak for spam, from what people say about messages (RFC 5039 §3.1).
//
// It is a naive Bayes counter and an online logistic learner over the same hashed features (words, pairs, character n-grams: 64 bits each, of which nobody
// can read the text again). A text is judged by the sum of both; neither knows languages. Three layers share one table: what everyone here says,
// what is said in one domain, and what one user says about his own messages.
//
// What it guarantees:
//
//   - It abstains until it has learned enough, from the domain that asks and of both kinds; what it learned elsewhere in the world is no
//     experience here (a filter trained on one corpus errs on another in a third of the cases). A text of which it knows too little is left alone, too.
//   - Its threshold comes from its own mistakes: each message is judged before it is learned, and the tail of the scores of what people
//     wanted says how high a score must be so that about one in some thousand of them lies above.
//   - One account's flood weighs about as an average account. The same text judged again by the same account teaches nothing.
//   - Memory is bounded: the table forgets what is rare and old first. A weight that nothing has confirmed for a year counts half.
//   - It learns only when told what a person says, never from its own verdicts, and is deterministic: the same lessons in the same order
//     make the same memory.
//
// A Memory is safe for concurrent use. It does no I/O but through Storage.
package tokens

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
)

// Config says how much is remembered.
type Config struct {
	// Entries is how many features are remembered, 28 octets each. Default: 524288.
	Entries int
	// Examples is how many messages are kept, as hashes, to be rehearsed; each takes about 2000 octets. Default: 3000.
	Examples int
	// Floor is how many messages must have been judged in a domain before anything is said about others there. Default: 30.
	Floor int
	// Full is how many must have been judged until the memory is as sure as it will be. Default: 200.
	Full int
	// Storage keeps the memory between runs; nil: nothing does.
	Storage Storage
}

// leastOfEach is how many of each kind must be known: with one kind alone everything looks alike.
const leastOfEach = 8

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		set     *int
		shipped int
	}{{&c.Entries, 1 << 19}, {&c.Examples, 3000}, {&c.Floor, 30}, {&c.Full, 200}} {
		if *d.set == 0 {
			*d.set = d.shipped
		}
	}
	return c
}

// Place says where a message was meant to go: the layers that have a say.
type Place struct {
	// Domain and User are canonical keys; empty where there is none.
	Domain, User string
}

// Memory is what was learned.
type Memory struct {
	cfg Config

	mu       sync.RWMutex
	table    *table
	senders  *table // spam and ham counts of senders, by layer
	lr       learner
	spam     float64 // lessons of each kind in the counts
	ham      float64
	examples ring
	held     calibration
	domains  counter
	users    counter
	accounts counter
	refused  uint64
	lessons  uint64
	dirty    bool
}

// New returns an empty memory.
func New(cfg Config) (*Memory, error) {
	cfg = cfg.withDefaults()
	switch {
	case cfg.Entries < 1024 || cfg.Entries > 1<<26:
		return nil, fmt.Errorf("tokens: entries: %d is not within 1024 and %d", cfg.Entries, 1<<26)
	case cfg.Examples < 16 || cfg.Examples > 1<<20:
		return nil, fmt.Errorf("tokens: examples: %d is not within 16 and %d", cfg.Examples, 1<<20)
	case cfg.Floor < 2*leastOfEach || cfg.Full < cfg.Floor:
		return nil, fmt.Errorf("tokens: floor %d and full %d: the floor is at least %d and at most full", cfg.Floor, cfg.Full, 2*leastOfEach)
	}
	m := &Memory{cfg: cfg}
	m.clear()
	return m, nil
}

func (m *Memory) clear() {
	m.table, m.senders = newTable(m.cfg.Entries), newTable(max(1024, m.cfg.Entries/16))
	m.lr, m.spam, m.ham = learner{}, 0, 0
	m.examples = newRing(m.cfg.Examples)
	m.held = calibration{}
	m.domains, m.users, m.accounts = newCounter(), newCounter(), newCounter()
	m.refused, m.lessons = 0, 0
}

// Opinion is what the memory thinks of one message.
type Opinion struct {
	// Score is above 0 for what looks like spam, by the threshold that lets about one wanted message in some thousand pass it; Low is the same by the
	// threshold that one in a hundred passes. The unit is that of log odds.
	Score, Low float64
	// Ham says how far the score lies below what most wanted messages have.
	Ham float64
	// Known is the part of the features that were seen before.
	Known float64
	// Learned is how many messages have been judged in the domain, and Full how many it takes to be sure.
	Learned, Full int
	// Ready is false where there is no opinion; Why says so in words then.
	Ready bool
	Why   string
}

// leastKnown is the part of a text's features that must have been seen before, whatever is usual: a text in another language has less.
const leastKnown = 0.30

// Judge says what the memory thinks of a message. It changes nothing.
func (m *Memory) Judge(features []uint64, p Place, now time.Time) Opinion {
	m.mu.RLock()
	defer m.mu.RUnlock()
	o := Opinion{Learned: m.domains.of(p.Domain).total(), Full: m.cfg.Full}
	switch {
	case o.Learned < m.cfg.Floor:
		o.Why = fmt.Sprintf("learning %d/%d", o.Learned, m.cfg.Full)
		return o
	case m.spam < leastOfEach || m.ham < leastOfEach:
		o.Why = fmt.Sprintf("learning: %.0f unwanted and %.0f wanted, %d of each needed", m.spam, m.ham, leastOfEach)
		return o
	}
	l := m.layers(p)
	score, known := m.score(features, &l, dayOf(now))
	margin, impossible := m.held.strange(known)
	score -= brief(len(features)) + margin
	o.Known = known
	if impossible {
		o.Why = fmt.Sprintf("unlike anything learned: %.0f %% known", 100*known)
		return o
	}
	t := m.held.thresholds()
	o.Score, o.Low, o.Ham, o.Ready = score-t.high, score-t.low, t.middle-score, true
	return o
}

// Sureness grows from a half at the floor to one where enough was learned.
func (o *Opinion) Sureness(floor int) float64 {
	if o.Full <= floor {
		return 1
	}
	return min(1, 0.5+0.5*float64(o.Learned-floor)/float64(o.Full-floor))
}

// Floor returns the configured floor.
func (m *Memory) Floor() int { return m.cfg.Floor }

// Learned returns how many messages have been judged in a domain, and how many it takes to be sure.
func (m *Memory) Learned(domain string) (learned, full int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.domains.of(domain).total(), m.cfg.Full
}

// LearnedIn returns how many messages have been judged in all domains whose names end so.
func (m *Memory) LearnedIn(suffix string) (n int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for name, l := range m.domains.by {
		if strings.HasSuffix(name, suffix) {
			n += l.total()
		}
	}
	return n
}

// layers are the keys of the layers that have a say: the site's (0) always, the domain's where several have taught, the user's where he has.
func (m *Memory) layers(p Place) (l layerSet) {
	l.n = 1
	if p.Domain != "" && m.domains.len() > 1 && m.domains.of(p.Domain).total() > 0 {
		l.keys[l.n] = keyOf("domain", p.Domain)
		l.n++
	}
	if p.User != "" && m.users.of(p.User).total() > 0 {
		l.keys[l.n] = keyOf("user", p.User)
		l.n++
	}
	return l
}

type layerSet struct {
	keys [3]uint64
	n    int
}

// briefText is how many features a text has that is long enough to be judged by its score alone, and briefMargin what is asked more of one that has
// next to none: a few words say little, and half of what they say is chance.
const (
	briefText   = 80
	briefMargin = 1.2
)

func brief(features int) float64 { return briefMargin * max(0, 1-float64(features)/briefText) }

// bayesShare is the weight of the counts beside the learner.
const bayesShare = 0.3

// score is the sum of the learner's log odds and a damped part of the counts' log ratio, and the part of the features that is known.
func (m *Memory) score(features []uint64, l *layerSet, day uint16) (score, known float64) {
	if len(features) == 0 {
		return 0, 0
	}
	var linear, bayes float64
	seen := 0
	ratio := math.Log((m.spam + 0.2) / (m.ham + 0.2))
	for _, f := range features {
		e := m.table.find(f)
		if e == nil {
			continue
		}
		if s, h := float64(e.spam), float64(e.ham); s+h > 0 {
			seen++
			bayes += logRatio(s, h) - ratio
		}
		linear += float64(e.w) * fade(e.day, day)
	}
	for _, key := range l.keys[1:l.n] {
		for _, f := range features {
			if e := m.table.find(mix(f ^ key)); e != nil {
				linear += float64(e.w) * fade(e.day, day)
			}
		}
	}
	n := math.Sqrt(float64(len(features)))
	return m.lr.bias + linear/n + bayesShare*bayes/n, float64(seen) / float64(len(features))
}

// logRatio is log((spam + 0.1) / (ham + 0.1)); counts are small whole numbers most of the time.
func logRatio(spam, ham float64) float64 { return math.Log((spam + 0.1) / (ham + 0.1)) }

// dayOf counts days, so that weights age.
func dayOf(t time.Time) uint16 { return uint16(uint64(max(t.Unix(), 0)/86400) & 0xffff) }

// fade halves what has not been confirmed for a year.
func fade(last, now uint16) float64 {
	age := now - last
	if age < 365 || age > 1<<15 { // a clock that was set back ages nothing
		return 1
	}
	return 0.5
}
