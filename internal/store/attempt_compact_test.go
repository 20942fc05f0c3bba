package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// compactAll joins segments until there is nothing left to join, and checks that no step is large.
func compactAll(t testing.TB, s *Store, now time.Time) (steps int) {
	t.Helper()
	for {
		n, err := s.compact(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		if n > compactRows+mergedRows {
			t.Errorf("%d attempts in one step", n)
		}
		if n == 0 {
			return steps
		}
		steps++
	}
}

// segmentCounts returns how many attempts each segment has, the newest first.
func segmentCounts(t testing.TB, s *Store) []int64 {
	t.Helper()
	number := func(scan func(...any) error) (n int64, err error) {
		err = scan(&n)
		return n, err
	}
	counts, err := load(t.Context(), s, "count", `SELECT count FROM attempt_segments ORDER BY last DESC`, number)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// damage changes an octet in the middle of the segment that has an attempt.
func damage(t *testing.T, s *Store, id string) {
	t.Helper()
	var number int64
	var blob []byte
	const find = `SELECT segment, attempts FROM attempt_segments WHERE first <= $1 AND last >= $1`
	if err := s.reader.QueryRowContext(t.Context(), find, id).Scan(&number, &blob); err != nil {
		t.Fatal(err)
	}
	blob[len(blob)/2] ^= 1
	if _, err := s.exec(t.Context(), "damage", `UPDATE attempt_segments SET attempts = $1 WHERE segment = $2`, blob, number); err != nil {
		t.Fatal(err)
	}
}

// oneByOne appends n attempts in commits of their own, a second apart.
func oneByOne(t testing.TB, s *Store, from time.Time, n int) (all []verdict.Verdict) {
	t.Helper()
	var ids history.IDs
	for i := range n {
		all = append(all, attempt(&ids, from.Add(time.Duration(i)*time.Second), "+15551230001"))
		appendAll(t, s, all[i])
	}
	return all
}

func TestAnIdleServersSegmentsAreJoined(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		all := oneByOne(t, s, noon, 100)
		if err := s.Feedback(t.Context(), all[42].ID, history.Ham); err != nil {
			t.Fatal(err)
		}
		page := func() []string { return pages(t, s, history.Filter{From: "+15551230001", Limit: 7}) }
		before := page()
		compactAll(t, s, noon.Add(2*time.Minute))
		if counts := segmentCounts(t, s); len(counts) > joinAtLeast {
			t.Errorf("within the hour %v", counts)
		}
		if got := page(); !slices.Equal(got, before) || len(got) != 100 {
			t.Errorf("%d attempts, before %d", len(got), len(before))
		}
		if steps := compactAll(t, s, noon.Add(61*time.Minute)); steps != 0 {
			t.Errorf("%d steps before the hour is past", steps)
		}
		all = append(all, oneByOne(t, s, noon.Add(3*time.Minute), 3)...)
		compactAll(t, s, noon.Add(71*time.Minute))
		if counts := segmentCounts(t, s); !slices.Equal(counts, []int64{103}) {
			t.Errorf("after the hour %v", counts)
		}
		v, err := s.Get(t.Context(), all[42].ID)
		if err != nil || v.Feedback != history.Ham {
			t.Errorf("feedback %q, %v", v.Feedback, err)
		}
	})
}

func TestHoursAreNotJoined(t *testing.T) {
	s := open(t, t.TempDir())
	for hour := range 5 {
		oneByOne(t, s, noon.Add(time.Duration(hour)*time.Hour), 10)
	}
	compactAll(t, s, noon.AddDate(0, 1, 0))
	if counts := segmentCounts(t, s); !slices.Equal(counts, []int64{10, 10, 10, 10, 10}) {
		t.Errorf("segments of %v", counts)
	}
}

func TestFullSegmentsAreLeftAlone(t *testing.T) {
	s := open(t, t.TempDir())
	var ids history.IDs
	for i := range 4 {
		batch := make([]verdict.Verdict, smallRows)
		for j := range batch {
			batch[j] = attempt(&ids, noon.Add(time.Duration(i*smallRows+j)*time.Second), "+15551230001")
		}
		appendAll(t, s, batch...)
	}
	if steps := compactAll(t, s, noon.AddDate(0, 1, 0)); steps != 0 {
		t.Errorf("%d steps", steps)
	}
}

// TestDamagedSegmentSaysWhere: what cannot be read is an error that names it, is left alone by all upkeep, and goes when its time has come.
func TestDamagedSegmentSaysWhere(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		all := oneByOne(t, s, noon, 20)
		damage(t, s, all[7].ID)
		compactAll(t, s, noon.AddDate(0, 1, 0))
		if counts := segmentCounts(t, s); len(counts) != 2 {
			t.Errorf("segments of %v", counts)
		}
		if _, _, err := s.Query(t.Context(), history.Filter{}); !errors.Is(err, errDamaged) || !strings.Contains(err.Error(), all[7].ID) {
			t.Errorf("query: %v", err)
		}
		if _, err := s.Get(t.Context(), all[7].ID); !errors.Is(err, errDamaged) {
			t.Errorf("get: %v", err)
		}
		if v, err := s.Get(t.Context(), all[8].ID); err != nil || v.ID != all[8].ID {
			t.Errorf("get of another: %v", err)
		}
		appendAll(t, s, all[8], all[9]) // they are there
		if counts := segmentCounts(t, s); len(counts) != 2 {
			t.Errorf("segments of %v after a second append", counts)
		}
		if n := pruneAll(t, s, noon.AddDate(0, 1, 0), 0); n != 20 {
			t.Errorf("%d pruned", n)
		}
	})
}

func TestNotesGoWithTheirAttempts(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		all := append(oneByOne(t, s, noon, 3), oneByOne(t, s, noon.AddDate(0, 0, 1), 3)...)
		for i := range all {
			if err := s.Feedback(t.Context(), all[i].ID, history.Spam); err != nil {
				t.Fatal(err)
			}
		}
		pruneAll(t, s, noon.Add(12*time.Hour), 0)
		var notes int
		if err := s.reader.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM attempt_notes`).Scan(&notes); err != nil || notes != 3 {
			t.Errorf("%d notes, %v", notes, err)
		}
		if v, err := s.Get(t.Context(), all[5].ID); err != nil || v.Feedback != history.Spam {
			t.Errorf("feedback %q, %v", v.Feedback, err)
		}
	})
}
