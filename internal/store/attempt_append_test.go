package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

func count(t testing.TB, s *Store) (n int64) {
	t.Helper()
	for _, one := range segmentCounts(t, s) {
		n += one
	}
	return n
}

// TestABatchOfUnknownOutcomeIsNotStoredTwice: the commit has been made, but the answer was lost; another node may have joined the
// segment since.
func TestABatchOfUnknownOutcomeIsNotStoredTwice(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		batch := relayed(100)
		again := func() {
			t.Helper()
			s.appender.known = false
			appendAll(t, s, batch...)
			if n := count(t, s); n != 100 {
				t.Errorf("%d attempts", n)
			}
		}
		for i := range 10 {
			appendAll(t, s, batch[i*10:i*10+10]...)
		}
		again()
		compactAll(t, s, noon.AddDate(0, 1, 0))
		again()
		again()
	})
}

// TestABatchUnderWayIsNotStoredTwice: the first commit is still under way in the server when the batch is appended again.
func TestABatchUnderWayIsNotStoredTwice(t *testing.T) {
	dsn := newDatabase(t)
	batch := relayed(300)
	var nodes sync.WaitGroup
	for range 6 {
		s := open(t, dsn)
		nodes.Go(func() {
			for range 100 {
				if err := s.Append(context.Background(), batch); err == nil {
					return
				} else if !strings.Contains(err.Error(), "SQLSTATE 23505") && !strings.Contains(err.Error(), "SQLSTATE 40001") {
					t.Error(err)
				}
			}
			t.Error("it never succeeds")
		})
	}
	nodes.Wait()
	if n := count(t, open(t, dsn)); n != 300 {
		t.Errorf("%d attempts", n)
	}
}

// TestNodesShareTheHistory: two nodes store at the same time, join and page; nothing is lost or comes twice.
func TestNodesShareTheHistory(t *testing.T) {
	dsn := newDatabase(t)
	all := relayed(2000) // of half an hour
	var nodes sync.WaitGroup
	for node := range 2 {
		s := open(t, dsn)
		nodes.Go(func() {
			var batch []verdict.Verdict
			for i := range all {
				if i%2 == node {
					batch = append(batch, all[i])
				}
				if len(batch) == 1+i%50 || i >= len(all)-2 {
					persist(t, func() error { return s.Append(context.Background(), batch) })
					batch = nil
				}
				if i%100 == 0 {
					persist(t, func() error { _, err := s.compact(context.Background(), noon.AddDate(0, 1, 0)); return err })
				}
			}
		})
	}
	reader := open(t, dsn)
	stored := make(chan struct{})
	nodes.Go(func() {
		for {
			got := pages(t, reader, history.Filter{Limit: 333})
			falling := slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) })
			if once := slices.Compact(slices.Clone(got)); !falling || len(once) != len(got) {
				t.Error("pages are out of order, or repeat an attempt")
			}
			select {
			case <-stored:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	go func() {
		eventually(t, "all are stored", func() bool { return count(t, reader) == 2000 })
		close(stored)
	}()
	nodes.Wait()
	if got := pages(t, reader, history.Filter{Limit: 77}); len(got) != 2000 {
		t.Errorf("%d attempts", len(got))
	}
	compactAll(t, reader, noon.AddDate(0, 1, 0))
	if got := pages(t, reader, history.Filter{Limit: 77, From: "+15551230001"}); len(got) != 2000 {
		t.Errorf("%d attempts after joining", len(got))
	}
}

// persist does f until it succeeds, as the recorder does.
func persist(t *testing.T, f func() error) {
	var err error
	for range 100 {
		if err = f(); err == nil {
			return
		}
	}
	t.Error(err)
}

func TestFeedbackThatComesAlongIsKept(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		all := relayed(2)
		all[0].Feedback, all[1].Feedback = history.Spam, history.Ham
		appendAll(t, s, all...)
		if err := s.Feedback(t.Context(), all[0].ID, ""); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"", history.Ham} {
			if v, err := s.Get(t.Context(), all[i].ID); err != nil || v.Feedback != want {
				t.Errorf("feedback %q, %v, want %q", v.Feedback, err, want)
			}
		}
	})
}

func TestGetOfWhatIsNotThere(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		all := relayed(600)
		appendAll(t, s, slices.Concat(all[:100], all[101:])...)
		for _, id := range []string{all[100].ID, "", "~", "0", all[599].ID + "0", "\x00\xff"} {
			if _, err := s.Get(t.Context(), id); !errors.Is(err, history.ErrNotFound) {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}
