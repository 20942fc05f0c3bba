package txn

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

type alarm struct {
	timer
	fired []int64
	then  func(now int64)
}

func (a *alarm) expire(now int64, _ Sender) {
	a.fired = append(a.fired, now)
	if a.then != nil {
		a.then(now)
	}
}

func TestWheelFiresOnceAndNeverEarly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var w wheel
	start := int64(1e18)
	w.init(start)
	alarms := make([]alarm, 2000)
	for i := range alarms {
		a := &alarms[i]
		a.owner = a
		w.set(&a.timer, start+rng.Int64N(int64(200*time.Second)))
		if i%3 == 0 { // moved
			w.set(&a.timer, start+rng.Int64N(int64(200*time.Second)))
		}
		if i%7 == 0 {
			w.stop(&a.timer)
			w.stop(&a.timer)
		}
	}
	for now := start; now < start+int64(201*time.Second); now += rng.Int64N(int64(300 * time.Millisecond)) {
		w.advance(now, nil)
		for i := range alarms {
			if n := len(alarms[i].fired); n > 0 && alarms[i].fired[n-1] == now && now < alarms[i].due {
				t.Fatalf("alarm %d at %d, due %d", i, now, alarms[i].due)
			}
		}
	}
	w.advance(start+int64(202*time.Second), nil)
	for i := range alarms {
		want := 1
		if i%7 == 0 {
			want = 0
		}
		if len(alarms[i].fired) != want || alarms[i].armed() {
			t.Errorf("alarm %d fired %v", i, alarms[i].fired)
		}
	}
	if w.count != 0 {
		t.Errorf("count %d", w.count)
	}
}

func TestWheelOutlivesAClockThatJumps(t *testing.T) {
	var w wheel
	w.init(1e18)
	var early, far, chained alarm
	for _, a := range []*alarm{&early, &far, &chained} {
		a.owner = a
	}
	w.set(&early.timer, 1e18+1)
	w.set(&far.timer, 1e18+int64(2*time.Hour))
	early.then = func(now int64) { // in the middle of an advance
		w.set(&chained.timer, now-int64(tick))
	}
	w.advance(1e18+int64(time.Hour), nil)
	if len(early.fired) != 1 || len(chained.fired) != 1 || len(far.fired) != 0 {
		t.Errorf("early %v, chained %v, far %v", early.fired, chained.fired, far.fired)
	}
	w.advance(1e18, nil) // backwards: nothing happens
	w.advance(1e18+int64(2*time.Hour), nil)
	w.advance(1e18+int64(2*time.Hour+tick), nil)
	if len(far.fired) != 1 || w.count != 0 {
		t.Errorf("far %v, count %d", far.fired, w.count)
	}
}

// A callback may stop or move what is due in the same slot.
func TestWheelCallbacksMeddle(t *testing.T) {
	var w wheel
	w.init(0)
	var a, b, c alarm
	a.owner, b.owner, c.owner = &a, &b, &c
	for _, x := range []*alarm{&a, &b, &c} {
		w.set(&x.timer, 5)
	}
	a.then = func(now int64) {
		w.stop(&b.timer)
		w.set(&c.timer, now+int64(time.Second))
	}
	w.advance(int64(tick), nil)
	w.advance(int64(3*time.Second), nil)
	if len(a.fired) != 1 || len(b.fired) != 0 || len(c.fired) != 1 || c.fired[0] < int64(time.Second) || w.count != 0 {
		t.Errorf("a %v, b %v, c %v, count %d", a.fired, b.fired, c.fired, w.count)
	}
}

func TestWheelTicksAllocateNothing(t *testing.T) {
	var w wheel
	w.init(0)
	var a alarm
	a.owner, a.fired = &a, make([]int64, 0, 10000)
	now := int64(0)
	if n := testing.AllocsPerRun(1000, func() {
		w.set(&a.timer, now+1)
		now += int64(tick)
		w.advance(now, nil)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLingering(t *testing.T) {
	var l lingering[int]
	l.init()
	for i := range 5000 {
		l.add(uint64(i), i, int64(i))
		l.expire(int64(i) - 2000)
	}
	l.add(4999, -1, 9999) // already there: its value changes, not its time
	if v, ok := l.get(4999, 0); !ok || v != -1 || l.has(2000, 0) || !l.has(4500, 0) || l.n != len(l.live) {
		t.Errorf("get %v %v, %d in the queue, %d live", v, ok, l.n, len(l.live))
	}
	l.expire(4999)
	if l.n != 0 || len(l.live) != 0 || l.queue != nil {
		t.Errorf("%d in the queue, %d live", l.n, len(l.live))
	}
}

func TestPoolKeepsRegularBuffersOnly(t *testing.T) {
	var p pool
	small, large := p.copyOf([]byte("abc")), p.copyOf(make([]byte, 4000))
	p.putBuffer(small)
	p.putBuffer(large)
	if len(p.buffers) != 1 || string(small) != "abc" {
		t.Fatalf("%d buffers, %q", len(p.buffers), small)
	}
	b := p.buffer(10)
	if &b[:1][0] != &small[0] || len(b) != 0 || len(p.buffers) != 0 {
		t.Error("the buffer was not reused")
	}
	for range poolBuffers + 10 {
		p.putBuffer(make([]byte, 0, bufferRegular))
	}
	if len(p.buffers) != poolBuffers {
		t.Errorf("%d buffers", len(p.buffers))
	}
}

func TestMessagesLargerThanABufferArriveWhole(t *testing.T) {
	r := newRig(t)
	big := strings.Replace(request("INVITE", "z9hG4bKbig"), "Max-Forwards", "X-Long: "+strings.Repeat("x", 3000)+"\r\nMax-Forwards", 1)
	r.receive(sip.UDP, alice, big)
	resp := strings.Replace(response(big, 486, "b1"), "Call-ID", "X-Long: "+strings.Repeat("y", 3000)+"\r\nCall-ID", 1)
	r.servers[0].Respond([]byte(resp), 486, r.now, r)
	if out := r.pass(sec); len(out) != 1 || out[0].text != resp {
		t.Error("the retransmission differs from the response")
	}
	r.wantIdle()
}

// flushing counts what has left.
type flushing struct {
	queued int
	left   []time.Time
}

func (f *flushing) Send(wire.Dest, uint64, []byte) { f.queued++ }
func (f *flushing) Flush() {
	for ; f.queued > 0; f.queued-- {
		f.left = append(f.left, time.Now())
	}
}

func TestRunFiresTimersUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.layer = New(Config{Shards: 4}, r)
		r.now = time.Now().UnixNano()
		begin := time.Now()
		r.client("INVITE", sip.UDP, "")
		ctx, cancel := context.WithTimeout(t.Context(), 33*time.Second)
		defer cancel()
		f := &flushing{}
		if err := r.layer.Run(ctx, f); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{500 * ms, 1500 * ms, 3500 * ms, 7500 * ms, 15500 * ms, 31500 * ms}
		var got []time.Duration
		for _, at := range f.left {
			got = append(got, at.Sub(begin))
		}
		if !slices.EqualFunc(got, want, func(g, w time.Duration) bool { return g >= w && g < w+2*tick }) {
			t.Errorf("sent at %v, want %v", got, want)
		}
		r.wantHeard("failed: txn: no response in time, client ended")
		if r.layer.Active() != 0 {
			t.Error("a transaction is left")
		}
	})
}
