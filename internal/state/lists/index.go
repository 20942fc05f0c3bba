package lists

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/gaissmai/bart"
)

// item is an entry in the index. It never changes.
type item struct {
	Match         // its Value is canonical
	expires int64 // Unix nanoseconds; 0 is never
}

// kind is the index that the item belongs to.
func (it *item) kind() Kind {
	switch {
	case it.Entry.Kind == Block && it.Entry.List == Traps:
		return Trap
	case it.Entry.Kind == Allow && it.Entry.List == Declared:
		return Declaration
	}
	return it.Entry.Kind
}

// key is what the index holds: the value without what only shows its type.
func (it *item) key() string { return keyOf(it.is, it.Entry.Value) }

// slot holds the items of one key: one, unless several lists name the same value. It never changes.
type slot []*item

// live returns the first item that has not expired.
func (s slot) live(now int64) *Match {
	for _, it := range s {
		if it.expires == 0 || now < it.expires {
			return &it.Match
		}
	}
	return nil
}

// with returns a slot that holds it too, in the place of one of the same list.
func (s slot) with(it *item) slot {
	if len(s) == 0 {
		return slot{it}
	}
	next := append(slices.Clone(s.without(it.Entry.List)), it)
	slices.SortFunc(next, func(a, b *item) int {
		if a.Entry.List < b.Entry.List {
			return -1
		}
		return 1
	})
	return next
}

// without returns a slot without the item of that list.
func (s slot) without(list string) slot {
	at := slices.IndexFunc(s, func(it *item) bool { return it.Entry.List == list })
	if at < 0 {
		return s
	}
	return slices.Delete(slices.Clone(s), at, at+1)
}

// index answers look-ups for one kind. Readers take no lock: each part is immutable behind an atomic pointer, and a writer (one
// at a time) replaces only the part that it changes.
type index struct {
	fold       bool        // addresses are compared without case
	any        atomic.Bool // there has been an item
	seed       maphash.Seed
	numbers    table
	addresses  table
	domains    table
	subdomains table
	prefixes   atomic.Pointer[bart.Table[slot]] // number prefixes as IPv6 prefixes, a digit in four bits
	sources    atomic.Pointer[bart.Table[slot]]
	agents     atomic.Pointer[agents]
	private    bool // not published yet: parts may be changed in place
}

func newIndex(kind Kind) *index {
	x := &index{fold: kind != Allow && kind != Declaration, seed: maphash.MakeSeed(), private: true}
	x.prefixes.Store(new(bart.Table[slot]))
	x.sources.Store(new(bart.Table[slot]))
	x.agents.Store(new(agents))
	return x
}

// put adds or replaces it.
func (x *index) put(it *item) {
	x.any.Store(true)
	switch it.is {
	case Source:
		x.change(&x.sources, sourcePrefix(it.Entry.Value), func(s slot) slot { return s.with(it) })
	case NumberPrefix:
		if p, ok := digitPrefix(it.key()); ok {
			x.change(&x.prefixes, p, func(s slot) slot { return s.with(it) })
		}
	case Agent, AgentPrefix:
		x.agents.Store(x.agents.Load().with(it))
	default:
		x.tableOf(it.is).change(x, x.key(it), func(s slot) slot { return s.with(it) })
	}
}

// drop removes it.
func (x *index) drop(it *item) {
	list := it.Entry.List
	switch it.is {
	case Source:
		x.change(&x.sources, sourcePrefix(it.Entry.Value), func(s slot) slot { return s.without(list) })
	case NumberPrefix:
		if p, ok := digitPrefix(it.key()); ok {
			x.change(&x.prefixes, p, func(s slot) slot { return s.without(list) })
		}
	case Agent, AgentPrefix:
		x.agents.Store(x.agents.Load().without(it))
	default:
		x.tableOf(it.is).change(x, x.key(it), func(s slot) slot { return s.without(list) })
	}
}

func (x *index) tableOf(t Type) *table {
	switch t {
	case Number:
		return &x.numbers
	case Address:
		return &x.addresses
	case Domain:
		return &x.domains
	}
	return &x.subdomains
}

func (x *index) key(it *item) string {
	if it.is == Address && x.fold {
		return string(appendFold(nil, it.key()))
	}
	return it.key()
}

func (x *index) change(at *atomic.Pointer[bart.Table[slot]], p netip.Prefix, edit func(slot) slot) {
	t := at.Load()
	old, _ := t.Get(p)
	next := edit(old)
	switch {
	case len(next) == 0 && x.private:
		t.Delete(p)
	case len(next) == 0:
		at.Store(t.DeletePersist(p))
	case x.private:
		t.Insert(p, next)
	default:
		at.Store(t.InsertPersist(p, next))
	}
}

// shardCount makes a shard of a list of 100,000 a hundred entries: that is what one change copies.
const shardCount = 1024

// table holds keys in shards, each of which is immutable once published.
type table struct {
	any    atomic.Bool // there has been a key: what was never filled costs not even a hash
	shards [shardCount]atomic.Pointer[cells]
}

// cellHash tells an empty cell from a used one; the shard is taken from the other end.
func cellHash(hash uint64) uint64 { return hash | 1<<63 }

func (t *table) shard(hash uint64) *atomic.Pointer[cells] {
	return &t.shards[hash>>48%shardCount]
}

// find looks a key up.
func (t *table) find(x *index, key string, now int64) *Match {
	if !t.any.Load() {
		return nil
	}
	hash := maphash.String(x.seed, key)
	c := t.shard(hash).Load()
	if c == nil {
		return nil
	}
	return c.find(cellHash(hash), key).live(now)
}

// findBytes is find without making a string of the key.
func (t *table) findBytes(x *index, key []byte, now int64) *Match {
	hash := maphash.Bytes(x.seed, key)
	c := t.shard(hash).Load()
	if c == nil {
		return nil
	}
	return c.findBytes(cellHash(hash), key).live(now)
}

func (t *table) change(x *index, key string, edit func(slot) slot) {
	hash := maphash.String(x.seed, key)
	at := t.shard(hash)
	c := at.Load()
	var old slot
	if c != nil {
		old = c.find(cellHash(hash), key)
	}
	at.Store(c.with(cellHash(hash), key, edit(old), x.private))
	t.any.Store(true)
}

// digitPrefix makes an IPv6 prefix of a number or its beginning, so that the longest-prefix match made for routing tables finds the
// longest listed beginning of a number. A digit takes four bits; 0 stands for "no digit here", so that the end of a number is not a digit.
func digitPrefix(number string) (netip.Prefix, bool) {
	var b [16]byte
	if len(number) > 2*len(b) {
		number = number[:2*len(b)]
	}
	for i := 0; i < len(number); i++ {
		n := byte(0)
		switch c := number[i]; {
		case c >= '0' && c <= '9':
			n = c - '0' + 1
		case c == '+':
			n = 11
		case c == '*':
			n = 12
		case c == '#':
			n = 13
		default:
			return netip.Prefix{}, false
		}
		b[i/2] |= n << (4 * (1 - i%2))
	}
	return netip.PrefixFrom(netip.AddrFrom16(b), 4*len(number)), true
}

// longest finds the longest prefix with an item that has not expired.
func longest(t *bart.Table[slot], addr netip.Addr, now int64) *Match {
	s, ok := t.Lookup(addr)
	if !ok {
		return nil
	}
	if e := s.live(now); e != nil {
		return e
	}
	// The longest has expired: look for a shorter one. Rare, for expired entries are removed before long.
	for p := netip.PrefixFrom(addr, addr.BitLen()); ; {
		found, s, ok := t.LookupPrefixLPM(p)
		if !ok {
			return nil
		}
		if e := s.live(now); e != nil {
			return e
		}
		if found.Bits() == 0 {
			return nil
		}
		p = netip.PrefixFrom(found.Addr(), found.Bits()-1).Masked()
	}
}

// appendFold appends s with ASCII letters in lower case. Only ASCII: RFC 3261 has nothing else unescaped in a user part.
func appendFold(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}
