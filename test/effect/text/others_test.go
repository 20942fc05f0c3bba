package text

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/campaign"
	contenttext "gatehouse.example/internal/text"
)

// chinese reads the texts of false base stations. They come with spaces between words, which nobody writes, and these are taken out.
func chinese(t testing.TB) corpus {
	c := corpus{name: "Chinese SMS of false base stations"}
	files, err := filepath.Glob(filepath.Join(sharedData, "fbs_zh", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for _, l := range lines(t, filepath.Join("fbs_zh", filepath.Base(f))) {
			if l = strings.ReplaceAll(l, " ", ""); l != "" {
				c.messages = append(c.messages, message{text: l, spam: true})
			}
		}
	}
	return c
}

// newLanguage teaches a domain that has learned in one language so many spam texts of another, and sends it others.
func newLanguage(t testing.TB, home, other *corpus, reports int, seed uint64) (blocked, labelled tally) {
	f := newFilter(t)
	for i := range home.messages {
		f.teach(&home.messages[i], "admin")
	}
	order := rand.New(rand.NewPCG(seed, 6)).Perm(len(other.messages))
	for _, i := range order[:reports] {
		f.teach(&other.messages[i], "admin")
	}
	for _, i := range order[len(order)-1000:] {
		v := f.judge(f.attempt(&other.messages[i]))
		blocked.add(true, f.blocked(v))
		labelled.add(true, f.labelled(v))
	}
	return blocked, labelled
}

// robocalls reads the transcripts by campaign; those of campaigns with less than five are left out.
func robocalls(t testing.TB) (campaigns [][]string) {
	by := map[string][]string{}
	for _, l := range lines(t, "../calls/robocall_transcripts.tsv") {
		if f := strings.SplitN(l, "\t", 4); len(f) == 4 {
			by[f[0]] = append(by[f[0]], f[3])
		}
	}
	var names []string
	for name, texts := range by {
		if len(texts) >= 5 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		campaigns = append(campaigns, by[name])
	}
	return campaigns
}

// recognised reports so many recordings of each campaign, and looks for all its others: the mean over campaigns, and over recordings.
func recognised(t testing.TB, all [][]string, reports int, wanted *corpus, seed uint64) (mean, recall, mistaken float64) {
	r := rand.New(rand.NewPCG(seed, 8))
	now := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	m, err := campaign.New(campaign.Config{})
	if err != nil {
		t.Fatal(err)
	}
	said := func(s string) []uint64 {
		n := contenttext.Normalise(s)
		return contenttext.Said(nil, contenttext.Append(nil, &n))
	}
	orders := make([][]int, len(all))
	for i, texts := range all {
		orders[i] = r.Perm(len(texts))
		for k, n := range orders[i][:reports] {
			m.Report(said(texts[n]), fmt.Sprintf("user%d-%d", i, k), true, now)
		}
	}
	hits, tries := 0, 0
	for i, texts := range all {
		own := 0
		for _, n := range orders[i][reports:] {
			if m.Find(said(texts[n]), "someone", now).Likeness > 0 {
				own++
			}
		}
		hits, tries = hits+own, tries+len(texts)-reports
		mean += ratio(own, len(texts)-reports) / float64(len(all))
	}
	wrong, n := 0, 0
	for i := range wanted.messages {
		if x := &wanted.messages[i]; !x.spam {
			n++
			if m.Find(said(x.text), "someone", now).Likeness > 0 {
				wrong++
			}
		}
	}
	return mean, ratio(hits, tries), ratio(wrong, n)
}
