package slots_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"gatehouse.example/internal/state/slots"
	"pgregory.net/rapid"
)

type row struct{ n int64 }

func worth(r *row) int64 { return r.n }

func put(t *slots.Table[row], key uint64, n int64) {
	t.Lock(key)
	t.Take(key).n = n
	t.Unlock(key)
}

// TestTableIsAMapUntilASetIsFull compares it with a map.
func TestTableIsAMapUntilASetIsFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, want := slots.New(1<<12, worth), map[uint64]int64{}
		for range rapid.IntRange(1, 60).Draw(t, "puts") {
			key := rapid.Uint64().Draw(t, "key") * 0x9E3779B97F4A7C15
			n := rapid.Int64Range(1, 100).Draw(t, "n")
			put(table, key, n)
			want[key|1<<63] = n
		}
		for key, n := range want {
			if got, ok := table.Get(key); !ok || got.n != n {
				t.Fatalf("key %x holds %v, %v; want %d", key, got, ok, n)
			}
		}
		if s := table.Stats(); s.Rows != len(want) || s.Most != 1<<12 {
			t.Fatalf("%+v of %d", s, len(want))
		}
		seen := 0
		table.Each(func(*row) bool { seen++; return true })
		if seen != len(want) {
			t.Fatalf("visited %d of %d", seen, len(want))
		}
	})
}

func TestWhatIsWorthMostStaysInAFlood(t *testing.T) {
	table := slots.New(1<<10, worth)
	put(table, 7, 1_000_000)
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		put(table, r.Uint64(), r.Int64N(1000))
	}
	if got, ok := table.Get(7); !ok || got.n != 1_000_000 {
		t.Errorf("got %v, %v", got, ok)
	}
	if s := table.Stats(); s.Rows > s.Most {
		t.Errorf("%+v", s)
	}
}

func TestManyGoroutines(t *testing.T) {
	table := slots.New(1<<10, worth)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 2))
			for range 5000 {
				key := r.Uint64N(2000) * 0x9E3779B97F4A7C15
				table.Prefetch(key)
				table.PrefetchTags(key)
				put(table, key, 1)
				table.Get(key)
			}
		})
	}
	wg.Wait()
}

func BenchmarkGet(b *testing.B) {
	table := slots.New(1<<16, worth)
	put(table, 7, 1)
	b.ReportAllocs()
	for b.Loop() {
		table.Get(7)
	}
}
