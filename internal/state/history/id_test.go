package history

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestIDsAreULIDs(t *testing.T) {
	var ids IDs
	at := time.UnixMilli(1469918176385) // the example of the ULID specification
	id := ids.New(at)
	if !strings.HasPrefix(id, "01ARYZ6S41") || !regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`).MatchString(id) {
		t.Errorf("id %s", id)
	}
	if first := FirstID(at); first != "01ARYZ6S410000000000000000" || first > id || FirstID(at.Add(time.Millisecond)) <= id {
		t.Errorf("first %s, id %s", first, id)
	}
	if got, want := FirstID(time.UnixMilli(1<<48-1)), "7ZZZZZZZZZ0000000000000000"; got != want {
		t.Errorf("the last millisecond is %s, want %s", got, want)
	}
	if got := FirstID(time.Time{}); got != strings.Repeat("0", 26) {
		t.Errorf("before 1970: %s", got)
	}
}

func TestIDsOnlyGrow(t *testing.T) {
	var ids IDs
	at := time.UnixMilli(1469918176385)
	last := ""
	for i := range 100_000 {
		if i == 50_000 {
			at = at.Add(-time.Hour) // the clock is set back
		}
		id := ids.New(at)
		if id <= last {
			t.Fatalf("%s after %s", id, last)
		}
		last = id
	}
}

func TestIDsOfManyGoroutinesDiffer(t *testing.T) {
	var ids IDs
	var mu sync.Mutex
	var all []string
	var makers sync.WaitGroup
	for range 8 {
		makers.Go(func() {
			own := make([]string, 1000)
			for i := range own {
				own[i] = ids.New(time.Now())
			}
			if !slices.IsSorted(own) {
				t.Error("one goroutine's ids are out of order")
			}
			mu.Lock()
			all = append(all, own...)
			mu.Unlock()
		})
	}
	makers.Wait()
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != 8000 {
		t.Errorf("%d different ids of 8000", n)
	}
}

func TestIDAllocatesOnlyTheString(t *testing.T) {
	var ids IDs
	now := time.Now()
	if n := testing.AllocsPerRun(1000, func() { ids.New(now) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkID(b *testing.B) {
	var ids IDs
	now := time.Now()
	for b.Loop() {
		ids.New(now)
	}
}
