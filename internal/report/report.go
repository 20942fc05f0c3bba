// Package report sums up the history of a period: what came, what was done, for which reasons, and who was perhaps harmed by it.
//
// A [Summary] takes verdicts one by one and keeps counters only; callers and sources are counted among a bounded number of the
// most frequent, so a flood of new names costs no memory. It is written as text for a terminal
// or a mail, or as one HTML page that needs nothing else.
package report

import (
	"cmp"
	"slices"
	"time"

	"gatehouse.example/verdict"
)

// Summary is what a report is about. The zero value is empty and ready.
type Summary struct {
	// First and Last are when the first and the last attempt came.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Attempts counts all, Monitored those that a policy in monitor mode judged.
	Attempts  int `json:"attempts"`
	Monitored int `json:"monitored"`
	// Actions counts by what was done, and in monitor mode by what would have been; Kinds by what was attempted.
	Actions [verdict.Drop + 1]int  `json:"-"`
	Would   [verdict.Drop + 1]int  `json:"-"`
	Kinds   [verdict.Other + 1]int `json:"-"`
	// Spam and Ham are what people said, by what had been done.
	Spam Said `json:"spam"`
	Ham  Said `json:"ham"`

	days     map[string]*Day
	reasons  map[string]*Reason
	callers  frequent
	stopped  frequent
	sources  frequent
	examples []Example
}

// Said counts attempts about which people said something.
type Said struct {
	// Relayed came through unmarked, Labelled with a mark; Stopped were asked for an introduction, rejected or dropped, or would have been.
	Relayed  int `json:"relayed"`
	Labelled int `json:"labelled"`
	Stopped  int `json:"stopped"`
}

// Day counts the attempts of one day.
type Day struct {
	Date     string `json:"date"`
	Attempts int    `json:"attempts"`
	// Stopped were asked for an introduction, rejected or dropped, or would have been.
	Stopped int `json:"stopped"`
}

// Reason counts a signal.
type Reason struct {
	Name string `json:"name"`
	// Attempts is in how many verdicts it stood with a score, Stopped in how many of those that were stopped.
	Attempts int `json:"attempts"`
	Stopped  int `json:"stopped"`
	// Score is what it added in all; below 0 it spoke for callers.
	Score float64 `json:"score"`
}

// Example is an attempt that was stopped and that people say was welcome.
type Example struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
	From string    `json:"from"`
	Why  string    `json:"why"`
}

// maxExamples is how many are shown.
const maxExamples = 10

// done is what was done, or in monitor mode what would have been.
func done(v *verdict.Verdict) verdict.Action { return max(v.Action, v.Would) }

// Add counts an attempt.
func (s *Summary) Add(v *verdict.Verdict) {
	if s.Attempts == 0 || v.Time.Before(s.First) {
		s.First = v.Time
	}
	if v.Time.After(s.Last) {
		s.Last = v.Time
	}
	s.Attempts++
	s.Actions[min(v.Action, verdict.Drop)]++
	if v.Mode == verdict.Monitor {
		s.Monitored++
		s.Would[min(v.Would, verdict.Drop)]++
	}
	s.Kinds[min(v.Kind, verdict.Other)]++
	stopped := done(v) >= verdict.Introduce
	s.addDay(v, stopped)
	s.addReasons(v, stopped)
	from := cmp.Or(v.From.Identity, v.From.Claimed)
	s.callers.add(from)
	if stopped {
		s.stopped.add(from)
	}
	s.sources.add(source(v))
	s.addFeedback(v, from)
}

func (s *Summary) addDay(v *verdict.Verdict, stopped bool) {
	if s.days == nil {
		s.days, s.reasons = make(map[string]*Day), make(map[string]*Reason)
	}
	date := v.Time.UTC().Format(time.DateOnly)
	d := s.days[date]
	if d == nil {
		d = &Day{Date: date}
		s.days[date] = d
	}
	d.Attempts++
	if stopped {
		d.Stopped++
	}
}

func (s *Summary) addReasons(v *verdict.Verdict, stopped bool) {
	for i := range v.Signals {
		sig := &v.Signals[i]
		if sig.Score == 0 {
			continue
		}
		r := s.reasons[sig.Name]
		if r == nil {
			r = &Reason{Name: sig.Name}
			s.reasons[sig.Name] = r
		}
		r.Attempts++
		r.Score += sig.Score
		if stopped {
			r.Stopped++
		}
	}
}

func (s *Summary) addFeedback(v *verdict.Verdict, from string) {
	said := &s.Spam
	switch v.Feedback {
	case "spam":
	case "ham":
		said = &s.Ham
	default:
		return
	}
	switch done(v) {
	case verdict.Relay:
		said.Relayed++
	case verdict.Label:
		said.Labelled++
	default:
		if said.Stopped++; said == &s.Ham && len(s.examples) < maxExamples {
			s.examples = append(s.examples, Example{v.ID, v.Time, from, v.Why()})
		}
	}
}

// source is the address without its port, or the peer.
func source(v *verdict.Verdict) string {
	if v.Source.Peer != "" {
		return "peer " + v.Source.Peer
	}
	address := v.Source.Address
	for i := len(address) - 1; i >= 0; i-- {
		if address[i] == ':' {
			return address[:i]
		}
	}
	return address
}

// Days returns the days in order.
func (s *Summary) Days() []*Day {
	all := make([]*Day, 0, len(s.days))
	for _, d := range s.days {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *Day) int { return cmp.Compare(a.Date, b.Date) })
	return all
}

// Reasons returns the signals, those of most stopped attempts first.
func (s *Summary) Reasons() []*Reason {
	all := make([]*Reason, 0, len(s.reasons))
	for _, r := range s.reasons {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Reason) int {
		return cmp.Or(cmp.Compare(b.Stopped, a.Stopped), cmp.Compare(b.Attempts, a.Attempts), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// Callers, Stopped and Sources return the most frequent callers, stopped callers, and sources.
func (s *Summary) Callers() []Count { return s.callers.top() }

// Stopped returns the callers that were stopped most often.
func (s *Summary) Stopped() []Count { return s.stopped.top() }

// Sources returns where most attempts came from.
func (s *Summary) Sources() []Count { return s.sources.top() }

// Harmed returns examples of what was stopped and welcome.
func (s *Summary) Harmed() []Example { return s.examples }

// Words returns the counts of actions, kinds, and of what enforce mode would have done, by their words.
func (s *Summary) Words() (actions, kinds, would map[string]int) {
	actions, kinds, would = make(map[string]int), make(map[string]int), make(map[string]int)
	for a, n := range s.Actions {
		if n > 0 {
			actions[verdict.Action(a).String()] = n
		}
	}
	for k, n := range s.Kinds {
		if n > 0 {
			kinds[verdict.Kind(k).String()] = n
		}
	}
	for a, n := range s.Would {
		if n > 0 {
			would[verdict.Action(a).String()] = n
		}
	}
	return actions, kinds, would
}
