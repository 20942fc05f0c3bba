package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC)

// attempt is a typical one; who is the caller's number.
func attempt(ids *history.IDs, at time.Time, who string) verdict.Verdict {
	return verdict.Verdict{
		ID: ids.New(at), Time: at, Kind: verdict.Call, Mode: verdict.Enforce, Action: verdict.Reject, Score: 15.5,
		From:   verdict.From{Claimed: "sip:" + who + "@carrier.test", Display: "Bank", Identity: "tel:" + who, Proof: verdict.StirA},
		To:     verdict.To{Requested: "sip:bob@example.test", User: "sip:bob@example.test"},
		Source: verdict.Source{Address: "192.0.2.7:5060", Transport: "udp", UserAgent: "Asterisk PBX 18.1"},
		Signals: verdict.Signals{{Name: "LISTS_BLOCKED", Strength: 1, Weight: 15, Score: 15,
			Evidence: "number +1555123* in list 'local', added 2026-11-20"}},
		Response: &verdict.Response{Code: 603, Reason: "Network Blocked"}, ElapsedUS: 41,
	}
}

func appendAll(t testing.TB, s *Store, verdicts ...verdict.Verdict) {
	t.Helper()
	if err := s.Append(t.Context(), verdicts); err != nil {
		t.Fatal(err)
	}
}

// fill sets everything that a value can hold to something that is not zero.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		if _, ok := v.Interface().(time.Time); ok {
			v.Set(reflect.ValueOf(noon))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.String:
		v.SetString(fmt.Sprintf("\"text\" <%d> ä\t\u2028\\", *n))
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.25)
	default:
		panic("fill: what is a " + v.Type().String() + "?")
	}
}

func TestEveryFieldOfAVerdictComesBack(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		var want verdict.Verdict
		n := 0
		fill(reflect.ValueOf(&want).Elem(), &n)
		want.ID = history.FirstID(noon)
		want.Feedback = history.Spam
		appendAll(t, s, want)
		got, err := s.Get(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestNothingInAVerdictMakesAppendFail(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		bad := "a\x00b\xff\xfe\x1b[31m" + strings.Repeat("é", 5000)
		v := verdict.Verdict{ID: "id \x00\xff" + bad, Kind: 200, Action: 200, Score: math.NaN(), ElapsedUS: math.MinInt64,
			From: verdict.From{Claimed: bad, Display: bad, Identity: bad}, To: verdict.To{Requested: bad, User: "tel:" + bad},
			Source: verdict.Source{Address: bad, UserAgent: bad}, Signals: verdict.Signals{{Name: bad, Score: math.Inf(1), Evidence: bad}}}
		appendAll(t, s, v, verdict.Verdict{}, verdict.Verdict{})
		page, _, err := s.Query(t.Context(), history.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) != 3 {
			t.Errorf("%d attempts, want the odd one and two that came without an id", len(page))
		}
		page, _, err = s.Query(t.Context(), history.Filter{From: bad})
		if err != nil || len(page) != 1 {
			t.Errorf("search for odd text: %d found, %v", len(page), err)
		}
	})
}

func TestAppendAgainChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		var ids history.IDs
		v := attempt(&ids, noon, "+15551230001")
		appendAll(t, s, v)
		again := v
		again.Score = 1
		appendAll(t, s, again, attempt(&ids, noon, "+15551230002"))
		got, err := s.Get(t.Context(), v.ID)
		if err != nil || got.Score != v.Score {
			t.Errorf("score %v, %v", got.Score, err)
		}
		if page, _, err := s.Query(t.Context(), history.Filter{}); err != nil || len(page) != 2 {
			t.Errorf("%d attempts, %v", len(page), err)
		}
	})
}

func TestFeedback(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		var ids history.IDs
		v := attempt(&ids, noon, "+15551230001")
		appendAll(t, s, v)
		for _, label := range []string{history.Spam, history.Ham, ""} {
			if err := s.Feedback(t.Context(), v.ID, label); err != nil {
				t.Fatal(err)
			}
			got, err := s.Get(t.Context(), v.ID)
			if err != nil || got.Feedback != label {
				t.Errorf("feedback %q, %v, want %q", got.Feedback, err, label)
			}
		}
		if err := s.Feedback(t.Context(), v.ID, "maybe"); !errors.Is(err, history.ErrLabel) {
			t.Errorf("odd label: %v", err)
		}
		if err := s.Feedback(t.Context(), "nobody", history.Spam); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("unknown attempt: %v", err)
		}
		if _, err := s.Get(t.Context(), "nobody"); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("get of unknown attempt: %v", err)
		}
	})
}

// pages collects all that a filter finds, page by page.
func pages(t *testing.T, s *Store, f history.Filter) []string {
	t.Helper()
	var all []string
	for {
		page, next, err := s.Query(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page {
			all = append(all, page[i].ID)
		}
		if next == "" {
			return all
		}
		if len(page) != f.Page() {
			t.Fatalf("%d on a page of %d, and there is a next", len(page), f.Page())
		}
		f.Before = next
	}
}

// TestQueryFindsWhatAScanFinds records several segments' worth in an order that is not that of the ids, with a store
// closed and opened between, and compares every filter with a scan of what was recorded.
func TestQueryFindsWhatAScanFinds(t *testing.T) {
	folder, database := t.TempDir(), newDatabase(t)
	for _, dsn := range []string{folder, database} {
		t.Run(map[bool]string{true: "postgres", false: "sqlite"}[IsPostgres(dsn)], func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			all := randomAttempts(random, 4196)
			for part := range slices.Chunk(all, len(all)/3+1) {
				s, err := Open(t.Context(), dsn)
				if err != nil {
					t.Fatal(err)
				}
				for batch := range slices.Chunk(part, 137) {
					appendAll(t, s, batch...)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			slices.SortFunc(all, func(a, b verdict.Verdict) int { return strings.Compare(b.ID, a.ID) })
			s := open(t, dsn)
			compareWithScan(t, s, all)
			compactAll(t, s, noon.AddDate(1, 0, 0))
			compareWithScan(t, s, all)
		})
	}
}

func randomAttempts(random *rand.Rand, n int) []verdict.Verdict {
	var ids history.IDs
	all := make([]verdict.Verdict, n)
	at := noon
	for i := range all {
		at = at.Add(time.Duration(random.IntN(3000)) * time.Millisecond)
		v := attempt(&ids, at, fmt.Sprintf("+1555%07d", random.IntN(500)))
		v.Kind, v.Action = verdict.Kind(random.IntN(2)), verdict.Action(random.IntN(4))
		switch {
		case i == 2000:
			v.Kind, v.Action = verdict.Publication, verdict.Drop
		case random.IntN(5) == 0:
			v.From.Identity = ""
		case random.IntN(5) == 0:
			v.From.Identity = fmt.Sprintf("sip:user%d@example.test", random.IntN(9))
		}
		if random.IntN(3) == 0 {
			v.To.Requested, v.To.Alias = fmt.Sprintf("sip:alias%d@example.test", random.IntN(99)), "alias"
		}
		all[i] = v
	}
	for i := range all { // some are recorded much later than they came
		if random.IntN(20) == 0 {
			j := min(i+random.IntN(2048), n-1)
			all[i], all[j] = all[j], all[i]
		}
	}
	return all
}

func compareWithScan(t *testing.T, s *Store, all []verdict.Verdict) {
	call, publication, message := verdict.Call, verdict.Publication, verdict.Message
	drop, reject := verdict.Drop, verdict.Reject
	filters := []history.Filter{
		{Limit: 1000}, {Limit: 333, Before: all[1234].ID}, {From: "+15550000007"}, {From: "tel:+1-555-000-0042", Limit: 3}, {From: "sip:user3@EXAMPLE.test"},
		{To: "bob@example.test", Limit: 700}, {To: "sip:alias7@example.test", Limit: 5}, {Kind: &publication}, {Action: &drop}, {Kind: &publication, Action: &drop},
		{Kind: &call, Action: &reject, From: "+15550000011", To: "sip:bob@example.test"}, {Kind: &message, Limit: 1000}, {From: "+19999999999"},
		{From: "+15550000007", Before: all[2500].ID},
	}
	for _, f := range filters {
		var want []string
		for i := range all {
			if matches(&f, &all[i]) {
				want = append(want, all[i].ID)
			}
		}
		if got := pages(t, s, f); !slices.Equal(got, want) {
			t.Errorf("%+v: %d found, want %d", f, len(got), len(want))
		}
	}
}

func matches(f *history.Filter, v *verdict.Verdict) bool {
	return (f.Before == "" || v.ID < f.Before) && (f.Kind == nil || *f.Kind == v.Kind) && (f.Action == nil || *f.Action == v.Action) &&
		(f.From == "" || history.Key(f.From) == history.Key(v.From.Identity) || history.Key(f.From) == history.Key(v.From.Claimed)) &&
		(f.To == "" || history.Key(f.To) == history.Key(v.To.User) || history.Key(f.To) == history.Key(v.To.Requested))
}

// TestPruneByAge: what is too old goes, what is stored together with something younger goes within the hour.
func TestPruneByAge(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		var ids history.IDs
		var all []verdict.Verdict
		for i := range 3000 {
			all = append(all, attempt(&ids, noon.Add(time.Duration(i*5)*time.Second), "+15551230001"))
		}
		appendAll(t, s, all...)
		const old, hour = 2500, 3600 / 5
		n := pruneAll(t, s, noon.Add(old*5*time.Second), 0)
		if n > old || n < old-hour {
			t.Errorf("%d pruned, want %d or what came up to an hour less", n, old)
		}
		if got := pages(t, s, history.Filter{From: "+15551230001"}); int64(len(got)) != 3000-n || got[len(got)-1] != all[n].ID {
			t.Errorf("%d left", len(got))
		}
		if n += pruneAll(t, s, noon.Add((old+hour)*5*time.Second), 0); n < old {
			t.Errorf("%d pruned an hour later", n)
		}
		if n += pruneAll(t, s, noon.Add(24*time.Hour), 0); n != 3000 {
			t.Errorf("%d pruned, want the rest", n)
		}
		appendAll(t, s, all[7]) // as from empty
		if got := pages(t, s, history.Filter{From: "+15551230001"}); len(got) != 1 {
			t.Errorf("%d found after a new start", len(got))
		}
	})
}

func TestPruneBySizeKeepsTheNewest(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		var ids history.IDs
		var all []verdict.Verdict
		for i := range 3000 {
			all = append(all, attempt(&ids, noon.Add(time.Duration(i)*time.Second), "+15551230001"))
		}
		appendAll(t, s, all...)
		const room = 100_000
		n := pruneAll(t, s, time.Time{}, room)
		got := pages(t, s, history.Filter{})
		if int64(len(got)) != 3000-n || got[0] != all[2999].ID || got[len(got)-1] != all[n].ID {
			t.Errorf("%d pruned, %d left", n, len(got))
		}
		if perRow := room / len(got); perRow < 50 || perRow > 150 {
			t.Errorf("%d attempts are left in %d octets", len(got), room)
		}
	})
}

// pruneAll prunes step by step and checks that no step is large.
func pruneAll(t *testing.T, s *Store, before time.Time, maxBytes int64) (total int64) {
	t.Helper()
	for {
		n, err := s.Prune(t.Context(), before, maxBytes)
		if err != nil {
			t.Fatal(err)
		}
		if n > pruneRows {
			t.Errorf("%d rows in one step", n)
		}
		if n == 0 {
			return total
		}
		total += n
	}
}

func TestPrunedRoomIsUsedAgain(t *testing.T) {
	s := open(t, t.TempDir())
	var ids history.IDs
	pageCount := func() (n int64) {
		if err := s.writer.QueryRowContext(t.Context(), `PRAGMA page_count`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const room = 150_000
	empty := pageCount() // each table and index has a page of its own
	var after [6]int64
	for round := range after {
		for i := range 20 {
			batch := make([]verdict.Verdict, 100)
			for j := range batch {
				batch[j] = attempt(&ids, noon.Add(time.Duration(round*2000+i*100+j)*time.Second), "+15551230001")
			}
			appendAll(t, s, batch...)
			pruneAll(t, s, time.Time{}, room)
		}
		after[round] = pageCount()
	}
	if last := len(after) - 1; after[last] > after[1]*11/10 || (after[last]-empty)*4096 > room*2 {
		t.Errorf("pages after each round: %v", after)
	}
}

func TestFailedAppendLeavesNoTrace(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		var ids history.IDs
		v := attempt(&ids, noon, "+15551230001")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Append(ctx, []verdict.Verdict{v}); !errors.Is(err, context.Canceled) {
			t.Errorf("append after the end: %v", err)
		}
		appendAll(t, s, v)
		if got := pages(t, s, history.Filter{From: "+15551230001"}); len(got) != 1 {
			t.Errorf("%d found", len(got))
		}
	})
}

// TestSizeIsKnownExactly: what is kept in memory about the end of the history is what a new start reads.
func TestSizeIsKnownExactly(t *testing.T) {
	folder := t.TempDir()
	s, err := Open(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	all := randomAttempts(rand.New(rand.NewPCG(3, 4)), 3072)
	for batch := range slices.Chunk(all, 200) {
		appendAll(t, s, batch...)
		if _, err := s.Prune(t.Context(), time.Time{}, 300_000); err != nil {
			t.Fatal(err)
		}
	}
	want := s.appender.tail
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got := open(t, folder).appender.tail
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
