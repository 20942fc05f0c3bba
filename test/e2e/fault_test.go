package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"gatehouse.example/test/harness"
)

func TestPBXDownIsToldWithRetryAfter(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	s.pbx.Close() // the port is closed: ICMP tells at once
	r := s.caller.Ask(t, s.caller.Invite(bob))
	if r.Status() != 503 || r.Get("Retry-After") == "" {
		t.Errorf("got\n%s", r.Text)
	}
	s.Attempt(t, "a call with response 503", func(a *harness.Attempt) bool {
		return a.Action == "relay" && a.Response != nil && a.Response.Code == 503
	})
}

func TestSecondTargetTakesOver(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(enforcing, `"sip:PBX"`, `["sip:PBX", "sip:STANDBY"]`, 1))
	standby := harness.UDP(t, s.Net.Addr(harness.StandbyHost, 5060), s.Net.Server()).Answering()
	s.call(t)
	s.pbx.ExpectRequest(t, "INVITE")
	s.pbx.Close()
	s.call(t)
	standby.ExpectRequest(t, "INVITE")
}

func TestBusyPBXIsLeftAloneForItsRetryAfter(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(enforcing, `"sip:PBX"`, `["sip:PBX", "sip:STANDBY"]`, 1))
	harness.UDP(t, s.Net.Addr(harness.StandbyHost, 5060), s.Net.Server()).Answering()
	s.pbx.Handle(func(m harness.Message) {
		if m.Status() == 0 && m.Method() != "ACK" {
			m.Reply(503, "Service Unavailable", "Retry-After: 120")
		}
	})
	for range 5 {
		s.call(t)
	}
	invites := 0
	for _, m := range s.pbx.Inbox() {
		if m.Method() == "INVITE" {
			invites++
		}
	}
	if invites != 1 {
		t.Errorf("the busy PBX got %d INVITEs, want 1", invites)
	}
}

// TestStoreGoneCallsFlow cuts the database's files to nothing under the running
// server: permissions would mean nothing to root.
func TestStoreGoneCallsFlow(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	s.Block(t, "+15551230001")
	s.call(t)
	s.Attempt(t, "the first call", func(a *harness.Attempt) bool { return a.Kind == "call" })
	files, err := filepath.Glob(filepath.Join(s.Dir, "data", "gatehouse.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no database in the data folder: %v", err)
	}
	for _, f := range files {
		if err := os.Truncate(f, 0); err != nil {
			t.Fatal(err)
		}
	}
	harness.Eventually(t, harness.Patience, "readyz says what is wrong", func() bool {
		s.call(t)
		status, body := s.Get(t, "/readyz")
		return status == 503 && strings.Contains(body, "problem")
	})
	s.call(t)
	if r := s.caller.Ask(t, s.caller.Invite(bob, spammer("+15551230001"))); r.Status() != 603 {
		t.Errorf("the blocked caller: %s", r.StartLine())
	}
	if status, _ := s.Get(t, "/healthz"); status != 200 {
		t.Errorf("healthz %d", status)
	}
}

// names is a DNS server that knows the PBX.
func names(t *testing.T, n harness.Net) *dns.Server {
	t.Helper()
	addr := n.Addr(harness.NameHost, 5353)
	conn, err := net.ListenPacket("udp4", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		r := new(dns.Msg).SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			rr, err := dns.NewRR(q.Question[0].Name + " 60 IN A " + n.Host(harness.PBXHost).String())
			if err == nil {
				r.Answer = append(r.Answer, rr)
			}
		}
		w.WriteMsg(r)
	})}
	go server.ActivateAndServe()
	t.Cleanup(func() { server.Shutdown() })
	return server
}

func TestNextCallWorksOnceDNSIsBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(enforcing, "sip:PBX", "sip:pbx.example.test", 1)+"dns: {servers: [\"NAMES\"], timeout: 1s}\n")
	r := s.caller.Ask(t, s.caller.Invite(bob))
	if r.Status() != 503 && r.Status() != 500 {
		t.Errorf("while DNS is down: %s", r.StartLine())
	}
	if status, body := s.Get(t, "/readyz"); status != 503 || !strings.Contains(body, `"name":"dns","ok":false,"problem":"locate: the DNS server`) {
		t.Errorf("readyz says nothing of DNS: %d %s", status, body)
	}
	names(t, s.Net)
	s.call(t)
	if status, body := s.Get(t, "/readyz"); status != 200 {
		t.Errorf("DNS is back: %d %s", status, body)
	}
}

// TestPBXByNameCallsOut: the PBX is known by what DNS says of its name.
func TestPBXByNameCallsOut(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	names(t, n)
	pbx := harness.UDP(t, n.PBX(), n.Server()).Answering()
	carrier := harness.UDP(t, n.Addr(harness.CarrierHost, 5060), n.Server()).Answering()
	harness.Start(t, n, fill(n, "domains: [{name: example.test, deliver: \"sip:pbx.example.test\", outbound: carrier}]\n"+
		"peers: [{name: carrier, addresses: [CARRIERHOST], send: \"sip:CARRIER\"}]\ndns: {servers: [\"NAMES\"], timeout: 1s}\n"))
	harness.Eventually(t, harness.Patience, "the PBX may call out", func() bool {
		r := pbx.Ask(t, pbx.Invite("sip:+15551230001@elsewhere.test"))
		return r.Status() == 200
	})
	carrier.ExpectRequest(t, "INVITE")
	stranger := harness.UDP(t, n.Addr(harness.PBXHost, 5099), n.Server())
	if r := stranger.Ask(t, stranger.Invite("sip:+15551230001@elsewhere.test")); r.Status() != 403 {
		t.Errorf("another port: %s", r.StartLine())
	}
}
