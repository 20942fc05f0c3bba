package border

import (
	"sync/atomic"
	"time"

	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// shedder turns a share of new requests away (RFC 7339 §5, the loss-based
// algorithm, applied by ourselves since strangers obey nobody). It keeps what waits
// for the readers at a level, as PIE (RFC 8033 §4.2) keeps a queue: the share
// follows how far the level is missed and how fast that changes.
type shedder struct {
	share float64
	full  float64 // the receive buffer, when last adjusted
	rate  atomic.Uint32
	state atomic.Uint64
}

// whole is the rate at which everything is shed.
const whole = 1 << 16

// What the readers are allowed.
const (
	backlogAfter = 200 * time.Millisecond
	backlogLevel = 0.3
)

// BacklogTick is how often Border.Backlog wants to be told.
const BacklogTick = 100 * time.Millisecond

// What the missed level and its change add to the share, each BacklogTick.
const (
	forMissed  = 0.06
	forChange  = 0.25
	mostShed   = 15.0 / 16
	hardlyShed = 1.0 / 64
)

// adjust is called each BacklogTick.
func (s *shedder) adjust(b wire.Backlog) {
	full := b.Full
	if b.Since < backlogAfter {
		full = 0
	}
	s.share += forMissed*(full-backlogLevel) + forChange*(full-s.full)
	s.full = full
	s.share = min(max(s.share, 0), mostShed)
	if full == 0 && s.share < hardlyShed {
		s.share = 0
	}
	s.rate.Store(uint32(s.share * whole))
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

// Backlog tells how far the readers are behind, each BacklogTick. Strangers are
// shed first, and those whom we know only when that does not suffice, since what
// the kernel drops would hit them all the same.
func (b *Border) Backlog(w wire.Backlog) {
	b.strangers.adjust(w)
	if b.strangers.share < mostShed {
		w = wire.Backlog{}
	}
	b.known.adjust(w)
	b.known.full = b.strangers.full // what had been there before is no change
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
