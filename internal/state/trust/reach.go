package trust

// Reach says how two are joined.
type Reach struct {
	// Distance is 1 where the one knows the other, 2 where friends of his do, 0 where neither.
	Distance int
	// Through counts the friends that lead there, where Distance is 2.
	Through int
}

// mostSteps bounds a look-up: who has more friends than this is looked at in part.
const mostSteps = 512

// Reach says how far it is from owner to peer. It takes about a microsecond for people with a hundred friends. It does not wait: while the web is being changed the
// answer may be "not at all".
func (g *Graph) Reach(owner, peer string) (r Reach) {
	if owner == "" || peer == "" || !g.mu.TryRLock() {
		return r
	}
	defer g.mu.RUnlock()
	if g.count == 0 {
		return r
	}
	to, ok := g.ids[g.hash(peer)] // first: of strangers the web knows nothing
	if !ok {
		return r
	}
	from, ok := g.ids[g.hash(owner)]
	if !ok || from == to {
		return r
	}
	doors, friends := g.in[to], g.out[from]
	for i, j, steps := 0, 0, 0; i < len(doors) && steps < mostSteps; steps++ {
		switch {
		case doors[i] == from:
			return Reach{Distance: 1}
		case j >= len(friends) || doors[i] < friends[j].to:
			i++
		case doors[i] > friends[j].to:
			j++
		default:
			r.Through++
			i, j = i+1, j+1
		}
	}
	if r.Through > 0 {
		r.Distance = 2
	}
	return r
}

// leastStanding is that of one of our users of whom the web knows nothing: he is new, which is no reason not to hear him.
const leastStanding = 0.3

// Standing is how far the domain trusts a name as a judge of others, from 0.3 to 1. While the web is being changed, or before it was settled, everybody has 1.
func (g *Graph) Standing(name string) float64 {
	trust, known := g.Trust(name)
	if !known {
		return 1
	}
	return leastStanding + (1-leastStanding)*trust/(trust+0.3)
}
