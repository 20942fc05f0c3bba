package known

// Prefetch asks for the memory that Attempted, Look and Expected read of a subject, and does not wait for it.
func (m *Memory) Prefetch(s *Subject) {
	if s.owner == 0 || s.peer == 0 {
		return
	}
	m.spread.Prefetch(s.peer)
	m.recents.Prefetch(s.recent)
	m.peers.Prefetch(s.relation)
	if s.domain != 0 {
		m.peers.PrefetchTags(s.colleagues)
	}
	if s.near != 0 {
		m.recents.PrefetchTags(s.near)
	}
}
