// Package harvest remembers how each network goes through our users: by steps, by the alphabet, or by guessing (RFC 5039 §3.6). A network is
// an IPv4 /24 or an IPv6 /48, so that a search from many addresses of one network is one search.
//
// Memory is fixed: a row of 64 octets a network; where a set is full, the network that went least far gives way. Safe for concurrent use.
package harvest

import (
	"net/netip"
	"strings"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/slots"
)

const (
	hour     = 3600 * 1_000_000_000
	farthest = 10 // the widest step of a search
	mostRun  = 255
)

// Found is what a network has been seen to do.
type Found struct {
	// Steps is how many numbers in a row lay one and the same step apart.
	Steps int
	// Climbs is how many different names in a row stood in the order of the alphabet.
	Climbs int
	// Calls and Misses are how many attempts ended, and how many of them at nobody, within some hours.
	Calls, Misses int
}

type row struct {
	last          int64  // when, Unix nanoseconds
	number        uint64 // the last number
	name          uint64 // the first octets of the last name
	stride        int16
	run, climb    uint8
	calls, misses uint16
}

// Networks is the memory.
type Networks struct {
	seed rate.Seed
	rows *slots.Table[row]
}

// New returns a memory for about that many networks.
func New(networks int, seed rate.Seed) *Networks {
	return &Networks{seed: seed, rows: slots.New(networks, func(r *row) int64 {
		return r.last/1_000_000_000 + 60*int64(max(r.run, r.climb)) + 60*int64(r.misses)
	})}
}

// Octets is the memory that all networks take.
func (n *Networks) Octets() int { return n.rows.Stats().Octets }

// Seen notes that a network tries a user, by number or name, and returns what it has done; with peek it notes nothing.
func (n *Networks) Seen(a netip.Addr, user string, now int64, peek bool) Found {
	key := n.key(a)
	n.rows.Lock(key)
	defer n.rows.Unlock(key)
	if peek {
		if r := n.rows.Find(key); r != nil {
			return r.found()
		}
		return Found{}
	}
	r := n.rows.Take(key)
	r.age(now)
	r.last = now
	if number, ok := digits(user); ok {
		r.step(number)
	} else {
		r.word(first(user))
	}
	return r.found()
}

// Ended notes how an attempt of a network ended.
func (n *Networks) Ended(a netip.Addr, missed bool, now int64) {
	key := n.key(a)
	n.rows.Lock(key)
	defer n.rows.Unlock(key)
	r := n.rows.Take(key)
	r.age(now)
	r.last = now
	if r.calls == 1<<16-1 {
		r.calls, r.misses = r.calls/2, r.misses/2
	}
	r.calls++
	if missed {
		r.misses++
	}
}

func (r *row) found() Found {
	return Found{Steps: int(r.run), Climbs: int(r.climb), Calls: int(r.calls), Misses: int(r.misses)}
}

// age lets what was seen fade: half of it in each hour of silence.
func (r *row) age(now int64) {
	for past := now - r.last; r.last != 0 && past >= hour; past -= hour {
		r.run, r.climb, r.calls, r.misses = r.run/2, r.climb/2, r.calls/2, r.misses/2
		if r.run == 0 && r.climb == 0 && r.calls == 0 {
			break
		}
	}
}

// step follows numbers. An honest call in between costs a search two of its steps, and does not end it.
func (r *row) step(number uint64) {
	if number == r.number {
		return
	}
	d := int64(number - r.number)
	switch {
	case d == int64(r.stride), d == 2*int64(r.stride):
		r.run = min(r.run+1, mostRun-1)
	case r.run >= 2:
		r.run -= 2
		return
	case -farthest <= d && d <= farthest:
		r.stride, r.run = int16(d), 1
	default:
		r.stride, r.run = 0, 0
	}
	r.number = number
}

// word follows names.
func (r *row) word(name uint64) {
	switch {
	case r.name == 0:
	case name > r.name:
		r.climb = min(r.climb+1, mostRun-1)
	case name < r.name:
		r.climb = 0
	}
	r.name = name
}

func (n *Networks) key(a netip.Addr) uint64 {
	a = a.Unmap()
	length := 48
	if a.Is4() {
		length = 24
	}
	p, _ := a.WithZone("").Prefix(length)
	b := p.Addr().As16()
	var hi, lo uint64
	for i := range 8 {
		hi, lo = hi<<8|uint64(b[i]), lo<<8|uint64(b[8+i])
	}
	return n.seed.Pair(1, hi, lo)
}

// digits reads a number; its last eighteen digits tell.
func digits(user string) (n uint64, ok bool) {
	user = strings.TrimPrefix(user, "+")
	if len(user) == 0 {
		return 0, false
	}
	for i := range len(user) {
		c := user[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n%1e17*10 + uint64(c-'0')
	}
	return n, true
}

// first is the beginning of a name as a number that sorts as names do.
func first(name string) (n uint64) {
	for i := range 8 {
		n <<= 8
		if i < len(name) {
			c := name[i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			n |= uint64(c)
		}
	}
	return n
}
