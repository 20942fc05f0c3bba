// Package history keeps what was decided about every attempt, and what people said about it afterwards.
//
// The [Recorder] takes verdicts from the calls' goroutines and never makes them wait: [Recorder.Record] copies into a
// bounded ring, a goroutine of its own commits in batches, at most 250 ms or 512 verdicts apart. A killed process
// therefore loses less than the last second. When the [Storage] fails or is slow, the recorder tries again for as long as it takes,
// the ring keeps the newest verdicts, and what falls out of it is counted.
//
// Names of attempts are ULIDs from [IDs]: they sort by time, so the order of ids is the order of the history.
//
// Telephone numbers and addresses are found by their [Key], the one form that "tel:+15551230001",
// "sip:+15551230001@carrier.test" and "+1 555 123 0001" share.
package history

import (
	"context"
	"errors"
	"time"

	"gatehouse.example/verdict"
)

// Errors of this package; test with errors.Is.
var (
	// ErrNotFound says that there is no attempt of that id (any more).
	ErrNotFound = errors.New("history: no such attempt")
	// ErrLabel says that feedback is none of the labels.
	ErrLabel = errors.New(`history: a label is "spam", "ham", or "" to take it back`)
)

// The labels of feedback.
const (
	Spam = "spam" // unwanted
	Ham  = "ham"  // wanted
)

// CheckLabel returns ErrLabel unless label is Spam, Ham or empty.
func CheckLabel(label string) error {
	if label != Spam && label != Ham && label != "" {
		return ErrLabel
	}
	return nil
}

// Limits of one page of the history.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
)

// Filter says which attempts are asked for. The zero Filter is the newest DefaultLimit of all.
type Filter struct {
	// Limit is how many at most: 0 is DefaultLimit, more than MaxLimit is MaxLimit.
	Limit int
	// Before is an attempt's id, usually the `next` of the page before: only older ones. Empty: from the newest.
	Before string
	// From is a caller, as a number or address: what is proven or what is only claimed. Empty: all.
	From string
	// To is the called one, as a number or address: the user or what was requested. Empty: all.
	To string
	// Kind is what was attempted; nil: all.
	Kind *verdict.Kind
	// Action is what was done; nil: all.
	Action *verdict.Action
}

// Page returns the limit to use.
func (f *Filter) Page() int {
	switch {
	case f.Limit <= 0:
		return DefaultLimit
	case f.Limit > MaxLimit:
		return MaxLimit
	}
	return f.Limit
}

// Storage keeps attempts. Its methods may be called from several goroutines.
type Storage interface {
	// Append stores verdicts, all or none. An id that is there already is left as it is, so that a batch whose outcome is
	// unknown can be appended again. What a verdict holds is never a reason to fail: text that the store cannot hold is mended or cut.
	// The verdicts are borrowed until it returns.
	Append(ctx context.Context, verdicts []verdict.Verdict) error
	// Get returns the attempt of that id, or ErrNotFound. Times come back to the microsecond.
	Get(ctx context.Context, id string) (verdict.Verdict, error)
	// Query returns attempts, the newest first, and the Before of the following page, empty where there is none.
	Query(ctx context.Context, f Filter) (page []verdict.Verdict, next string, err error)
	// Feedback sets what a person says about an attempt, and when it was said. ErrNotFound, ErrLabel.
	Feedback(ctx context.Context, id, label string) error
	// Respond sets the responses of attempts that are stored already, all or none, and returns the ids that are not there (any more). Of two
	// outcomes of one attempt the later holds.
	Respond(ctx context.Context, outcomes []Outcome) (missing []string, err error)
	// Prune removes one bounded step's worth of attempts that came before a time (zero: none), or that are the oldest
	// where all together take more than maxBytes (0: no limit). Some may stay up to an hour longer, until others that are stored
	// with them can go too. It returns how many; 0 means that there is nothing left to remove.
	Prune(ctx context.Context, before time.Time, maxBytes int64) (rows int64, err error)
	// Compact puts in better order what was stored in small pieces, one bounded step's worth, and returns how many attempts
	// it has moved; 0 means that there is nothing left to do. Nobody else sees a difference.
	Compact(ctx context.Context) (rows int64, err error)
}
