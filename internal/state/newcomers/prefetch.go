package newcomers

// Prefetch asks for the memory that is read of a subject, and does not wait for it.
func (m *Memory) Prefetch(s Subject) {
	m.pairs.Prefetch(s.pair)
	m.callers.Prefetch(s.caller)
}
