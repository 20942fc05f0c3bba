package text

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sharedData is where the development data stands, beside the repository.
const sharedData = "../../../../shared/testdata/effect/text"

// message is one labelled message.
type message struct {
	text     string
	spam     bool
	time     time.Time
	to, from string
}

// corpus is a named collection.
type corpus struct {
	name     string
	messages []message
}

func (c *corpus) count() (spam, ham int) {
	for _, m := range c.messages {
		if m.spam {
			spam++
		} else {
			ham++
		}
	}
	return spam, ham
}

// lines reads a file of the shared data; nil where it is absent.
func lines(t testing.TB, name string) (out []string) {
	f, err := os.Open(filepath.Join(sharedData, name))
	if err != nil {
		return nil
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		out = append(out, s.Text())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// labelled reads "label, text" files.
func labelled(t testing.TB, name string, files ...string) corpus {
	c := corpus{name: name}
	for _, f := range files {
		for _, l := range lines(t, f) {
			label, text, ok := strings.Cut(l, "\t")
			if ok && strings.TrimSpace(text) != "" {
				c.messages = append(c.messages, message{text: text, spam: label == "spam"})
			}
		}
	}
	return c
}

// smsLog reads the log of real messages, in time order. Some of its texts end with their own label (" , ham"), which is taken off: it is an artefact of how the
// log was made, and would give the answer away.
func smsLog(t testing.TB) corpus {
	c := corpus{name: "ExAIS SMS log"}
	for _, l := range lines(t, "exais.tsv") {
		f := strings.SplitN(l, "\t", 5)
		if len(f) != 5 {
			continue
		}
		at, err := time.Parse("2006-01-02T15:04:05", f[1])
		if err != nil {
			t.Fatal(err)
		}
		text := strings.TrimSpace(f[4])
		for _, label := range []string{", ham", ", spam"} {
			text = strings.TrimSpace(strings.TrimSuffix(text, label))
		}
		c.messages = append(c.messages, message{text: text, spam: f[0] == "spam", time: at, to: f[2], from: f[3]})
	}
	return c
}

// generated makes a corpus of sentences from two small grammars: for machines that have no shared data.
func generated(n int, seed uint64) corpus {
	r := rand.New(rand.NewPCG(seed, 7))
	pick := func(words string) string {
		w := strings.Split(words, "|")
		return w[r.IntN(len(w))]
	}
	c := corpus{name: "generated sentences"}
	at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	for i := range n {
		m := message{time: at.Add(time.Duration(i) * 7 * time.Minute), to: fmt.Sprint(1 + r.IntN(5))}
		if r.IntN(5) == 0 {
			m.spam = true
			m.from = fmt.Sprint(30000 + r.IntN(40))
			m.text = pick("Congratulations|URGENT|Dear winner|Final notice|Hello customer") + "! " +
				pick("You have won|You were selected for|Claim now|Your account earned|Last chance to get") + " " +
				pick("a prize of|a bonus of|free credit of|a loan of|a voucher worth") + fmt.Sprintf(" $%d000. ", 1+r.IntN(9)) +
				pick("Call|Text YES to|Reply to|Click") + fmt.Sprintf(" 0900%06d ", r.IntN(1000000)) +
				pick("before midnight|to collect|and confirm your bank details|terms apply|or visit www.prize-claim.test/win")
		} else {
			m.from = fmt.Sprintf("+1212555%04d", r.IntN(60))
			m.text = pick("Hey|Hi mum|Morning|Sorry|Ok so|Listen") + ", " +
				pick("are you coming to|I am still at|we talked about|did you see|can you pick me up from|I forgot") + " " +
				pick("the match|the station|work|dinner|the party|grandma's house|school") + " " +
				pick("tonight|tomorrow at nine|after lunch|this weekend|later") + pick("?|.| :)|, love you| x")
		}
		c.messages = append(c.messages, m)
	}
	return c
}
