package stir

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"gatehouse.example/stir/passport"
)

// ReplayConfig bounds a Replay.
type ReplayConfig struct {
	// Tokens is how many are remembered at most; DefaultReplayTokens if zero. A token takes about a hundred octets.
	Tokens int
	// Lifetime is how long a token is remembered at least, unless there are more than Tokens. A token is of use from one
	// window of freshness before its iat to one behind it, so that it should be twice Freshness, or Freshness and
	// InnerFreshness, and some clock skew; DefaultReplayLifetime if zero.
	Lifetime time.Duration
}

// The defaults of a Replay: two windows of 60 s and 30 s of clock skew, and as many tokens as a thousand calls a second
// bring in that time.
const (
	DefaultReplayTokens   = 1 << 17
	DefaultReplayLifetime = 150 * time.Second
)

// replayShards are locked one by one.
const replayShards = 32

// Replay remembers which token was used in which call. RFC 8224 §12.1: within the time that a token is fresh, anybody who
// sees it could use it for a call of his own between the same numbers.
//
// One token may be used for several callees by somebody who is trusted to say who calls anyway (Request.Via): a PBX or carrier in front of us
// that rings a group makes a call of its own to each phone. Each callee once, and no more than maxForks of them: even so, one token in the
// hands of a careless carrier's customer does not ring a whole town. Everybody else has one call for a token.
//
// Its key is what was signed, not the signature: anybody can make a second valid one of an ECDSA signature. A call is its
// Call-ID and the party in To; retransmissions, forks, and requests that are repeated with credentials are one call.
//
// Memory is bounded: each shard has two generations, the older one is dropped when the younger one is full or Lifetime old.
// Looking up and adding is O(1), nothing is swept, and nothing in it is a pointer.
type Replay struct {
	perShard int
	lifetime time.Duration
	shards   [replayShards]replayShard
}

type replayShard struct {
	mu         sync.Mutex
	young, old map[tokenKey]used
	since      time.Time // when young was begun
	early      uint64    // generations that were dropped because young was full
}

type (
	tokenKey [32]byte
	callKey  [16]byte
)

// used is a token's first call, and where somebody trusted has brought it: who, to whom, and to how many others since. A further call of that
// kind is an entry of its own.
type used struct {
	call        callKey
	via, target uint32 // via 0: nobody trusted
	forks       uint8
}

// maxForks is how many callees one token may be for besides the first.
const maxForks = 15

// NewReplay makes a memory.
func NewReplay(c ReplayConfig) *Replay {
	if c.Tokens <= 0 {
		c.Tokens = DefaultReplayTokens
	}
	if c.Lifetime <= 0 {
		c.Lifetime = DefaultReplayLifetime
	}
	return &Replay{perShard: max(1, c.Tokens/replayShards/2), lifetime: c.Lifetime}
}

// Use notes that a token is used in a request, and says whether it may be: in the first call that uses it, or a fork of it.
func (r *Replay) Use(t *passport.Token, req *Request, now time.Time) bool {
	u := used{call: callOf(req.CallID, req.To.Identity().String())}
	if req.Via != "" {
		u.via, u.target = short(req.Via)|1, short(req.RequestURI.Identity().String())
	}
	return r.use(t.PayloadKey(), u, now)
}

func short(s string) uint32 {
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint32(sum[:])
}

func callOf(callID []byte, to string) (k callKey) {
	var buf [256]byte
	b := binary.BigEndian.AppendUint32(buf[:0], uint32(len(callID)))
	b = append(append(b, callID...), to...)
	sum := sha256.Sum256(b)
	copy(k[:], sum[:])
	return k
}

func (r *Replay) use(t tokenKey, u used, now time.Time) bool {
	s := &r.shards[t[0]%replayShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now, r)
	first, there := s.find(t)
	if !there {
		s.add(t, u, now, r)
		return true
	}
	good := first.call == u.call || s.fork(t, &first, u, now, r)
	s.add(t, first, now, r) // what is used again is remembered from now on
	return good
}

// find looks a token up, or a fork.
func (s *replayShard) find(t tokenKey) (used, bool) {
	u, ok := s.young[t]
	if !ok {
		u, ok = s.old[t]
	}
	return u, ok
}

// fork says whether a call is one more for another callee, by whoever brought the first, and notes that.
func (s *replayShard) fork(t tokenKey, first *used, u used, now time.Time, r *Replay) bool {
	if u.via == 0 || u.via != first.via || u.target == first.target {
		return false
	}
	key := tokenKey(sha256.Sum256(binary.BigEndian.AppendUint32(t[:len(t):len(t)], u.target)))
	known, there := s.find(key)
	if !there && first.forks >= maxForks {
		return false
	}
	if !there {
		first.forks++
		known = u
	}
	s.add(key, known, now, r)
	return known.call == u.call
}

// turn begins a new generation where the young one is old.
func (s *replayShard) turn(now time.Time, r *Replay) {
	if s.young == nil {
		s.young, s.since = make(map[tokenKey]used), now
		return
	}
	age := now.Sub(s.since)
	switch {
	case age >= 2*r.lifetime: // nobody was here for long
		s.young, s.old, s.since = make(map[tokenKey]used), nil, now
	case age >= r.lifetime:
		s.old, s.young, s.since = s.young, make(map[tokenKey]used), now
	}
}

func (s *replayShard) add(t tokenKey, u used, now time.Time, r *Replay) {
	if _, there := s.young[t]; !there && len(s.young) >= r.perShard {
		s.old, s.young, s.since = s.young, make(map[tokenKey]used), now
		s.early++
	}
	s.young[t] = u
}

// Len returns how many tokens are remembered, those that are too old to matter among them.
func (r *Replay) Len() (n int) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		n += len(s.young) + len(s.old)
		s.mu.Unlock()
	}
	return n
}

// Overflows returns how often tokens were forgotten early because there were more than the configuration allows: more than
// zero means that Tokens is too small, or that somebody floods us with valid tokens.
func (r *Replay) Overflows() (n uint64) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		n += s.early
		s.mu.Unlock()
	}
	return n
}
