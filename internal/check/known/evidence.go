package known

import (
	"strconv"
	"time"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/screen"
)

// evidence says in words what a relation is made of: "the called user has called this caller 3 times (2 answered), last 2026-11-20".
func evidence(r *screen.Report, rel *known.Relation) string {
	var buf [200]byte
	b := append(buf[:0], "the called user "...)
	switch {
	case rel.Called > 0:
		b = append(times(append(b, "has called this caller "...), rel.Called), " ("...)
		b = append(strconv.AppendInt(b, int64(rel.Answered), 10), " answered)"...)
	case rel.Messaged > 0:
		b = times(append(b, "has written to this caller "...), rel.Messaged)
	case rel.Imported:
		b = append(b, "has this caller in his address book"...)
	default:
		b = times(append(b, "has called this caller back "...), rel.CallBacks)
	}
	b = append(b, ", last "...)
	return r.Text(rel.Last.AppendFormat(b, time.DateOnly))
}

func times(b []byte, n int) []byte {
	if n == 1 {
		return append(b, "once"...)
	}
	return append(strconv.AppendInt(b, int64(n), 10), " times"...)
}

func colleagues(n int) string {
	return strconv.Itoa(n) + " others of the domain have called this caller"
}

// withheld adds that a privilege does not count, or not in full.
func withheld(evidence string, keep float64) string {
	if keep == 1 {
		return evidence
	}
	return evidence + "; withheld, because its behaviour has changed"
}

func reason(e known.Expectation) string {
	switch e {
	case known.Anyone:
		return "the called user expects a call"
	case known.Peer:
		return "the called user has called this caller within two hours"
	case known.Organisation:
		return "the called user has called somebody of the same organisation within two hours"
	}
	return ""
}

// ago writes a pause in whole seconds or minutes.
func ago(d time.Duration) string {
	if d < 2*time.Minute {
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	return strconv.Itoa(int(d/time.Minute)) + "m"
}
