package graphs

import (
	"fmt"
	"math"
	"testing"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/trust"
)

// traders are the ratings of Bitcoin OTC with the labels of some traders: true is honest.
func traders(t testing.TB) (ratings []rating, honest map[int]bool) {
	ratings = readRatings(t, "bitcoinotc.csv")
	honest = map[int]bool{}
	for _, label := range readRatings(t, "otc_gt.csv") {
		honest[label.from] = label.to > 0
	}
	return ratings, honest
}

// scored is a labelled trader at his second rating.
type scored struct {
	score  map[string]float64
	honest bool
}

// methods are the ways of scoring, simplest first.
func methods() []string {
	return []string{"mean rating", "votes, all alike", "votes by the rater's trust", "and by the rater's own name"}
}

// atSecondRating plays the ratings in the order of time. When a labelled trader gets his second one he is scored by what was known before: the trust of his two
// raters in the web of positive ratings that starts at the first raters of all, and what others have said of those raters.
func atSecondRating(ratings []rating, honest map[int]bool, seeds int) (all []scored) {
	g, err := trust.New(trust.Config{Seed: rate.FixedSeed(1)})
	if err != nil {
		panic(err)
	}
	founders := map[int]bool{}
	received := map[int][]rating{}
	for _, r := range ratings {
		if len(founders) < seeds && !founders[r.from] {
			founders[r.from] = true
			g.Own(name("u", r.from))
		}
		received[r.to] = append(received[r.to], r)
		if label, known := honest[r.to]; known && len(received[r.to]) == 2 {
			g.Settle()
			all = append(all, scored{scores(g, received, received[r.to]), label})
		}
		if r.value > 0 {
			g.Know(name("u", r.from), name("u", r.to), min(r.value, 3))
		} else {
			g.Forget(name("u", r.from), name("u", r.to))
		}
	}
	return all
}

func scores(g *trust.Graph, received map[int][]rating, two []rating) map[string]float64 {
	m, s := methods(), map[string]float64{}
	for _, r := range two {
		vote := math.Copysign(math.Log1p(math.Abs(r.value)), r.value)
		s[m[0]] += r.value
		s[m[1]] += vote
		w := weight(g, r.from)
		s[m[2]] += vote * w
		good, bad := 1.0, 1.0
		for _, about := range received[r.from] {
			if about.at >= r.at {
				break
			}
			if about.value > 0 {
				good += weight(g, about.from)
			} else {
				bad += 2 * weight(g, about.from)
			}
		}
		s[m[3]] += vote * w * good / (good + bad - 1)
	}
	return s
}

// weight is the share of trust beside three tenths of what is average, as in trust.Standing, without its floor for our own users: these are strangers.
func weight(g *trust.Graph, user int) float64 {
	x, _ := g.Trust(name("u", user))
	return x / (x + 0.3)
}

func name(prefix string, n int) string { return fmt.Sprintf("%s%d", prefix, n) }

// auc is the probability that an honest one is scored above a dishonest one; ties count half.
func auc(all []scored, method string) float64 {
	wins, pairs := 0.0, 0.0
	for _, a := range all {
		for _, b := range all {
			if !a.honest || b.honest {
				continue
			}
			pairs++
			switch x, y := a.score[method], b.score[method]; {
			case x > y:
				wins++
			case x == y:
				wins += 0.5
			}
		}
	}
	if pairs == 0 {
		return math.NaN()
	}
	return wins / pairs
}
