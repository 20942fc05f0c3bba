// Command register measures number registers at full size: 250 million numbers in random order, imported, mapped and looked up.
//
//	go run ./bench/register --numbers 250000000 --dir /some/disk
//
// It needs about 1.2 GB of disk for a while and 400 MB of memory, most of it the register itself. Results are kept in bench/results.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"gatehouse.example/internal/cputime"
	"gatehouse.example/internal/state/register"
	"gatehouse.example/internal/store"
)

func main() {
	numbers := flag.Int("numbers", 250_000_000, "how many numbers")
	dir := flag.String("dir", ".", "where the register is made")
	plan := flag.String("plan", "assigned", "assigned: 400 area codes; whole: every code that the North American plan allows")
	sorted := flag.Bool("sorted", false, "in ascending order")
	keep := flag.Bool("keep", false, "keep the register in the folder, and use the one that is there: look-ups only")
	lookups := flag.Int("lookups", 1_000_000, "how many look-ups of each kind in a round")
	rounds := flag.Int("rounds", 5, "how many rounds")
	flag.Parse()
	if err := run(*numbers, *dir, *plan, *sorted, *keep, *lookups, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "register:", err)
		os.Exit(1)
	}
}

func run(numbers int, dir, plan string, sorted, keep bool, lookups, rounds int) error {
	folder := dir
	if !keep {
		var err error
		if folder, err = os.MkdirTemp(dir, "register-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	}
	r, err := register.New(plan, store.NewRegisters(folder))
	if err != nil {
		return err
	}
	start := time.Now()
	if _, err := r.Load(); err != nil {
		return err
	}
	if r.Stats().Numbers == 0 {
		if err := fill(r, numbers, plan, sorted); err != nil {
			return err
		}
		if r, err = register.New(plan, store.NewRegisters(folder)); err != nil {
			return err
		}
		start = time.Now()
		if _, err := r.Load(); err != nil {
			return err
		}
	}
	fmt.Printf("load        %.0f ms with its checksums\n", float64(time.Since(start).Microseconds())/1000)
	file, err := store.NewRegisters(folder).MapRegister(plan)
	if err != nil {
		return err
	}
	look(r, file.Bytes(), newGenerator(plan, numbers, sorted), lookups, rounds)
	debug.FreeOSMemory()
	fmt.Printf("resident    %s of files, %s else\n", status("RssFile"), status("RssAnon"))
	runtime.KeepAlive(r)
	return nil
}

// fill imports the numbers.
func fill(r *register.Register, numbers int, plan string, sorted bool) error {
	g := newGenerator(plan, numbers, sorted)
	used := cputime.Used()
	n, err := io.Copy(io.Discard, g)
	if err != nil {
		return err
	}
	generated := cputime.Used() - used
	fmt.Printf("input       %d lines, %d octets, %s plan, sorted %v; making it takes %.1f s\n", g.lines, n, plan, sorted, generated.Seconds())
	start := time.Now()
	used = cputime.Used()
	done, err := r.Import(context.Background(), newGenerator(plan, numbers, sorted), register.Options{})
	if err != nil {
		return err
	}
	took, used := time.Since(start), cputime.Used()-used
	rate := func(d time.Duration) float64 { return float64(done.Lines) / d.Seconds() / 1e6 }
	fmt.Printf("import      %.1f s: %.2f million lines/s; %.2f for each second of processor time, without making them; most memory meanwhile %s\n",
		took.Seconds(), rate(took), rate(used-generated), status("VmHWM"))
	fmt.Printf("register    %d numbers, %d octets (%.1f MB, %.1f MiB), %.3f bits a number\n", done.Numbers, done.Bytes, float64(done.Bytes)/1e6,
		float64(done.Bytes)/(1<<20), 8*float64(done.Bytes)/float64(done.Numbers))
	return nil
}

// look asks for numbers of the same plan at random, so that each look-up meets cold memory: those that the register holds, and those that it does not. Beside
// each round stands what one octet at random of the same mapped file costs in the same moment, each waiting for the one before.
func look(r *register.Register, file []byte, g *generator, lookups, rounds int) {
	random := rand.New(rand.NewPCG(7, 8))
	const set = 1 << 17
	var hits, misses []uint64
	for len(hits) < set || len(misses) < set {
		if n := g.number(random); r.Holds(n) && len(hits) < set {
			hits = append(hits, n)
		} else if len(misses) < set && !r.Holds(n) {
			misses = append(misses, n)
		}
	}
	fmt.Printf("large pages %s of the file\n", large())
	for range rounds {
		fmt.Printf("one octet %.1f ns, hit %.1f ns, miss %.1f ns of processor time; hit %.1f ns, miss %.1f ns by the wall clock\n", latency(file, lookups),
			ask(r, hits, lookups).used, ask(r, misses, lookups).used, ask(r, hits, lookups).wall, ask(r, misses, lookups).wall)
	}
}

// cost is nanoseconds for each.
type cost struct{ used, wall float64 }

func ask(r *register.Register, numbers []uint64, lookups int) cost {
	start, used, found := time.Now(), cputime.Used(), 0
	for i := range lookups {
		if r.Holds(numbers[i%len(numbers)]) {
			found++
		}
	}
	wall, used := time.Since(start), cputime.Used()-used
	runtime.KeepAlive(found)
	return cost{float64(used.Nanoseconds()) / float64(lookups), float64(wall.Nanoseconds()) / float64(lookups)}
}

// latency is what far memory costs here and now: no look-up that waits for it once can cost less.
func latency(b []byte, n int) float64 {
	x, last := uint64(1), uint64(0)
	used := cputime.Used()
	for range n {
		x = x*6364136223846793005 + 1442695040888963407 + last
		last = uint64(b[x>>32*uint64(len(b))>>32])
	}
	took := float64((cputime.Used() - used).Nanoseconds()) / float64(n)
	runtime.KeepAlive(last)
	return took
}

// large says how much of what is mapped is mapped in large pages.
func large() string {
	b, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "FilePmdMapped:"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// generator is a text of numbers.
type generator struct {
	areas  []uint64
	random *rand.Rand
	left   int
	lines  int
	sorted bool
	gap    float64
	next   float64
	buffer []byte
}

func newGenerator(plan string, numbers int, sorted bool) *generator {
	g := &generator{random: rand.New(rand.NewPCG(1, 2)), left: numbers, sorted: sorted}
	random := rand.New(rand.NewPCG(9, 9))
	for area := uint64(200); area < 1000; area++ {
		g.areas = append(g.areas, area)
	}
	if plan == "assigned" {
		random.Shuffle(len(g.areas), func(i, j int) { g.areas[i], g.areas[j] = g.areas[j], g.areas[i] })
		g.areas = g.areas[:400]
		slices.Sort(g.areas)
	}
	g.gap = float64(len(g.areas)) * 8e6 / float64(numbers)
	return g
}

// number draws one: area code, central office code from 200, line.
func (g *generator) number(random *rand.Rand) uint64 {
	return g.at(random.Uint64N(uint64(len(g.areas)) * 8_000_000))
}

func (g *generator) at(i uint64) uint64 {
	return 10_000_000_000 + g.areas[i/8_000_000]*10_000_000 + 2_000_000 + i%8_000_000
}

// Read implements io.Reader.
func (g *generator) Read(b []byte) (int, error) {
	for len(g.buffer) < len(b) && g.left > 0 {
		n := uint64(0)
		if g.sorted {
			g.next += g.gap * g.random.ExpFloat64()
			if n = uint64(g.next); n >= uint64(len(g.areas))*8_000_000 {
				g.left = 0
				break
			}
			n = g.at(n)
		} else {
			n = g.number(g.random)
		}
		g.left--
		g.lines++
		g.line(n)
	}
	if len(g.buffer) == 0 {
		return 0, io.EOF
	}
	n := copy(b, g.buffer)
	g.buffer = append(g.buffer[:0], g.buffer[n:]...)
	return n, nil
}

func (g *generator) line(n uint64) {
	var text [13]byte
	text[0], text[12] = '+', '\n'
	for i := 11; i > 0; i-- {
		text[i] = '0' + byte(n%10)
		n /= 10
	}
	g.buffer = append(g.buffer, text[:]...)
}

// status reads a line of what the kernel says about this process.
func status(key string) string {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return "unknown"
}
