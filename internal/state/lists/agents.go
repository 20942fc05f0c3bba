package lists

import (
	"cmp"
	"slices"
	"strings"
)

// agents finds pieces of text in a User-Agent. It is immutable. Two letters select the few pieces that can begin at a position, and
// among those a binary search finds the one, so that the time depends on the User-Agent's length and hardly on how many pieces are listed.
type agents struct {
	items    []*item
	filter   [65536 / 64]uint64   // by the first two letters of a piece
	anywhere map[uint16][]pattern // by the same, in the order of their text
	start    []pattern            // pieces that match only at the start, in the order of their text
}

// pattern is a piece of text.
type pattern struct {
	*item
	parent int // position of the longest other piece in the same slice that this one begins with, or -1
}

// maxAgent is how much of a User-Agent is looked at.
const maxAgent = 128

func (a *agents) with(it *item) *agents {
	return newAgents(append(slices.Clone(a.without(it).items), it))
}

func (a *agents) without(it *item) *agents {
	return newAgents(slices.DeleteFunc(slices.Clone(a.items), func(o *item) bool {
		return o.Entry.List == it.Entry.List && o.Entry.Value == it.Entry.Value
	}))
}

func newAgents(items []*item) *agents {
	// Of equal pieces the last is found first, so the names of lists descend.
	slices.SortFunc(items, func(x, y *item) int {
		return cmp.Or(cmp.Compare(x.key(), y.key()), cmp.Compare(y.Entry.List, x.Entry.List))
	})
	a := &agents{items: items, anywhere: map[uint16][]pattern{}}
	for _, it := range items {
		if it.is == AgentPrefix {
			a.start = appendPattern(a.start, it)
			continue
		}
		n := pair(it.key()[0], it.key()[1])
		a.filter[n/64] |= 1 << (n % 64)
		a.anywhere[n] = appendPattern(a.anywhere[n], it)
	}
	return a
}

// appendPattern appends it, which does not come before those that are there.
func appendPattern(sorted []pattern, it *item) []pattern {
	parent := len(sorted) - 1
	for parent >= 0 && !strings.HasPrefix(it.key(), sorted[parent].key()) {
		parent = sorted[parent].parent
	}
	return append(sorted, pattern{it, parent})
}

func pair(a, b byte) uint16 { return uint16(a)<<8 | uint16(b) }

func (a *agents) find(agent string, now int64) *Match {
	if len(a.items) == 0 {
		return nil
	}
	var buf [maxAgent]byte
	text := appendFold(buf[:0], agent[:min(len(agent), maxAgent)])
	if e := begins(a.start, text, now); e != nil {
		return e
	}
	for i := 0; i+1 < len(text); i++ {
		n := pair(text[i], text[i+1])
		if a.filter[n/64]&(1<<(n%64)) == 0 {
			continue
		}
		if e := begins(a.anywhere[n], text[i:], now); e != nil {
			return e
		}
	}
	return nil
}

// begins finds a piece that text begins with. All such pieces begin the last piece that does not come after text.
func begins(sorted []pattern, text []byte, now int64) *Match {
	low, high := 0, len(sorted)
	for low < high {
		if middle := (low + high) / 2; sorted[middle].key() <= string(text) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	for i := low - 1; i >= 0; i = sorted[i].parent {
		it := sorted[i].item
		if len(text) >= len(it.key()) && string(text[:len(it.key())]) == it.key() && (it.expires == 0 || now < it.expires) {
			return &it.Match
		}
	}
	return nil
}
