package fetch

import (
	"sync"
	"time"
)

// failures is the negative cache: what failed is not tried again before its time. A host that cannot be reached counts for all its
// addresses; an address that gives no certificate counts for itself alone, else whoever asks a good host for nonsense would close it
// for all. It is bounded; the failure that would end first gives way, and budgets bound how many anyone can add.
type failures struct {
	most int

	mu   sync.Mutex
	each map[string]failure
}

type failure struct {
	err   *Error
	until time.Time
}

func newFailures(most int) *failures { return &failures{most: most, each: make(map[string]failure)} }

// find returns the failure that stands against a key now.
func (f *failures) find(key string, now time.Time) *Error {
	f.mu.Lock()
	defer f.mu.Unlock()
	one, found := f.each[key]
	switch {
	case !found:
		return nil
	case !now.Before(one.until):
		delete(f.each, key)
		return nil
	}
	return one.err
}

func (f *failures) put(key string, err *Error, now, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, there := f.each[key]; !there && len(f.each) >= f.most {
		f.evict(now)
	}
	f.each[key] = failure{err, until}
}

// evict removes what is over, or else what is over first.
func (f *failures) evict(now time.Time) {
	first, at := "", time.Time{}
	for key, one := range f.each {
		if !now.Before(one.until) {
			delete(f.each, key)
			continue
		}
		if first == "" || one.until.Before(at) {
			first, at = key, one.until
		}
	}
	if len(f.each) >= f.most {
		delete(f.each, first)
	}
}

func (f *failures) remove(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.each, key)
}

func (f *failures) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.each)
}

func (f *failures) len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.each)
}
