package fetch

import (
	"context"
	"errors"
	"io"
	"log"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

// never is DNS that does not answer.
type never struct{}

func (never) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// turncoat is DNS that answers each question differently; the last answer stays.
type turncoat struct {
	answers [][]netip.Addr
	asked   int
}

func (d *turncoat) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	answer := d.answers[min(d.asked, len(d.answers)-1)]
	d.asked++
	return answer, nil
}

// shelf is a Storage in memory.
type shelf struct {
	mu      sync.Mutex
	entries map[flightKey]Entry
	broken  bool
	saves   int
}

func newShelf() *shelf { return &shelf{entries: make(map[flightKey]Entry)} }

func (s *shelf) LoadFetched(context.Context) ([]Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Entry
	for _, e := range s.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.URL, b.URL) })
	return all, nil
}

func (s *shelf) SaveFetched(_ context.Context, e Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves++
	if s.broken {
		return errors.New("disk full")
	}
	s.entries[flightKey{e.Kind, e.URL}] = e
	return nil
}

func (s *shelf) DeleteFetched(_ context.Context, k Kind, url string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errors.New("disk full")
	}
	delete(s.entries, flightKey{k, url})
	return nil
}

func (s *shelf) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

// quiet is for servers whose clients hang up on purpose.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
