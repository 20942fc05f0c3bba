// Package usage counts what calls to the outside cost whom, and notices who dials one number under many prefixes.
//
// [Ledger] keeps for each account how many calls it has made, how long they lasted and what they cost, within the last hour and the last day, in
// buckets of five minutes and an hour, and which of its calls are under way where nobody else counts that. [Tries] remembers for a source, network or
// account under how many different prefixes it has dialled one and the same tail of digits.
//
// Counters only grow within a bucket, and buckets are forgotten as time goes on: nothing is subtracted, so nothing can underflow. Memory is fixed
// (package slots). A [Keeper] stores it every ten seconds, so that a restart gives nobody his allowance once more. Which calls are under way is
// not stored: nobody would tell their end.
//
// Time is passed in and may be virtual. Both types are safe for concurrent use, take one short lock a call and allocate nothing.
package usage

import (
	"sync/atomic"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/slots"
)

const (
	minutesEach = int64(5 * time.Minute)
	hoursEach   = int64(time.Hour)
	perHour     = 12
	perDay      = 24
	opened      = 32
)

// Sum is what an account has used within a time.
type Sum struct {
	// Calls is how many calls were made, answered or not.
	Calls int
	// Talk is how long those lasted that have ended.
	Talk time.Duration
	// Cost is what they cost, in millionths of the currency.
	Cost int64
}

// bucket is a part of an hour or day.
type bucket struct {
	period  int64 // number of the period that it is for
	cost    int64
	calls   uint32
	seconds uint32
}

// row is one account.
type row struct {
	touched int64
	hour    [perHour]bucket
	day     [perDay]bucket
	open    [opened]struct {
		id    uint64
		since int64
	}
}

// Ledger keeps the accounts.
type Ledger struct {
	seed  rate.Seed
	rows  *slots.Table[row]
	dirty [slots.Parts]atomic.Bool // what is to be stored
}

// NewLedger returns a ledger for about that many accounts, 1.6 KB each, as they come.
func NewLedger(accounts int, seed rate.Seed) *Ledger {
	return &Ledger{seed: seed, rows: slots.New(accounts, func(r *row) int64 { return r.touched })}
}

// The domains of hashes.
const (
	hashAccount uint64 = iota + 1
	hashOpen
	hashForm
	hashTail
	hashWho
)

// Account is the key of an account in the ledger.
type Account uint64

// Account returns the key of an account.
func (l *Ledger) Account(name string) Account { return Account(l.seed.String(hashAccount, name)) }

// at returns the bucket of a period, emptied where it was for an older one. A clock that was set back goes on in the newer bucket.
func at(buckets []bucket, period int64) *bucket {
	b := &buckets[period%int64(len(buckets))]
	if b.period < period {
		*b = bucket{period: period}
	}
	return b
}

// Dialled counts a call that was made. id is that of the attempt.
func (l *Ledger) Dialled(a Account, id string, now int64) {
	if now < 0 {
		return
	}
	key := l.seed.String(hashOpen, id)
	l.rows.Lock(uint64(a))
	defer l.rows.Unlock(uint64(a))
	l.dirty[slots.PartOf(uint64(a))].Store(true)
	r := l.rows.Take(uint64(a))
	r.touched = max(r.touched, now)
	at(r.hour[:], now/minutesEach).calls++
	at(r.day[:], now/hoursEach).calls++
	oldest := 0
	for i := range r.open {
		if r.open[i].id == 0 {
			oldest = i
			break
		}
		if r.open[i].since < r.open[oldest].since {
			oldest = i
		}
	}
	r.open[oldest].id, r.open[oldest].since = key|1, now
}

// Ended counts how long a call lasted and what it cost, and that it is under way no more. A call that was not dialled, or has ended before, counts
// its time all the same: an ending comes once.
func (l *Ledger) Ended(a Account, id string, talk time.Duration, cost, now int64) {
	if now < 0 {
		return
	}
	key := l.seed.String(hashOpen, id) | 1
	l.rows.Lock(uint64(a))
	defer l.rows.Unlock(uint64(a))
	l.dirty[slots.PartOf(uint64(a))].Store(true)
	r := l.rows.Take(uint64(a))
	r.touched = max(r.touched, now)
	for i := range r.open {
		if r.open[i].id == key {
			r.open[i].id, r.open[i].since = 0, 0
			break
		}
	}
	seconds := uint32(min(max(talk, 0)/time.Second, 1<<30))
	for _, b := range [...]*bucket{at(r.hour[:], now/minutesEach), at(r.day[:], now/hoursEach)} {
		b.seconds = min(b.seconds, 1<<31) + seconds
		b.cost = min(b.cost, 1<<60) + min(max(cost, 0), 1<<60)
	}
}

// longest is how long a call is believed to be under way that nobody has told the end of.
const longest = int64(4 * time.Hour)

// Used returns what an account has used within the last hour and day, and how many of its calls are under way, at most 32.
func (l *Ledger) Used(a Account, now int64) (hour, day Sum, open int) {
	l.rows.Lock(uint64(a))
	defer l.rows.Unlock(uint64(a))
	r := l.rows.Find(uint64(a))
	if r == nil {
		return Sum{}, Sum{}, 0
	}
	for i := range r.open {
		if r.open[i].id != 0 && now-r.open[i].since < longest {
			open++
		}
	}
	return sum(r.hour[:], now/minutesEach), sum(r.day[:], now/hoursEach), open
}

// sum adds up the buckets that are not too old.
func sum(buckets []bucket, period int64) (s Sum) {
	for i := range buckets {
		b := &buckets[i]
		if b.period > period-int64(len(buckets)) {
			s.Calls += int(b.calls)
			s.Talk += time.Duration(b.seconds) * time.Second
			s.Cost += b.cost
		}
	}
	return s
}

// Stats are figures about the ledger's memory.
func (l *Ledger) Stats() slots.Stats { return l.rows.Stats() }
