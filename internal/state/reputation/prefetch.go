package reputation

// Prefetch asks for the memory that Look reads of a subject, and does not wait for it.
func (m *Memory) Prefetch(k Key) { m.subjects.Prefetch(uint64(k)) }

// PrefetchRare is Prefetch for a subject of which hardly ever anything is known.
func (m *Memory) PrefetchRare(k Key) { m.subjects.PrefetchTags(uint64(k)) }

// PrefetchBehaviour asks for the memory that Behaved reads.
func (m *Memory) PrefetchBehaviour(b Behaviour) { m.behaviours.Prefetch(uint64(b)) }
