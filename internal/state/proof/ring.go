package proof

// ring is one part of the memory: a fixed number of places, and a hand that goes round to find which entry to give up.
type ring struct {
	slots []*entry
	most  int
	hand  int
}

// sample is how many entries are compared when one must go.
const sample = 8

// add puts an entry in. Where all places are taken, it takes that of the entry with the least evidence among the next few, which is returned; where even that
// has more than the new one, the new one is returned and stays out.
func (r *ring) add(e *entry, now int64) (out *entry) {
	if len(r.slots) < r.most {
		e.ring, e.place = r, len(r.slots)
		r.slots = append(r.slots, e)
		return nil
	}
	for range min(sample, len(r.slots)) {
		candidate := r.slots[r.hand]
		if r.hand++; r.hand == len(r.slots) {
			r.hand = 0
		}
		if out == nil || evidence(candidate, now) < evidence(out, now) {
			out = candidate
		}
	}
	if out == nil || evidence(out, now) > evidence(e, now) {
		return e
	}
	e.ring, e.place = r, out.place
	r.slots[e.place] = e
	return out
}

// remove takes an entry out.
func (r *ring) remove(e *entry) {
	last := len(r.slots) - 1
	r.slots[e.place] = r.slots[last]
	r.slots[e.place].place = e.place
	r.slots[last] = nil
	r.slots = r.slots[:last]
	if r.hand >= last {
		r.hand = 0
	}
	e.ring = nil
}

// evidence is what an entry would lose by being forgotten.
func evidence(e *entry, now int64) float64 { return e.proven * decay(e.updated, now) }
