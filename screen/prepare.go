package screen

// Preparer is what a Cheap check may be as well: one whose memory is so large that it is far away. Before the first check runs, all that are Preparers say which of it
// they are going to read, so that it is waited for once, and not by one check after the other.
type Preparer interface {
	Check
	// Notes returns an empty sheet for one attempt at a time: a pointer to a type of the check's own. It is used again for later attempts.
	Notes() any
	// Prepare works out under which keys Run will look, puts them down in notes, over what is left there of another attempt, and asks for the memory. It neither waits
	// nor counts. Run finds the notes in its report ([Report.Notes]).
	Prepare(a *Attempt, notes any)
}

// Notes are what a Preparer has put down about this attempt: for what it tells others on request, outside of its Run. So what several checks ask of one memory
// is looked up once for each attempt. It is nil where no Cheap checks are just looking at the attempt, and where the Preparer has failed or is none of theirs.
func (a *Attempt) Notes(of Preparer) any {
	if a.judged == nil {
		return nil
	}
	return a.judged.notesOf(of)
}

func (t *tally) notesOf(of Preparer) any {
	for i := range t.preparers {
		if p := &t.preparers[i]; p.Preparer == of && !t.reports[p.check].failed {
			return t.reports[p.check].notes
		}
	}
	return nil
}

// preparer is a check that prepares.
type preparer struct {
	Preparer
	check int
}

// Notes are what the check's Prepare has put down about this attempt; nil where the check is no [Preparer] or runs without an engine.
func (r *Report) Notes() any { return r.notes }

// prepare lets the checks ask for what they are going to read. One that fails has its report by then, and does not run.
func (e *Engine) prepare(t *tally, a *Attempt) {
	for i := range e.preparers {
		p := &e.preparers[i]
		e.prepareOne(p, a, &t.reports[p.check])
	}
}

func (e *Engine) prepareOne(p *preparer, a *Attempt, r *Report) {
	defer e.recovered(p.check, r)
	p.Prepare(a, r.notes)
}
