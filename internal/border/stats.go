package border

import "sync/atomic"

// Stats counts what became of requests.
type Stats struct {
	Messages, Malformed, Scanners, Challenged, RelayDenied uint64
	Relayed, Labelled, Rejected, Dropped                   uint64
	Shed, OpenForLack, Unlogged, Signed, Unsigned          uint64
	Trapped                                                uint64 // requests that tried a trap
	Transactions                                           uint64
}

type counters struct {
	messages, malformed, scanners, challenged, relayDenied atomic.Uint64
	relayed, labelled, rejected, dropped                   atomic.Uint64
	shed, openForLack, unlogged, signed, unsigned, trapped atomic.Uint64
}

// Stats returns the counters.
func (b *Border) Stats() Stats {
	c := &b.stats
	return Stats{
		Messages: c.messages.Load(), Malformed: c.malformed.Load(), Scanners: c.scanners.Load(),
		Challenged: c.challenged.Load(), RelayDenied: c.relayDenied.Load(),
		Relayed: c.relayed.Load(), Labelled: c.labelled.Load(), Rejected: c.rejected.Load(), Dropped: c.dropped.Load(),
		Shed: c.shed.Load(), OpenForLack: c.openForLack.Load(), Unlogged: c.unlogged.Load(),
		Signed: c.signed.Load(), Unsigned: c.unsigned.Load(), Trapped: c.trapped.Load(), Transactions: uint64(b.layer.Active()),
	}
}
