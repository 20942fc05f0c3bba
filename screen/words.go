package screen

import (
	"hash/maphash"
	"sync/atomic"
)

// words keeps evidence that was said lately, so that what is said again and again, of one list entry or relation, is allocated once. It is bounded, and safe for
// concurrent use: a text has four places, and takes that of another where all are taken. So some thousands of texts in turn, of the callers of an attack,
// find room beside each other.
type words struct {
	seed maphash.Seed
	kept [keptWords][placesEach]atomic.Pointer[string]
}

const (
	keptWords   = 4096
	placesEach  = 4
	longestKept = 256
)

func newWords() *words { return &words{seed: maphash.MakeSeed()} }

func (w *words) of(b []byte) string {
	if w == nil || len(b) > longestKept {
		return string(b)
	}
	hash := maphash.Bytes(w.seed, b)
	places := &w.kept[hash%keptWords]
	place := &places[hash/keptWords%placesEach]
	for i := range places {
		switch s := places[i].Load(); {
		case s == nil:
			place = &places[i]
		case *s == string(b):
			return *s
		}
	}
	s := string(b)
	place.Store(&s)
	return s
}

// Text makes evidence of what a check has written into a buffer of its own, which it may use again. What was said lately costs no allocation.
func (r *Report) Text(b []byte) string { return r.words.of(b) }
