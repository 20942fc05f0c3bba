package tokens

import (
	"math"
	"time"
)

// A feature's class stands in its two lowest bits (internal/text): words, style, signs, character n-grams. What depends on each other is told apart by weights: a word
// has a dozen n-grams, which together should say little more than the word.
const (
	classes   = 4
	classGram = 3
)

var (
	weights = [classes]float64{1, 0.5, 1, 0.05}
	// smoothing is what is added to each count: the less of it, the more a feature says that was seen once.
	smoothing = [classes]float64{0.03, 0.1, 0.1, 0.1}
)

// isWord tells features that are made of letters: words and n-grams.
func isWord(class uint64) bool { return class == 0 || class == classGram }

// The weight of a lesson in the counts of its layer, beside 1 in everyone's.
const (
	domainWeight = 2
	userWeight   = 4
)

// layer is one whose counts are added to everyone's.
type layer struct {
	key     uint64
	weight  int
	lessons lessons
}

// layerSet are the layers that have a say, and the lesson that is left out of them: one's own voice is no evidence.
type layerSet struct {
	own   [2]layer
	n     int
	leave *example
}

func (s *layerSet) add(key uint64, weight int, l lessons) {
	s.own[s.n] = layer{key, weight, l}
	s.n++
}

// layers are everyone's always, the domain's where several have taught, the user's where he has.
func (m *Memory) layers(p Place) (s layerSet) {
	if p.Domain != "" && m.domains.len() > 1 {
		if l := m.domains.of(p.Domain); l.total() > 0 {
			s.add(keyOf("domain", p.Domain), domainWeight, l)
		}
	}
	if p.User != "" {
		if l := m.users.of(p.User); l.total() > 0 {
			s.add(keyOf("user", p.User), userWeight, l)
		}
	}
	return s
}

// score is the log odds of the features by naive Bayes, over the root of their number: features are not independent, and without that a long text would seem surer
// than it is. Known is the part of words and n-grams that were seen before.
func (m *Memory) score(features []uint64, s *layerSet, day uint16) (score, known float64) {
	if len(features) == 0 {
		return 0, 0
	}
	spam, ham := m.totals(s)
	var base [classes]float64
	for c, a := range smoothing {
		base[c] = logOf(ham, a+a) - logOf(spam, a+a)
	}
	words, seen := 0, 0
	for _, f := range features {
		class := f % classes
		n := m.counts(f, s, day)
		if isWord(class) {
			words++
		}
		if n.spam+n.ham == 0 {
			continue
		}
		if isWord(class) {
			seen++
		}
		a := smoothing[class]
		score += weights[class] * n.fade * (logOf(n.spam, a) - logOf(n.ham, a) + base[class])
	}
	return score / math.Sqrt(float64(len(features))), float64(seen) / float64(max(1, words))
}

// totals are the lessons of each kind in all layers.
func (m *Memory) totals(s *layerSet) (spam, ham int) {
	spam, ham = m.counted.spam, m.counted.ham
	for _, l := range s.own[:s.n] {
		spam, ham = spam+l.weight*l.lessons.spam, ham+l.weight*l.lessons.ham
	}
	if e := s.leave; e != nil && e.spam {
		spam -= s.weight()
	} else if e != nil {
		ham -= s.weight()
	}
	return max(0, spam), max(0, ham)
}

// weight is that of one lesson in all layers together.
func (s *layerSet) weight() int {
	sum := 1
	for _, l := range s.own[:s.n] {
		sum += l.weight
	}
	return sum
}

// counted are the counts of a feature in all layers.
type countedIn struct {
	spam, ham int
	fade      float64
}

func (m *Memory) counts(f uint64, s *layerSet, day uint16) (n countedIn) {
	e := m.table.find(f)
	if e == nil {
		return n
	}
	n = countedIn{int(e.spam), int(e.ham), fade(e.day, day)}
	if f%classes != classGram {
		for _, l := range s.own[:s.n] {
			if e := m.table.find(mix(f ^ l.key)); e != nil {
				n.spam, n.ham = n.spam+l.weight*int(e.spam), n.ham+l.weight*int(e.ham)
			}
		}
	}
	if s.leave == nil {
		return n
	}
	weight := 1
	if f%classes != classGram {
		weight = s.weight()
	}
	if s.leave.spam {
		n.spam = max(0, n.spam-weight)
	} else {
		n.ham = max(0, n.ham-weight)
	}
	return n
}

// logOf is log(n + a); counts are small whole numbers most of the time.
func logOf(n int, a float64) float64 { return math.Log(float64(n) + a) }

// dayOf counts days, so that counts age.
func dayOf(t time.Time) uint16 { return uint16(uint64(max(t.Unix(), 0)/86400) & 0xffff) }

// fade halves what has not been confirmed for a year.
func fade(last, now uint16) float64 {
	age := now - last
	if age < 365 || age > 1<<15 { // a clock that was set back ages nothing
		return 1
	}
	return 0.5
}
