package guard

import (
	"net/netip"
	"strconv"
	"time"
)

// The memory of past bans is their number in the high 8 bits and the minute of
// the last one modulo 2²⁴ (31 years).
const (
	minuteBits = 24
	minuteMask = 1<<minuteBits - 1
	maxRepeats = 32
)

func minute(now int64) uint32 { return uint32(now/int64(time.Minute)) & minuteMask }

func minutesAgo(v uint32, now int64) int64 { return int64((minute(now) - v) & minuteMask) }

// repeatWorth ranks by age.
func repeatWorth(v uint32, now int64) int64 {
	const longest = 60 * 24 * 60 // minutes
	return longest - minutesAgo(v, now)
}

// sentence returns how long the next ban of a host is, and remembers that it
// was given: twice as long each time, up to a maximum.
func (g *Guard) sentence(host key, proven bool, now int64) time.Duration {
	first, longest := g.cfg.UnprovenBan, g.cfg.UnprovenBanMax
	if proven {
		first, longest = g.cfg.Ban, g.cfg.BanMax
	}
	n := g.conviction(host, proven, now)
	length := first
	for range n {
		if length >= longest {
			break
		}
		length *= 2
	}
	return min(length, longest)
}

// conviction counts a ban and returns how many there were before.
func (g *Guard) conviction(host key, proven bool, now int64) uint32 {
	t := &g.repeat[index(proven)]
	for range updateTries {
		cell, old, tag, v := t.slot(host, now)
		n := uint32(0)
		if v != 0 && minutesAgo(v, now) <= int64(g.cfg.RepeatMemory/time.Minute) {
			n = v >> minuteBits
		}
		next := min(n+1, maxRepeats)<<minuteBits | minute(now)
		if cell.CompareAndSwap(old, tag|uint64(next)) {
			return n
		}
	}
	return 0
}

// forgive clears what is held against a host.
func (g *Guard) forgive(a netip.Addr, now int64) {
	host := hostKey(a)
	clearKey(&g.repeat[0], host, now)
	clearKey(&g.repeat[1], host, now)
	clearKey(&g.floods, host, now)
	for k := range g.failures {
		clearKey(&g.failures[k][0], host, now)
		clearKey(&g.failures[k][1], host, now)
	}
	g.open.forget(host)
}

func clearKey(t *table, k key, now int64) {
	for range updateTries {
		cell, old, _, v := t.slot(k, now)
		if v == 0 || cell.CompareAndSwap(old, 0) {
			return
		}
	}
}

// How many seconds in a row a source was over its limit is kept as the count
// in the high 16 bits and the second of the last one modulo 2¹⁶.
const floodGap = 5

func floodAge(v uint32, now int64) uint16 { return uint16(now/1e9) - uint16(v) }

// floodWorth ranks by age; after a gap a flood starts anew.
func floodWorth(v uint32, now int64) int64 { return 60 - int64(floodAge(v, now)) }

// strike notes that a was over its own limit in this second and bans it when
// that goes on. Its evidence is a rate of packets that anyone may have sent.
func (g *Guard) strike(a netip.Addr, host key, now int64) {
	cell, old, tag, v := g.floods.slot(host, now)
	n := uint32(1)
	if v != 0 && floodAge(v, now) <= floodGap {
		if floodAge(v, now) == 0 {
			return
		}
		n = min(v>>16+1, 1<<16-1)
	}
	if !cell.CompareAndSwap(old, tag|uint64(n<<16|uint32(uint16(now/1e9)))) {
		return // another reader has noted it
	}
	g.emitSome(Event{
		Kind: EventFlood, Time: time.Unix(0, now), Source: hostPrefix(a), Remote: netip.AddrPortFrom(a, 0),
		Reason: "over the limit of a host", Count: int(n),
	}, now)
	if int(n) >= g.cfg.FloodSeconds {
		g.punish(a, host, &charge{flood: true}, "over the limit for "+strconv.Itoa(int(n))+" s", int(n), now)
	}
}
