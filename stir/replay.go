package stir

import "time"

// Replay remembers which token was used in which call.
type Replay struct{}

// ReplayConfig bounds a Replay.
type ReplayConfig struct {
	// Tokens is how many are remembered at most; 131072 if zero.
	Tokens int
	// Lifetime is how long a token is remembered at least, unless there are too many; it should be twice the freshness
	// and some clock skew: 150 s if zero.
	Lifetime time.Duration
}

// NewReplay makes a memory.
func NewReplay(c ReplayConfig) *Replay { return &Replay{} }
