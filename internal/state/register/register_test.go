package register_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse.example/internal/state/register"
	"gatehouse.example/sip/uri"
	"pgregory.net/rapid"
)

func american() uri.Plan { return uri.Plan{Country: "1", International: "011", Trunk: "1"} }

func open(t testing.TB, s register.Storage) *register.Register {
	t.Helper()
	r, err := register.New("dnc", s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Load(); err != nil {
		t.Fatal(err)
	}
	return r
}

func lines(numbers []uint64) string {
	var b strings.Builder
	for _, n := range numbers {
		fmt.Fprintf(&b, "+%d\n", n)
	}
	return b.String()
}

func fill(t testing.TB, r *register.Register, numbers []uint64, o register.Options) register.Imported {
	t.Helper()
	done, err := r.Import(context.Background(), strings.NewReader(lines(numbers)), o)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// shapes are sets of numbers that are written in every way there is: sparse, dense, mapped and full blocks, and their edges.
func shapes() map[string][]uint64 {
	random := rand.New(rand.NewPCG(1, 2))
	some := func(from, span uint64, n int) []uint64 {
		set := make([]uint64, 0, n)
		for range n {
			set = append(set, from+random.Uint64N(span))
		}
		slices.Sort(set)
		return slices.Compact(set)
	}
	run := func(from uint64, n int) (set []uint64) {
		for i := range uint64(n) {
			set = append(set, from+i)
		}
		return set
	}
	return map[string][]uint64{
		"one":        {15551230001},
		"the ends":   {1000, 1001, 999_999_999_999_998, 999_999_999_999_999},
		"sparse":     some(10_000_000_000, 9_999_999_999, 2000),
		"worldwide":  some(10_000, 990_000_000_000_000, 3000),
		"dense":      some(12_120_000_000, 2_000_000, 100_000),
		"denser":     some(12_120_000_000, 600_000, 500_000),
		"all of it":  run(19_000<<19, 1<<19),
		"all and 1":  run(19_000<<19-1, 1<<19+2),
		"one block":  run(12_120_005_000, 20_000),
		"every 2nd":  slices.DeleteFunc(run(12_120_000_000, 300_000), func(n uint64) bool { return n%2 == 0 }),
		"every 16th": slices.DeleteFunc(run(12_120_000_000, 600_000), func(n uint64) bool { return n%16 != 3 }),
		"exchanges":  slices.Concat(some(12_122_000_000, 2_500, 1500), run(12_122_030_000, 9000), some(12_122_070_000, 3_000, 2000), some(12_122_100_000, 10_000, 100)),
		"crowds":     slices.Concat(some(12_122_000_000, 30, 25), some(12_122_001_000, 4_000_000, 160_000)),
		"limit":      append(run(19_000<<19, 1024), run(19_001<<19, 1025)...),
	}
}

func TestWhatIsImportedIsFoundAndNothingElse(t *testing.T) {
	for name, want := range shapes() {
		t.Run(name, func(t *testing.T) {
			r := open(t, newMemory())
			shuffled := slices.Clone(want)
			rand.New(rand.NewPCG(3, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			done := fill(t, r, append(shuffled, want[:min(len(want), 10)]...), register.Options{Memory: 1 << 16})
			if done.Numbers != uint64(len(want)) || r.Stats().Numbers != uint64(len(want)) {
				t.Errorf("%d numbers became %d", len(want), done.Numbers)
			}
			for i, n := range want {
				if !r.Holds(n) {
					t.Fatalf("%d is not found", n)
				}
				if n > 1000 && (i == 0 || want[i-1] != n-1) && r.Holds(n-1) {
					t.Fatalf("%d is found, which was not imported", n-1)
				}
				if (i+1 == len(want) || want[i+1] != n+1) && r.Holds(n+1) {
					t.Fatalf("%d is found, which was not imported", n+1)
				}
			}
		})
	}
}

func TestRegisterAgreesWithASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		near := rapid.Uint64Range(15_550_000_000, 15_550_000_000+1<<rapid.IntRange(4, 21).Draw(t, "width"))
		set := rapid.SliceOfN(near, 1, 3000).Draw(t, "numbers")
		in := map[uint64]bool{}
		for _, n := range set {
			in[n] = true
		}
		r, err := register.New("x", newMemory())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Import(context.Background(), strings.NewReader(lines(set)), register.Options{Memory: 1}); err != nil {
			t.Fatal(err)
		}
		for range 200 {
			if n := near.Draw(t, "asked"); r.Holds(n) != in[n] {
				t.Fatalf("%d: %v", n, !in[n])
			}
		}
	})
}

func TestFormsOfLines(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"+1 (555) 123-0001", "+15551230001"},
		{"5551230001", "+15551230001"},
		{"15551230001\r", "+15551230001"},
		{"555,1230001", "+15551230001"},
		{"\"555\",\"1230001\"", "+15551230001"},
		{"+15551230001,Acme,2026-01-01", "+15551230001"},
		{"5551230001;5551239999", "+15551230001"},
		{"+49 30 123456 # a comment", "+4930123456"},
		{"0114930123456", "+4930123456"},
		{"\ufeff+4930123456", "+4930123456"},
	} {
		r := open(t, newMemory())
		done, err := r.Import(context.Background(), strings.NewReader("number\n\n# nothing\n"+c.line), register.Options{Plan: american()})
		if err != nil || done.Numbers != 1 || !r.Has(c.want) {
			t.Errorf("%q: %+v, %v; %s is not found", c.line, done, err, c.want)
		}
	}
	text := "+15551230001\n+15551230002\n+15551230003\n+15551230004\nbob\n+1234567890123456\n"
	done, err := open(t, newMemory()).Import(context.Background(), strings.NewReader(text), register.Options{})
	if err != nil || done.RefusedCount != 2 || done.Refused[0].Line != 5 || done.Refused[1].Reason != "it is longer than 15 digits" {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestUnfitInputLeavesTheRegisterAsItWas(t *testing.T) {
	r := open(t, newMemory())
	fill(t, r, []uint64{15551230001}, register.Options{})
	bad := strings.Repeat("+15551239999\n", 150) + strings.Repeat("<p>not found</p>\n", 50)
	for _, text := range []string{"", "\n\n", "# nothing\n", bad, "this is no list\nof anything\n"} {
		if _, err := r.Import(context.Background(), strings.NewReader(text), register.Options{}); !errors.Is(err, register.ErrUnfit) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	broken := io.MultiReader(strings.NewReader("+15551239999\n"), &failing{})
	if _, err := r.Import(context.Background(), broken, register.Options{}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	if !r.Has("+15551230001") || r.Has("+15551239999") || r.Stats().Swaps != 1 {
		t.Error("the register has changed")
	}
}

var errBroken = errors.New("the line is cut")

type failing struct{}

func (*failing) Read([]byte) (int, error) { return 0, errBroken }

// endless gives a line that does not end for so many octets.
type endless struct{ left int64 }

func (e *endless) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), e.left))
	for i := range b[:n] {
		b[i] = '5'
	}
	e.left -= int64(n)
	return n, nil
}

func TestLineWithoutEndCostsNoMemory(t *testing.T) {
	r := open(t, newMemory())
	in := io.MultiReader(strings.NewReader("+15551230001\n+15551230003\n"), &endless{left: 1 << 30}, strings.NewReader("\n+15551230002\n"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done, err := r.Import(context.Background(), in, register.Options{Memory: 1 << 20})
	runtime.ReadMemStats(&after)
	if err != nil || done.Numbers != 3 || done.RefusedCount != 1 || len(done.Refused[0].Text) > 64 {
		t.Errorf("%+v, %v", done, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("%d MB were allocated", grown>>20)
	}
}

func TestDamagedFileIsRefusedAndTheOldOneStays(t *testing.T) {
	m := newMemory()
	r := open(t, m)
	fill(t, r, shapes()["dense"], register.Options{})
	sound := m.files["dnc"].bytes
	random := rand.New(rand.NewPCG(5, 6))
	for i := range 300 {
		bad := slices.Clone(sound)
		switch i % 3 {
		case 0:
			bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
		case 1:
			bad = bad[:random.IntN(len(bad))]
		case 2:
			bad = append(bad, make([]byte, 1+random.IntN(100))...)
		}
		if bytes.Equal(bad, sound) {
			continue
		}
		m.put("dnc", bad)
		if _, err := r.Load(); !errors.Is(err, register.ErrDamaged) && !errors.Is(err, register.ErrVersion) || !strings.Contains(err.Error(), "register dnc: ") {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if n := shapes()["dense"][0]; !r.Holds(n) {
		t.Error("the old register is gone")
	}
}

func TestFileOfAnotherVersionIsRefused(t *testing.T) {
	m := newMemory()
	r := open(t, m)
	fill(t, r, []uint64{15551230001}, register.Options{})
	old := slices.Clone(m.files["dnc"].bytes)
	copy(old, "GHregis2")
	m.put("dnc", old)
	if _, err := r.Load(); !errors.Is(err, register.ErrVersion) || !strings.Contains(err.Error(), "import it anew") {
		t.Errorf("%v", err)
	}
	if !r.Has("+15551230001") {
		t.Error("the register in force is gone")
	}
}

// TestForgedFileDoesNoHarm changes files and makes their checksums right again, as nobody but an attacker does: they are refused or answer anything.
func TestForgedFileDoesNoHarm(t *testing.T) {
	table, le := crc32.MakeTable(crc32.Castagnoli), binary.LittleEndian
	random := rand.New(rand.NewPCG(5, 6))
	for name, set := range shapes() {
		m := newMemory()
		r := open(t, m)
		fill(t, r, set, register.Options{})
		sound := m.files["dnc"].bytes
		for range 40 {
			bad := slices.Clone(sound)
			for range 1 + random.IntN(20) {
				at := 64 + random.IntN(len(bad)-64)
				if random.IntN(2) == 0 { // the directory, or the first page's beginning
					at = []int{len(bad) - 1 - random.IntN(12), 64 + 4096 + random.IntN(200)}[random.IntN(2)] % len(bad)
				}
				bad[at] = byte(random.Uint32())
			}
			le.PutUint32(bad[56:], crc32.Checksum(bad[64:], table))
			le.PutUint32(bad[60:], crc32.Checksum(bad[:60], table))
			m.put("dnc", bad)
			if _, err := r.Load(); err != nil && !errors.Is(err, register.ErrDamaged) {
				t.Fatalf("%s: %v", name, err)
			}
			for range 2000 {
				r.Holds(set[random.IntN(len(set))] + random.Uint64N(1000))
			}
		}
	}
}

func TestLookupsGoOnWhileRegistersAreSwapped(t *testing.T) {
	m := newMemory()
	r := open(t, m)
	small := register.Options{Memory: 1 << 16}
	fill(t, r, []uint64{15551230001, 15551230002}, small)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if !r.Has("+15551230001") {
					t.Error("a number was missing while registers were swapped")
					return
				}
			}
		})
	}
	for i := range uint64(50) {
		fill(t, r, []uint64{15551230001, 15551240000 + i}, small)
		runtime.GC()
	}
	close(stop)
	wg.Wait()
	if r.Has("+15551230002") || r.Stats().Swaps != 51 {
		t.Errorf("%+v", r.Stats())
	}
}

func TestAnotherProcessMayBringTheFile(t *testing.T) {
	m := newMemory()
	one, other := open(t, m), open(t, m)
	fill(t, one, []uint64{15551230001}, register.Options{Now: func() time.Time { return time.Unix(1e9, 0) }})
	if changed, err := other.Load(); !changed || err != nil || !other.Has("+15551230001") || other.Stats().Made.Unix() != 1e9 {
		t.Errorf("%v, %v, %+v", changed, err, other.Stats())
	}
	if changed, _ := other.Load(); changed {
		t.Error("the same file was loaded twice")
	}
}

func TestNumbers(t *testing.T) {
	for _, bad := range []string{"", "+", "1555", "+0123456", "+123", "+1234567890123456", "+1555a230001", "5551230001", "+15551230001 "} {
		if n, ok := register.Number(bad); ok {
			t.Errorf("%q became %d", bad, n)
		}
	}
	for _, bad := range []string{"", "a b", "../x", ".x", strings.Repeat("x", 65)} {
		if _, err := register.New(bad, nil); !errors.Is(err, register.ErrName) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	r := open(t, newMemory())
	fill(t, r, shapes()["dense"], register.Options{})
	if n := testing.AllocsPerRun(1000, func() { r.Has("+12120012345") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzImport(f *testing.F) {
	f.Add("number\n+15551230001\n555,1230002\n\n# x\n")
	f.Add("0,0,0\n\"\n;;;;\n+999999999999999\n+9999999999999999\n")
	f.Fuzz(func(t *testing.T, text string) {
		m := newMemory()
		r, _ := register.New("x", m)
		done, err := r.Import(context.Background(), strings.NewReader(text), register.Options{Plan: american(), Memory: 1})
		if err != nil {
			if m.files["x"] != nil {
				t.Fatal("an import that failed left a file")
			}
			return
		}
		if done.Numbers+done.RefusedCount > done.Lines || r.Stats().Numbers != done.Numbers {
			t.Fatalf("%+v", done)
		}
	})
}

func FuzzDamaged(f *testing.F) {
	m := newMemory()
	r, _ := register.New("x", m)
	if _, err := r.Import(context.Background(), strings.NewReader("+15551230001\n"), register.Options{}); err != nil {
		f.Fatal(err)
	}
	f.Add(m.files["x"].bytes)
	f.Fuzz(func(t *testing.T, file []byte) {
		m := newMemory()
		m.put("x", file)
		r, _ := register.New("x", m)
		if _, err := r.Load(); err != nil && !errors.Is(err, register.ErrDamaged) && !errors.Is(err, register.ErrVersion) {
			t.Fatal(err)
		}
	})
}
