package verdict

import (
	"math"
	"sort"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Why returns the reasons in one line, the one text that everyone prints:
//
//	reject 15.5: LISTS_BLOCKED +15 (number +1555123* in list 'local', added 2026-11-20), RATE_CALLER +0.5 (…)
//
// The heaviest reason stands first. A verdict of monitor mode says what enforce mode would have done:
//
//	relay (monitor, would reject) 15: …
//
// The line holds no control characters, whatever the evidence holds.
func (v *Verdict) Why() string { return string(v.AppendWhy(nil)) }

// AppendWhy appends what Why returns.
func (v *Verdict) AppendWhy(dst []byte) []byte {
	dst = append(dst, v.Action.String()...)
	if v.Would != Relay && v.Would != v.Action {
		dst = append(dst, " (monitor, would "...)
		dst = append(append(dst, v.Would.String()...), ')')
	}
	dst = strconv.AppendFloat(append(dst, ' '), v.Score, 'f', -1, 64)
	if len(v.Signals) == 0 {
		return append(dst, ": nothing found"...)
	}
	for i, n := range heaviestFirst(v.Signals) {
		if i == 0 {
			dst = append(dst, ": "...)
		} else {
			dst = append(dst, ", "...)
		}
		dst = v.Signals[n].appendWhy(dst)
	}
	return dst
}

func (s *Signal) appendWhy(dst []byte) []byte {
	dst = append(append(dst, s.Name...), ' ')
	if s.Score > 0 {
		dst = append(dst, '+')
	}
	dst = strconv.AppendFloat(dst, s.Score, 'f', -1, 64)
	if s.Evidence == "" {
		return dst
	}
	dst = append(dst, " ("...)
	dst = appendPrintable(dst, s.Evidence)
	return append(dst, ')')
}

func heaviestFirst(signals []Signal) []int {
	order := make([]int, len(signals))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool {
		return math.Abs(signals[order[i]].Score) > math.Abs(signals[order[j]].Score)
	})
	return order
}

// appendPrintable escapes what could start a new line, move a terminal's cursor or turn the direction of writing. Evidence
// quotes foreign text already; this is the second lock.
func appendPrintable(dst []byte, s string) []byte {
	for _, r := range s {
		if r == ' ' || unicode.IsPrint(r) && r != utf8.RuneError {
			dst = utf8.AppendRune(dst, r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		dst = append(dst, quoted[1:len(quoted)-1]...)
	}
	return dst
}
