package border

import (
	"sync/atomic"

	"gatehouse.example/internal/txn"
	"gatehouse.example/sip"
)

// shedder sheds load from strangers before anybody else notices (RFC 7339 §5:
// a loss rate, here applied by ourselves, since strangers obey nobody). How
// loaded the server is, it learns from how long packets have waited.
type shedder struct {
	rate  atomic.Uint32 // of 65536
	state atomic.Uint64
}

// overloaded decides about one stranger's request. Requests inside dialogs are
// never shed: to finish a call frees more than it costs (RFC 7339 §5.10.1).
func (b *Border) overloaded(in *txn.Incoming) bool {
	if b.layer.Active() > b.cfg.MaxTransactions {
		return true
	}
	m := in.Msg
	if len(m.To().Tag) > 0 || m.Method() != sip.INVITE && m.Method() != sip.REGISTER &&
		m.Method() != sip.MESSAGE && m.Method() != sip.SUBSCRIBE && m.Method() != sip.OPTIONS {
		return false
	}
	r := b.load.rate.Load()
	return r > 0 && uint32(b.load.next())&0xffff < r
}

// full tells that even those whom we know cannot be taken any more: the memory
// for transactions is bounded for everybody.
func (b *Border) full() bool { return b.layer.Active() > 2*b.cfg.MaxTransactions }

// next steps a cheap generator; its quality does not matter.
func (s *shedder) next() uint64 {
	x := s.state.Add(0x9e3779b97f4a7c15)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	return x ^ x>>31
}

// Backlog tells how full the receive buffers are, from 0 to 1. While packets
// queue up, the share that is shed grows step by step; when they do not, it
// shrinks, so that the server stays near its capacity.
func (b *Border) Backlog(full float64) {
	r := int(b.load.rate.Load())
	switch {
	case full > 0.20:
		r = min(r+r/4+2048, 60000)
	case full < 0.05:
		r = r * 3 / 4
		if r < 256 {
			r = 0
		}
	}
	b.load.rate.Store(uint32(r))
}

// Shedding returns the share of strangers' new requests that are turned away.
func (b *Border) Shedding() float64 { return float64(b.load.rate.Load()) / 65536 }
