package screen

import (
	"hash/maphash"
	"sync/atomic"
)

// words keeps evidence that was said lately, so that what is said again and again, of one list entry or relation, is allocated once. It is bounded, and safe for
// concurrent use: a text takes the place of another that fell on the same one.
type words struct {
	seed maphash.Seed
	kept [keptWords]atomic.Pointer[string]
}

const (
	keptWords   = 4096
	longestKept = 256
)

func newWords() *words { return &words{seed: maphash.MakeSeed()} }

func (w *words) of(b []byte) string {
	if w == nil || len(b) > longestKept {
		return string(b)
	}
	place := &w.kept[maphash.Bytes(w.seed, b)%keptWords]
	if s := place.Load(); s != nil && *s == string(b) {
		return *s
	}
	s := string(b)
	place.Store(&s)
	return s
}

// Text makes evidence of what a check has written into a buffer of its own, which it may use again. What was said lately costs no allocation.
func (r *Report) Text(b []byte) string { return r.words.of(b) }
