package guard

import "net/netip"

// amplification is how many octets may leave for each that came (QUIC
// chose the same: RFC 9000 §8.1).
const amplification = 3

// Reply credit is units of 16 octets in the low 20 bits, and the second of the last
// change modulo 4096 in the others. When that wraps, credit that should have expired
// may be found alive: it has still been earned. Credit is rounded down and what
// leaves up. 16 MB is what the final answers to 20,000 ringing calls need.
const (
	creditUnit = 16
	creditBits = 20
	creditMax  = 1<<creditBits - 1
	creditWrap = 1<<(32-creditBits) - 1
)

// MayReply accounts for in octets received from a and says whether out octets
// may be sent to it. It is for strangers on UDP, whose source address may be
// that of a victim: what leaves for an address, all answers and
// retransmissions together, never exceeds three times what came from it. For a
// retransmission in is 0; to account for a packet that gets no answer, out is.
//
// When too many sources are active for the table, the credit that was used
// least recently is forgotten, which only ever means sending less. Peers are
// not limited. It allocates nothing.
func (g *Guard) MayReply(a netip.Addr, in, out int, now int64) bool {
	a = a.Unmap()
	if g.bans.lookup(a, now) == standingPeer {
		return true
	}
	if g.spend(addrKey(a), max(in, 0), max(out, 0), now) {
		return true
	}
	g.refused.Add(1)
	return false
}

func (g *Guard) spend(k key, in, out int, now int64) bool {
	life := int64(g.cfg.CreditFor / 1e9)
	for range updateTries {
		cell, old, tag, v := g.budget.slot(k, now)
		credit := int(v & creditMax)
		if creditAge(v, now) > life {
			credit = 0
		}
		credit = min(credit+amplification*min(in, creditMax)/creditUnit, creditMax)
		cost := (out + creditUnit - 1) / creditUnit
		ok := cost <= credit
		if ok {
			credit -= cost
		}
		next := uint64(0)
		if credit > 0 {
			next = tag | uint64(second(now)<<creditBits) | uint64(credit)
		}
		if v == 0 && next == 0 {
			return ok // nothing earned, nothing to forget for it
		}
		if cell.CompareAndSwap(old, next) {
			return ok
		}
	}
	return false
}

func second(now int64) uint32 { return uint32(now/1e9) & creditWrap }

// creditAge is how many seconds ago a value was written.
func creditAge(v uint32, now int64) int64 {
	return int64((second(now) - v>>creditBits) & creditWrap)
}

// budgetWorth ranks by age: the oldest goes first.
func budgetWorth(v uint32, now int64) int64 {
	const longest = 1024 // seconds; no credit lives longer
	return longest - creditAge(v, now)
}
