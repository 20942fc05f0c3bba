package newcomers

// asks is how far people's patience goes: of those who are let through only some may have been asked for an introduction. Each who is let through
// adds a share of one, each who was asked and passed takes one away.
type asks struct{ left float64 }

const (
	mostAsks  = 30.0
	leastAsks = -60.0
)

// Admitted counts an attempt that came through. share is how many of those may have been asked, asked whether this one was.
func (m *Memory) Admitted(share float64, asked bool) {
	m.mu.Lock()
	m.asks.left += share
	if asked {
		m.asks.left--
	}
	m.asks.left = min(max(m.asks.left, leastAsks), mostAsks)
	m.mu.Unlock()
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
