package guard

import "sync/atomic"

// What charge4 and charge6 found.
const (
	within   = iota
	overHost // over the limit of the host itself
	overNet  // over the limit of a network around it
)

// chargeTries bounds the compare-and-swap loop; after that an addition does.
const chargeTries = 4

// A level limits all prefixes of one length by GCRA (the virtual scheduling
// algorithm of ITU-T I.371): a cell holds the theoretical arrival time of the
// next packet, and a packet conforms when that is not further ahead than the
// burst allows.
//
// Each prefix has a cell in each of two rows, and is over its limit only when
// both cells say so: sharing one cell with a flooder harms nobody. Every
// packet that is let through is charged to both cells, so n readers let
// through at most burst + rate·t + n−1, collisions only ever lowering it.
type level struct {
	cells [2][]atomic.Int64
	mask  uint64
	seed  seed
	step  int64 // ns between packets at the limit; 0: no limit
	tau   int64 // ns of burst
	debt  int64 // a cell is never further ahead than this; more means that the clock was set back
}

func (l *level) init(r Rate, bits int) {
	if r.PerSecond == 0 {
		return
	}
	l.cells[0] = make([]atomic.Int64, 1<<bits)
	l.cells[1] = make([]atomic.Int64, 1<<bits)
	l.mask = 1<<bits - 1
	l.seed = newSeed()
	l.step = max(1, int64(1e9/r.PerSecond))
	l.tau = l.step * int64(r.Burst)
	l.debt = l.tau + 64*l.step
}

func (l *level) bytes() int { return (len(l.cells[0]) + len(l.cells[1])) * 8 }

// cost is the number of packets that one of size octets counts for.
func cost(size int) int64 { return 1 + int64(size)>>11 }

// slots returns the two cells of a prefix.
func (l *level) slots(hi, lo uint64) (a, b *atomic.Int64) {
	h := l.seed.hash(hi, lo)
	return &l.cells[0][h&l.mask], &l.cells[1][h>>32&l.mask]
}

// conforms reports whether a cell with this content lets a packet through.
func (l *level) conforms(tat, now, n int64) bool {
	return l.from(tat, now)+min(n*l.step, l.tau)-now <= l.tau
}

// from is where the next packet is counted from.
func (l *level) from(tat, now int64) int64 {
	if tat < now || tat > now+l.debt {
		return now
	}
	return tat
}

// add charges a packet to a cell. The loop is bounded: a cell that changes so
// often is ahead of now, where a plain addition is the same.
func (l *level) add(c *atomic.Int64, now, n int64) {
	ns := min(n*l.step, l.tau)
	for range chargeTries {
		old := c.Load()
		if c.CompareAndSwap(old, min(l.from(old, now)+ns, now+l.debt)) {
			return
		}
	}
	c.Add(ns)
}

// charge4 charges n packets to the host and networks of an IPv4 address if
// all of them are within their limits, and says which is not.
func (g *Guard) charge4(a uint32, n, now int64) int {
	var cells [3][2]*atomic.Int64
	for i := range g.v4 {
		l := &g.v4[i]
		if l.step == 0 {
			continue
		}
		c0, c1 := l.slots(0, uint64(a>>(8*i)))
		if !l.conforms(c0.Load(), now, n) && !l.conforms(c1.Load(), now, n) {
			return over(i)
		}
		cells[i] = [2]*atomic.Int64{c0, c1}
	}
	for i := range g.v4 {
		if l := &g.v4[i]; l.step != 0 {
			l.add(cells[i][0], now, n)
			l.add(cells[i][1], now, n)
		}
	}
	return within
}

// charge6 is charge4 for IPv6.
func (g *Guard) charge6(hi, lo uint64, n, now int64) int {
	his := [4]uint64{hi, hi, hi >> 16, hi >> 32}
	los := [4]uint64{lo, 0, 0, 0}
	var cells [4][2]*atomic.Int64
	for i := range g.v6 {
		l := &g.v6[i]
		if l.step == 0 {
			continue
		}
		c0, c1 := l.slots(his[i], los[i])
		if !l.conforms(c0.Load(), now, n) && !l.conforms(c1.Load(), now, n) {
			if i == 1 {
				return overHost // a /64 is one party
			}
			return over(i)
		}
		cells[i] = [2]*atomic.Int64{c0, c1}
	}
	for i := range g.v6 {
		if l := &g.v6[i]; l.step != 0 {
			l.add(cells[i][0], now, n)
			l.add(cells[i][1], now, n)
		}
	}
	return within
}

func over(i int) int {
	if i == 0 {
		return overHost
	}
	return overNet
}

// A limiter is one GCRA bucket for the whole process.
type limiter struct {
	level level
	cell  atomic.Int64
}

func (l *limiter) init(perSecond float64, burst int) {
	l.level.step = int64(1e9 / perSecond)
	l.level.tau = l.level.step * int64(burst)
	l.level.debt = l.level.tau + 64*l.level.step
}

func (l *limiter) allow(now int64) bool {
	if !l.level.conforms(l.cell.Load(), now, 1) {
		return false
	}
	l.level.add(&l.cell, now, 1)
	return true
}
