package calls

import (
	"hash/maphash"
	"sync"
	"time"
)

// accounts counts what is under way for each account.
type accounts struct {
	seed   maphash.Seed
	shards [16]accountShard
}

type accountShard struct {
	mu   sync.Mutex
	all  map[string]*account
	free []*account
}

// account is what one account has under way. Sums of starting times give how long all calls have lasted together without looking at each.
type account struct {
	name    string
	open    int   // calls that were begun and have not ended
	talking int   // those of them that were answered
	since   int64 // sum of the times when they were answered, in milliseconds
	price   int64 // sum of their prices, millionths a minute
	priced  int64 // sum of price × time of answer, in minutes
}

// Load is what an account has under way.
type Load struct {
	// Open is how many calls ring or are answered; Talking how many are answered.
	Open, Talking int
	// Talk is how long the answered ones have lasted until now, all together.
	Talk time.Duration
	// Cost is what they have cost until now, in millionths.
	Cost int64
}

func (a *accounts) init() {
	a.seed = maphash.MakeSeed()
	for i := range a.shards {
		a.shards[i].all = make(map[string]*account)
	}
}

func (a *accounts) shard(name string) *accountShard {
	return &a.shards[maphash.String(a.seed, name)%uint64(len(a.shards))]
}

// open counts a call.
func (a *accounts) open(name string) *account {
	s := a.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.all[name]
	if who == nil {
		if n := len(s.free); n > 0 {
			who, s.free = s.free[n-1], s.free[:n-1]
		} else {
			who = new(account)
		}
		*who = account{name: name}
		s.all[name] = who
	}
	who.open++
	return who
}

// talk counts that a call was answered; the call's shard is locked.
func (a *accounts) talk(c *call) {
	if c.who == nil {
		return
	}
	s := a.shard(c.who.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	c.who.add(c, 1)
}

// add counts an answered call, or takes it back: exactly what was added, since neither the time of its answer nor its price changes.
func (w *account) add(c *call, sign int64) {
	w.talking += int(sign)
	w.since += sign * (c.answered / int64(time.Millisecond))
	w.price += sign * c.price
	w.priced += sign * (c.price * (c.answered / int64(time.Minute)))
}

// close takes back what a call counted, once.
func (a *accounts) close(c *call) {
	who := c.who
	if who == nil {
		return
	}
	c.who = nil
	s := a.shard(who.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.answered != 0 {
		who.add(c, -1)
	}
	if who.open--; who.open == 0 {
		delete(s.all, who.name)
		if len(s.free) < 64 {
			s.free = append(s.free, who)
		}
	}
}

// Load returns what an account has under way.
func (t *Table) Load(name string, now int64) Load {
	s := t.accounts.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.all[name]
	if w == nil {
		return Load{}
	}
	ms := int64(w.talking)*(now/int64(time.Millisecond)) - w.since
	return Load{
		Open: w.open, Talking: w.talking,
		Talk: max(0, time.Duration(ms)*time.Millisecond),
		Cost: max(0, w.price*(now/int64(time.Minute))-w.priced),
	}
}
