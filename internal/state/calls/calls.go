// Package calls is the table of what is under way: each attempt that was let through, from its INVITE to the BYE, and how it ended.
//
// It is fed with what passes (RFC 3261 §12 to §15): [Table.Begin] when a request is let through, [Table.Ringing] and [Table.Accepted] with
// the callee's responses, [Table.Answered] with the final one, [Table.Cancelling], [Table.Bye] and [Table.ByeAnswered] with what ends it.
// Each may be lost, repeated, late or out of order; the table obeys four rules whatever comes:
//
//   - each Begin gives exactly one screen.Ending;
//   - nothing stays: who does not answer, and a call whose BYE is lost, ends by a greatest age; where session timers are seen (RFC 4028),
//     soon after the session has expired;
//   - what counts for an account is taken back exactly once, so no counter underflows or leaks;
//   - memory is bounded: when the table is full, an attempt is not tracked, and that is counted. The last quarter is kept for calls of accounts,
//     so that strangers cannot hide an account's calls.
//
// A BYE ends a call when the other side has agreed to it, or has said nothing for half a minute: one that the other side refuses (a wrong CSeq) is
// the trick of somebody who wants his call to go on uncounted.
//
// Time is passed in as Unix nanoseconds. A Table is safe for concurrent use; what the packet path calls takes one short lock and allocates nothing
// once warm. Endings are given to Config.Learn by [Table.Run], on its goroutine.
package calls

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse.example/screen"
)

// Config is what a Table is made of. What is unset gets the default.
type Config struct {
	// Max is how many attempts are tracked at a time. 0 = 65536; one costs about 1 KB.
	Max int
	// MaxAge is how long a call may last before it is taken for ended, where no session timer says otherwise. 0 = 4 h.
	MaxAge time.Duration
	// RingAge is how long an attempt may stay without a final response. The proxy gives up after three minutes without a sign (RFC 3261
	// §16.6 step 11), so this is only for when nobody is told. 0 = 5 min.
	RingAge time.Duration
	// Account says for whom an attempt counts, "" for nobody, and what a minute of it costs in millionths. It is called on the packet path. nil:
	// nobody counts.
	Account func(a *screen.Attempt) (account string, price int64)
	// Learn is given each ending; nil drops them.
	Learn func(*screen.Ending)
}

const shards = 64

// Table is what is under way.
type Table struct {
	cfg      Config
	seed     maphash.Seed
	shards   [shards]shard
	accounts accounts
	live     atomic.Int64 // tracked attempts, those whose ending is not learned yet among them
	serial   atomic.Uint64
	pool     sync.Pool // of *call
	over     ended
	stats    counters
}

type shard struct {
	mu    sync.Mutex
	calls map[uint64]*call
}

// New makes an empty table.
func New(cfg Config) *Table {
	if cfg.Max <= 0 {
		cfg.Max = 1 << 16
	}
	if cfg.MaxAge <= 0 {
		cfg.MaxAge = 4 * time.Hour
	}
	if cfg.RingAge <= 0 {
		cfg.RingAge = 5 * time.Minute
	}
	t := &Table{cfg: cfg, seed: maphash.MakeSeed()}
	t.pool.New = func() any { return new(call) }
	t.over.wake = make(chan struct{}, 1)
	for i := range t.shards {
		t.shards[i].calls = make(map[uint64]*call)
	}
	t.accounts.init()
	return t
}

// Key stands for a dialog as its opener names it: by Call-ID and the opener's tag (RFC 3261 §12). 0 is none.
type Key uint64

// Key makes the key of a dialog.
func (t *Table) Key(callID, openerTag []byte) Key {
	return Key(maphash.Bytes(t.seed, callID)*0x9e3779b97f4a7c15 ^ maphash.Bytes(t.seed, openerTag) | 1)
}

// Ref stands for one attempt in the table; the zero Ref for one that is not tracked.
type Ref struct {
	key    Key
	serial uint64
}

// Tracked tells whether the attempt is in the table.
func (r Ref) Tracked() bool { return r.serial != 0 }

// variants is how many attempts with one Call-ID and tag are told apart: a call that passes here twice (a spiral, RFC 3261 §6), or somebody
// who uses one name for many calls.
const variants = 8

// variant returns the n-th key of those that share a name.
func (k Key) variant(n int) Key { return k + Key(n)*0x2545f4914f6cdd1e }

func (t *Table) shard(k Key) *shard { return &t.shards[uint64(k)>>(64-6)] }

// find returns the call of a Ref; the shard's lock is held.
func (s *shard) find(r Ref) *call {
	if c := s.calls[uint64(r.key)]; c != nil && c.serial == r.serial {
		return c
	}
	return nil
}
