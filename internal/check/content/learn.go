package content

import (
	"time"

	"gatehouse.example/internal/state/tokens"
	"gatehouse.example/internal/text"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// operator is who judges for everyone.
const operator = "admin"

// The SIP code by which a callee says that he does not want a message or call (RFC 8197).
const unwanted = 607

// Learn implements screen.Learner. How an attempt ended says little about what it said; only 607 is a word about it, and that of one person. That a message was delivered
// speaks a little for senders of its kind, as long as nobody says anything else.
func (c *Check) Learn(e *screen.Ending) {
	a := e.Attempt
	switch {
	case a.Outbound:
		if a.Kind == verdict.Message && e.Answered && e.Action <= verdict.Label {
			c.tokens.Wrote(address(a.ToNumber, a.To.Requested), e.Time)
		}
	case (e.Status == unwanted || e.Cause == unwanted) && e.ByCallee:
		if e.Action <= verdict.Label {
			c.Judge(a, "spam", place(a).User)
		}
	case a.Kind == verdict.Message && e.Answered && e.Action != verdict.Reject && e.Action != verdict.Drop:
		c.delivered(a, e.Time)
	}
}

// delivered notes a message that has reached somebody.
func (c *Check) delivered(a *screen.Attempt, at time.Time) {
	key, proven := senderKey(a)
	of := address(a.FromNumber, a.From.Claimed)
	if proven {
		of = address(a.IdentityNumber, a.From.Identity)
	}
	kind, family := kindKeys(a)
	c.tokens.Delivered(key, of, at, kind, family)
}

// address is how one writes to somebody: one number has several.
func address(number, aor string) string {
	if number != "" {
		return number
	}
	return aor
}

// Judge implements screen.Learner: a person's word teaches, and nothing else does. It takes longer than other checks' learning, some hundred
// microseconds, for what was learned before is rehearsed; people speak seldom.
func (c *Check) Judge(a *screen.Attempt, label, by string) {
	if a.Outbound || !readable(a.Kind) {
		return
	}
	features := c.recall(a)
	if len(features) == 0 {
		return
	}
	spam := label == "spam"
	if label != "ham" && !spam {
		c.retract(a, features, by)
		return
	}
	p := place(a)
	learned, reversed := c.tokens.Learn(&tokens.Lesson{ID: a.ID, Features: features, Place: p, Spam: spam, By: by, Trusted: by == operator, Time: a.Time})
	if a.Kind != verdict.Message {
		c.calls.Add(1)
		return
	}
	c.campaigns.Report(text.Said(nil, features), by, spam, a.Time)
	if reversed {
		c.tell(a, by, !spam, -1)
	}
	if learned || reversed {
		c.tell(a, by, spam, 1)
	}
}

// recall returns the features of an attempt that may come from the history, which has the names and the addresses and nothing else that was said.
func (c *Check) recall(a *screen.Attempt) []uint64 {
	if a.Kind == verdict.Message {
		if features := c.recent.Get(a.ID); features != nil {
			return features
		}
		return read(a).features
	}
	t := read(a)
	if len(t.besides) == 0 {
		return together(t.features, c.headers.Get(a.ID))
	}
	return t.features
}

// retract takes back what somebody has said.
func (c *Check) retract(a *screen.Attempt, features []uint64, by string) {
	spam, ok := c.tokens.Unlearn(a.ID, features, by)
	if !ok || a.Kind != verdict.Message {
		return
	}
	c.campaigns.Retract(text.Said(nil, features), by)
	c.tell(a, by, spam, -1)
}

// tell notes what somebody says about a message's sender. Of each sender the first words of either label count for its kind, too: what is asked of a kind is what its
// strangers are, and who sends hundreds of messages is one of them.
func (c *Check) tell(a *screen.Attempt, by string, spam bool, n int) {
	key, _ := senderKey(a)
	p := place(a)
	before := firstWords(c.tokens.Sender(key, p), spam)
	kind, family := kindKeys(a)
	c.tokens.Spoken(key, kind, family)
	c.tokens.Tell(key, p, by, spam, n, a.Time)
	if n = firstWords(c.tokens.Sender(key, p), spam) - before; n == 0 {
		return
	}
	c.tokens.Tell(kind, p, by, spam, n, a.Time)
	c.tokens.Tell(family, p, by, spam, n, a.Time)
}

// firstWords is how many of the words about a sender count for its kind: as many as of one account count for all ([tokens.Memory.Tell]).
func firstWords(s tokens.Sender, spam bool) int {
	if spam {
		return min(s.AllSpam, 2)
	}
	return min(s.AllHam, 2)
}
