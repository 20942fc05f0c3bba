package wire

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The pacer sleeps only where that gathers more than one datagram.
func TestPacerSleepsUnderLoadOnly(t *testing.T) {
	cases := []struct {
		most, gap time.Duration
		n         int
		poll      bool
	}{
		{0, time.Microsecond, 1, false},
		{time.Millisecond, 10 * time.Millisecond, 1, false},
		{time.Millisecond, time.Millisecond, 1, false},
		{time.Millisecond, 300 * time.Microsecond, 1, true},
		{time.Millisecond, 2 * time.Millisecond, 8, true},
		{time.Millisecond, time.Second, batchSize, true}, // more is waiting: take it
	}
	for _, k := range cases {
		p := pacer{most: k.most}
		now := time.Now()
		for range 100 {
			now = now.Add(k.gap)
			p.wait(k.n, now)
		}
		if p.poll != k.poll || (p.flags() == unix.MSG_DONTWAIT) != k.poll {
			t.Errorf("%+v: poll %v", k, p.poll)
		}
	}
}

// A long pause is forgotten within some tens of batches.
func TestPacerForgetsPauses(t *testing.T) {
	p := pacer{most: time.Millisecond}
	now := time.Now()
	p.wait(1, now)
	now = now.Add(time.Hour)
	batches := 0
	for ; !p.poll; batches++ {
		if batches > 100 {
			t.Fatal("never sleeps again")
		}
		p.note(1, now)
		now = now.Add(100 * time.Microsecond)
		p.wait(1, now)
	}
}

func TestBusynessPerWindow(t *testing.T) {
	type window struct {
		length, cpu time.Duration
		drops       uint64
	}
	const ms = time.Millisecond
	cases := map[string]struct {
		windows []window
		over    bool
	}{
		"first":        {[]window{{0, time.Second, 5}}, false},
		"busy":         {[]window{{0, 0, 0}, {1000 * ms, 900 * ms, 0}}, true},
		"half busy":    {[]window{{0, 0, 0}, {1000 * ms, 500 * ms, 0}}, false},
		"long asleep":  {[]window{{0, 0, 0}, {time.Minute, 900 * ms, 0}}, false},
		"one loss":     {[]window{{0, 0, 0}, {1000 * ms, 500 * ms, 7}}, false},
		"losses":       {[]window{{0, 0, 0}, {1000 * ms, 500 * ms, 7}, {1000 * ms, 500 * ms, 7}}, true},
		"losses apart": {[]window{{0, 0, 0}, {1000 * ms, 500 * ms, 7}, {1000 * ms, 500 * ms, 0}, {1000 * ms, 500 * ms, 7}}, false},
	}
	for name, k := range cases {
		var b busyness
		now, cpu, drops, over := time.Now(), time.Duration(0), uint64(0), false
		for _, w := range k.windows {
			now, cpu, drops = now.Add(w.length), cpu+w.cpu, drops+w.drops
			over = b.window(now, 1, cpu.Nanoseconds(), drops)
		}
		if over != k.over {
			t.Errorf("%s: %v", name, over)
		}
	}
	var moved busyness
	moved.window(time.Now(), 1, 0, 0)
	if moved.window(time.Now().Add(time.Second), 2, int64(time.Second), 0) {
		t.Error("two threads' times were compared")
	}
	var b busyness
	if b.over(time.Now(), -1) || b.over(time.Now(), -1) {
		t.Error("busy before a window has passed")
	}
}
