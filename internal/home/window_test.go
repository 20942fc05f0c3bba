package home

import (
	"testing"
	"time"

	"gatehouse.example/sip/digest"
	"pgregory.net/rapid"
)

// Property: whatever order counts arrive in, none passes twice; every new highest passes; a count passes
// for the first time unless it is 64 or more behind the highest.
func TestNoCountPassesTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWindow(64, noon)
		n := digest.Nonce{Issued: noon.Add(time.Second), ID: [16]byte{1}}
		used := map[uint32]bool{}
		var high uint32
		near := rapid.Uint32Range(1, 200)
		any := rapid.Uint32Min(1)
		for _, nc := range rapid.SliceOfN(rapid.OneOf(near, near, near, any), 1, 300).Draw(t, "counts") {
			want := fresh
			switch {
			case len(used) > 0 && nc <= high && high-nc >= windowBits:
				want = tooOld
			case used[nc]:
				want = replayed
			}
			if got := w.use(n, "sip:alice@example.test", nc); got != want {
				t.Fatalf("nc %d after %d: %d, want %d", nc, high, got, want)
			}
			if want == fresh {
				used[nc] = true
				high = max(high, nc)
			}
		}
	})
}

// Property: with far more nonces than places, no count of any nonce passes twice for a user.
func TestFullTableNeverForgetsAReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWindow(16, noon)
		used := map[[3]int]bool{}
		for range rapid.IntRange(1, 400).Draw(t, "requests") {
			id, nc := rapid.IntRange(1, 60).Draw(t, "nonce"), rapid.IntRange(1, 4).Draw(t, "nc")
			user := rapid.IntRange(0, 1).Draw(t, "user")
			n := digest.Nonce{Issued: noon.Add(time.Duration(id/3+1) * time.Second), ID: [16]byte{byte(id), byte(id >> 8)}}
			key := [3]int{id, nc, user}
			if w.use(n, []string{"a", "b"}[user], uint32(nc)) == fresh {
				if used[key] {
					t.Fatalf("nonce %d count %d passed twice", id, nc)
				}
				used[key] = true
			}
		}
	})
}

func TestYoungNonceAlwaysFindsAPlace(t *testing.T) {
	w := newWindow(16, noon)
	for i := range 10000 {
		n := digest.Nonce{Issued: noon.Add(time.Duration(i+1) * time.Millisecond), ID: [16]byte{byte(i), byte(i >> 8), 1}}
		if got := w.use(n, "u", 1); got != fresh {
			t.Fatalf("nonce %d: %d", i, got)
		}
		if got := w.use(n, "u", 1); got != replayed {
			t.Fatalf("nonce %d again: %d", i, got)
		}
	}
	if len(w.buckets) != 2 {
		t.Errorf("%d buckets", len(w.buckets))
	}
}

func TestTwoUsersMayShareANonce(t *testing.T) {
	w := newWindow(16, noon)
	n := digest.Nonce{Issued: noon.Add(time.Second), ID: [16]byte{1}}
	if a, b := w.use(n, "alice", 1), w.use(n, "bob", 1); a != fresh || b != fresh {
		t.Error(a, b)
	}
}

func TestWindowAllocatesNothing(t *testing.T) {
	w := newWindow(1024, noon)
	n := digest.Nonce{Issued: noon.Add(time.Second)}
	var nc uint32
	if got := testing.AllocsPerRun(1000, func() {
		nc++
		n.ID[0] = byte(nc)
		w.use(n, "sip:alice@example.test", nc)
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
