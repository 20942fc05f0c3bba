package stir

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

func key(n uint64) (k tokenKey) {
	binary.BigEndian.PutUint64(k[:], n*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(k[8:], n)
	return k
}

// TestReplayAgreesWithAMapThatForgetsNothing compares random uses with a plain map, at explicit times: within the lifetime
// of a token every use in another call is seen, and none in the same call ever is one.
func TestReplayAgreesWithAMapThatForgetsNothing(t *testing.T) {
	const lifetime = 100 * time.Second
	r := NewReplay(ReplayConfig{Tokens: 1 << 16, Lifetime: lifetime})
	type use struct {
		call callKey
		at   time.Time
	}
	model := make(map[tokenKey]use)
	rng := rand.New(rand.NewPCG(1, 2))
	now := time.Unix(1_800_000_000, 0)
	for range 100_000 {
		now = now.Add(time.Duration(rng.IntN(40)) * time.Millisecond)
		k := key(uint64(rng.IntN(5000)))
		call := callOf([]byte{byte(rng.IntN(3))}, callee)
		first, known := model[k]
		got := r.use(k, used{call: call}, now)
		switch {
		case !known:
			if !got {
				t.Fatal("a first use is taken for a replay")
			}
			model[k] = use{call, now}
		case first.call == call && !got:
			t.Fatal("the same call is taken for a replay")
		case first.call != call && got && now.Sub(first.at) <= lifetime:
			t.Fatalf("a replay after %s is not seen", now.Sub(first.at))
		case first.call != call && got: // forgotten, as it may be
			model[k] = use{call, now}
		default:
			model[k] = use{first.call, now} // used again: remembered from now on, at least if it was about to be forgotten
			if now.Sub(first.at) < lifetime {
				model[k] = first
			}
		}
	}
}

const callee = "12155552000"

// TestReplayForgetsInTheEnd: a memory that nobody asks keeps nothing for ever.
func TestReplayForgetsInTheEnd(t *testing.T) {
	r := NewReplay(ReplayConfig{Lifetime: time.Minute})
	now := time.Unix(1_800_000_000, 0)
	one, two := used{call: callOf([]byte("1"), "")}, used{call: callOf([]byte("2"), "")}
	r.use(key(1), one, now)
	if r.use(key(1), two, now.Add(59*time.Second)) {
		t.Error("forgotten too early")
	}
	if !r.use(key(1), two, now.Add(10*time.Minute)) {
		t.Error("remembered too long")
	}
	if n := r.Len(); n != 1 {
		t.Errorf("%d tokens are kept", n)
	}
}

// TestReplayStaysWithinItsBounds: whatever comes, there are never more tokens than the configuration says, and that some
// were forgotten early is counted.
func TestReplayStaysWithinItsBounds(t *testing.T) {
	const most = 6400
	r := NewReplay(ReplayConfig{Tokens: most})
	now := time.Unix(1_800_000_000, 0)
	for i := range uint64(50_000) {
		r.use(key(i), used{}, now)
		if i%1000 == 0 && r.Len() > most {
			t.Fatalf("%d tokens", r.Len())
		}
	}
	if r.Len() > most || r.Overflows() == 0 {
		t.Errorf("%d tokens, %d overflows", r.Len(), r.Overflows())
	}
	// The latest are still known.
	if r.use(key(49_999), used{call: callKey{1}}, now) {
		t.Error("the latest token is forgotten")
	}
}

// TestReplayLetsOneOfManyThrough: of calls that race with one token, exactly one wins.
func TestReplayLetsOneOfManyThrough(t *testing.T) {
	r := NewReplay(ReplayConfig{})
	now := time.Unix(1_800_000_000, 0)
	var mu sync.Mutex
	wins := make(map[uint64]int)
	var wg sync.WaitGroup
	for g := range byte(16) {
		wg.Go(func() {
			for i := range uint64(200) {
				if r.use(key(i), used{call: callKey{g}}, now) {
					mu.Lock()
					wins[i]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	for i := range uint64(200) {
		if wins[i] != 1 {
			t.Errorf("token %d: %d calls", i, wins[i])
		}
	}
}

// TestCallsAreTheirCallIDAndTo: no shift of octets from one to the other makes two calls one.
func TestCallsAreTheirCallIDAndTo(t *testing.T) {
	a, b := callOf([]byte("ab"), "c"), callOf([]byte("a"), "bc")
	if a == b {
		t.Error("one call")
	}
}

// TestReplayLetsATrustedPartyFork: to each callee once, to so many, and nobody else.
func TestReplayLetsATrustedPartyFork(t *testing.T) {
	r := NewReplay(ReplayConfig{})
	now := time.Unix(1_800_000_000, 0)
	use := func(via uint32, call byte, target uint32) bool {
		return r.use(key(1), used{call: callKey{call}, via: via, target: target}, now)
	}
	if !use(7, 0, 100) {
		t.Fatal("the first call")
	}
	for i := range byte(maxForks) {
		if !use(7, 1+i, 101+uint32(i)) || !use(7, 1+i, 101+uint32(i)) || !use(7, 0, 100) {
			t.Errorf("fork %d, or a repetition", i)
		}
	}
	for what, got := range map[string]bool{
		"one callee too many": use(7, 90, 500), "a callee again, by another call": use(7, 91, 101), "the first callee again": use(7, 92, 100),
		"another party": use(8, 93, 501), "nobody in particular": use(0, 94, 502),
	} {
		if got {
			t.Errorf("%s is let through", what)
		}
	}
	if r.use(key(2), used{call: callKey{1}}, now); r.use(key(2), used{call: callKey{2}, via: 7, target: 1}, now) {
		t.Error("a stranger's token is forked by a trusted party")
	}
}
