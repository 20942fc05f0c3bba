package usage

import (
	"sync/atomic"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/slots"
)

// tailDigits is how many digits at the end of a number stay the same under all prefixes. An international number has some more.
const tailDigits = 9

// forms is how many different forms of one tail are told apart.
const forms = 6

// tail is one tail as one source, network or account has dialled it.
type tail struct {
	since   int64 // when the first form was dialled
	touched int64
	seen    [forms]uint32
	n       uint8
}

// Tries remembers who has dialled what under which prefixes.
type Tries struct {
	seed   rate.Seed
	window int64
	tails  *slots.Table[tail]
	dirty  [slots.Parts]atomic.Bool // what is to be stored
}

// NewTries returns a memory of about that many tails, 56 octets each. A tail is forgotten a window after its first form.
func NewTries(tails int, window time.Duration, seed rate.Seed) *Tries {
	// What has been seen in more forms is worth more than anything that has been seen in less, whatever their age.
	worth := func(t *tail) int64 { return int64(t.n)<<56 | t.touched>>8&(1<<56-1) }
	return &Tries{seed: seed, window: int64(window), tails: slots.New(tails, worth)}
}

// Who is a source, network or account that dials.
type Who uint64

// Source makes a Who of the bits of an address or prefix; n is their number, so that a network is none of its hosts.
func (t *Tries) Source(hi, lo uint64, n int) Who {
	return Who(t.seed.Pair(hashWho+uint64(n)<<8, hi, lo))
}

// Account makes a Who of an account.
func (t *Tries) Account(name string) Who { return Who(t.seed.String(hashAccount, name)) }

// Dialled is a number as it was dialled, ready for [Tries.Count].
type Dialled struct {
	tail uint64
	form uint32
}

// Parse takes what was dialled apart: its last nine digits, and the form of the whole. Forms that the numbering plan takes for one number may be given as
// canonical, which is then the form. It is false for what is no long number.
func (t *Tries) Parse(user, canonical string) (Dialled, bool) {
	var digits [tailDigits]byte
	n, i := 0, len(user)
	for ; i > 0 && n < tailDigits; i-- {
		switch c := user[i-1]; {
		case '0' <= c && c <= '9':
			n++
			digits[tailDigits-n] = c
		case c == '-' || c == '.' || c == '(' || c == ')' || c == ' ':
		default:
			return Dialled{}, false
		}
	}
	if n < tailDigits || i == 0 {
		return Dialled{}, false // no prefix before the tail
	}
	form := canonical
	if form == "" {
		form = user
	}
	return Dialled{t.seed.String(hashTail, string(digits[:])), uint32(t.seed.String(hashForm, form))}, true
}

// Count notes what somebody has dialled and returns in how many different forms he has dialled that tail within the window, at most 6. With look set
// it notes nothing.
func (t *Tries) Count(who Who, d Dialled, now int64, look bool) int {
	key := t.seed.Pair(hashTail, uint64(who), d.tail)
	t.tails.Lock(key)
	defer t.tails.Unlock(key)
	r := t.tails.Find(key)
	if r == nil {
		if look {
			return 1
		}
		r = t.tails.Take(key)
	}
	fresh := *r
	if now-fresh.since > t.window {
		fresh = tail{since: now}
	}
	fresh.touched = max(fresh.touched, now)
	fresh.add(d.form)
	if !look {
		*r = fresh
		if fresh.n >= worthKeeping {
			t.dirty[slots.PartOf(key)].Store(true)
		}
	}
	return int(fresh.n)
}

func (r *tail) add(form uint32) {
	for _, f := range r.seen[:r.n] {
		if f == form {
			return
		}
	}
	if r.n < forms {
		r.seen[r.n] = form
		r.n++
	}
}

// Stats are figures about the memory.
func (t *Tries) Stats() slots.Stats { return t.tails.Stats() }
