package newcomers

// asks is how far people's patience goes: of those who are let through only some may have been asked for an introduction, and some more may be refused by mistake.
// Each who is let through adds a share of one, each who was asked and passed takes one away, and each who is refused as much as is likely to be wanted of him.
type asks struct {
	left, mistakes float64
	explored       int
}

const (
	mostAsks     = 30.0
	leastAsks    = -60.0
	mostMistakes = 2.0

	exploreEvery  = 3   // stranger of those who would not be asked
	explorePassed = 400 // tests, from which on enough is known
	exploreSaved  = 0.9 // of the patience that can be saved up
)

// Admitted counts an attempt that came through. share is how many of those may have been asked, asked whether this one was, mistakes how many may be refused.
func (m *Memory) Admitted(share float64, asked bool, mistakes float64) {
	m.mu.Lock()
	m.asks.left += share
	if asked {
		m.asks.left--
	}
	m.asks.left = min(max(m.asks.left, leastAsks), mostAsks)
	m.asks.mistakes = min(m.asks.mistakes+mistakes, mostMistakes)
	m.mu.Unlock()
}

// Refused counts a stranger who is refused, and was wanted with that probability.
func (m *Memory) Refused(wanted float64) {
	m.mu.Lock()
	m.asks.mistakes = max(m.asks.mistakes-wanted, -mostMistakes)
	m.mu.Unlock()
}

// Lenience is how many more may be refused by mistake, from 1 (as many as have been saved up) to -1.
func (m *Memory) Lenience() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asks.mistakes / mostMistakes
}

// Patience is how many more may be asked, from 1 (as many as have been saved up) to -1.
func (m *Memory) Patience() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asks.left < 0 {
		return -(m.asks.left / leastAsks)
	}
	return m.asks.left / mostAsks
}

// Explores tells whether to ask one more stranger than has to be, to learn how strangers turn out: one in three, as long as few tests were passed and people have
// patience left.
func (m *Memory) Explores() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.test.passed >= explorePassed || m.asks.left < exploreSaved*mostAsks {
		return false
	}
	m.asks.explored++
	return m.asks.explored%exploreEvery == 0
}
