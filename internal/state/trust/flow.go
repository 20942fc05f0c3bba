package trust

import "math"

// stays is the share of trust that stops at each node and returns to the seeds.
const stays = 0.2

// flow is a state of the push algorithm: trust that has settled at each node, and the residue that is still to be passed on. For every node v it holds that
//
//	settled trust + what the residue would come to = personalised PageRank
//
// whatever has been pushed so far; [Graph.Settle] pushes until the residue is below its bound.
type flow struct {
	trust   []float64
	residue []float64
	seeds   []float64 // the teleport as it was
	owns    int       // how many had a part in it
	bound   float64   // that all of the residue was below
	marked  []bool    // nodes in Graph.changed
	queue   []uint32
	queued  []bool
	cursor  int // where a sweep stands; 0: none is under way
}

// grow makes room for n nodes.
func (f *flow) grow(n int) {
	for len(f.trust) < n {
		f.trust, f.residue, f.seeds = append(f.trust, 0), append(f.residue, 0), append(f.seeds, 0)
		f.marked, f.queued = append(f.marked, false), append(f.queued, false)
	}
}

// add puts residue on a node and queues it where it is above its bound.
func (f *flow) add(node uint32, amount, bound float64) {
	f.residue[node] += amount
	if !f.queued[node] && math.Abs(f.residue[node]) > bound {
		f.queued[node] = true
		f.queue = append(f.queue, node)
	}
}

// push passes residue on until none is above the bound, or until it has passed about that many edges: then it returns true. Residue may be negative after a
// change. Where much is to be done it sweeps over all nodes, else it takes them first come, first served.
func (f *flow) push(g *Graph, bound float64, most int) (more bool) {
	const much = 16 // one in so many nodes
	if f.cursor > 0 || len(f.queue) > len(f.trust)/much {
		f.sweep(g, bound, most)
		return true
	}
	done := 0
	for ; done < len(f.queue) && most > 0; done++ {
		u := f.queue[done]
		f.queued[u] = false
		share := f.take(g, u)
		for _, e := range g.out[u] {
			f.add(e.to, share*float64(e.weight), bound)
		}
		most -= len(g.out[u]) + 1
	}
	f.queue = f.queue[:copy(f.queue, f.queue[done:])]
	return len(f.queue) > 0
}

// take settles what stays at a node and returns what each unit of its edges' weight passes on.
func (f *flow) take(g *Graph, u uint32) (share float64) {
	r := f.residue[u]
	f.residue[u] = 0
	if g.sum[u] <= 0 {
		f.trust[u] += r // it stays where nobody is known further
		return 0
	}
	f.trust[u] += stays * r
	return (1 - stays) * r / g.sum[u]
}

// sweep passes the residue of all nodes on in their order, from where it stopped last, and at the end of them queues those that are above the bound again.
func (f *flow) sweep(g *Graph, bound float64, most int) {
	if f.cursor == 0 {
		f.queue = f.queue[:0]
		clear(f.queued)
	}
	residue := f.residue
	for ; f.cursor < len(f.trust) && most > 0; f.cursor++ {
		u := uint32(f.cursor)
		if r := residue[u]; r <= bound && r >= -bound {
			continue
		}
		share := f.take(g, u)
		for _, e := range g.out[u] {
			residue[e.to] += share * float64(e.weight)
		}
		most -= len(g.out[u]) + 1
	}
	if f.cursor < len(f.trust) {
		return
	}
	f.cursor = 0
	for u := range residue {
		f.add(uint32(u), 0, bound)
	}
}

// repair restores the invariant at a node whose edges have changed: the part of its settled trust that was passed on along the old edges is called back, and
// passed on along the new ones. Zhang, Lofgren, Goel, "Approximate personalized PageRank on dynamic graphs", KDD 2016.
func (f *flow) repair(g *Graph, c *change, bound float64) {
	sum := 0.0
	for _, e := range c.was {
		sum += float64(e.weight)
	}
	trust := f.trust[c.node]
	if sum <= 0 {
		// All of the residue stayed here: what should have gone on is taken out again.
		f.trust[c.node] = trust * stays
		trust = f.trust[c.node]
	} else {
		for _, e := range c.was {
			f.add(e.to, -trust/stays*(1-stays)*float64(e.weight)/sum, bound)
		}
	}
	if g.sum[c.node] <= 0 {
		f.trust[c.node] = trust / stays
		return
	}
	for _, e := range g.out[c.node] {
		f.add(e.to, trust/stays*(1-stays)*float64(e.weight)/g.sum[c.node], bound)
	}
}

// precision is the bound of the residue at a node, as a part of what a node has on average.
const precision = 0.02

// finer is how much of the bound is left, as the web grows, when all of the residue is looked at again.
const finer = 0.9

// slice is how many edges are passed while the web is locked: about a millisecond.
const slice = 1 << 17

// Settle works out the trust of the domain: all its own users are seeds. It repairs what has changed since the last time. Others may use and change the
// web meanwhile; what they change is for the next time.
func (g *Graph) Settle() {
	g.settling.Lock()
	defer g.settling.Unlock()
	bound := g.prepare()
	for more := bound > 0; more; {
		g.mu.Lock()
		more = g.flow.push(g, bound, slice)
		g.mu.Unlock()
	}
}

// prepare turns what has changed into residue, and returns the bound to push it under; 0: there is nobody.
func (g *Graph) prepare() (bound float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.owns == 0 {
		return 0
	}
	f := &g.flow
	f.grow(len(g.out))
	bound = precision / float64(len(g.out))
	for i := range g.changed {
		f.marked[g.changed[i].node] = false
		f.repair(g, &g.changed[i], bound)
	}
	g.changed = g.changed[:0]
	if f.owns != g.owns || bound < f.bound*finer {
		f.reseed(g, bound)
	}
	return bound
}

// reseed gives each of our own users the same part of all trust, and queues what is above a bound that has become finer.
func (f *flow) reseed(g *Graph, bound float64) {
	f.owns, f.bound = g.owns, bound
	for i, own := range g.own {
		seed := 0.0
		if own {
			seed = 1 / float64(g.owns)
		}
		f.add(uint32(i), seed-f.seeds[i], bound)
		f.seeds[i] = seed
	}
}

// Trust returns the trust of a name within the domain, 1 for what is average; as far as it was settled. It does not wait: while the web is being changed the
// answer may be unknown, and so it is before the first Settle.
func (g *Graph) Trust(name string) (trust float64, known bool) {
	if !g.mu.TryRLock() {
		return 0, false
	}
	defer g.mu.RUnlock()
	if len(g.flow.trust) == 0 {
		return 0, false
	}
	id, ok := g.ids[g.hash(name)]
	if !ok || int(id) >= len(g.flow.trust) {
		return 0, true
	}
	return max(g.flow.trust[id], 0) * float64(len(g.out)), true
}
