package graphs

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/trust"
)

const mafiosi = 50

// attack is a mafia: so many accomplices among the honest, each letting so many of it in; praising means that all of it know each other.
type attack struct {
	accomplices, doors int
	praising           bool
}

func (a attack) String() string {
	s := fmt.Sprintf("%d accomplices, %d doors each", a.accomplices, a.doors)
	if a.praising {
		return s + ", all praise each other"
	}
	return s
}

// percentiles ranks all in the views of several deciding users and returns, for each, the percentile of the best mafioso among the honest; ties count half. Half
// of the trust starts at the deciding user and his contacts, half at the known users.
func percentiles(edges []rating, people int, a attack, seed uint64, deciding int) []float64 {
	r := rand.New(rand.NewPCG(seed, uint64(a.accomplices*1000+a.doors)))
	g, err := trust.New(trust.Config{Seed: rate.FixedSeed(1)})
	if err != nil {
		panic(err)
	}
	for _, e := range edges {
		g.Know(name("u", e.from), name("u", e.to), 1)
		g.Know(name("u", e.to), name("u", e.from), 1)
	}
	for i := range people {
		if r.IntN(20) == 0 {
			g.Own(name("u", i)) // one in twenty is a known user
		}
	}
	for range a.accomplices {
		accomplice, first := name("u", r.IntN(people)), r.IntN(mafiosi)
		if a.doors == mafiosi || a.praising {
			first = 0 // all let the same ones in: the most for those
		}
		for d := range a.doors {
			g.Know(accomplice, name("m", (first+d)%mafiosi), 1)
			g.Know(name("m", (first+d)%mafiosi), accomplice, 1)
		}
	}
	for i := range mafiosi {
		for j := range mafiosi {
			if a.praising && i != j {
				g.Know(name("m", i), name("m", j), 1)
			}
		}
	}
	g.Settle()
	var out []float64
	for range deciding {
		out = append(out, percentile(g.View(name("u", r.IntN(people))), people))
	}
	return out
}

func percentile(v *trust.View, people int) float64 {
	best, below := 0.0, 0.0
	for i := range mafiosi {
		best = max(best, v.Rank(name("m", i)))
	}
	for i := range people {
		switch x := v.Rank(name("u", i)); {
		case x < best:
			below++
		case x == best:
			below += 0.5
		}
	}
	return 100 * below / float64(people)
}

// quantile of what is sorted.
func quantile(sorted []float64, q float64) float64 {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// measured is an attack with what came of it: mean, median, ninth decile and worst percentile over deciding users.
type measured struct {
	attack                     attack
	mean, median, ninth, worst float64
}

func measure(edges []rating, people int, a attack, seeds, deciding int) measured {
	var all []float64
	for s := range seeds {
		all = append(all, percentiles(edges, people, a, uint64(s+1), deciding)...)
	}
	slices.Sort(all)
	sum := 0.0
	for _, p := range all {
		sum += p
	}
	return measured{a, sum / float64(len(all)), quantile(all, 0.5), quantile(all, 0.9), all[len(all)-1]}
}
