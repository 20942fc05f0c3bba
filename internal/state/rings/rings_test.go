package rings_test

import (
	"fmt"
	"testing"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/rings"
)

const start = int64(1_795_000_000) * 1e9

func TestCalleesAreCountedOnceAndForgottenAfterAWeek(t *testing.T) {
	m := rings.New(1000, rate.FixedSeed(1))
	for i := range 12 {
		m.Missed("+88213100001", fmt.Sprint("sip:user", i/2), start)
	}
	m.Talked("+88213100002", start)
	if c := m.Look("+88213100001", start+int64(time.Hour)); c != (rings.Count{Callees: 6, Block: 6, BlockTalks: 1}) {
		t.Errorf("%+v", c)
	}
	if c := m.Look("+88213100099", start); c.Callees != 0 || c.Block != 6 {
		t.Errorf("its neighbour: %+v", c)
	}
	if c := m.Look("+88213100001", start+int64(8*24*time.Hour)); c != (rings.Count{}) {
		t.Errorf("after a week: %+v", c)
	}
	m.Missed("+88213100001", "sip:user", start+int64(8*24*time.Hour))
	if c := m.Look("+88213100001", start+int64(8*24*time.Hour)); c.Callees != 1 {
		t.Errorf("anew: %+v", c)
	}
	for _, odd := range []string{"", "1"} {
		m.Missed(odd, odd, start)
	}
}

func TestFloodOfNumbersDoesNotHideTheWorst(t *testing.T) {
	m := rings.New(512, rate.FixedSeed(1))
	for i := range 8 {
		m.Missed("+88213100001", fmt.Sprint(i), start)
	}
	for i := range 50000 {
		m.Missed(fmt.Sprintf("+882%09d", i*100), "sip:bob@example.test", start+int64(i))
	}
	if c := m.Look("+88213100001", start); c.Callees != 8 {
		t.Errorf("%+v", c)
	}
}
