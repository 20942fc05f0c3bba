package border

import (
	"testing"
	"time"

	"gatehouse.example/internal/wire"
)

func TestSheddingFollowsReadersThatDoNotCatchUp(t *testing.T) {
	var s shedder
	s.adjust(wire.Backlog{Since: 150 * time.Millisecond, Full: 1})
	if s.hit() || s.rate.Load() != 0 {
		t.Fatal("a moment is shed for")
	}
	for range 25 {
		s.adjust(wire.Backlog{Since: time.Second, Full: 1})
	}
	if share := float64(s.rate.Load()) / whole; share < 0.9 {
		t.Fatalf("after 2.5 s of overload only %.2f is shed", share)
	}
	hits := 0
	for range 10000 {
		if s.hit() {
			hits++
		}
	}
	if hits < 9000 || hits > 9700 {
		t.Errorf("%d of 10000 are shed at a rate of 15/16", hits)
	}
	steps := 0
	for ; s.rate.Load() > 0; steps++ {
		s.adjust(wire.Backlog{})
	}
	if steps > 55 {
		t.Errorf("it takes %d steps of 100 ms to forget", steps)
	}
}

// queue is a server that takes so many datagrams a second, with a receive buffer
// in front of it. A call that is let in makes seven datagrams, over some time, and
// one that is not makes two.
type queue struct {
	takes, room   float64
	waits, coming float64
	since, done   float64 // seconds behind; calls let in
}

const (
	datagramsIn, datagramsOut = 7, 2
	callSpread                = 0.2 // of what a call still makes comes each tick
)

// tick is a BacklogTick in which so many calls come and a share is shed.
func (q *queue) tick(calls, shed float64) wire.Backlog {
	const span = 0.1
	q.coming += calls * span * (1 - shed) * (datagramsIn - 1)
	now := q.coming * callSpread
	q.coming -= now
	q.waits += calls*span*(1+shed*(datagramsOut-1)) + now - q.takes*span
	q.done += calls * span * (1 - shed)
	if q.since += span; q.waits <= 0 {
		q.waits, q.since = 0, 0
	}
	q.waits = min(q.waits, q.room)
	return wire.Backlog{Since: time.Duration(q.since * 1e9), Full: q.waits / q.room}
}

// Whatever the overload and the buffer are, goodput stays near what the server can
// do, the buffer does not stay full, and whom we know is not turned away.
func TestSheddingHoldsGoodput(t *testing.T) {
	for _, load := range []float64{1.2, 1.5, 2} {
		for _, room := range []float64{1500, 3600, 14000, 60000} {
			const takes = 98000
			calls := load * takes / datagramsIn
			// What is shed costs as well: so many calls can be carried.
			most := (takes - datagramsOut*calls) / (datagramsIn - datagramsOut)
			var b Border
			q := queue{takes: takes, room: room}
			full, shedKnown := 0, 0.0
			const settle, ticks = 30, 300
			for i := range ticks {
				w := q.tick(calls, b.strangers.share+(1-b.strangers.share)*b.known.share)
				if b.Backlog(w); i >= settle && w.Full > 0.95 {
					full++
				}
				shedKnown += b.known.share / ticks
			}
			if goodput := q.done / (ticks * 0.1); goodput < 0.9*most {
				t.Errorf("load %v, room %v: %.0f calls/s of %.0f", load, room, goodput, most)
			}
			if full > ticks/5 || shedKnown > 0.05 {
				t.Errorf("load %v, room %v: full in %d of %d ticks, %.3f of those we know are shed", load, room, full, ticks, shedKnown)
			}
		}
	}
}
