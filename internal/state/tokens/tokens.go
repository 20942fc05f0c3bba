// Package tokens remembers which features of texts speak for spam, from what people say about messages (RFC 5039 §3.1).
//
// It counts, for each hashed feature (words, pairs, signs, style, character n-grams: 64 bits each, of which nobody can read the text again), how many
// unwanted and how many wanted texts had it: naive Bayes, which neither knows languages nor depends on the order of lessons, and from which a lesson can be taken back as
// if it had never been. Three layers share one table: what everyone here says, what is said in one domain, and what one user says about his own messages. The
// nearer layer weighs more.
//
// What it guarantees:
//
//   - It abstains until it has learned enough, from the domain that asks and of both kinds; what it learned elsewhere in the world is no
//     experience here (a filter trained on one corpus errs on another in a third of the cases). A text of which it knows too little is left alone, too.
//   - A user whose texts are, taken together, unlike those that people judged is noticed ([Opinion.Elsewhere]).
//   - Its threshold comes from its own mistakes: each remembered lesson is judged again as if it had not been learned, and the tail of the scores of what people
//     wanted says how high a score must be so that fewer than one of a thousand of them lies above.
//   - One account's flood weighs about as an average account. The same text judged again by the same account teaches nothing.
//   - Memory is bounded: the table forgets what is rare and old first, and counts are halved when they are many, so that what is new weighs more. What nothing has
//     confirmed for a year counts half.
//   - Texts are learned only when it is told what a person says, never from its own verdicts. That nobody says anything about a sender speaks a little for senders of its kind
//     ([Quiet]), and not for what it says. It is deterministic.
//
// A Memory is safe for concurrent use. It does no I/O but through Storage.
package tokens

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Config says how much is remembered.
type Config struct {
	// Entries is how many features are remembered, 14 octets each. Default: 524288.
	Entries int
	// Examples is how many lessons are kept, as hashes, to be judged again and to be taken back; each takes about 2000 octets. Default: 6000.
	Examples int
	// Floor is how many messages must have been judged in a domain before anything is said about others there. Default: 30.
	Floor int
	// Full is how many must have been judged until the memory is as sure as it will be. Default: 200.
	Full int
	// Storage keeps the memory between runs; nil: nothing does.
	Storage Storage
}

// leastOfEach is how many of each kind must be known: with one kind alone everything looks alike.
const leastOfEach = 5

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		set     *int
		shipped int
	}{{&c.Entries, 1 << 19}, {&c.Examples, 6000}, {&c.Floor, 30}, {&c.Full, 200}} {
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
	senders  *table  // spam and ham counts of senders, by layer
	quiet    *table  // senders without a word about them, and how many of each kind
	counted  lessons // in the table
	examples ring
	held     calibration
	domains  counter
	users    counter
	accounts counter
	streams  *streams
	refused  uint64
	taught   uint64
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
	m.table, m.senders, m.quiet = newTable(m.cfg.Entries), newTable(max(1024, m.cfg.Entries/16)), newTable(max(1024, m.cfg.Entries/16))
	m.counted = lessons{}
	m.examples = newRing(m.cfg.Examples)
	m.held = calibration{}
	m.domains, m.users, m.accounts = newCounter(), newCounter(), newCounter()
	m.streams = newStreams()
	m.refused, m.taught = 0, 0
}

// Opinion is what the memory thinks of one message.
type Opinion struct {
	// Score is above 0 for what looks like spam by the strict threshold, which fewer than one wanted message in a thousand passes, and Low by the one that makes the
	// fewest mistakes of both kinds.
	Score, Low float64
	// Ham says how far the score lies below what most wanted messages have.
	Ham float64
	// Known is the part of the words and character n-grams that were seen before.
	Known float64
	// Learned is how many messages have been judged in the domain, and Full how many it takes to be sure.
	Learned, Full int
	// Ready is false where there is no opinion; Why says so in words then.
	Ready bool
	Why   string
	// Elsewhere is true where the texts that this user gets lately are unlike those that people judged here: then no single one is surely what it seems.
	Elsewhere bool
}

// leastKnown is the part of a text's words that must have been seen before, whatever is usual: a text in another language has less.
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
	case m.counted.spam < leastOfEach || m.counted.ham < leastOfEach:
		o.Why = fmt.Sprintf("learning: %d unwanted and %d wanted, %d of each needed", m.counted.spam, m.counted.ham, leastOfEach)
		return o
	}
	layers := m.layers(p)
	score, known := m.score(features, &layers, dayOf(now))
	o.Known = known
	margin, impossible := m.held.strange(known)
	if impossible {
		o.Why = fmt.Sprintf("unlike anything learned: %.0f %% known", 100*known)
		return o
	}
	t := m.held.thresholds()
	score -= margin
	o.Score, o.Low, o.Ham, o.Ready = score-t.high, score-t.low, t.middle-score, true
	o.Elsewhere = m.elsewhere(p)
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
