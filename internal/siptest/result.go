package siptest

import (
	"fmt"
	"io"
	"time"
)

// Result is what became of the calls of a run.
type Result struct {
	Rate       float64
	Started    int
	Completed  int // ended as the mode expects
	Failed     int // all others, of which:
	Timeouts   int // Timer B or F fired
	Unfinished int // had no end when the run was over
	Statuses   [700]int
	Skipped    int // never made, because MaxCalls were up
	Peak       int // calls at a time when the load ended

	Retransmits int // requests and 200s sent again by us
	Duplicates  int // messages that came again
	Overtaken   int // messages that came behind later ones of the same flow
	OutOfOrder  int // of these, within one call: 180 behind 200, ACK behind BYE
	LostACKs    int // calls that ended before the callee had its ACK
	Mangled     int // bodies or Vias that were changed
	Strays      int // messages of no call

	// Delay is the time through the proxy, caller to callee and back.
	Delay [2]Histogram
	// Setup is the time from INVITE to the final response.
	Setup Histogram
	// Lag is how far the generator itself fell behind its schedule at worst. A
	// result with much of it says little about the server.
	Lag time.Duration
}

func newResult(rate float64) *Result { return &Result{Rate: rate} }

func (r *Result) lag(ns int64) { r.Lag = max(r.Lag, time.Duration(ns)) }

// P99 is the 99th percentile of the time through the proxy in the slower
// direction.
func (r *Result) P99() time.Duration {
	return max(r.Delay[0].Quantile(0.99), r.Delay[1].Quantile(0.99))
}

// Write prints the result for people.
func (r *Result) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "rate %.0f/s: started %d, completed %d, failed %d (timeouts %d, unfinished %d), skipped %d, peak %d\n"+
		"retransmits %d, duplicates %d, overtaken %d, out of order %d, lost ACKs %d, mangled %d, strays %d, lag %v\n",
		r.Rate, r.Started, r.Completed, r.Failed, r.Timeouts, r.Unfinished, r.Skipped, r.Peak,
		r.Retransmits, r.Duplicates, r.Overtaken, r.OutOfOrder, r.LostACKs, r.Mangled, r.Strays, r.Lag.Round(time.Microsecond))
	for i, name := range [...]string{"there", "back"} {
		h := &r.Delay[i]
		if err == nil {
			_, err = fmt.Fprintf(w, "delay %s: p50 %v, p99 %v, max %v (%d)\n", name, h.Quantile(0.5), h.Quantile(0.99), h.Max(), h.Count())
		}
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "setup: p50 %v, p99 %v, max %v\n", r.Setup.Quantile(0.5), r.Setup.Quantile(0.99), r.Setup.Max())
	}
	for status, n := range r.Statuses {
		if n > 0 && err == nil {
			_, err = fmt.Fprintf(w, "status %d: %d\n", status, n)
		}
	}
	return err
}
