package text

import (
	"math/rand/v2"
	"testing"
)

// folds teaches nine tenths of a corpus and predicts the last, each tenth in turn. It returns what is held back, and what is at least labelled.
func folds(t testing.TB, c *corpus, k int, seed uint64) (blocked, labelled tally) {
	order := rand.New(rand.NewPCG(seed, 1)).Perm(len(c.messages))
	for fold := range k {
		f := newFilter(t)
		for i, n := range order {
			if i%k != fold {
				f.teach(&c.messages[n], "admin")
			}
		}
		for i, n := range order {
			if i%k == fold {
				m := &c.messages[n]
				v := f.judge(f.attempt(m))
				blocked.add(m.spam, f.blocked(v))
				if !m.spam && f.blocked(v) {
					t.Logf("seed %d: wanted, but blocked with %.1f: %v: %s", seed, v.Score, v.Signals, m.text)
				}
				labelled.add(m.spam, f.labelled(v))
			}
		}
	}
	return blocked, labelled
}
