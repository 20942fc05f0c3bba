package stranger

import (
	"math"

	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The ways of introduction. In consent the called user is asked, and not the caller: who is let in by it has passed no test, but is wanted. turing is the test that shows a
// person, and callAgain is asked for where machines pass it.
const (
	consent   = "consent"
	turing    = "turing"
	callAgain = "call-again"
)

// tested tells whether the caller had to pass a test.
func tested(e *screen.Ending) bool {
	return e.Action == verdict.Introduce && e.Introduction != consent && e.Introduction != callAgain
}

// broken tells whether a test of this caller would tell nothing, because machines pass it.
func (c *Check) broken(a *screen.Attempt, s *newcomers.Standing) bool {
	return a.Kind == verdict.Call && len(a.Introductions) > 0 && (!s.Met || hurry(s) >= rushOfFriend) && c.memory.Broken(a.Time)
}

// calledAgain tells whether somebody was reached who had not been let through before, at a time when those who call again are heard for it.
func (c *Check) calledAgain(e *screen.Ending, s newcomers.Subject) bool {
	return e.Attempt.Kind == verdict.Call && e.Action != verdict.Introduce && reached(e) && c.memory.CameBack(s) && c.memory.Broken(e.Time)
}

// Who is asked each time, and can never answer, would be asked for good.
const (
	unheardFrom   = 6   // tests that a machine has failed
	triedStrength = 0.3 // labels
	oneIsTried    = 8   // of so many callees
	oneIsHeard    = 3   // once those whom it has reached do not speak against it
	triedLean     = 1.0 // up to which they may
)

// unheard tells whether nobody could say yet what a caller to many wants, since it fails each test, as machines do whether they are wanted or not. It reaches one
// callee in eight, labelled, and more where they do not hang up, and is judged by what becomes of that. Whom one to three users here have called is a person, who
// could answer: somebody else is at his telephone.
func (c *Check) unheard(a *screen.Attempt, s *newcomers.Standing) bool {
	if s.Failed < unheardFrom || s.Passed > 0 || s.Lean > triedLean {
		return false
	}
	if friends := c.friends(a); friends > 0 && friends < organisations {
		return false
	}
	one := oneIsTried
	if s.Reached >= c.cfg.Trial && s.Lean <= 0 {
		one = oneIsHeard
	}
	return one*s.Reached < s.Callees
}

// What people and machines do that are asked to introduce themselves: nearly all people can, and a machine that calls people who want that cannot.
const (
	peoplePass   = 0.93
	machinesPass = 0.00001 // who does not listen guesses no code
	leastMixed   = 2       // tests of either kind, from which on they tell something
)

// mixed is what the tests of a caller say against it, as the logarithm of odds: who passes some and fails many is neither a person nor a machine that is
// wanted. Whoever calls by hand, or with a voice that sometimes will do, passes a share that may be any.
func mixed(passed, failed int) float64 {
	if passed == 0 || failed < leastMixed {
		return 0
	}
	p, f := float64(passed), float64(failed)
	person := p*math.Log(peoplePass) + f*math.Log(1-peoplePass)
	machine := p*math.Log(machinesPass) + f*math.Log(1-machinesPass)
	any := lgamma(p+1) + lgamma(f+1) - lgamma(p+f+2) // of all shares, none likelier than another
	return max(any-max(person, machine), 0)
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}
