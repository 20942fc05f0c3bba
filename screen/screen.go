// Package screen weighs what the checks report about an attempt and says what to do with it.
//
// RFC 5039 §6 asks to "combine the results through some kind of weight": no single technique is good enough to decide alone,
// and each is cheap to evade alone. So a [Check] only reports signals (name, strength, evidence), a [Policy] holds the
// weights, composite rules and thresholds, and the [Engine] runs the one against the other and fills a verdict.Verdict.
// A check cannot reject a call, cannot see another check, and cannot harm a call by failing: panics are recovered, look-ups
// have a deadline, and both fail open, counted and visible among the reasons.
//
// # Stages
//
// [Engine.Cheap] runs the checks without I/O on the caller's goroutine. When nothing is found it allocates nothing. Those that read large tables
// say beforehand where ([Preparer]).
// [Engine.Lookup] runs those that wait for the world, all at once and with one deadline; one that is [Selective] and needs no look-up for this
// attempt is heard in the cheap stage instead. The engine stops as soon as no
// check that has not run can change the action, so a verdict may show fewer reasons than there are; its action is the one
// that all reasons together would give. [Policy.Exhaustive] asks for all reasons.
//
// # Exemptions
//
// An [Attempt] with Exempt set (emergency calls, internal numbers) is relayed before any check runs: what can never happen
// to it is not a matter of weights.
//
// Engine and Policy are safe for concurrent use; an Attempt and a Verdict belong to one goroutine at a time. The package
// imports the standard library, verdict and sip/uri only.
package screen

import "context"

// Stage says what a check costs and therefore where it runs.
type Stage uint8

// The stages, cheapest first.
const (
	// Cheap checks do no I/O, take at most 2 µs, allocate nothing unless they find something, and run on the packet's goroutine.
	Cheap Stage = iota
	// Lookup checks wait for the world: DNS, certificates, other nodes. They run concurrently under the policy's deadline.
	Lookup
	// Interactive techniques need the caller to do something. The engine does not run them: they are what action introduce leads to.
	Interactive
)

// String returns "cheap", "lookup" or "interactive".
func (s Stage) String() string {
	switch s {
	case Cheap:
		return "cheap"
	case Lookup:
		return "lookup"
	case Interactive:
		return "interactive"
	}
	return "unknown"
}

// SignalInfo describes one signal that a check may report.
type SignalInfo struct {
	// Name is upper case and starts with the check's name.
	Name string
	// Description says in one sentence what it means when it is reported; docs/checks.md is made of these.
	Description string
	// Weight is the default weight: what strength 1 adds to the score. Negative speaks for the caller.
	Weight float64
	// Distrusts is a way of introduction that tells nothing where this signal is found, and Asks is the way that is asked for instead; empty: none.
	Distrusts, Asks string
}

// Info describes a check.
type Info struct {
	// Name is lower case and the name of the check's folder.
	Name string
	// Stage says where it runs.
	Stage Stage
	// Computes tells that a Lookup check waits for nobody: it takes some processor time and looks at ctx now and then. It needs no goroutine of its own.
	Computes bool
	// RFC names the section that describes the technique, "5039 §3.2".
	RFC string
	// Signals are all signals that the check may report.
	Signals []SignalInfo
}

// Check is one technique: it looks at an attempt and reports what it sees.
//
// Run may be called from many goroutines at once. It must not keep a, r, or change a. A Lookup check must return when ctx is done; what it
// reports after that is lost. Run may panic without harm to the call, but the panic is counted as the bug that it is.
type Check interface {
	// Info returns the same value each time.
	Info() Info
	// Run reports what the check sees in a.
	Run(ctx context.Context, a *Attempt, r *Report)
}

// Selective is what a Lookup check may be as well: one that often needs no look-up, because the attempt is none of its business or
// because it has the answer in a cache.
type Selective interface {
	Check
	// Wants says whether a needs the look-up. False means that it does not: what the check has put into r is its report, and the engine
	// counts it as run. True means that it does: what is in r is dropped, and Run is called if it can still change the action.
	//
	// Wants runs where Cheap checks do and under the same terms: no I/O, at most 2 µs, no allocation unless something is found. It may be asked
	// twice about one attempt, so it must not count.
	Wants(a *Attempt, r *Report) bool
}
