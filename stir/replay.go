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
	young, old map[tokenKey]callKey
	since      time.Time // when young was begun
	early      uint64    // generations that were dropped because young was full
}

type (
	tokenKey [32]byte
	callKey  [16]byte
)

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

// Use notes that a token is used in a call, and says whether it is the first one that uses it.
func (r *Replay) Use(t *passport.Token, callID []byte, to string, now time.Time) bool {
	return r.use(t.PayloadKey(), callOf(callID, to), now)
}

func callOf(callID []byte, to string) (k callKey) {
	var buf [256]byte
	b := binary.BigEndian.AppendUint32(buf[:0], uint32(len(callID)))
	b = append(append(b, callID...), to...)
	sum := sha256.Sum256(b)
	copy(k[:], sum[:])
	return k
}

func (r *Replay) use(t tokenKey, call callKey, now time.Time) bool {
	s := &r.shards[t[0]%replayShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now, r)
	known, ok := s.young[t]
	if !ok {
		if known, ok = s.old[t]; !ok {
			known = call
		}
		// What is used again is remembered from now on.
		s.add(t, known, now, r)
	}
	return known == call
}

// turn begins a new generation where the young one is old.
func (s *replayShard) turn(now time.Time, r *Replay) {
	if s.young == nil {
		s.young, s.since = make(map[tokenKey]callKey), now
		return
	}
	age := now.Sub(s.since)
	switch {
	case age >= 2*r.lifetime: // nobody was here for long
		s.young, s.old, s.since = make(map[tokenKey]callKey), nil, now
	case age >= r.lifetime:
		s.old, s.young, s.since = s.young, make(map[tokenKey]callKey), now
	}
}

func (s *replayShard) add(t tokenKey, call callKey, now time.Time, r *Replay) {
	if len(s.young) >= r.perShard {
		s.old, s.young, s.since = s.young, make(map[tokenKey]callKey), now
		s.early++
	}
	s.young[t] = call
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
