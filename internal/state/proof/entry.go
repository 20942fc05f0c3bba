package proof

import (
	"math"
	"math/bits"
	"time"

	"gatehouse.example/verdict"
)

// What the package comment says in words. They are no settings: a replay must give what production gave.
const (
	z          = 1.6449 // 95 %, one-sided
	halfLife   = 30 * 24 * time.Hour
	mostProven = 200.0 // more evidence than this would only make forgetting slow

	boundNone     = 0.75 // nothing is expected below
	boundFull     = 0.90
	boundDoubtful = 0.60 // below, an established subject is so no more

	youngest    = 0.6 // strength of what was learned within an hour, as a part of what it will be
	matureAfter = 7 * 24 * time.Hour
	freshFor    = 14 * 24 * time.Hour
	goneAfter   = 45 * 24 * time.Hour

	missesPerDay  = 2
	explainedDays = 7
	explainedPart = 0.25
	forgetPath    = 30 // days

	blockNumbers = 4    // a block is more than a few numbers of one office
	blockPart    = 0.6  // not every number of a block is the same carrier's
	peerPart     = 0.5  // a peer carries many callers
	weakPart     = 0.5  // attestation C where A is usual: a gateway may have been in between
	peerLeast    = 20.0 // attempts before a peer's absence of signatures explains anything
	peerShare    = 0.05
	lossShare    = 0.05 // of proofs that are missing at a peer, from which on more explain no more
)

// entry is what is known about one subject.
type entry struct {
	subject            Subject
	proven, missing    float64 // at updated
	updated            int64   // Unix nanoseconds, like all times here
	first, last        int64
	numbers            uint64
	established        bool
	signer, repository string
	known              [3]Path // ways on which proofs came
	others             [3]Path // ways on which they are missing
	missDay            int32
	missCount          uint8
	ring               *ring // where it is kept, and at which place
	place              int
}

// lower is the lower bound of Wilson's score interval for s out of s+u.
func lower(s, u float64) float64 {
	n := s + u
	if n <= 0 {
		return 0
	}
	p, zz := s/n, z*z/n
	return (p + zz/2 - z*math.Sqrt(p*(1-p)/n+zz/(4*n))) / (1 + zz)
}

// decay is what is left of a count after some time. A clock that was set back makes nothing grow.
func decay(from, to int64) float64 {
	if to <= from {
		return 1
	}
	return math.Exp2(-float64(to-from) / float64(halfLife))
}

// age brings the counts to now.
func (e *entry) age(now int64) {
	if now > e.updated {
		d := decay(e.updated, now)
		e.proven, e.missing, e.updated = e.proven*d, e.missing*d, now
	}
}

// bound is the lower bound at now.
func (e *entry) bound(now int64) float64 {
	d := decay(e.updated, now)
	return lower(e.proven*d, e.missing*d)
}

// strength is how much a proof is expected at now, leaving aside the way.
func (e *entry) strength(now int64) float64 {
	s := (e.bound(now) - boundNone) / (boundFull - boundNone)
	s = min(max(s, 0), 1) * (youngest + (1-youngest)*min(1, float64(e.last-e.first)/float64(matureAfter)))
	if silent := now - e.last; silent > int64(freshFor) {
		s *= max(0, 1-float64(silent-int64(freshFor))/float64(goneAfter-freshFor))
	}
	switch e.subject.Kind {
	case Block:
		if bits.OnesCount64(e.numbers) < blockNumbers {
			return 0
		}
		s *= blockPart
	case Peer:
		s *= peerPart
	}
	return s
}

// prove takes a proof.
func (e *entry) prove(o *Observation, now int64) {
	e.age(now)
	e.proven = min(e.proven+1, mostProven)
	e.last = max(e.last, now)
	e.signer, e.repository = o.Signer, o.Repository
	exact, _ := pathsOf(o)
	know(&e.known, exact)
	if e.subject.Kind == Block {
		e.numbers |= 1 << (lastThree(o.ProvenNumber) % 64)
	}
	e.settle()
}

// lastThree is what tells the numbers of a block apart.
func lastThree(number string) (n uint) {
	for _, c := range []byte(number[max(0, len(number)-3):]) {
		n = n*10 + uint(c-'0')
	}
	return n
}

// miss takes an attempt without proof, as far as it may teach anything. It returns whether something has changed.
func (e *entry) miss(o *Observation, now int64) bool {
	exact, network := pathsOf(o)
	day := int32(now / int64(24*time.Hour))
	ownHost := o.Own && o.Connected && e.subject.Kind == Domain
	if !ownHost && !has(&e.known, exact) {
		return regular(&e.others, network, day)
	}
	if e.established {
		if !o.Connected && o.Peer == "" {
			return false
		}
		if e.missDay != day {
			e.missDay, e.missCount = day, 0
		}
		if e.missCount >= missesPerDay {
			return false
		}
		e.missCount++
	}
	e.age(now)
	e.missing++
	e.settle()
	return true
}

// tally counts an attempt of a subject of which all are counted, with proof or without.
func (e *entry) tally(with bool, now int64) {
	e.age(now)
	if with {
		e.proven++
		e.last = max(e.last, now)
	} else {
		e.missing++
	}
	e.settle()
}

// lost is what is left of the surprise at a proof that is missing, where e tells how many are missing anyhow.
func (e *entry) lost(now int64) float64 {
	d := decay(e.updated, now)
	return 1 - (1-explainedPart)*min(lower(e.missing*d, e.proven*d)/lossShare, 1)
}

// settle notes when a subject becomes certain, and when it is so no more.
func (e *entry) settle() {
	switch b := lower(e.proven, e.missing); {
	case b >= boundNone:
		e.established = true
	case b < boundDoubtful:
		e.established = false
	}
}

// explained says whether the way is one on which proofs are regularly missing.
func (e *entry) explained(o *Observation, now int64) bool {
	_, network := pathsOf(o)
	for i := range e.others {
		p := &e.others[i]
		if p.Hash == network && p.Days >= explainedDays {
			return int32(now/int64(24*time.Hour))-p.Day <= forgetPath
		}
	}
	return false
}

// weak says whether a weak proof stands where a strong one is expected.
func (e *entry) weak(o *Observation) bool { return o.Proof == verdict.StirC }

func (e *entry) expectation(strength float64, now int64, explained bool) Expectation {
	d := decay(e.updated, now)
	return Expectation{
		Strength: strength, Subject: e.subject, Proven: e.proven * d, Missing: e.missing * d, First: fromNanos(e.first), Last: fromNanos(e.last),
		Signer: e.signer, Repository: e.repository, Explained: explained,
	}
}

func fromNanos(n int64) time.Time { return time.Unix(0, n).UTC() }
