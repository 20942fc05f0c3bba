package screen

// Stats are counters since the engine was made.
type Stats struct {
	// Checks holds one entry per check, cheapest stage first.
	Checks []CheckStats
	// Misuses counts attempts that were relayed because their policy was resolved for other checks: a bug in the wiring.
	Misuses uint64
}

// CheckStats are the counters of one check.
type CheckStats struct {
	// Name and Stage are the check's.
	Name  string
	Stage Stage
	// Runs counts how often it ran.
	Runs uint64
	// Signals counts what it reported.
	Signals uint64
	// Timeouts counts runs without an answer in time, or not started because too many were under way.
	Timeouts uint64
	// Panics counts runs that failed and were recovered.
	Panics uint64
	// Unknown counts reports of signals that its Info does not list.
	Unknown uint64
	// Learned counts the endings, and Judged the opinions of people, that it was told.
	Learned, Judged uint64
	// InFlight is how many look-ups run now.
	InFlight int64
}

// Stats returns the counters now.
func (e *Engine) Stats() Stats {
	s := Stats{Checks: make([]CheckStats, len(e.checks)), Misuses: e.misuses.Load()}
	inTurn := uint64(0) // a Cheap check has run wherever one behind it has
	for i := len(e.checks) - 1; i >= 0; i-- {
		c := &e.counts[i]
		if i < e.cheap {
			inTurn += e.ended[i+1].Load()
		}
		s.Checks[i] = CheckStats{
			Name: e.catalog.checks[i].Name, Stage: e.catalog.checks[i].Stage,
			Runs: c.runs.Load() + inTurn, Signals: c.signals.Load(), Timeouts: c.timeouts.Load(),
			Panics: c.panics.Load(), Unknown: c.unknown.Load(), Learned: c.learned.Load(), Judged: c.judged.Load(), InFlight: c.busy.Load(),
		}
	}
	return s
}
