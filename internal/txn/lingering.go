package txn

// lingering remembers keys for one fixed span of time each. It is all that is
// kept of an INVITE in the Accepted state of RFC 6026: a map entry and a place
// in a queue that is in order of time, instead of a transaction and its timer.
type lingering[V any] struct {
	live  map[uint64]V
	queue []lingerer // ring buffer
	head  int
	n     int
}

type lingerer struct {
	key     uint64
	expires int64
}

func (l *lingering[V]) init() { l.live = make(map[uint64]V) }

// add remembers key until expires. Calls come in order of time.
func (l *lingering[V]) add(key uint64, v V, expires int64) {
	if _, ok := l.live[key]; ok {
		l.live[key] = v
		return
	}
	l.live[key] = v
	if l.n == len(l.queue) {
		l.grow()
	}
	l.queue[(l.head+l.n)%len(l.queue)] = lingerer{key, expires}
	l.n++
}

func (l *lingering[V]) has(key uint64, _ int64) bool {
	_, ok := l.live[key]
	return ok
}

func (l *lingering[V]) get(key uint64, _ int64) (V, bool) {
	v, ok := l.live[key]
	return v, ok
}

// expire forgets what is due, and gives memory back after a busy time.
func (l *lingering[V]) expire(now int64) {
	for l.n > 0 && l.queue[l.head].expires <= now {
		delete(l.live, l.queue[l.head].key)
		l.head = (l.head + 1) % len(l.queue)
		l.n--
	}
	if l.n == 0 && len(l.queue) > 1024 {
		l.queue, l.head = nil, 0
		l.live = make(map[uint64]V)
	}
}

func (l *lingering[V]) grow() {
	bigger := make([]lingerer, max(64, 2*len(l.queue)))
	for i := range l.n {
		bigger[i] = l.queue[(l.head+i)%len(l.queue)]
	}
	l.queue, l.head = bigger, 0
}
