package lists

import (
	"cmp"
	"slices"
)

// agents finds pieces of text in a User-Agent. It is immutable. Two letters of each piece select the few candidates for a position, so
// that the time depends on the User-Agent's length and hardly on how many pieces are listed.
type agents struct {
	items  []*item
	filter [65536 / 64]uint64 // by the first two letters of a piece
	starts map[uint16][]*item // the same, exactly
}

// maxAgent is how much of a User-Agent is looked at.
const maxAgent = 256

func (a *agents) with(it *item) *agents {
	return newAgents(append(slices.Clone(a.without(it).items), it))
}

func (a *agents) without(it *item) *agents {
	return newAgents(slices.DeleteFunc(slices.Clone(a.items), func(o *item) bool {
		return o.entry.List == it.entry.List && o.value.Text == it.value.Text
	}))
}

func newAgents(items []*item) *agents {
	slices.SortFunc(items, func(x, y *item) int {
		return cmp.Or(cmp.Compare(x.entry.List, y.entry.List), cmp.Compare(x.value.Text, y.value.Text))
	})
	a := &agents{items: items, starts: map[uint16][]*item{}}
	for _, it := range items {
		n := pair(it.value.key[0], it.value.key[1])
		a.filter[n/64] |= 1 << (n % 64)
		a.starts[n] = append(a.starts[n], it)
	}
	return a
}

func pair(a, b byte) uint16 { return uint16(a)<<8 | uint16(b) }

func (a *agents) find(agent string, now int64) *Entry {
	if len(a.items) == 0 {
		return nil
	}
	var buf [maxAgent]byte
	text := appendFold(buf[:0], agent[:min(len(agent), maxAgent)])
	for i := 0; i+1 < len(text); i++ {
		n := pair(text[i], text[i+1])
		if a.filter[n/64]&(1<<(n%64)) == 0 {
			continue
		}
		for _, it := range a.starts[n] {
			if i > 0 && it.value.Type == AgentPrefix || it.expires != 0 && now >= it.expires {
				continue
			}
			if len(text)-i >= len(it.value.key) && string(text[i:i+len(it.value.key)]) == it.value.key {
				return &it.entry
			}
		}
	}
	return nil
}
