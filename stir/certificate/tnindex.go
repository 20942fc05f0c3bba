package certificate

import (
	"cmp"
	"slices"
)

// tnIndex answers whether a TNAuthList holds a number, in logarithmic time and without allocation.
type tnIndex struct {
	spc     []string
	numbers []string // sorted
	ranges  []span   // sorted, merged
}

// span is the numbers of that many digits from lo to hi, both included.
type span struct {
	digits int
	lo, hi uint64
}

func newTNIndex(l TNAuthList) *tnIndex {
	x := &tnIndex{spc: slices.Clone(l.SPC), numbers: slices.Clone(l.Numbers)}
	slices.Sort(x.numbers)
	for _, r := range l.Ranges {
		if lo, ok := digitsOf(r.Start); ok {
			x.ranges = append(x.ranges, span{digits: len(r.Start), lo: lo, hi: lo + r.Count - 1})
		}
	}
	x.ranges = merge(x.ranges)
	return x
}

// merge sorts spans and joins those that touch.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.digits, b.digits), cmp.Compare(a.lo, b.lo)) })
	out := spans[:0]
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && out[last].digits == s.digits && s.lo <= out[last].hi+1 {
			out[last].hi = max(out[last].hi, s.hi)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// within says whether one of the merged spans holds all of s.
func within(spans []span, s span) bool {
	low, high := 0, len(spans)
	for low < high { // the first span that begins after s
		mid := int(uint(low+high) >> 1)
		if m := spans[mid]; m.digits > s.digits || m.digits == s.digits && m.lo > s.lo {
			high = mid
		} else {
			low = mid + 1
		}
	}
	if low == 0 {
		return false
	}
	m := spans[low-1]
	return m.digits == s.digits && m.lo <= s.lo && s.hi <= m.hi
}

// covers says by what the list holds tn.
func (x *tnIndex) covers(tn string) Coverage {
	if _, found := slices.BinarySearch(x.numbers, tn); found {
		return CoversNumber
	}
	if n, ok := digitsOf(tn); ok && within(x.ranges, span{digits: len(tn), lo: n, hi: n}) {
		return CoversRange
	}
	if len(x.spc) > 0 && isTN(tn) {
		return CoversProvider
	}
	return CoversNone
}

// encompasses says whether parent's authority holds all of child's. RFC 9060 §4.1. Numbers of a parent that has a service
// provider code cannot be counted here: any number may be one of that provider's.
func (x *tnIndex) encompasses(child *tnIndex) bool {
	for _, code := range child.spc {
		if !slices.Contains(x.spc, code) {
			return false
		}
	}
	if len(x.spc) > 0 {
		return true
	}
	spans := slices.Clone(x.ranges)
	for _, tn := range x.numbers {
		if n, ok := digitsOf(tn); ok {
			spans = append(spans, span{digits: len(tn), lo: n, hi: n})
		}
	}
	spans = merge(spans)
	for _, tn := range child.numbers {
		if x.covers(tn) == CoversNone {
			return false
		}
	}
	for _, s := range child.ranges {
		if !within(spans, s) {
			return false
		}
	}
	return true
}
