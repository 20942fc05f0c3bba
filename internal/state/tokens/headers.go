package tokens

import (
	"hash/maphash"
	"sync"
)

// Headers remembers by their id what the headers of recent calls said, as [Recent] does of messages. What many calls say in the same words, as telephones and
// exchanges do, is kept once: each further call takes 16 octets of memory that is there from the start. It is safe for concurrent use.
type Headers struct {
	seed  maphash.Seed
	texts *Recent[uint64]

	mu    sync.Mutex
	calls []headed // a ring
	next  int
}

// headed is a call, and what its headers said; both as hashes.
type headed struct{ id, text uint64 }

// octetsPerCall is the size of a headed.
const octetsPerCall = 16

// NewHeaders returns a memory of at most so many octets, a quarter of them for calls and the rest for what they said.
func NewHeaders(octets int) *Headers {
	return &Headers{seed: maphash.MakeSeed(), texts: NewRecent[uint64](octets - octets/4), calls: make([]headed, max(1, octets/4/octetsPerCall))}
}

// Key names a text that is said besides what the key so far stands for, 0 at first. It allocates nothing.
func (h *Headers) Key(key uint64, text string) uint64 {
	return max(1, mix(key^maphash.String(h.seed, text)))
}

// Known tells whether the text with that key is remembered, and notes that this call has said it, too. It allocates nothing.
func (h *Headers) Known(id string, key uint64) bool {
	if h.texts.Get(key) == nil {
		return false
	}
	h.note(id, key)
	return true
}

// Put remembers what a call has said, and what its features are, of which so many are kept as are learned.
func (h *Headers) Put(id string, key uint64, features []uint64) {
	kept := make([]uint64, min(len(features), mostKept))
	copy(kept, features)
	h.texts.Put(key, kept)
	h.note(id, key)
}

func (h *Headers) note(id string, key uint64) {
	if id == "" {
		return
	}
	n := headed{maphash.String(h.seed, id), key}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls[(h.next+len(h.calls)-1)%len(h.calls)] == n {
		return // asked twice about one call
	}
	h.calls[h.next] = n
	h.next = (h.next + 1) % len(h.calls)
}

// Get returns the features of what a call has said, nil where they are forgotten. It looks through all calls: people speak seldom.
func (h *Headers) Get(id string) []uint64 { return h.texts.Get(h.find(maphash.String(h.seed, id))) }

// find returns the key of what a call has said last, 0 where the call is forgotten.
func (h *Headers) find(id uint64) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.calls {
		if c := h.calls[(h.next+len(h.calls)-1-i)%len(h.calls)]; c.id == id {
			return c.text
		}
	}
	return 0
}

// Octets is the most memory that it takes.
func (h *Headers) Octets() int { return h.texts.Octets() + octetsPerCall*len(h.calls) }
