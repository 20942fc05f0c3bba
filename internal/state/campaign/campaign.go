// Package campaign recognises near-duplicates of messages that people have reported (RFC 5039 §3.1: "spam messages are sent to many").
//
// A report is kept as the features of its text. Of each the sixteen features with the smallest hashes stand in an index: a bottom-k sketch (Broder 1997), by
// which a text that shares half of its features is found with near certainty, in time that does not grow with the number of reports. What is found
// is then compared exactly. Resemblance counts, and so does containment: a report that stands within a longer text is still there.
//
// One account reports a text once. What other people say is wanted weighs against the reports. Short texts are no campaign: "ok" is like "ok".
// Memory is bounded; what was not seen for some months is forgotten first. Time is that of the messages. A Memory is safe for concurrent use.
package campaign

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Config says how much is remembered.
type Config struct {
	// Reports is how many texts are remembered, about 2500 octets each. Default: 4096.
	Reports int
	// Keep is how long a text is remembered after it was seen last. Default: 90 days.
	Keep time.Duration
	// Storage keeps the reports between runs; nil: nothing does.
	Storage Storage
}

const (
	sketch      = 16   // features of a report in the index
	postings    = 64   // reports that one feature of the index leads to
	mostKept    = 1024 // features of a report
	leastText   = 40   // features: about six words
	mostVoices  = 16   // accounts remembered for a report
	likeness    = 0.24 // Jaccard resemblance
	containment = 0.38 // part of the report that stands in the text
)

// report is a text that somebody has reported.
type report struct {
	id       uint64
	features []uint64
	spam     []uint64 // accounts, hashed
	ham      []uint64
	first    time.Time
	last     time.Time
}

// Memory holds what was reported.
type Memory struct {
	cfg Config

	mu      sync.RWMutex
	reports map[uint64]*report
	index   map[uint64][]uint64 // feature of a sketch → reports
	evicted uint64
	dirty   bool
}

// New returns an empty memory.
func New(cfg Config) (*Memory, error) {
	if cfg.Reports == 0 {
		cfg.Reports = 4096
	}
	if cfg.Keep == 0 {
		cfg.Keep = 90 * 24 * time.Hour
	}
	if cfg.Reports < 1 || cfg.Reports > 1<<20 {
		return nil, fmt.Errorf("campaign: reports: %d is not within 1 and %d", cfg.Reports, 1<<20)
	}
	if cfg.Keep < time.Hour {
		return nil, fmt.Errorf("campaign: keep: %s is less than an hour", cfg.Keep)
	}
	return &Memory{cfg: cfg, reports: make(map[uint64]*report), index: make(map[uint64][]uint64)}, nil
}

// Match is a report that a text resembles.
type Match struct {
	// Likeness is how much of the two is the same, 0 to 1; 0 means that there is no match.
	Likeness float64
	// Spam and Ham are how many accounts have reported texts like this one, and how many have wanted them.
	Spam, Ham int
	// Own says whether the account that was asked about is among those who reported it.
	Own bool
	// First is when the first of them was reported.
	First time.Time
}

// Find returns what is known about texts like the one with these features, which are sorted and without duplicates. Account is on whose behalf it is asked.
func (m *Memory) Find(features []uint64, account string, now time.Time) (best Match) {
	if len(features) < leastText {
		return best
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var spam, ham []uint64
	own := hash(account)
	for _, r := range m.candidates(features) {
		l := resemblance(r.features, features)
		if l == 0 || now.Sub(r.last) > m.cfg.Keep {
			continue
		}
		best.Likeness = max(best.Likeness, l)
		best.Own = best.Own || account != "" && slices.Contains(r.spam, own)
		spam, ham = join(spam, r.spam), join(ham, r.ham)
		if best.First.IsZero() || r.first.Before(best.First) {
			best.First = r.first
		}
	}
	best.Spam, best.Ham = len(spam), len(ham)
	return best
}

// candidates are the reports that share a feature of their sketch with the text.
func (m *Memory) candidates(features []uint64) (found []*report) {
	seen := make(map[uint64]struct{}, 8)
	for _, f := range features {
		for _, id := range m.index[f] {
			if _, ok := seen[id]; ok {
				continue
			}
			seen[id] = struct{}{}
			if found = append(found, m.reports[id]); len(found) >= 8*postings {
				return found
			}
		}
	}
	return found
}

// resemblance compares a report with a text; 0 is no match.
func resemblance(report, text []uint64) float64 {
	shared := 0
	for i, j := 0, 0; i < len(report) && j < len(text); {
		switch {
		case report[i] == text[j]:
			shared++
			i++
			j++
		case report[i] < text[j]:
			i++
		default:
			j++
		}
	}
	jaccard := float64(shared) / float64(len(report)+len(text)-shared)
	inside := float64(shared) / float64(len(report))
	if jaccard < likeness && inside < containment {
		return 0
	}
	return max(jaccard, inside)
}

// Report takes what an account says about a text: that it is spam, or that it is wanted. What is wanted is kept only against reports that are there.
// It reports false where the text is too short, or the account has said so before.
func (m *Memory) Report(features []uint64, account string, spam bool, now time.Time) bool {
	if len(features) < leastText {
		return false
	}
	features = features[:min(len(features), mostKept)]
	m.mu.Lock()
	defer m.mu.Unlock()
	who := hash(account)
	if !spam {
		return m.want(features, who)
	}
	id := identify(features)
	r := m.reports[id]
	if r == nil {
		m.makeRoom()
		r = &report{id: id, features: slices.Clone(features), first: now}
		m.reports[id] = r
		for _, f := range r.sketch() {
			if l := m.index[f]; len(l) < postings {
				m.index[f] = append(l, id)
			}
		}
	}
	r.last = later(r.last, now)
	m.dirty = true
	r.ham = without(r.ham, who)
	if slices.Contains(r.spam, who) || len(r.spam) >= mostVoices {
		return false
	}
	r.spam = append(r.spam, who)
	return true
}

// want notes that an account wants texts like reported ones.
func (m *Memory) want(features []uint64, who uint64) (noted bool) {
	for _, r := range m.candidates(features) {
		if resemblance(r.features, features) == 0 {
			continue
		}
		r.spam = without(r.spam, who)
		if !slices.Contains(r.ham, who) && len(r.ham) < mostVoices {
			r.ham = append(r.ham, who)
			noted, m.dirty = true, true
		}
	}
	return noted
}

// Retract takes back what an account has said about a text.
func (m *Memory) Retract(features []uint64, account string) {
	features = features[:min(len(features), mostKept)]
	m.mu.Lock()
	defer m.mu.Unlock()
	who := hash(account)
	for _, r := range m.candidates(features) {
		if resemblance(r.features, features) > 0 {
			r.ham = without(r.ham, who)
		}
	}
	if r := m.reports[identify(features)]; r != nil {
		r.spam = without(r.spam, who)
		m.dirty = true
		if len(r.spam) == 0 {
			m.remove(r)
		}
	}
}

// Touch notes that a text like reported ones came again.
func (m *Memory) Touch(features []uint64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.candidates(features) {
		if resemblance(r.features, features) > 0 {
			r.last = later(r.last, now)
		}
	}
}

// makeRoom forgets the report that was seen longest ago where there are as many as may be. With them go all that are too old.
func (m *Memory) makeRoom() {
	if len(m.reports) < m.cfg.Reports {
		return
	}
	var oldest *report
	for _, r := range m.reports {
		if oldest == nil || r.last.Before(oldest.last) || r.last.Equal(oldest.last) && r.id < oldest.id {
			oldest = r
		}
	}
	m.remove(oldest)
	m.evicted++
}

func (m *Memory) remove(r *report) {
	delete(m.reports, r.id)
	for _, f := range r.sketch() {
		if l := without(m.index[f], r.id); len(l) > 0 {
			m.index[f] = l
		} else {
			delete(m.index, f)
		}
	}
}

// sketch are the features with the smallest hashes: features are hashes, and sorted.
func (r *report) sketch() []uint64 { return r.features[:min(len(r.features), sketch)] }

func identify(features []uint64) uint64 {
	h := uint64(14695981039346656037)
	for _, f := range features {
		h = (h ^ f) * 1099511628211
		h ^= h >> 29
	}
	return h
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func without(list []uint64, x uint64) []uint64 {
	return slices.DeleteFunc(list, func(y uint64) bool { return y == x })
}

func join(a, b []uint64) []uint64 {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
