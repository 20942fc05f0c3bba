package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse.example/test/harness"
)

// observation is longer than any SIP timer that retransmits (64*T1 = 32 s).
const observation = 40 * time.Second

// TestNoReflection: whatever one request of a stranger brings about, what goes
// to its address is at most three times what came from it: the source of a
// UDP packet may be forged.
func TestNoReflection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config  string
		pbx     func(*harness.Endpoint)
		request func(*harness.Endpoint) string
	}{
		"a call that is answered": {enforcing, func(e *harness.Endpoint) { e.Answering() }, invite},
		"a call that fails": {enforcing, func(e *harness.Endpoint) {
			e.Handle(func(m harness.Message) {
				if m.Method() == "INVITE" && m.Status() == 0 {
					m.Reply(180, "Ringing")
					m.Reply(486, "Busy Here", "X-Padding: "+strings.Repeat("x", 1000))
				}
			})
		}, invite},
		"an answer that is sent again and again": {enforcing, func(e *harness.Endpoint) {
			e.Handle(func(m harness.Message) {
				if m.Method() == "INVITE" && m.Status() == 0 {
					for range 20 {
						m.Send(harness.WithBody(m.Answer(200, "OK", "Contact: <"+e.URI("x")+">"), "application/sdp", strings.Repeat("a=x\r\n", 200)))
					}
				}
			})
		}, invite},
		"a PBX that says nothing": {enforcing, func(e *harness.Endpoint) { e.Handle(nil) }, invite},
		"a blocked caller": {enforcing, func(e *harness.Endpoint) {}, func(e *harness.Endpoint) string {
			return e.Invite(bob, spammer("+15551230001"))
		}},
		"a challenge": {"domains: [{name: example.test, deliver: home}]\nhome: {md5: true}\n", func(e *harness.Endpoint) {}, func(e *harness.Endpoint) string {
			return e.Request("REGISTER", "sip:example.test", "From: <"+bob+">;tag=1", "To: <"+bob+">")
		}},
		"a small OPTIONS": {enforcing, func(e *harness.Endpoint) {}, func(e *harness.Endpoint) string {
			return e.Request("OPTIONS", "sip:"+"example.test", "Contact:")
		}},
		"a malformed request": {enforcing, func(e *harness.Endpoint) {}, func(e *harness.Endpoint) string {
			return strings.Replace(e.Request("OPTIONS", bob), "CSeq: 1 OPTIONS", "CSeq: x OPTIONS", 1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, c.config)
			if strings.Contains(c.config, "sip:") {
				s.Block(t, "+15551230001")
			}
			c.pbx(s.pbx)
			request := c.request(s.caller)
			s.caller.Send(request) // and never an ACK
			if harness.Until(observation, func() bool { return s.caller.Received() > 3*len(request) }) {
				t.Errorf("%d octets came back for %d", s.caller.Received(), len(request))
			}
			t.Logf("%d octets came back for %d", s.caller.Received(), len(request))
		})
	}
}

func invite(e *harness.Endpoint) string { return e.Invite(bob) }

// TestOverloadTurnsStrangersAwayFirst: where the transactions run out, strangers
// get 503 with Retry-After, and the calls of peers go on.
func TestOverloadTurnsStrangersAwayFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing+"limits: {transactions: 50}\npeers: [{name: carrier, addresses: [CARRIERHOST]}]\n")
	carrier := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server())
	s.pbx.Handle(func(m harness.Message) {
		if m.Status() == 0 && m.Method() == "INVITE" && strings.Contains(m.Get("From"), "ring") {
			m.Reply(180, "Ringing") // and is not answered for a long time
		}
	})
	for i := range 100 {
		s.caller.Send(s.caller.Invite(bob, fmt.Sprintf("From: <sip:ring%d@elsewhere.test>;tag=%d", i, i)))
	}
	r := s.caller.ExpectStatus(t, 503)
	if r.Get("Retry-After") == "" {
		t.Errorf("no Retry-After:\n%s", r.Text)
	}
	s.pbx.Answering()
	s.callFrom(t, carrier)
}

// TestCallsOfManyAtOnceComeThrough: order and content survive some load.
func TestCallsOfManyAtOnceComeThrough(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	ctx, stop := context.WithTimeout(t.Context(), 3*harness.Patience)
	defer stop()
	var callers sync.WaitGroup
	for i := range 10 {
		callers.Go(func() {
			e := harness.UDP(t, s.Net.Addr(byte(100+i), 5060), s.Net.Server())
			for range 20 {
				request := e.Invite(bob)
				e.Send(request)
				ok, found := e.Find(harness.Patience, func(m harness.Message) bool { return m.Status() >= 200 && m.Method() == "INVITE" })
				if !found || ok.Status() != 200 || ctx.Err() != nil {
					t.Errorf("caller %d: %s", i, ok.StartLine())
					return
				}
				d := e.CallerDialog(ok)
				e.Send(d.Request("ACK"))
				e.Send(d.Request("BYE"))
				if _, found := e.Find(harness.Patience, func(m harness.Message) bool { return m.Status() == 200 && m.Method() == "BYE" }); !found {
					t.Errorf("caller %d: no answer to BYE", i)
					return
				}
			}
		})
	}
	callers.Wait()
	harness.Eventually(t, harness.Patience, "all calls are in the history", func() bool { return len(s.Attempts(t, "kind=call")) == 200 })
}
