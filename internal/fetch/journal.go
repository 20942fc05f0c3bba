package fetch

import (
	"context"
	"fmt"
	"sync"
)

// journal holds the changes that the storage has not seen, the last one of each entry. Nobody who looks for a certificate waits for
// the storage.
type journal struct {
	storage Storage
	most    int

	writing sync.Mutex // one flush at a time: else an older change could overtake a newer one

	mu      sync.Mutex
	changes map[flightKey]*item // nil: deleted
	lost    uint64
}

func (j *journal) save(i *item)   { j.note(flightKey{i.Kind, i.URL}, i, true) }
func (j *journal) remove(i *item) { j.note(flightKey{i.Kind, i.URL}, nil, true) }

// note notes a change. One that is not newer gives way to one that came meanwhile; one that does not fit is lost.
func (j *journal) note(key flightKey, i *item, newer bool) {
	if j.storage == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.changes == nil {
		j.changes = make(map[flightKey]*item)
	}
	_, there := j.changes[key]
	switch {
	case there && !newer:
	case !there && len(j.changes) >= j.most:
		j.lost++
	default:
		j.changes[key] = i
	}
}

// flush writes what waits. What fails waits for the next time; after one failure the rest is not tried, for it would take as long each.
func (j *journal) flush(ctx context.Context) error {
	if j.storage == nil {
		return nil
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	changes := j.changes
	j.changes = nil
	j.mu.Unlock()
	var failed error
	for key, i := range changes {
		if failed == nil {
			failed = j.write(ctx, key, i)
		}
		if failed != nil {
			j.note(key, i, false)
		}
	}
	return failed
}

func (j *journal) write(ctx context.Context, key flightKey, i *item) error {
	var err error
	if i == nil {
		err = j.storage.DeleteFetched(ctx, key.kind, key.url)
	} else {
		err = j.storage.SaveFetched(ctx, i.entry())
	}
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	return nil
}

func (j *journal) lostChanges() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lost
}
