package border

import (
	"sync/atomic"
	"time"

	"gatehouse.example/internal/txn"
	"gatehouse.example/sip"
)

// shedder turns a share of new requests away (RFC 7339 §5, the loss-based
// algorithm, applied by ourselves since strangers obey nobody). How loaded the
// server is, it learns from how long the readers have not caught up.
type shedder struct {
	after time.Duration // how long they may be behind
	rate  atomic.Uint32
	state atomic.Uint64
}

// whole is the rate at which everything is shed.
const whole = 1 << 16

// Strangers are shed first, and those whom we know only when that does not
// suffice, since what the kernel drops would hit them all the same.
const (
	strangersAfter = 300 * time.Millisecond
	knownAfter     = 900 * time.Millisecond
)

// adjust is called five times a second.
func (s *shedder) adjust(behind time.Duration) {
	r := s.rate.Load()
	switch {
	case behind > s.after:
		r = min(r+r/4+whole/32, whole*15/16)
	case behind == 0:
		if r = r * 7 / 8; r < whole/64 {
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

// Behind tells for how long the readers have not caught up, five times a second.
func (b *Border) Behind(d time.Duration) {
	b.strangers.adjust(d)
	b.known.adjust(d)
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
