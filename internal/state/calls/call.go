package calls

import (
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// stage is how far an attempt has come.
type stage uint8

const (
	offered stage = iota // let through, or ringing: no final response yet
	talking
	closing // a BYE has passed, its answer has not
)

// call is one attempt that is tracked.
type call struct {
	key      Key
	serial   uint64
	attempt  screen.Attempt
	ending   screen.Ending
	who      *account // nil: counts for nobody
	price    int64
	callee   uint64 // hash of the callee's tag, 0 while it is not known
	stage    stage
	byCallee bool // of the BYE under way
	cause    int  // of the BYE or CANCEL under way
	began    int64
	rang     int64
	answered int64
	closed   int64 // when the BYE passed
	seen     int64 // the last sign of life
	deadline int64
	interval int64 // of the session timer, 0 where there is none
	next     *call // in the queue of endings
}

// Begin notes that an attempt was let through. Messages and other requests without a dialog end with [Table.Answered]. The Ref is zero where the
// table is full.
func (t *Table) Begin(k Key, a *screen.Attempt, action verdict.Action, now int64) Ref {
	name, price := "", int64(0)
	if t.cfg.Account != nil {
		name, price = t.cfg.Account(a)
	}
	if !t.admit(name != "") {
		t.stats.untracked.Add(1)
		return Ref{}
	}
	c := t.take(a, action)
	c.price, c.began, c.seen, c.deadline = price, now, now, now+int64(t.cfg.RingAge)
	// Chosen before the call can be found, so that whoever ends it finds it counted.
	if name != "" && a.Kind == verdict.Call {
		c.who = t.accounts.open(name)
	}
	for n := range variants {
		v := k.variant(n)
		s := t.shard(v)
		s.mu.Lock()
		if s.calls[uint64(v)] == nil {
			c.key = v
			s.calls[uint64(v)] = c
			ref := Ref{v, c.serial}
			s.mu.Unlock()
			t.stats.begun.Add(1)
			return ref
		}
		s.mu.Unlock()
	}
	t.accounts.close(c)
	t.giveBack(c)
	t.stats.untracked.Add(1)
	return Ref{}
}

// Refused notes an attempt that was not let through: it has ended.
func (t *Table) Refused(a *screen.Attempt, action verdict.Action, now int64) {
	if !t.admit(false) {
		t.stats.untracked.Add(1)
		return
	}
	c := t.take(a, action)
	c.began, c.seen = now, now
	t.stats.begun.Add(1)
	t.finish(c, now)
}

// admit makes room for one more.
func (t *Table) admit(account bool) bool {
	most := int64(t.cfg.Max)
	if !account {
		most = most * 3 / 4
	}
	if t.live.Add(1) > most {
		t.live.Add(-1)
		return false
	}
	return true
}

func (t *Table) take(a *screen.Attempt, action verdict.Action) *call {
	c := t.pool.Get().(*call)
	*c = call{serial: t.serial.Add(1), attempt: *a}
	c.ending.Action = action
	return c
}

// giveBack forgets a call that is in no map and no queue.
func (t *Table) giveBack(c *call) {
	*c = call{}
	t.pool.Put(c)
	t.live.Add(-1)
}

// Ringing notes a provisional response other than 100.
func (t *Table) Ringing(r Ref, now int64) {
	s := t.shard(r.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.find(r); c != nil && c.stage == offered {
		if c.rang == 0 {
			c.rang = now
		}
		c.seen, c.deadline = now, now+int64(t.cfg.RingAge)
	}
}

// Accepted notes the first 2xx to an INVITE: the callee's tag, and the session interval that it names, 0 where it names none.
func (t *Table) Accepted(r Ref, calleeTag []byte, interval time.Duration, now int64) {
	s := t.shard(r.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(r)
	if c == nil || c.stage != offered || c.attempt.Kind != verdict.Call {
		return
	}
	c.stage, c.answered, c.callee = talking, now, t.tag(calleeTag)
	c.ending.Status, c.ending.Answered = 200, true
	c.setInterval(interval)
	c.extend(t, now)
	t.accounts.talk(c)
}

// setInterval takes what a Session-Expires field says. RFC 4028 §4: the least that is allowed is 90 s.
func (c *call) setInterval(d time.Duration) {
	if d > 0 {
		c.interval = int64(max(d, 90*time.Second))
	}
}

// grace is how much longer than its session interval a call is believed in: who wants to end it sends a BYE before it has expired (RFC 4028 §10).
const grace = 30 * time.Second

// extend notes a sign of life.
func (c *call) extend(t *Table, now int64) {
	c.seen = max(c.seen, now)
	c.deadline = c.answered + int64(t.cfg.MaxAge)
	if c.interval > 0 {
		// Somebody who refreshes has shown that both sides are there, however long it lasts.
		c.deadline = c.seen + c.interval + int64(grace)
	}
}

// Refreshed notes a request inside the dialog that is neither ACK nor BYE, with the session interval that it names, 0 where it names none.
func (t *Table) Refreshed(k Key, calleeTag []byte, interval time.Duration, now int64) {
	t.each(k, calleeTag, func(c *call) {
		if c.stage != offered {
			c.setInterval(interval)
			c.extend(t, now)
		}
	})
}

// each calls f for the calls of that name whose callee has that tag, or none yet, under the shard's lock; f does not end them.
func (t *Table) each(k Key, calleeTag []byte, f func(*call)) {
	tag := t.tag(calleeTag)
	for n := range variants {
		v := k.variant(n)
		s := t.shard(v)
		s.mu.Lock()
		c := s.calls[uint64(v)]
		if c != nil && (c.callee == tag || c.callee == 0 || len(calleeTag) == 0) {
			f(c)
		}
		s.mu.Unlock()
		if c == nil && n > 0 {
			return // variants are taken in order; a gap after the first is rare and costs a call its exact end
		}
	}
}
