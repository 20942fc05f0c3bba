package home

import "gatehouse.example/sip/digest"

// Outcome is what a check of credentials came to.
type Outcome uint8

const (
	// Absent: no credentials for the realm. Challenge; nothing is wrong.
	Absent Outcome = iota
	// OK: the user is proven and speaks in its own name.
	OK
	// Wrong: the response does not fit the user, or there is no such user. A failure to count; challenge.
	Wrong
	// Stale: the response is right, but the nonce is too old. Challenge with stale.
	Stale
	// Replayed: the response is right and its nonce count was used before. Suspicious, for someone may be
	// repeating what he overheard; challenge with stale, for it may also be a phone that counts badly.
	Replayed
	// Forged: the nonce is none of ours, or from before the key changed. Challenge.
	Forged
	// UnknownAlgorithm: credentials with an algorithm that is not offered. Challenge.
	UnknownAlgorithm
	// Malformed: the header cannot be understood; answer 400 (RFC 7616 §3.4).
	Malformed
	// Mismatch: the user is proven, but the request claims to be from, or registers, somebody else. Answer 403.
	Mismatch
)

// String returns the outcome in words for logs and reasons.
func (o Outcome) String() string {
	switch o {
	case Absent:
		return "no credentials"
	case OK:
		return "ok"
	case Wrong:
		return "bad user or password"
	case Stale:
		return "stale nonce"
	case Replayed:
		return "credentials used before"
	case Forged:
		return "nonce not issued here"
	case UnknownAlgorithm:
		return "algorithm not offered"
	case Malformed:
		return "malformed credentials"
	case Mismatch:
		return "user and address differ"
	}
	return "unknown"
}

// Challenge tells whether the answer is a challenge, and whether it says stale: the client then tries again
// without asking its user for a password (RFC 3261 §22.1).
func (o Outcome) Challenge() (challenge, stale bool) {
	switch o {
	case Absent, Wrong, Forged, UnknownAlgorithm:
		return true, false
	case Stale, Replayed:
		return true, true
	}
	return false, false
}

// Failure tells whether the outcome is a wrong credential that counts against the source.
func (o Outcome) Failure() bool { return o == Wrong }

// Suspicious tells whether the outcome deserves a note though the password was right.
func (o Outcome) Suspicious() bool { return o == Replayed || o == Mismatch }

// Result is an Outcome with what was learned on the way.
type Result struct {
	Outcome  Outcome
	AoR      string // the proven account, with OK and Mismatch
	Username string // as it was claimed: a stranger's text
	Detail   string // more than the outcome says, or ""
	Retry    Retry  // how to challenge anew

	hashes int // hash functions run on the response
}

// Retry says how to ask somebody anew who has answered a challenge: with the algorithm that he answered with alone and, where the answer was wrong
// and the nonce is good, with that nonce once more (RFC 7616 §3.3: stale is false, so the password was wrong). To pjsip another algorithm or nonce is
// a new chance for the same password: one wrong password would be five wrong answers, which is a ban. The zero value asks as if for the first time.
type Retry struct {
	algorithms []digest.Algorithm
	nonce      string
}
