package border

import (
	"sync/atomic"

	"gatehouse.example/internal/txn"
	"gatehouse.example/sip"
)

// shedder turns a share of new requests away (RFC 7339 §5, the loss-based
// algorithm, applied by ourselves since strangers obey nobody). How loaded the
// server is, it learns from how full the receive buffers are.
type shedder struct {
	above float64 // of the buffer: where shedding begins
	high  int     // how many times in a row it was above
	rate  atomic.Uint32
	state atomic.Uint64
}

// whole is the rate at which everything is shed.
const whole = 1 << 16

// Strangers are shed while there is room in the buffer, so that those whom we
// know never notice; they are shed only when that does not suffice, since what
// the kernel drops would hit them all the same. A full buffer is worth some 150
// ms of work, less than it takes until anybody retransmits.
const (
	strangersAbove = 0.35
	knownAbove     = 0.70
	sustained      = 2 // a moment without a processor is not overload
)

// adjust is called at short, regular intervals.
func (s *shedder) adjust(full float64) {
	r := s.rate.Load()
	if s.high++; full <= s.above {
		s.high = 0
	}
	switch {
	case s.high >= sustained:
		r = min(r+r/4+whole/32, whole*15/16)
	case full < s.above/2:
		if r = r * 3 / 4; r < whole/64 {
			r = 0
		}
	}
	s.rate.Store(r)
}

// hit decides about one request.
func (s *shedder) hit() bool {
	r := s.rate.Load()
	if r == 0 {
		return false
	}
	x := s.state.Add(0x9e3779b97f4a7c15)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	return uint32(x>>24)&(whole-1) < r
}

// Backlog tells how full the receive buffers are, from 0 to 1.
func (b *Border) Backlog(full float64) {
	b.strangers.adjust(full)
	b.known.adjust(full)
}

// Shedding returns the shares of new requests that are turned away.
func (b *Border) Shedding() (strangers, known float64) {
	return float64(b.strangers.rate.Load()) / whole, float64(b.known.rate.Load()) / whole
}

// overloaded decides whether a request is turned away for lack of capacity.
// Requests inside dialogs never are: to finish a call frees more than it costs
// (RFC 7339 §5.10.1).
func (b *Border) overloaded(in *txn.Incoming, stranger bool) bool {
	m := in.Msg
	if len(m.To().Tag) > 0 {
		return false
	}
	switch m.Method() {
	case sip.INVITE, sip.REGISTER, sip.MESSAGE, sip.SUBSCRIBE, sip.OPTIONS, sip.PUBLISH:
	default:
		return false
	}
	// The memory for transactions is bounded, for strangers first.
	active, most := b.layer.Active(), b.cfg.MaxTransactions
	if stranger {
		return active > most || b.strangers.hit() || b.known.hit()
	}
	return active > 2*most || b.known.hit()
}
