package proxy

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/locate"
	"gatehouse.example/sip"
	"pgregory.net/rapid"
)

// game is one request, forked at random, and whatever may happen to it.
type game struct {
	*paper
	t      *rapid.T
	req    string
	invite bool
	begin  int64
	sentAt map[string]int64 // branch of each request that was sent → when, the first time
	text   map[string]string
	order  []string
	over   map[string]bool // branches that had a final response or failed
	finals []string        // distinct final responses that Alice got, in order
	seen   int
}

// TestForkingAtRandom: whatever the branches do, an INVITE gets exactly one final
// response and every 2xx, a non-INVITE one at most, and nothing is left behind.
func TestForkingAtRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newGame(t)
		g.from(alice, g.req)
		status := rapid.SampledFrom([]int{100, 180, 183, 200, 200, 302, 401, 404, 407, 408, 486, 487, 500, 503, 603})
		t.Repeat(map[string]func(*rapid.T){
			"response": func(t *rapid.T) {
				if b := g.pick(t); b != "" {
					g.respond(b, status.Draw(t, "status"))
				}
			},
			"fail": func(t *rapid.T) {
				if b := g.pick(t); b != "" {
					g.over[b] = true
					g.layer.SendFailed(0, []byte(g.text[b]), errors.New("refused"), g.now, g)
				}
			},
			"cancel": func(*rapid.T) {
				if g.invite {
					g.from(alice, cancelOf(g.req))
				}
			},
			"again": func(*rapid.T) {
				if len(g.finals) == 0 && g.now < g.begin+int64(31*sec) { // Timers B and F
					g.from(alice, g.req)
				}
			},
			"look-up": func(*rapid.T) { g.work() },
			"time":    func(t *rapid.T) { g.wait(time.Duration(rapid.IntRange(1, 20000).Draw(t, "ms")) * ms) },
			"":        func(*rapid.T) { g.check() },
		})
		g.work()
		for range 4 { // each group may begin when the one before it has timed out
			g.wait(400 * sec)
			g.work()
		}
		g.wait(400 * sec)
		g.check()
		if n, l := g.layer.Active(), g.p.Stats().Live; n != 0 || l != 0 {
			t.Fatalf("%d transactions and %d contexts left", n, l)
		}
		if g.invite && len(g.finals) == 0 || len(g.ended) != 1 {
			t.Fatalf("finals %q, outcomes %q", g.finals, g.ended)
		}
	})
}

func newGame(t *rapid.T) *game {
	g := &game{paper: newPaper(t), t: t, sentAt: map[string]int64{}, text: map[string]string{}, over: map[string]bool{}}
	g.begin = g.now
	g.invite = rapid.IntRange(0, 3).Draw(t, "kind") > 0
	g.req = invite
	if !g.invite {
		g.req = as("MESSAGE")
	}
	if rapid.Bool().Draw(t, "narrow") {
		g.req = with(g.req, "Max-Breadth: 2\n")
	}
	g.targets = nil
	group := 0
	for i := range rapid.IntRange(1, 4).Draw(t, "targets") {
		group += rapid.IntRange(0, 1).Draw(t, "next group")
		host := "host" + strconv.Itoa(i) + ".example.test"
		for j := range rapid.IntRange(0, 2).Draw(t, "hops") {
			g.name(host, "192.0.2."+strconv.Itoa(100+10*i+j)+":5060")
		}
		switch rapid.IntRange(0, 3).Draw(t, "dns") {
		case 0:
			g.errs[host] = locate.ErrNotFound
		case 1:
			g.errs[host] = context.DeadlineExceeded
		default:
			g.cached[host] = rapid.Bool().Draw(t, "cached") && len(g.names[host]) > 0
		}
		g.targets = append(g.targets, Target{Next: locate.Target{Host: host}, Group: group})
	}
	g.busy = rapid.IntRange(0, 5).Draw(t, "busy") == 0
	return g
}

// wait is after with larger steps.
func (g *game) wait(d time.Duration) {
	for end := g.now + int64(d); g.now < end; {
		g.now = min(g.now+int64(70*ms), end)
		g.layer.Advance(g.now, g)
		g.note()
	}
}

// note reads what was sent since the last time.
func (g *game) note() {
	for ; g.seen < len(g.sent); g.seen++ {
		l := g.sent[g.seen]
		switch {
		case strings.HasPrefix(l.text, "INVITE ") || strings.HasPrefix(l.text, "MESSAGE "):
			b := header(l.text, "Via")[0]
			if _, ok := g.sentAt[b]; !ok {
				g.sentAt[b], g.text[b] = g.now, l.text
				g.order = append(g.order, b)
			}
		case strings.HasPrefix(l.text, "SIP/2.0 1") || header(l.text, "CSeq")[0] == "1 CANCEL":
		case strings.HasPrefix(l.text, "SIP/2.0 "):
			if !slices.Contains(g.finals, l.text) {
				g.finals = append(g.finals, l.text)
			}
		}
	}
}

// pick chooses the branch of a request that was sent, "" while none was.
func (g *game) pick(t *rapid.T) string {
	g.note()
	if len(g.order) == 0 {
		return ""
	}
	return g.order[rapid.IntRange(0, len(g.order)-1).Draw(t, "branch")]
}

// respond answers one branch. A 2xx of a branch that is still waited for has to
// reach Alice at once.
func (g *game) respond(b string, status int) {
	req := g.text[b]
	var m sip.Message
	if m.Parse([]byte(req)) != nil {
		g.t.Fatalf("sent what cannot be parsed:\n%s", req)
	}
	waited := !g.over[b] && g.now-g.sentAt[b] < int64(31*time.Second)
	out := g.from(bob, answer(req, status, "t"+strconv.Itoa(len(g.order)), ""))
	if status >= 200 {
		g.over[b] = true
	}
	if g.invite && status == 200 && waited && len(sentTo(out, alice)) != 1 {
		g.t.Fatalf("a 2xx is lost: %v", out)
	}
}

func (g *game) check() {
	g.note()
	rejected, accepted := 0, 0
	for _, f := range g.finals {
		if strings.HasPrefix(f, "SIP/2.0 2") {
			accepted++
		} else if rejected++; accepted > 0 {
			g.t.Fatalf("rejected after it was accepted: %q", g.finals)
		}
		if strings.HasPrefix(f, "SIP/2.0 503") && len(header(f, "Retry-After")) == 0 {
			g.t.Fatalf("503 of somebody else's: %q", f)
		}
	}
	if rejected > 1 || !g.invite && rejected+accepted > 1 {
		g.t.Fatalf("final responses %q", g.finals)
	}
}
