package text

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/campaign"
	contenttext "gatehouse.example/internal/text"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// split cuts a corpus into what is taught and what is kept, at random.
func split(c *corpus, kept float64, seed uint64) (taught, test []message) {
	for i, n := range rand.New(rand.NewPCG(seed, 3)).Perm(len(c.messages)) {
		if float64(i) < kept*float64(len(c.messages)) {
			test = append(test, c.messages[n])
		} else {
			taught = append(taught, c.messages[n])
		}
	}
	return taught, test
}

// evaded is what an evasion does to recall.
type evaded struct {
	evasion
	blocked, labelled float64
}

// evade teaches honest spam and ham, and then sends the kept spam in disguise. The first result is the spam as it was written.
func evade(t testing.TB, c *corpus, seed uint64) []evaded {
	taught, test := split(c, 0.3, seed)
	f := newFilter(t)
	var ham []string
	for i := range taught {
		f.teach(&taught[i], "admin")
	}
	for i := range test {
		if !test[i].spam {
			ham = append(ham, test[i].text)
		}
	}
	all := append([]evasion{{"none", 0, func(_ *rand.Rand, s string) string { return s }}}, evasions(ham)...)
	var out []evaded
	for _, e := range all {
		r := rand.New(rand.NewPCG(seed, 4))
		var block, label tally
		for i := range test {
			if m := test[i]; m.spam {
				m.text = e.write(r, m.text)
				v := f.judge(f.attempt(&m))
				block.add(true, f.blocked(v))
				label.add(true, f.labelled(v))
			}
		}
		out = append(out, evaded{e, block.recall(), label.recall()})
	}
	return out
}

// foreign teaches one corpus, and sends another to users of the same domain, where nobody has said anything about the like.
func foreign(t testing.TB, home *corpus, abroad []corpus) map[string][2]tally {
	out := map[string][2]tally{}
	for _, c := range abroad {
		f := newFilter(t)
		for i := range home.messages {
			f.teach(&home.messages[i], "admin")
		}
		var block, label tally
		for _, m := range c.messages {
			m.from, m.to, m.time = "", "", time.Time{}
			v := f.judge(f.attempt(&m))
			block.add(m.spam, f.blocked(v))
			label.add(m.spam, f.labelled(v))
		}
		out[c.name] = [2]tally{block, label}
	}
	return out
}

// inOrder is how a log is judged: all of it, senders new to everyone, and senders new to their recipient whom others have judged.
type inOrder struct{ all, fresh, others tally }

func (o *inOrder) add(x inOrder) {
	o.all.addAll(x.all)
	o.fresh.addAll(x.fresh)
	o.others.addAll(x.others)
}

// prequential sends a log in time order: each message is judged, delivered where nothing is against it, and then its recipient says what it was. Without senders each comes from an address of its own, and
// content alone judges.
func prequential(t testing.TB, c *corpus, useSenders bool) (o inOrder) {
	f := newWhole(t)
	if !useSenders {
		f = newFilter(t)
	}
	seen := map[string]bool{}
	for i := range c.messages {
		m := c.messages[i]
		isNew, isNewHere := !seen[m.from], !seen[m.from+" "+m.to]
		seen[m.from], seen[m.from+" "+m.to] = true, true
		if !useSenders {
			m.from = fmt.Sprint("x", i)
		}
		a := f.attempt(&m)
		v := f.judge(a)
		spam := f.labelled(v)
		o.all.add(m.spam, spam)
		switch {
		case isNew:
			o.fresh.add(m.spam, spam)
		case isNewHere:
			o.others.add(m.spam, spam)
		}
		label := "ham"
		if m.spam {
			label = "spam"
		}
		if v.Action <= verdict.Label {
			f.engine.Learn(&screen.Ending{Attempt: a, Action: v.Action, Time: a.Time, Status: 200, Answered: true})
		}
		f.engine.Judge(a, label, a.To.User)
	}
	return o
}

// interleaved sends a log's recipients their messages in the same order, but each of them begins at another time: with what others have taught before, or without. Each
// recipient is so many people, among whom his messages are dealt out.
func interleaved(c *corpus, people int, seed uint64) corpus {
	r := rand.New(rand.NewPCG(seed, 9))
	begin, got := map[string]float64{}, map[string]float64{}
	place := make([]float64, len(c.messages))
	order := make([]int, len(c.messages))
	for i, m := range c.messages {
		if _, ok := begin[m.to]; !ok {
			begin[m.to] = float64(len(c.messages)) * r.Float64() / 3
		}
		place[i], order[i] = begin[m.to]+got[m.to], i
		got[m.to]++
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(place[i], place[j]) })
	out := corpus{name: c.name}
	for n, i := range order {
		m := c.messages[i]
		m.time = c.messages[0].time.Add(time.Duration(n) * 4 * time.Hour)
		m.to += fmt.Sprint("-", r.IntN(people))
		out.messages = append(out.messages, m)
	}
	return out
}

// variant writes a campaign's text anew: other numbers, some other words, a greeting, another case.
func variant(r *rand.Rand, s string, spare []string) string {
	out := words(s, func(w string) string {
		if strings.ContainsAny(w, "0123456789") {
			return each(w, func(c rune) string {
				if '0' <= c && c <= '9' {
					return string(rune('0' + r.IntN(10)))
				}
				return string(c)
			})
		}
		switch r.IntN(12) {
		case 0:
			return spare[r.IntN(len(spare))]
		case 1:
			return strings.ToUpper(w)
		}
		return w
	})
	switch r.IntN(4) {
	case 0:
		out = []string{"Hi ", "Dear customer, ", "Hello! ", "FYI: "}[r.IntN(4)] + out
	case 1:
		out += " " + spare[r.IntN(len(spare))]
	}
	return out
}

// campaigns reports one or three variants of each of n spam texts, sends ten others, and then all wanted messages.
func campaigns(t testing.TB, c *corpus, n, reports int, seed uint64) (recall, matched float64, wanted int) {
	r := rand.New(rand.NewPCG(seed, 5))
	m, err := campaign.New(campaign.Config{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	features := func(s string) []uint64 {
		n := contenttext.Normalise(s)
		return contenttext.Said(nil, contenttext.Append(nil, &n))
	}
	var spare, bases []string
	for _, i := range r.Perm(len(c.messages)) {
		if m := c.messages[i]; !m.spam {
			spare = append(spare, strings.Fields(m.text)...)
		} else if len(strings.Fields(m.text)) >= 8 && len(bases) < n {
			bases = append(bases, m.text)
		}
	}
	hits, tries := 0, 0
	for i, base := range bases {
		for k := range reports {
			m.Report(features(variant(r, base, spare)), fmt.Sprintf("user%d-%d", i, k), true, now)
		}
	}
	for _, base := range bases {
		for range 10 {
			tries++
			if m.Find(features(variant(r, base, spare)), "someone", now).Likeness > 0 {
				hits++
			}
		}
	}
	mistaken := 0
	for i := range c.messages {
		if x := &c.messages[i]; !x.spam {
			wanted++
			if m.Find(features(x.text), "someone", now).Likeness > 0 {
				mistaken++
			}
		}
	}
	return ratio(hits, tries), ratio(mistaken, wanted), wanted
}
