package store

// builder makes segments of attempts, one after the other in the same room.
type builder struct {
	encoder encoder
	keys    hashes
	ids     []uint64
	segment segment
}

// build makes a segment of the entries, which are in the order of their ids: of as many as fit into one. It is the builder's until
// the next build.
func (b *builder) build(entries []entry, limit int) (s *segment, rest []entry) {
	s = &b.segment
	b.encoder.start()
	b.keys.reset()
	b.ids = b.ids[:0]
	first := entries[0]
	run := runOf(first.id, first.verdict.Time.UnixMicro())
	n := 0
	s.head = head{first: first.id, newest: first.verdict.Time.UnixMicro()}
	for n < len(entries) && n < limit && len(b.encoder.buf) < segmentBytes {
		e := entries[n]
		at := e.verdict.Time.UnixMicro()
		if n > 0 && runOf(e.id, at) != run {
			break
		}
		b.encoder.add(e.id, e.verdict)
		b.keys.addVerdict(e.verdict)
		b.ids = append(b.ids, hashText(idKey, e.id))
		s.newest = max(s.newest, at)
		s.last = e.id
		n++
	}
	s.rows = b.encoder.finish()
	s.keys = s.keys.build(b.keys.all, keyBits, keyHashes)
	s.ids = s.ids.build(b.ids, idBits, idHashes)
	s.count = int64(n)
	s.bytes = int64(len(s.rows) + len(s.keys) + len(s.ids) + rowBytes)
	return s, entries[n:]
}

// release lets go of text, and of room that only an unusual batch needs.
func (b *builder) release() {
	b.encoder.before = before{}
	b.segment.head = head{}
	if cap(b.encoder.buf) > 2*segmentBytes {
		b.encoder.buf = nil
	}
}
