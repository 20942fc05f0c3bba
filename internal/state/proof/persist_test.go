package proof

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/verdict"
)

// disk is a Storage in memory.
type disk struct {
	mu       sync.Mutex
	proofs   map[Subject]Entry
	policies map[string]Remembered
	writes   int
	broken   error
}

func newDisk() *disk {
	return &disk{proofs: make(map[Subject]Entry), policies: make(map[string]Remembered)}
}

func (d *disk) LoadProofs(context.Context) ([]Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Entry
	for _, e := range d.proofs {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Entry) int { return compareSubjects(a.Subject, b.Subject) })
	return all, d.broken
}

func (d *disk) PutProofs(_ context.Context, put []Entry, gone []Subject) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return d.broken
	}
	d.writes++
	for _, s := range gone {
		delete(d.proofs, s)
	}
	for _, e := range put {
		d.proofs[e.Subject] = e
	}
	return nil
}

func (d *disk) LoadPolicies(context.Context) ([]Remembered, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []Remembered
	for _, p := range d.policies {
		all = append(all, p)
	}
	return all, d.broken
}

func (d *disk) PutPolicies(_ context.Context, put []Remembered, gone []string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return d.broken
	}
	d.writes++
	for _, s := range gone {
		delete(d.policies, s)
	}
	for _, p := range put {
		d.policies[p.Domain] = p
	}
	return nil
}

func TestMemorySurvivesARestart(t *testing.T) {
	d := newDisk()
	w := newWorld(t, Config{Storage: d})
	w.signed(40, 4)
	for range 3 {
		w.m.Observe(w.bank(verdict.None, otherHost))
		w.m.Observe(w.number("+15551230001", verdict.StirA, bankHost, "trunk"))
		w.now = w.now.Add(24 * time.Hour)
	}
	if err := w.m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := newWorld(t, Config{Storage: d})
	if err := again.m.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if before, after := w.m.All(), again.m.All(); !reflect.DeepEqual(before, after) || len(after) != 4 {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	for _, o := range []*Observation{w.bank(verdict.None, otherHost), w.number("+15551230001", verdict.None, bankHost, "trunk")} {
		if a, b := w.m.Observe(o), again.m.Observe(o); a != b {
			t.Errorf("before %+v, after %+v", a, b)
		}
	}
	if !reflect.DeepEqual(w.m.Stats(), again.m.Stats()) || !reflect.DeepEqual(w.m.held, again.m.held) {
		t.Errorf("%+v %v, after %+v %v", w.m.Stats(), w.m.held, again.m.Stats(), again.m.held)
	}
}

func TestSmallerMemoryKeepsTheStrongest(t *testing.T) {
	d := newDisk()
	for i := range 200 {
		name := string(rune('a'+i%26)) + string(rune('a'+i/26)) + ".test"
		d.proofs[Subject{Name: name}] = Entry{Subject: Subject{Name: name}, Proven: float64(i%100 + 1), Updated: time.Unix(1e9, 0)}
	}
	w := newWorld(t, Config{Entries: 64, Storage: d})
	if err := w.m.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.m.Stats().Entries; n > 64 || n != len(d.proofs) {
		t.Errorf("%d entries, %d stored", n, len(d.proofs))
	}
	for _, e := range d.proofs {
		if e.Proven < 69 {
			t.Errorf("kept %v", e.Proven)
		}
	}
}

func TestEvictedEntriesAreDeleted(t *testing.T) {
	d := newDisk()
	w := newWorld(t, Config{Entries: 64, Storage: d})
	for i := range 500 {
		name := "x" + string(rune('0'+i%10)) + string(rune('0'+i/10%10)) + string(rune('0'+i/100)) + ".test"
		w.m.Observe(&Observation{Time: w.now, ProvenDomain: name, Proof: verdict.StirURI, Signer: name})
		if i%50 == 0 {
			if err := w.m.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.m.Stats().Entries; n != len(d.proofs) {
		t.Errorf("%d entries, %d stored", n, len(d.proofs))
	}
}

func TestFailedWriteIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		w := newWorld(t, Config{Storage: d})
		w.signed(3, 0)
		d.broken = errors.New("disk full")
		var failures []error
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- w.m.Run(ctx, func(err error) { failures = append(failures, err) })
		}()
		time.Sleep(flushEvery + time.Second)
		d.mu.Lock()
		d.broken = nil
		d.mu.Unlock()
		time.Sleep(flushEvery)
		synctest.Wait()
		if len(failures) != 1 || failures[0].Error() != "proof: disk full" || len(d.proofs) != 1 || d.writes != 1 {
			t.Errorf("%v, %d stored, %d writes", failures, len(d.proofs), d.writes)
		}
		time.Sleep(10 * flushEvery)
		w.m.Observe(w.number("+15551230001", verdict.StirA, bankHost, ""))
		cancel()
		if err := <-done; err != nil || len(d.proofs) != 3 || d.writes != 2 {
			t.Errorf("at the end: %v, %d stored, %d writes", err, len(d.proofs), d.writes)
		}
	})
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	d := newDisk()
	d.broken = errors.New("no table")
	w := newWorld(t, Config{Storage: d})
	p := NewPolicies(PoliciesConfig{Storage: d})
	defer p.Close()
	for _, err := range []error{w.m.Load(t.Context()), p.Load(t.Context())} {
		if err == nil || err.Error() != "proof: no table" {
			t.Errorf("got %v", err)
		}
	}
}
