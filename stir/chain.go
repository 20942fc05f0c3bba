package stir

import "math/bits"

// link finds out which div tokens lead back to which others, by their claims alone: a token of a diverted call says in div
// what the dest of the one before it says, and agrees with it on orig. RFC 8946 §4.2.
func (c *check) link() {
	var divs, all, referred uint16
	for i := range min(len(c.each), MaxIdentities) {
		if h := &c.each[i]; h.ok() && h.role != ranks {
			all |= 1 << i
			if h.role == diverts {
				divs |= 1 << i
			}
		}
	}
	if divs == 0 {
		return
	}
	for i := range indices(divs) {
		for j := range indices(all &^ (1 << i)) {
			if c.leadsBack(i, j) {
				c.below[i] |= 1 << j
				referred |= 1 << j
			}
		}
	}
	c.outer = divs &^ referred
	for i := range indices(c.outer) {
		if path := c.chain(i, all); path == 0 {
			c.each[i].fail(c.unlinked(i, divs, all), nil)
		} else {
			c.inChain |= c.reach(i, all)
		}
	}
	// What is only referred to in a circle hangs on nothing.
	for i := range indices(divs &^ c.outer &^ c.inChain) {
		c.each[i].fail(DivUnlinked, nil)
	}
}

// leadsBack says whether div token i diverts the call of token j.
func (c *check) leadsBack(i, j int) bool {
	ci, cj := &c.each[i].Token.Claims, &c.each[j].Token.Claims
	return cj.Dest.Contains(ci.Div) && ci.Orig == cj.Orig
}

// unlinked says why the outermost token i leads nowhere.
func (c *check) unlinked(i int, divs, all uint16) Reason {
	if c.reach(i, all)&^divs != 0 {
		return DivTooLong
	}
	for j := range indices(all &^ (1 << i)) {
		if c.each[j].Token.Claims.Dest.Contains(c.each[i].Token.Claims.Div) {
			return DivOrig
		}
	}
	return DivUnlinked
}

// reach returns the fields that token i leads back to through any number of others within the set, and itself.
func (c *check) reach(i int, within uint16) uint16 {
	seen := uint16(1) << i
	for todo := seen; todo != 0; {
		j := bits.TrailingZeros16(todo)
		todo &^= 1 << j
		next := c.below[j] & within &^ seen
		seen, todo = seen|next, todo|next
	}
	return seen
}

// chain returns the shortest chain from token i to one about the call within the set, as bits, or 0. It has at most
// MaxDiversions div tokens.
func (c *check) chain(i int, within uint16) uint16 {
	var from [MaxIdentities]int
	seen, level := uint16(1)<<i, uint16(1)<<i
	for range MaxDiversions {
		var next uint16
		for j := range indices(level) {
			for k := range indices(c.below[j] & within &^ seen) {
				seen |= 1 << k
				from[k] = j
				if c.each[k].role != diverts {
					return c.walk(i, k, &from)
				}
				next |= 1 << k
			}
		}
		level = next
	}
	return 0
}

func (c *check) walk(i, k int, from *[MaxIdentities]int) uint16 {
	path := uint16(1) << k
	for k != i {
		k = from[k]
		path |= 1 << k
	}
	return path
}

// indices iterates over the bits that are set.
func indices(set uint16) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for ; set != 0; set &= set - 1 {
			if !yield(bits.TrailingZeros16(set)) {
				return
			}
		}
	}
}
