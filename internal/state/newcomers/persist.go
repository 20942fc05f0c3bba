package newcomers

import (
	"slices"
	"time"

	"gatehouse.example/internal/state/keep"
)

// SaveEvery is how often a memory is to be saved: what a crash loses at most.
const SaveEvery = 5 * time.Minute

// Keeper keeps the memory between runs, which have to use the same seed. Keys are hashes: nothing that is stored tells who has called whom.
func (m *Memory) Keeper(storage keep.Storage) *keep.Keeper {
	return keep.NewKeeper(storage, slices.Concat(
		keep.Rows("newcomers-pairs-1", m.pairs, func(p *pair) (storedPair, bool) { return p.stored(), true }, (*storedPair).pair),
		keep.Rows("newcomers-callers-1", m.callers, func(c *caller) (storedCaller, bool) { return c.stored(), true }, (*storedCaller).caller),
		keep.Rows("newcomers-traits-1", m.traits, func(c *cell) (storedCell, bool) { return storedCell{c.at, c.bad, c.good}, true },
			func(s *storedCell) cell { return cell{s.At, s.Bad, s.Good} }),
		[]keep.Piece{{Name: "newcomers-tests-1", Image: m.testsImage, Restore: m.restoreTests}},
	)...)
}

// The rows as they are stored; a name never changes its meaning.
type (
	storedPair struct {
		Met, Tried             int64
		Open, Back, Introduced bool
		Heard                  uint8
	}
	storedCaller struct {
		Last, First                  int64
		Callees, Older               uint64
		Objectors, Praisers, Reached uint64
		Passed, Failed, Back         uint64
		Lean, Heard                  float32
		Period, Hour                 int32
		Usual, Failing               uint16
		Next, Guests                 uint8
		Tested                       uint32
		Rush                         [rushMost]uint32
		Again                        [againMost]storedAgain
		Burst                        storedBurst
	}
	storedAgain struct {
		At            uint32
		Callee, Times uint16
	}
	storedBurst struct {
		At   uint32
		Tell float32
		Turn uint8
	}
	storedCell struct {
		At        int64
		Bad, Good float32
	}
	storedTests struct {
		Passed, Deceived, Failed, Left, Mistakes float64
		At                                       int64
	}
)

func (p *pair) stored() storedPair {
	return storedPair{Met: p.met, Tried: p.tried, Open: p.open, Back: p.back, Introduced: p.introduced, Heard: p.heard}
}

func (s *storedPair) pair() pair {
	return pair{met: s.Met, tried: s.Tried, open: s.Open, back: s.Back, introduced: s.Introduced, heard: s.Heard}
}

func (c *caller) stored() storedCaller {
	return storedCaller{
		Last: c.last, First: c.first, Callees: c.callees, Older: c.older, Objectors: c.objectors, Praisers: c.praisers, Reached: c.reached, Passed: c.passed, Failed: c.failed, Back: c.back,
		Lean: c.lean, Heard: c.heard, Period: c.period, Hour: c.hour, Usual: c.usual, Failing: c.failing, Next: c.next, Rush: c.rush,
		Guests: c.guests, Tested: c.tested, Again: c.storedAgain(), Burst: storedBurst{c.burst.at, c.burst.tell, c.burst.turn},
	}
}

func (s *storedCaller) caller() caller {
	return caller{
		last: s.Last, first: s.First, callees: s.Callees, older: s.Older, objectors: s.Objectors, praisers: s.Praisers, reached: s.Reached, passed: s.Passed, failed: s.Failed, back: s.Back,
		lean: s.Lean, heard: s.Heard, period: s.Period, hour: s.Hour, usual: s.Usual, failing: s.Failing, next: s.Next, rush: s.Rush,
		guests: s.Guests, tested: s.Tested, again: s.again(), burst: burst{s.Burst.At, s.Burst.Tell, s.Burst.Turn},
	}
}

func (c *caller) storedAgain() (all [againMost]storedAgain) {
	for i, r := range c.again {
		all[i] = storedAgain{r.at, r.callee, r.times}
	}
	return all
}

func (s *storedCaller) again() (all [againMost]again) {
	for i, r := range s.Again {
		all[i] = again{r.At, r.Callee, r.Times}
	}
	return all
}

// testsImage is how many passed a test, who deceived, and how far people's patience goes.
func (m *Memory) testsImage() any {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := storedTests{Passed: m.test.passed, Deceived: m.test.deceived, Failed: m.test.failed, Left: m.asks.left, Mistakes: m.asks.mistakes, At: m.test.at}
	if s == (storedTests{}) {
		return nil
	}
	return s
}

func (m *Memory) restoreTests(decode func(any) error) error {
	var s storedTests
	if err := decode(&s); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.test, m.asks = test{s.Passed, s.Deceived, s.Failed, s.At}, asks{left: s.Left, mistakes: s.Mistakes}
	return nil
}
