// Package trust is the web of trust that RFC 5039 §3.5 describes: our users' buddies and whom they call, the buddies of those, and so on. A caller whom
// friends of the called user know is nearer than one whom nobody knows, and "circles of spammers adding one another to their own buddy lists would not affect your
// perception of their reputation unless their circle linked to your own social network".
//
// # What flows
//
// An edge from a to b says that a knows b: a has called b, written to b, or has b in his address book. Trust starts at the seeds (the deciding user and his contacts;
// for the domain as a whole all its own users) and flows along edges, less with each step: personalised PageRank, where a fifth stops at each node
// and returns to the seeds. Nothing that a stranger does on his own side raises his trust: edges among strangers only pass on what came in.
//
// In a user's view ([View.Rank]) the five best doors of a node (those with an edge to it) are left out, and what flows in through the others is divided by their number. So neither
// the praise of fifty accomplices among themselves nor a few friends who let them in make a circle of spammers respectable; docs/effect/graphs.md has what
// it comes to.
//
// # Cost
//
// [Graph.Settle] works out the trust of the domain, anew or for what has changed since: the invariant of the push algorithm (Andersen, Chung, Lang 2006) is repaired
// at the nodes whose edges changed (Zhang, Lofgren, Goel 2016) and the residue pushed on. [Graph.View] does it for one user, without
// touching what is far away. [Graph.Reach] counts the friends between two nodes in a microsecond; only it is for the packet's path.
//
// Memory is bounded by nodes and edges. All methods are safe for concurrent use.
package trust

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"gatehouse.example/internal/state/rate"
)

// Config says how large the web may become.
type Config struct {
	// Nodes is how many users and callers it holds, about 130 octets each. Default: 262144.
	Nodes int
	// Edges is how many relations it holds, about 24 octets each. Default: 2097152.
	Edges int
	// Seed makes the hashes of names; the zero Seed is replaced by a random one.
	Seed rate.Seed
}

const (
	defaultNodes = 1 << 18
	defaultEdges = 1 << 21
	mostWeight   = 3
)

// Graph is the web of trust.
type Graph struct {
	seed         rate.Seed
	nodes, edges int // the most of each

	settling sync.Mutex // held by the one Settle; taken before mu

	mu      sync.RWMutex
	ids     map[uint64]uint32
	out     [][]edge   // by node, sorted by target
	in      [][]uint32 // by node, sorted
	sum     []float64  // by node: the weight of its edges
	own     []bool     // by node: one of our users
	count   int        // edges
	owns    int
	changed []change // since the last Settle
	flow    flow     // of the domain
	refused atomic.Uint64
}

// edge leads to a node.
type edge struct {
	to     uint32
	weight float32
}

// change is a node's edges as they were when the trust was settled.
type change struct {
	node uint32
	was  []edge
}

// New returns an empty web.
func New(cfg Config) (*Graph, error) {
	if cfg.Nodes == 0 {
		cfg.Nodes = defaultNodes
	}
	if cfg.Edges == 0 {
		cfg.Edges = defaultEdges
	}
	if cfg.Nodes < 2 || cfg.Nodes > 1<<28 || cfg.Edges < 1 || cfg.Edges > 1<<30 {
		return nil, fmt.Errorf("trust: %d nodes and %d edges are not within 2 and %d, 1 and %d", cfg.Nodes, cfg.Edges, 1<<28, 1<<30)
	}
	if cfg.Seed == (rate.Seed{}) {
		cfg.Seed = rate.NewSeed()
	}
	return &Graph{seed: cfg.Seed, nodes: cfg.Nodes, edges: cfg.Edges, ids: make(map[uint64]uint32)}, nil
}

func (g *Graph) hash(name string) uint64 { return g.seed.String(1, name) }

// node returns the number of a name, making one where there is room.
func (g *Graph) node(name string) (uint32, bool) {
	h := g.hash(name)
	if id, ok := g.ids[h]; ok {
		return id, true
	}
	if len(g.out) >= g.nodes {
		return 0, false
	}
	id := uint32(len(g.out))
	g.ids[h] = id
	g.out, g.in, g.sum, g.own = append(g.out, nil), append(g.in, nil), append(g.sum, 0), append(g.own, false)
	return id, true
}

// Own enters one of our users: a seed of the domain's trust. It returns false where the web is full.
func (g *Graph) Own(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	id, ok := g.node(name)
	if !ok {
		g.refused.Add(1)
		return false
	}
	if !g.own[id] {
		g.own[id] = true
		g.owns++
	}
	return true
}

// Know enters that owner knows peer; weight says how well, and adds up to 3. It returns false where the web is full.
func (g *Graph) Know(owner, peer string, weight float64) bool {
	if owner == "" || peer == "" || owner == peer || weight <= 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	from, ok1 := g.node(owner)
	to, ok2 := g.node(peer)
	if !ok1 || !ok2 {
		g.refused.Add(1)
		return false
	}
	at, known := slices.BinarySearchFunc(g.out[from], to, func(e edge, to uint32) int { return int(int64(e.to) - int64(to)) })
	if !known && g.count >= g.edges {
		g.refused.Add(1)
		return false
	}
	if known && g.out[from][at].weight >= mostWeight {
		return true
	}
	g.remember(from)
	if !known {
		g.out[from] = slices.Insert(g.out[from], at, edge{to: to})
		door, _ := slices.BinarySearch(g.in[to], from)
		g.in[to] = slices.Insert(g.in[to], door, from)
		g.count++
	}
	e := &g.out[from][at]
	was := e.weight
	e.weight = min(e.weight+float32(weight), mostWeight)
	g.sum[from] += float64(e.weight - was)
	return true
}

// Forget removes what owner knows of peer.
func (g *Graph) Forget(owner, peer string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	from, ok1 := g.ids[g.hash(owner)]
	to, ok2 := g.ids[g.hash(peer)]
	if !ok1 || !ok2 {
		return
	}
	at, known := slices.BinarySearchFunc(g.out[from], to, func(e edge, to uint32) int { return int(int64(e.to) - int64(to)) })
	if !known {
		return
	}
	g.remember(from)
	g.sum[from] -= float64(g.out[from][at].weight)
	g.out[from] = slices.Delete(g.out[from], at, at+1)
	door, _ := slices.BinarySearch(g.in[to], from)
	g.in[to] = slices.Delete(g.in[to], door, door+1)
	g.count--
}

// remember keeps a node's edges as they were when the trust was settled, once. Nothing is kept before the first time, and little when most has changed.
func (g *Graph) remember(node uint32) {
	if int(node) >= len(g.flow.marked) || g.flow.marked[node] {
		return
	}
	g.flow.marked[node] = true
	g.changed = append(g.changed, change{node, slices.Clone(g.out[node])})
}

// Stats are figures about the web.
type Stats struct {
	// Nodes, Own and Edges are how many there are.
	Nodes, Own, Edges int
	// Refused counts relations that had no room.
	Refused uint64
}

// Stats returns the figures now.
func (g *Graph) Stats() Stats {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return Stats{Nodes: len(g.out), Own: g.owns, Edges: g.count, Refused: g.refused.Load()}
}
