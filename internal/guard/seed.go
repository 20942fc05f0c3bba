package guard

import "math/rand/v2"

// reseed makes all hashes follow from a number, before anything is counted.
func (g *Guard) reseed(from uint64) {
	r := rand.New(rand.NewPCG(from, uint64(kinds)))
	next := func(s *seed) { *s = seed{r.Uint64(), r.Uint64() | 1, r.Uint64() | 1} }
	for i := range g.v4 {
		next(&g.v4[i].seed)
	}
	for i := range g.v6 {
		next(&g.v6[i].seed)
	}
	for _, t := range []*table{&g.floods, &g.repeat[0], &g.repeat[1], &g.good, &g.pairs, &g.accounts, &g.budget} {
		next(&t.seed)
	}
	for k := range kinds {
		for i := range g.failures[k] {
			next(&g.failures[k][i].seed)
			next(&g.networks[k][i].seed)
		}
	}
	next(&g.open.seed)
	next(&g.names)
}
