package trust

import "slices"

// View is the web as one user sees it: half of the trust starts at him and his contacts, half at the domain's own users. It is made by [Graph.View] and not kept up to date.
type View struct {
	g       *Graph
	near    map[uint32]float64 // trust that starts at the user; what is far away stays out
	domain  float64            // how much of the domain's trust counts
	cut     []float64
	residue map[uint32]float64
	queue   []uint32
}

// The ranking: trust counts by door, without the few best ones, and over at least that many.
const (
	bestDoors  = 5
	fewDoors   = 10
	nearBound  = 1e-7
	nearWeight = 0.5
)

// View works out how a user sees the web, as far as it was settled. It reads the web while others wait to change it, some milliseconds for a large one.
func (g *Graph) View(user string) *View {
	g.mu.RLock()
	defer g.mu.RUnlock()
	v := &View{g: g, near: make(map[uint32]float64), residue: make(map[uint32]float64), domain: 1 - nearWeight}
	seed, ok := g.ids[g.hash(user)]
	if !ok {
		v.domain = 1
		return v
	}
	v.add(seed, nearWeight/2)
	for _, e := range g.out[seed] {
		v.add(e.to, nearWeight/2*float64(e.weight)/g.sum[seed])
	}
	v.push()
	return v
}

// add puts residue on a node; the bound grows with its edges, so that hubs are not pushed for crumbs.
func (v *View) add(n uint32, amount float64) {
	before := v.residue[n]
	v.residue[n] = before + amount
	if limit := nearBound * float64(len(v.g.out[n])+1); before <= limit && before+amount > limit {
		v.queue = append(v.queue, n)
	}
}

func (v *View) push() {
	for len(v.queue) > 0 {
		u := v.queue[0]
		v.queue = v.queue[1:]
		r := v.residue[u]
		v.residue[u] = 0
		v.near[u] += stays * r
		if v.g.sum[u] <= 0 {
			v.near[u] += (1 - stays) * r
			continue
		}
		share := (1 - stays) * r / v.g.sum[u]
		for _, e := range v.g.out[u] {
			v.add(e.to, share*float64(e.weight))
		}
	}
}

// Rank is what a name is worth to the user, to be compared with others of the same view. What flows in is summed by door, the five best doors are left out, and the sum
// is divided by the number of doors, at least ten: so neither five accomplices nor fifty who praise each other make anybody respectable.
func (v *View) Rank(name string) float64 {
	v.g.mu.RLock()
	defer v.g.mu.RUnlock()
	id, ok := v.g.ids[v.g.hash(name)]
	if !ok {
		return 0
	}
	v.cut = v.cut[:0]
	for _, door := range v.g.in[id] {
		if v.g.sum[door] > 0 {
			v.cut = append(v.cut, v.flow(door, id)/v.g.sum[door])
		}
	}
	if len(v.cut) <= bestDoors {
		return 0
	}
	slices.Sort(v.cut)
	sum := 0.0
	for _, x := range v.cut[:len(v.cut)-bestDoors] {
		sum += x
	}
	return sum / float64(max(len(v.cut), fewDoors))
}

// flow is the trust of a door times the weight of its edge to a node.
func (v *View) flow(door, to uint32) float64 {
	trust := v.near[door]
	if int(door) < len(v.g.flow.trust) {
		trust += v.domain * v.g.flow.trust[door]
	}
	at, _ := slices.BinarySearchFunc(v.g.out[door], to, func(e edge, to uint32) int { return int(int64(e.to) - int64(to)) })
	return trust * float64(v.g.out[door][at].weight)
}
