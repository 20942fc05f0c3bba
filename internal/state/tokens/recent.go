package tokens

import "sync"

// Recent remembers the features of recent messages by their id: when a person says later what a message was, its text is no longer there.
// Features are hashes; the text itself is never kept. It is safe for concurrent use.
type Recent[K comparable] struct {
	mu    sync.Mutex
	most  int // octets
	held  int
	byID  map[K][]uint64
	order []K // oldest first
	first int
}

// recentCost is what a message costs besides its features.
const recentCost = 120

// NewRecent returns a memory of at most so many octets, about 2000 for each message.
func NewRecent[K comparable](octets int) *Recent[K] {
	return &Recent[K]{most: octets, byID: make(map[K][]uint64)}
}

// Put remembers a message, unless its id is the zero value. The features must not be changed afterwards.
func (r *Recent[K]) Put(id K, features []uint64) {
	var none K
	cost := recentCost + 8*len(features)
	if id == none || cost > r.most {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, ok := r.byID[id]; ok {
		r.held += 8 * (len(features) - len(old))
		r.byID[id] = features
	} else {
		r.byID[id] = features
		r.order = append(r.order, id)
		r.held += cost
	}
	for r.held > r.most {
		id := r.order[r.first]
		r.held -= recentCost + 8*len(r.byID[id])
		delete(r.byID, id)
		r.order[r.first] = none
		r.first++
	}
	if r.first > len(r.order)/2 && r.first > 64 {
		r.order = append(r.order[:0:0], r.order[r.first:]...)
		r.first = 0
	}
}

// Get returns the features of a message, nil where they are forgotten.
func (r *Recent[K]) Get(id K) []uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

// Octets is the most memory that the messages take.
func (r *Recent[K]) Octets() int { return r.most }

// Len returns how many messages are remembered.
func (r *Recent[K]) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byID)
}
