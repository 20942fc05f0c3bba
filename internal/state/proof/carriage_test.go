package proof

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"gatehouse.example/verdict"
)

// conversations lets ten numbers that always sign talk n times, a quarter of an hour apart; of every each calls the last has lost its proof on the way.
func (w *world) conversations(n, each int, peer string) {
	for i := range n {
		name := fmt.Sprintf("+1212555%04d", i%10)
		proof := verdict.StirA
		if each > 0 && i%each == each-1 {
			proof = verdict.None
		}
		o := w.number(name, proof, bankHost, peer)
		w.m.Observe(o)
		w.m.Talked(o)
		w.now = w.now.Add(15 * time.Minute)
	}
}

// always is a number that has signed for ten days, by another way than the peers of a test.
func (w *world) always() {
	for range 40 {
		w.m.Observe(w.number("+15559990001", verdict.StirA, otherHost, ""))
		w.now = w.now.Add(6 * time.Hour)
	}
}

// TestPeerThatLosesProofsExplainsThatOneIsMissing: one call in thirteen comes by a hop that is not IP.
func TestPeerThatLosesProofsExplainsThatOneIsMissing(t *testing.T) {
	w := newWorld(t, Config{})
	for i := range 400 { // neither carries signatures only
		for _, peer := range []string{"whole", "lossy"} {
			w.m.Observe(w.number(fmt.Sprintf("+1312555%04d", i), verdict.None, bankHost, peer))
		}
	}
	w.conversations(400, 0, "whole")
	w.conversations(400, 13, "lossy")
	w.always()
	whole, lossy := w.m.Look(w.number("+15559990001", verdict.None, bankHost, "whole")), w.m.Look(w.number("+15559990001", verdict.None, bankHost, "lossy"))
	if whole.Strength < 0.99 || whole.Explained {
		t.Errorf("by a peer that loses nothing: %+v", whole)
	}
	if lossy.Strength > 0.4 || lossy.Strength < 0.2 || !lossy.Explained {
		t.Errorf("by a peer that loses one in thirteen: %+v", lossy)
	}
}

// TestForgeriesDoNotMakeAPeerLossy: nobody talks with them, and the numbers of strangers say nothing.
func TestForgeriesDoNotMakeAPeerLossy(t *testing.T) {
	w := newWorld(t, Config{})
	w.conversations(100, 0, "trunk")
	w.always()
	for i := range 400 {
		w.m.Observe(w.number(fmt.Sprintf("+1212555%04d", i%10), verdict.None, bankHost, "trunk"))
		stranger := w.number(fmt.Sprintf("+1312555%04d", i), verdict.None, bankHost, "trunk")
		w.m.Observe(stranger)
		w.m.Talked(stranger)
	}
	if x := w.m.Look(w.number("+15559990001", verdict.None, bankHost, "trunk")); x.Strength < 0.99 || x.Explained {
		t.Errorf("after 400 forgeries: %+v", x)
	}
}

// TestShareOfABusyPeer: one call in fifty is signed there, thousands of times.
func TestShareOfABusyPeer(t *testing.T) {
	w := newWorld(t, Config{})
	for i := range 20000 {
		proof := verdict.None
		if i%50 == 0 {
			proof = verdict.StirB
		}
		w.m.Observe(w.number(fmt.Sprintf("+1312555%04d", i%10000), proof, bankHost, "old trunk"))
	}
	w.always()
	if x := w.m.Look(w.number("+15559990001", verdict.None, bankHost, "old trunk")); !x.Explained || x.Strength > 0.26 {
		t.Errorf("a number that always signs, where hardly anything is signed: %+v", x)
	}
}

func TestCarriageSurvivesARestart(t *testing.T) {
	d := newDisk()
	w := newWorld(t, Config{Storage: d})
	w.conversations(400, 13, "lossy")
	w.always()
	if err := w.m.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := newWorld(t, Config{Storage: d})
	if err := again.m.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := w.number("+15559990001", verdict.None, bankHost, "lossy")
	if a, b := w.m.Look(o), again.m.Look(o); a != b || !a.Explained || !reflect.DeepEqual(w.m.All(), again.m.All()) {
		t.Errorf("before %+v, after %+v", a, b)
	}
}
