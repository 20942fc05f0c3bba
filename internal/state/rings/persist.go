package rings

import (
	"time"

	"gatehouse.example/internal/state/keep"
)

// SaveEvery is how often a memory is to be saved: what a crash loses at most.
const SaveEvery = time.Minute

// stored is an entry as it is stored; a name never changes its meaning.
type stored struct {
	Last    int64
	Callees []uint32
	Talks   uint8
}

// Keeper keeps the memory between runs, which have to use the same seed: the victim of one ring calls back the next day. Keys are hashes.
func (m *Memory) Keeper(storage keep.Storage) *keep.Keeper {
	return keep.NewKeeper(storage, keep.Rows("rings-1", m.rows,
		func(e *entry) (stored, bool) {
			return stored{e.last, append([]uint32(nil), e.callees[:e.n]...), e.talks}, true
		},
		func(s *stored) (e entry) {
			e.last, e.talks = s.Last, s.Talks
			e.n = uint8(copy(e.callees[:], s.Callees))
			return e
		})...)
}
