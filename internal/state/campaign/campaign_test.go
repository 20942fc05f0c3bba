package campaign

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// text makes n features.
func text(r *rand.Rand, n int) []uint64 {
	f := make([]uint64, n)
	for i := range f {
		f[i] = r.Uint64()
	}
	slices.Sort(f)
	return f
}

// changed replaces a part of the features.
func changed(r *rand.Rand, f []uint64, part float64) []uint64 {
	f = slices.Clone(f)
	for i := range f {
		if r.Float64() < part {
			f[i] = r.Uint64()
		}
	}
	slices.Sort(f)
	return f
}

func memory(t testing.TB, cfg Config) *Memory {
	t.Helper()
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNearDuplicatesAreFound(t *testing.T) {
	m, r := memory(t, Config{}), rand.New(rand.NewPCG(1, 1))
	var reported [][]uint64
	for range 500 {
		f := text(r, 150)
		reported = append(reported, f)
		m.Report(f, "bob", true, noon)
	}
	for i, f := range reported {
		if m.Find(changed(r, f, 0.45), "x", noon).Likeness == 0 {
			t.Errorf("%d: half changed is not found", i)
		}
		padded := append(slices.Clone(f), text(r, 400)...)
		slices.Sort(padded)
		if m.Find(padded, "x", noon).Likeness == 0 {
			t.Errorf("%d: padded is not found", i)
		}
		if m.Find(changed(r, f, 0.9), "x", noon).Likeness != 0 {
			t.Errorf("%d: another text is found", i)
		}
	}
}

func TestVoicesAreCountedOnce(t *testing.T) {
	m, r := memory(t, Config{}), rand.New(rand.NewPCG(2, 2))
	f := text(r, 100)
	for range 5 {
		m.Report(f, "bob", true, noon)
		m.Report(changed(r, f, 0.1), "bob", true, noon)
	}
	m.Report(f, "carol", true, noon)
	if got := m.Find(f, "carol", noon); got.Spam != 2 || !got.Own {
		t.Errorf("%+v", got)
	}
	m.Report(f, "dave", false, noon)
	m.Report(f, "erin", false, noon)
	if got := m.Find(f, "zoe", noon); got.Ham != 2 || got.Own {
		t.Errorf("%+v", got)
	}
	m.Retract(f, "carol")
	if got := m.Find(f, "carol", noon); got.Spam != 1 || got.Own {
		t.Errorf("taken back: %+v", got)
	}
}

func TestShortAndOldTextsAreNoCampaign(t *testing.T) {
	m, r := memory(t, Config{Keep: time.Hour}), rand.New(rand.NewPCG(3, 3))
	if short := text(r, leastText-1); m.Report(short, "bob", true, noon) || m.Find(short, "bob", noon).Likeness != 0 {
		t.Error("short")
	}
	f := text(r, 100)
	m.Report(f, "bob", true, noon)
	if m.Find(f, "bob", noon.Add(2*time.Hour)).Likeness != 0 {
		t.Error("old")
	}
	m.Touch(f, noon.Add(30*time.Minute))
	if m.Find(f, "bob", noon.Add(80*time.Minute)).Likeness == 0 {
		t.Error("seen again")
	}
}

type disk map[string][]byte

func (d disk) LoadState(_ context.Context, name string) ([]byte, error) { return d[name], nil }
func (d disk) PutState(_ context.Context, name string, b []byte) error {
	d[name] = slices.Clone(b)
	return nil
}

func TestComesBackAsItWas(t *testing.T) {
	d := disk{}
	m, r := memory(t, Config{Storage: d}), rand.New(rand.NewPCG(4, 4))
	f := text(r, 100)
	m.Report(f, "bob", true, noon)
	if err := m.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := memory(t, Config{Storage: d})
	if err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := again.Find(f, "bob", noon), m.Find(f, "bob", noon); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	d[stateName][40] ^= 1
	if err := again.Load(t.Context()); !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
}

// TestBoundsHold: whatever happens, there are no more reports than may be, and the index leads to those that are there.
func TestBoundsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := New(Config{Reports: 8})
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		texts := [][]uint64{text(r, 60)}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			f := texts[r.IntN(len(texts))]
			if r.IntN(2) == 0 {
				f = changed(r, f, r.Float64())
				texts = append(texts, f)
			}
			who := string(rune('a' + r.IntN(4)))
			switch r.IntN(4) {
			case 0:
				m.Retract(f, who)
			case 1:
				m.Report(f, who, false, noon)
			default:
				m.Report(f, who, true, noon)
			}
		}
		if len(m.reports) > 8 {
			t.Fatalf("%d reports", len(m.reports))
		}
		for _, ids := range m.index {
			for _, id := range ids {
				if m.reports[id] == nil {
					t.Fatal("the index leads to a report that is gone")
				}
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	m, r := memory(b, Config{}), rand.New(rand.NewPCG(5, 5))
	for range 4096 {
		m.Report(text(r, 200), "bob", true, noon)
	}
	f := text(r, 200)
	b.ReportAllocs()
	for b.Loop() {
		m.Find(f, "bob", noon)
	}
}
