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
		length, awake, cpu time.Duration
		drops              uint64
		others             float64 // of what came
	}
	const ms = time.Millisecond
	cases := map[string]struct {
		windows []window
		over    bool
	}{
		"first":            {[]window{{0, time.Second, time.Second, 5, 0}}, false},
		"busy":             {[]window{{}, {250 * ms, 230 * ms, 240 * ms, 0, 0}}, true},
		"waits for cores":  {[]window{{}, {250 * ms, 240 * ms, 100 * ms, 0, 0}}, false},
		"others are busy":  {[]window{{}, {250 * ms, 100 * ms, 480 * ms, 0, 0}}, false},
		"shares a core":    {[]window{{}, {250 * ms, 240 * ms, 240 * ms, 0, 0.5}}, false},
		"two busy readers": {[]window{{}, {250 * ms, 240 * ms, 480 * ms, 0, 0.5}}, true},
		"half busy":        {[]window{{}, {250 * ms, 120 * ms, 130 * ms, 0, 0}}, false},
		"busy before":      {[]window{{}, {250 * ms, 240 * ms, 240 * ms, 0, 0}, {250 * ms, 100 * ms, 100 * ms, 0, 0}}, false},
		"long asleep":      {[]window{{}, {time.Minute, 230 * ms, 240 * ms, 0, 0}}, false},
		"one loss":         {[]window{{}, {250 * ms, 120 * ms, 120 * ms, 7, 0}}, false},
		"losses":           {[]window{{}, {250 * ms, 0, 0, 7, 0}, {250 * ms, 0, 0, 7, 0}}, true},
		"losses apart":     {[]window{{}, {250 * ms, 0, 0, 7, 0}, {250 * ms, 0, 0, 0, 0}, {250 * ms, 0, 0, 7, 0}}, false},
	}
	for name, k := range cases {
		var b busyness
		now, cpu, drops, over := time.Now(), time.Duration(0), uint64(0), false
		for _, w := range k.windows {
			now, cpu, drops = now.Add(w.length), cpu+w.cpu, drops+w.drops
			b.awake += w.awake
			over = b.window(now, cpu.Nanoseconds(), 1-w.others, drops)
		}
		if over != k.over {
			t.Errorf("%s: %v", name, over)
		}
	}
	var b busyness
	one := func() float64 { return 1 }
	for range 2 {
		if over, _ := b.over(time.Now(), -1, one); over {
			t.Error("busy before a window has passed")
		}
	}
}
