package effect

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// Tally counts what became of events.
type Tally struct {
	// Happened is how many happened; the rest depended on others that went otherwise.
	Happened int `json:"happened"`
	// Relayed reached the callee; Labelled are those of them that were marked.
	Relayed  int `json:"relayed"`
	Labelled int `json:"labelled"`
	// Asked were asked to introduce themselves; Passed did so.
	Asked  int `json:"asked"`
	Passed int `json:"passed"`
	// Rejected were refused at once.
	Rejected int `json:"rejected"`
}

// Stopped is how many did not reach the callee.
func (t *Tally) Stopped() int { return t.Happened - t.Relayed }

func (t *Tally) add(l *line) {
	t.Happened++
	if l.relayed {
		t.Relayed++
	}
	switch l.action {
	case 'l':
		t.Labelled++
	case 'i':
		t.Asked++
		if l.passed {
			t.Passed++
		}
	case 'r', 'd':
		t.Rejected++
	}
}

// sum adds another tally.
func (t *Tally) sum(o *Tally) {
	t.Happened += o.Happened
	t.Relayed += o.Relayed
	t.Labelled += o.Labelled
	t.Asked += o.Asked
	t.Passed += o.Passed
	t.Rejected += o.Rejected
}

// Score is how well a policy did in a world.
type Score struct {
	// Actors and Days are tallies of what came from outside; Days are of what is wanted and of what is not.
	Actors   [Actors]Tally `json:"actors"`
	Wanted   []Tally       `json:"wanted"`
	Unwanted []Tally       `json:"unwanted"`
	// First counts attempts of people who call for the first time, and how many were lost although they tried again.
	First, FirstLost int `json:"-"`
	// Calls and CallsLost are wanted automated calls, and those lost although they were tried again.
	Calls, CallsLost int `json:"-"`
	// Rings are, by hijacked friend, how often telephones rang before he was held.
	Rings []int `json:"rings"`
	// Sweeps are what became of the requests of each scan.
	Sweeps []Sweep `json:"sweeps"`
	// Backs is how many call-backs to expensive numbers went out.
	Backs Tally `json:"backs"`
	// OwnCalls are what users send to elsewhere.
	OwnCalls Tally `json:"own_calls"`
	// Reasons say why things went wrong.
	Reasons Reasons `json:"-"`
}

// Sweep is what became of the requests of one scan.
type Sweep struct {
	// Before is how many were looked at before the first was dropped, and Seen how many in all: a ban of a source that nothing proves is short.
	Before int `json:"before"`
	Seen   int `json:"seen"`
	// Dropped is how many were dropped.
	Dropped int `json:"dropped"`
}

// swept puts down what became of a scanner's request.
func (s *Score) swept(scan int, l *line) {
	for len(s.Sweeps) <= scan {
		s.Sweeps = append(s.Sweeps, Sweep{})
	}
	switch w := &s.Sweeps[scan]; {
	case l.action == 'd':
		w.Dropped++
	case w.Dropped == 0:
		w.Before++
		w.Seen++
	default:
		w.Seen++
	}
}

// line is what the score needs of a verdict.
type line struct {
	number  int
	action  byte
	relayed bool
	passed  bool
}

// Read scores the verdicts that `gatehouse replay --brief` prints.
func (w *World) Read(in io.Reader) (*Score, error) {
	s := &Score{Wanted: make([]Tally, w.Options.Days), Unwanted: make([]Tally, w.Options.Days)}
	went := make([]byte, len(w.events))
	scan := bufio.NewScanner(in)
	scan.Buffer(make([]byte, 0, 1<<16), 1<<22)
	for scan.Scan() {
		var l line
		if !l.read(scan.Bytes()) || l.number >= len(w.events) {
			return nil, fmt.Errorf("effect: %q is no verdict about an event of this world", scan.Bytes())
		}
		went[l.number] = 1
		if l.relayed {
			went[l.number] = 2
		}
		w.count(s, w.events[l.number], &l)
		if w.Options.Reasons {
			s.Reasons.add(w.events[l.number], &l, scan.Bytes())
		}
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("effect: %w", err)
	}
	w.lost(s, went)
	return s, nil
}

// read takes a line apart without decoding all of it: it is read a million times.
func (l *line) read(b []byte) bool {
	const head = `{"id":"`
	if !bytes.HasPrefix(b, []byte(head)) {
		return false
	}
	b = b[len(head):]
	end := bytes.IndexByte(b, '"')
	n, ok := numberOf(b[:max(end, 0)])
	if !ok {
		return false
	}
	action := after(b, `"action":"`)
	if len(action) == 0 {
		return false
	}
	l.number, l.action = n, action[0]
	if action[0] == 'r' && bytes.HasPrefix(action, []byte("relay")) {
		l.action = 'R'
	}
	tail := b[max(0, len(b)-48):]
	l.relayed = bytes.Contains(tail, []byte(`"relayed":true`))
	l.passed = bytes.Contains(tail, []byte(`"introduced":"pass"`))
	return true
}

func after(b []byte, key string) []byte {
	i := bytes.Index(b, []byte(key))
	if i < 0 {
		return nil
	}
	return b[i+len(key):]
}

// count counts one verdict.
func (w *World) count(s *Score, e *event, l *line) {
	switch {
	case e.out && e.actor == OneRing:
		s.Backs.add(l)
		return
	case e.out:
		s.OwnCalls.add(l)
		return
	case e.group < 0:
		return // between accomplices: nobody is harmed, nobody helped
	}
	if e.actor == Scanner {
		s.swept(int(e.group), l)
	}
	if e.status != 0 {
		return // no telephone rings
	}
	s.Actors[e.actor].add(l)
	d := int(e.at / day)
	if e.actor.Wanted() {
		s.Wanted[d].add(l)
	} else {
		s.Unwanted[d].add(l)
	}
	if e.actor == Hijacked {
		s.Rings = noted(s.Rings, int(e.group), l.relayed)
	}
}

func noted(to []int, at int, relayed bool) []int {
	for len(to) <= at {
		to = append(to, 0)
	}
	if relayed {
		to[at]++
	}
	return to
}

// lost finds the first calls and the wanted automated calls that were lost for good: not relayed, nor was the second try.
func (w *World) lost(s *Score, went []byte) {
	again := make(map[*event]bool)
	for i, e := range w.events {
		if e.again && went[i] == 2 {
			again[e.afterFailure] = true
		}
	}
	for i, e := range w.events {
		if !e.first || e.again || e.out || went[i] == 0 {
			continue
		}
		gone := went[i] == 1 && !again[e]
		switch e.actor {
		case FirstCall:
			s.First++
			if gone {
				s.FirstLost++
			}
		case Automated:
			s.Calls++
			if gone {
				s.CallsLost++
			}
		}
	}
}

// Total sums the actors that are wanted, or those that are not.
func (s *Score) Total(wanted bool) (t Tally) {
	for a := range Actors {
		if a.Wanted() == wanted {
			t.sum(&s.Actors[a])
		}
	}
	return t
}
