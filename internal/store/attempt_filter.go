package store

import (
	"math/bits"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// filter is a Bloom filter of 64-bit hashes. Its length is chosen for what it holds; the empty filter may hold everything.
type filter []byte

// Of the keys, two or three an attempt, 0.4 % are found in a segment in vain: a search looks into that many segments too many. Of
// the ids 4 in 100,000, because each attempt of a batch is asked for in the segments that the batch overlaps.
const (
	keyBits, keyHashes = 12, 6
	idBits, idHashes   = 24, 8
)

// build makes a filter of the hashes in the room of f.
func (f filter) build(hashes []uint64, perHash, rounds int) filter {
	n := (len(hashes)*perHash + 7) / 8
	if cap(f) < n {
		f = make(filter, n, n+n/4)
	}
	f = f[:n]
	clear(f)
	for _, h := range hashes {
		step := h<<32 | h>>32 | 1
		for range rounds {
			bit, _ := bits.Mul64(h, uint64(n)*8)
			f[bit/8] |= 1 << (bit % 8)
			h += step
		}
	}
	return f
}

// mayHold tells whether all of the hashes may have been given to build.
func (f filter) mayHold(hashes []uint64, rounds int) bool {
	if len(f) == 0 {
		return true
	}
	for _, h := range hashes {
		step := h<<32 | h>>32 | 1
		for range rounds {
			bit, _ := bits.Mul64(h, uint64(len(f))*8)
			if f[bit/8]&(1<<(bit%8)) == 0 {
				return false
			}
			h += step
		}
	}
	return true
}

// hashes collects what becomes a filter, most repetitions left out.
type hashes struct {
	all      []uint64
	seen     [1024]uint64
	from, to address // those added last
}

// address is what one side of an attempt is found by.
type address struct {
	better, other string
	given         bool
}

func (s *hashes) reset() {
	*s = hashes{all: s.all[:0]}
}

func (s *hashes) add(h uint64) {
	if last := &s.seen[h%uint64(len(s.seen))]; *last != h {
		*last = h
		s.all = append(s.all, h)
	}
}

// addVerdict adds everything that the verdict can be found by.
func (s *hashes) addVerdict(v *verdict.Verdict) {
	s.addKeys(fromKey, &s.from, address{v.From.Identity, v.From.Claimed, true})
	s.addKeys(toKey, &s.to, address{v.To.User, v.To.Requested, true})
	s.add(hashWords(anyWord, int(v.Action)))
	s.add(hashWords(int(v.Kind), anyWord))
	s.add(hashWords(int(v.Kind), int(v.Action)))
}

func (s *hashes) addKeys(kind byte, last *address, a address) {
	if a == *last {
		return
	}
	*last = a
	first, second := keys(a.better, a.other)
	s.add(hashText(kind, first))
	if second != "" {
		s.add(hashText(kind, second))
	}
}

// keys returns the key of the better address and that of the other one where it differs; never only the second.
func keys(better, other string) (first, second string) {
	second = history.Key(other)
	if better == "" || better == other {
		return second, ""
	}
	first = history.Key(better)
	if first == second {
		second = ""
	}
	return first, second
}

// wanted returns what a segment's filter holds if the segment has an attempt that f asks for.
func wanted(f *history.Filter) []uint64 {
	var all []uint64
	if f.From != "" {
		all = append(all, hashText(fromKey, history.Key(f.From)))
	}
	if f.To != "" {
		all = append(all, hashText(toKey, history.Key(f.To)))
	}
	if f.Kind != nil || f.Action != nil {
		kind, action := anyWord, anyWord
		if f.Kind != nil {
			kind = int(*f.Kind)
		}
		if f.Action != nil {
			action = int(*f.Action)
		}
		all = append(all, hashWords(kind, action))
	}
	return all
}

// The kinds of key; the octets are mixed into the hashes and must not change.
const (
	fromKey = 'f'
	toKey   = 't'
	kindKey = 'k'
	idKey   = 'i'
	anyWord = 0x100
)

// FNV-1a, 64 bits, with a finish that spreads the last octets over all bits. Stored filters depend on it.
const (
	fnvStart = 14695981039346656037
	fnvPrime = 1099511628211
)

func hashText(kind byte, s string) uint64 {
	h := (uint64(fnvStart) ^ uint64(kind)) * fnvPrime
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return spread(h)
}

func hashWords(kind, action int) uint64 {
	h := uint64(fnvStart) ^ kindKey
	return spread(h*fnvPrime ^ uint64(kind)<<16 ^ uint64(action))
}

// spread is the finisher of MurmurHash3.
func spread(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
