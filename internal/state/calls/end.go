package calls

import (
	"hash/maphash"
	"time"

	"gatehouse.example/verdict"
)

// byeWait is how long the answer to a BYE is waited for: the time that its sender tries for (RFC 3261 §17.1.2.2, Timer F).
const byeWait = 32 * time.Second

// tag makes the mark of a callee's tag; 0 is none.
func (t *Table) tag(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return maphash.Bytes(t.seed, b) | 1
}

// Answered notes the final response that went back; 0 is none at all (a request without INVITE that nobody answered, RFC 4320 §4.2). local tells
// that it is one of our own.
func (t *Table) Answered(r Ref, status int, local bool, now int64) {
	s := t.shard(r.key)
	s.mu.Lock()
	c := s.find(r)
	if c == nil || c.stage != offered {
		s.mu.Unlock()
		return
	}
	c.ending.Status = status
	if status/100 == 2 {
		c.ending.Answered = true
		if c.attempt.Kind == verdict.Call {
			// Who takes part was not heard: any BYE of this name will do.
			c.stage, c.answered = talking, now
			c.extend(t, now)
			t.accounts.talk(c)
			s.mu.Unlock()
			return
		}
	} else {
		c.ending.ByCallee = !local && refusal(status)
		c.ending.Cause = c.cause
	}
	delete(s.calls, uint64(c.key))
	s.mu.Unlock()
	t.finish(c, now)
}

// refusal tells whether a status is the callee's own no. 487 and 408 are the ends of who has waited, 401 and 407 ask for credentials, and 5xx are
// nobody's wish.
func refusal(status int) bool {
	switch status {
	case 401, 407, 408, 487:
		return false
	}
	return status >= 400 && status < 500 || status >= 600
}

// Cancelling notes a CANCEL, with the SIP cause of its Reason field (RFC 3326), 0 where there is none. The call ends with its final response.
func (t *Table) Cancelling(r Ref, cause int) {
	s := t.shard(r.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.find(r); c != nil && c.stage == offered {
		c.cause = cause
	}
}

// Bye notes a BYE inside a dialog, and who sends it. The call ends when it is answered, see [Table.ByeAnswered].
func (t *Table) Bye(k Key, calleeTag []byte, byCallee bool, cause int, now int64) {
	t.each(k, calleeTag, func(c *call) {
		if c.stage != talking {
			return
		}
		c.stage, c.closed, c.byCallee, c.cause = closing, now, byCallee, cause
		c.seen = max(c.seen, now)
		c.deadline = now + int64(byeWait)
	})
}

// ByeAnswered notes the final response to a BYE. A refusal leaves the call as it was.
func (t *Table) ByeAnswered(k Key, calleeTag []byte, status int, now int64) {
	if status < 200 {
		return
	}
	tag := t.tag(calleeTag)
	for n := range variants {
		v := k.variant(n)
		s := t.shard(v)
		s.mu.Lock()
		c := s.calls[uint64(v)]
		if c == nil && n > 0 {
			s.mu.Unlock()
			return
		}
		if c == nil || c.stage != closing || c.callee != tag && c.callee != 0 && tag != 0 {
			s.mu.Unlock()
			continue
		}
		if !ends(status) {
			c.stage, c.cause = talking, 0
			c.extend(t, now)
			s.mu.Unlock()
			continue
		}
		delete(s.calls, uint64(v))
		s.mu.Unlock()
		c.hangUp()
		t.finish(c, c.closed)
	}
}

// ends tells whether a response to a BYE means that the dialog is over: RFC 3261 §12.2.1.2, §15.1.1 for 408 and 481.
func ends(status int) bool { return status/100 == 2 || status == 408 || status == 481 }

// hangUp takes over what the BYE said.
func (c *call) hangUp() { c.ending.ByCallee, c.ending.Cause = c.byCallee, c.cause }

// finish completes a call that is in no map any more, and queues its ending.
func (t *Table) finish(c *call, now int64) {
	t.accounts.close(c)
	e := &c.ending
	e.Attempt, e.Time = &c.attempt, time.Unix(0, now)
	switch {
	case c.answered != 0:
		e.Talk = max(0, time.Duration(now-c.answered))
		if c.rang != 0 {
			e.Ring = max(0, time.Duration(c.answered-c.rang))
		}
	case c.rang != 0:
		e.Ring = max(0, time.Duration(now-c.rang))
	}
	if e.Lost {
		t.stats.lost.Add(1)
	}
	t.stats.ended.Add(1)
	t.over.put(c)
}

// Sweep ends what is older than it may be. It returns how many it has ended. Run calls it; replays and tests call it themselves.
func (t *Table) Sweep(now int64) (n int) {
	for i := range t.shards {
		n += t.sweep(&t.shards[i], now)
	}
	return n
}

func (t *Table) sweep(s *shard, now int64) int {
	var first *call
	n := 0
	s.mu.Lock()
	for k, c := range s.calls {
		if c.deadline > now {
			continue
		}
		delete(s.calls, k)
		c.next, first = first, c
		n++
	}
	s.mu.Unlock()
	for c := first; c != nil; {
		next := c.next
		c.next = nil
		c.expire()
		t.finish(c, c.seen)
		c = next
	}
	return n
}

// expire says how a call ended that nobody has told the end of. A BYE without an answer is an end; silence is a guess.
func (c *call) expire() {
	if c.stage == closing {
		c.hangUp()
		c.seen = c.closed
		return
	}
	c.ending.Lost = true
}
