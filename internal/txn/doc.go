// Package txn is the SIP transaction layer: the four machines of RFC 3261 §17
// as amended by RFC 6026 (2xx to INVITE) and RFC 4320 (non-INVITE), matching
// of RFC 3261 and RFC 2543 peers, and the timers that drive them.
//
// A Layer is divided into shards by Call-ID. Everything that belongs to one
// call (its server transaction, the client transactions of every branch, the
// proxy's response context) lives in one Shard, and a Shard is a monitor:
// whoever is inside it owns all of it. So the transaction user's callbacks run
// inside the shard and need no locks of their own; they never do I/O there,
// because what they send is collected in an outbox that is flushed after the
// shard has been left.
//
// Guarantees: no goroutine per transaction or message, one timer wheel per
// shard; in steady state no allocation, since transactions and buffers are
// recycled; a successful INVITE leaves only a few dozen bytes behind for the
// 64*T1 during which RFC 6026 wants its retransmissions absorbed and its late
// 2xx responses passed on.
//
// Left out: the TU's retransmission of 2xx responses (a proxy has none of its
// own) and reliable provisional responses (end to end, RFC 3262).
package txn
