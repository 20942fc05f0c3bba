package fetch

import (
	"sync"
	"time"
)

// perLeaf is how many addresses one certificate may be proven at.
const perLeaf = 4

// A cache holds chains, or CRLs, by their canonical address. It is bounded, and what strangers make up does not push out what is in
// use:
//
//   - Only what leads to an STI root comes in at all.
//   - That is not enough, for chains are public and anyone can serve copies of them at any number of addresses. So a new one is on
//     probation until a valid signature has named its address (Fetcher.Proven): x5u is inside what is signed (RFC 8225 §4.3), and nobody
//     but the holder of the key can do that.
//   - Those on probation have at least a quarter of the places; when all places are taken, the one of them that was used longest ago
//     gives way, never a proven one.
//   - Proven ones have at most three quarters. One more sends the one used longest ago back to probation; and one certificate is
//     proven at perLeaf addresses at most, so that one key cannot fill the cache either.
//   - What the operator has imported stays, up to half of the places.
type cache struct {
	most int

	mu    sync.RWMutex
	items map[string]*item
}

func newCache(most int) *cache { return &cache{most: most, items: make(map[string]*item)} }

func (c *cache) get(url string) *item {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.items[url]
}

// put adds an item or replaces that of its address, and returns what had to go.
func (c *cache) put(i *item) (evicted []*item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.items[i.URL]; old != nil {
		if old.Pinned && !i.Pinned {
			return nil // it was on its way when the operator imported the other
		}
		if old.proven.Load() {
			i.proven.Store(true) // the address is what was proven; certificates are renewed at it
		}
	}
	c.items[i.URL] = i
	if i.proven.Load() && !i.Pinned {
		c.makeRoom(i)
	}
	for len(c.items) > c.most {
		victim := c.oldest(i, func(o *item) bool { return !o.proven.Load() })
		if victim == nil {
			victim = i // all else is proven or pinned
		}
		delete(c.items, victim.URL)
		evicted = append(evicted, victim)
	}
	return evicted
}

// prove ends an item's probation and says whether it did.
func (c *cache) prove(i *item) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items[i.URL] != i || i.proven.Load() {
		return false
	}
	i.proven.Store(true)
	c.makeRoom(i)
	return true
}

// makeRoom sends others back to probation where a proven item makes too many.
func (c *cache) makeRoom(i *item) {
	all, same := 0, 0
	for _, o := range c.items {
		if o.proven.Load() {
			all++
			if o.leaf == i.leaf && !o.Pinned {
				same++
			}
		}
	}
	demote := func(which func(o *item) bool) {
		if o := c.oldest(i, func(o *item) bool { return o.proven.Load() && !o.Pinned && which(o) }); o != nil {
			o.proven.Store(false)
			all--
		}
	}
	if i.crl == nil && same > perLeaf {
		demote(func(o *item) bool { return o.leaf == i.leaf })
	}
	if all > c.most-c.most/4 {
		demote(func(*item) bool { return true })
	}
}

// oldest returns the item that was used longest ago of those that which picks, except for one.
func (c *cache) oldest(except *item, which func(*item) bool) (oldest *item) {
	for _, o := range c.items {
		if o != except && which(o) && (oldest == nil || o.used.Load() < oldest.used.Load()) {
			oldest = o
		}
	}
	return oldest
}

// remove removes an item; of the one given if that is still there, else nothing.
func (c *cache) remove(i *item) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items[i.URL] != i {
		return false
	}
	delete(c.items, i.URL)
	return true
}

// swap puts one item in the place of another if that is still there.
func (c *cache) swap(old, i *item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items[old.URL] == old {
		i.used.Store(old.used.Load())
		i.proven.Store(old.proven.Load())
		c.items[old.URL] = i
	}
}

// all returns the items there are now, in no order.
func (c *cache) all() []*item {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := make([]*item, 0, len(c.items))
	for _, i := range c.items {
		all = append(all, i)
	}
	return all
}

func (c *cache) len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.items)
}

// pinned counts what the operator has imported.
func (c *cache) pinned() (n int) {
	for _, i := range c.all() {
		if i.Pinned {
			n++
		}
	}
	return n
}

// due returns what should be refreshed: proven or not, if it was used in the time given.
func (c *cache) due(now time.Time, idle time.Duration) (due []*item) {
	for _, i := range c.all() {
		if !i.Pinned && !now.Before(i.refresh) && now.Sub(i.lastUsed()) < idle {
			due = append(due, i)
		}
	}
	return due
}

// over returns what can be used no more.
func (c *cache) over(now time.Time, maxStale time.Duration) (over []*item) {
	for _, i := range c.all() {
		if !i.Pinned && now.Sub(i.Fresh) > maxStale {
			over = append(over, i)
		}
	}
	return over
}
