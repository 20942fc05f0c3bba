package replay

import (
	"container/heap"
	"time"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// ending is an attempt that will have ended at a time of the virtual clock.
type ending struct {
	end      screen.Ending
	feedback string
	relayed  bool
	status   int    // as the event says, 0 where it does not
	refused  bool   // the credentials
	number   uint64 // endings of the same moment are told in the order of their events
}

// endings is a queue, the earliest first.
type endings struct {
	all  []ending
	next uint64
}

// Len implements heap.Interface.
func (q *endings) Len() int { return len(q.all) }

// Less implements heap.Interface.
func (q *endings) Less(i, j int) bool {
	a, b := &q.all[i], &q.all[j]
	if !a.end.Time.Equal(b.end.Time) {
		return a.end.Time.Before(b.end.Time)
	}
	return a.number < b.number
}

// Swap implements heap.Interface.
func (q *endings) Swap(i, j int) { q.all[i], q.all[j] = q.all[j], q.all[i] }

// Push implements heap.Interface.
func (q *endings) Push(x any) { q.all = append(q.all, *x.(*ending)) }

// Pop implements heap.Interface.
func (q *endings) Pop() any {
	last := &q.all[len(q.all)-1]
	e := *last
	*last = ending{}
	q.all = q.all[:len(q.all)-1]
	return &e
}

// end puts down how an attempt will end.
func (r *Replay) end(ev *screen.Event, a *screen.Attempt, res *Result) {
	e := ending{end: screen.Ending{Attempt: a, Action: res.Verdict.Action, Introduction: res.Verdict.Introduction, Time: a.Time}, number: r.endings.next}
	r.endings.next++
	if e.relayed = res.Relayed; res.Relayed {
		reached(&e, ev)
	} else if res.Verdict.Response != nil {
		e.end.Status = res.Verdict.Response.Code
	}
	heap.Push(&r.endings, &e)
}

// statuses of callees that did not take a call.
const (
	answered  = 200
	cancelled = 487
)

// reached fills in what happened once the callee was reached.
func reached(e *ending, ev *screen.Event) {
	o := &ev.Outcome
	e.feedback, e.refused = o.Feedback, o.Refused
	e.end.Answered = o.Answered || ev.Kind != verdict.Call // a message that arrives is accepted
	e.end.Ring = seconds(o.RingS)
	if e.end.Answered {
		e.end.Status, e.end.Talk = answered, seconds(o.DurationS)
	} else {
		e.end.Status = cancelled
	}
	if e.status = o.Status; e.status == 0 && o.Answered {
		e.status = answered
	}
	if o.Status != 0 {
		e.end.Status = o.Status
		e.end.ByCallee = o.Status >= 300 && o.Status != cancelled
		e.end.Answered = o.Status < 300
	}
	e.end.Time = e.end.Time.Add(e.end.Ring + e.end.Talk)
}

// longest bounds what an event may claim: a call that lasts for weeks would wait in memory as long.
const longest = 7 * 24 * time.Hour

func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(min(s, longest.Seconds()) * float64(time.Second))
}

// tell tells the checks of all endings up to a time; the zero time is the end of all.
func (r *Replay) tell(until time.Time) {
	for len(r.endings.all) > 0 {
		if first := &r.endings.all[0]; !until.IsZero() && first.end.Time.After(until) {
			return
		}
		e := heap.Pop(&r.endings).(*ending)
		r.cfg.Engine.Learn(&e.end)
		if r.cfg.Guard != nil && e.relayed && !e.end.Attempt.Outbound {
			r.cfg.Guard.Ended(e.end.Attempt, e.status, e.refused, e.end.Time)
		}
		if e.feedback != "" {
			r.cfg.Engine.Judge(e.end.Attempt, e.feedback, user(e.end.Attempt))
		}
	}
}

// user is the one of our own in an attempt, who says what it was.
func user(a *screen.Attempt) string {
	if a.Outbound {
		return a.From.Claimed
	}
	return a.To.Requested
}
