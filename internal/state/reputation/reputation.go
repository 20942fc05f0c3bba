// Package reputation remembers what became of those who called: of identities, domains, signers, networks and user agents. RFC 5039 §3.5.
//
// # Evidence
//
// A subject has positive and negative evidence. It comes from people: what they say (607 and feedback), and what they do: talk for minutes, hang up at
// once, call back. Each voter's evidence about one subject is bounded by one vote, whatever he does and however often, so a flood of feedback
// from one account weighs as one; of the votes that one voter gives in a day each beyond the twentieth weighs less. Votes weigh by the voter's standing: it falls
// when he contradicts what all others say, and by what the web of trust knows of him (package trust). Evidence decays with a half-life of 30 days.
//
// # Confidence
//
// What is reported is not the share but the lower bound of Wilson's score interval (1927) at 80 %: two unwanted of two are .55, ten of ten .86. Where neither side's
// bound is above one half the answer is "inconclusive", which is an answer. RFC 5039 wants the input of one user to be insufficient to ruin a reputation: so it is.
//
// # Framing and mafias
//
// Proven and claimed identities are different subjects, so nobody loses his reputation by being impersonated. Praise among strangers counts nothing, because
// only our own users vote, and one who has no standing hardly does. A domain's, network's or user agent's evidence counts each voter once.
//
// # Behaviour
//
// [Memory.Behaved] knows how many callees an identity tries a day and who they are. An account that has behaved like a person and then tries
// several new callees within an hour has been stolen, presumably (a zombie): [Memory.Broken] says so for a day.
//
// Time is the attempt's. Memory is fixed (package slots). Look-ups allocate nothing. All methods are safe for concurrent use.
package reputation

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/slots"
)

// Kind says what a subject is.
type Kind uint8

// The kinds of subject.
const (
	Identity Kind = iota // a proven number or address
	Claimed              // a claimed one
	Domain               // of a proven address
	Signer               // who signed
	Network              // a /24, or a /48 of IPv6, of a stranger
	Agent                // a User-Agent
)

// String returns "identity", "claimed", "domain", "signer", "network" or "agent".
func (k Kind) String() string {
	switch k {
	case Identity:
		return "identity"
	case Claimed:
		return "claimed"
	case Domain:
		return "domain"
	case Signer:
		return "signer"
	case Network:
		return "network"
	case Agent:
		return "agent"
	}
	return "unknown"
}

// Config says how much is remembered.
type Config struct {
	// Subjects is how many subjects are remembered, about 170 octets each. Default: 131072.
	Subjects int
	// Behaviours is how many identities' behaviour is remembered, about 150 octets each. Default: 65536.
	Behaviours int
	// Voters is how many of our users' standings are remembered, about 32 octets each. Default: 65536.
	Voters int
	// Seed makes the hashes; the zero Seed is replaced by a random one.
	Seed rate.Seed
	// Trust says how far the web of trust reaches a voter, from 0 to 1; nil: everybody in full.
	Trust func(voter string) float64
	// Storage keeps subjects between runs; nil: nothing does.
	Storage Storage
}

const (
	defaultSubjects   = 1 << 17
	defaultBehaviours = 1 << 16
	defaultVoters     = 1 << 16
)

// Entry is a subject as it is stored.
type Entry struct {
	Kind Kind
	Name string
	// Good and Bad are the evidence as it was at Updated.
	Good, Bad float32
	Updated   time.Time
	// Reached counts the calls that were answered, Callees has a bit for each callee by hash, Complaints the objections of people.
	Reached    uint32
	Callees    uint64
	Complaints float32
}

// Storage keeps subjects between runs.
type Storage interface {
	// LoadReputation returns at most that many subjects, those that changed last first.
	LoadReputation(ctx context.Context, most int) ([]Entry, error)
	// PutReputation stores subjects, replacing those of the same name, and deletes what did not change since before, in one transaction.
	PutReputation(ctx context.Context, put []Entry, before time.Time) error
}

// Memory knows what became of callers.
type Memory struct {
	seed       rate.Seed
	trust      func(string) float64
	storage    Storage
	subjects   *slots.Table[subject]
	behaviours *slots.Table[behaviour]
	voters     *slots.Table[voter]
	capped     int

	votes, damped, zombies atomic.Uint64

	mu     sync.Mutex
	dirty  map[uint64]name // guarded by mu
	newest int64           // guarded by mu
}

type name struct {
	kind Kind
	text string
}

// New returns an empty memory.
func New(cfg Config) (*Memory, error) {
	for _, d := range []struct {
		name    string
		field   *int
		shipped int
	}{
		{"subjects", &cfg.Subjects, defaultSubjects}, {"behaviours", &cfg.Behaviours, defaultBehaviours}, {"voters", &cfg.Voters, defaultVoters},
	} {
		if *d.field == 0 {
			*d.field = d.shipped
		}
		if *d.field < 64 || *d.field > 1<<26 {
			return nil, fmt.Errorf("reputation: %s: %d is not within 64 and %d", d.name, *d.field, 1<<26)
		}
	}
	if cfg.Seed == (rate.Seed{}) {
		cfg.Seed = rate.NewSeed()
	}
	return &Memory{
		seed: cfg.Seed, trust: cfg.Trust, storage: cfg.Storage, capped: cfg.Subjects,
		subjects:   slots.New(cfg.Subjects, (*subject).worth),
		behaviours: slots.New(cfg.Behaviours, (*behaviour).worth),
		voters:     slots.New(cfg.Voters, (*voter).worth),
		dirty:      make(map[uint64]name),
	}, nil
}

// The domains of hashes; the kinds of subject stand below them.
const (
	hashVoter uint64 = iota + 16
	hashCallee
	hashBehaviour
	hashText
)

// Key is a subject's name in short, so that it is hashed once.
type Key uint64

// Key returns the key of a subject.
func (m *Memory) Key(k Kind, name string) Key { return Key(m.seed.String(uint64(k)+1, name)) }

// Number returns the key of a subject whose name is a number: a network.
func (m *Memory) Number(k Kind, hi, lo uint64) Key { return Key(m.seed.Pair(uint64(k)+1, hi, lo)) }
