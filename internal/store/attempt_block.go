package store

import (
	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// Why blocks. To find a caller among millions of attempts an index would do, but it costs more than the row itself: 3 µs of CPU
// for each index even when new entries stay close together, 13 µs when they fall anywhere in it, since each then changes a page of its own (measured
// with modernc.org/sqlite; storing the row costs 5). So SQLite keeps for each run of about a thousand attempts one Bloom filter of
// all that can be asked for: who called, who was called, kind and action. A search reads the filters, the newest first, and looks only into
// the blocks that may hold what it asks for; five million attempts are 20 MB of filters. PostgreSQL, which several nodes write at once, has indices for
// this and keeps only the sums by which old attempts are pruned.
const (
	blockRows   = 1024
	filterBytes = 4096
	filterBits  = filterBytes * 8
	filterHashs = 4 // with two or three keys for each of blockRows rows, 0.1 to 1 % of the blocks are looked into in vain
)

// block is a run of attempts: from the id first up to the first of the next block.
type block struct {
	first  string
	count  int64
	bytes  int64
	last   string // the highest id, known only of the newest block
	filter filter
}

type filter [filterBytes]byte

// The kinds of key in a filter; the bytes are mixed into the hash and must not change.
const (
	fromKey = 'f'
	toKey   = 't'
	kindKey = 'k'
)

// add notes a row in the block.
func (b *block) add(r *row) {
	b.count++
	b.bytes += r.size()
	b.last = max(b.last, r.id)
	b.filter.add(hashText(fromKey, r.from))
	if r.claimed != "" {
		b.filter.add(hashText(fromKey, r.claimed))
	}
	b.filter.add(hashText(toKey, r.to))
	if r.requested != "" {
		b.filter.add(hashText(toKey, r.requested))
	}
	b.filter.add(hashWords(anyWord, int(r.action)))
	b.filter.add(hashWords(int(r.kind), anyWord))
	b.filter.add(hashWords(int(r.kind), int(r.action)))
}

func (f *filter) add(h uint64) {
	for i := range uint64(filterHashs) {
		bit := (h + i*(h>>32|1)) % filterBits
		f[bit/8] |= 1 << (bit % 8)
	}
}

// mayHold tells whether all of the hashes may have been added.
func mayHold(filter []byte, hashes []uint64) bool {
	if len(filter) != filterBytes {
		return true
	}
	for _, h := range hashes {
		for i := range uint64(filterHashs) {
			bit := (h + i*(h>>32|1)) % filterBits
			if filter[bit/8]&(1<<(bit%8)) == 0 {
				return false
			}
		}
	}
	return true
}

// hashes returns what a block's filter holds if the block has a row that f asks for.
func hashes(f *history.Filter) []uint64 {
	var all []uint64
	if f.From != "" {
		all = append(all, hashText(fromKey, history.Key(f.From)))
	}
	if f.To != "" {
		all = append(all, hashText(toKey, history.Key(f.To)))
	}
	if f.Kind != nil || f.Action != nil {
		all = append(all, hashWords(word(f.Kind), wordOf(f.Action)))
	}
	return all
}

const anyWord = 0xFF

func word(k *verdict.Kind) int {
	if k == nil {
		return anyWord
	}
	return int(*k)
}

func wordOf(a *verdict.Action) int {
	if a == nil {
		return anyWord
	}
	return int(*a)
}

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
	return spread(h*fnvPrime ^ uint64(kind)<<8 ^ uint64(action))
}

// spread is the finisher of MurmurHash3.
func spread(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
