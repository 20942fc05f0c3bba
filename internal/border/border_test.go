package border_test

import (
	"context"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/border"
	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/proxy"
	"gatehouse.example/internal/state/calls"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// bench is a border with a network of paper: what it sends is noted.
type paper struct {
	t      testing.TB
	border *border.Border
	layer  *txn.Layer
	now    int64
	sent   []letter
	seen   []verdict.Verdict
	quiet  bool
	probed []string
	dns    atomic.Pointer[map[string][]locate.Hop] // what DNS says
	found  atomic.Pointer[[]netip.Addr]
	calls  int
}

type letter struct {
	to   wire.Dest
	text string
}

func (p *paper) Send(to wire.Dest, _ uint64, msg []byte) {
	p.sent = append(p.sent, letter{to, string(msg)})
}
func (p *paper) Flush() {}

func (p *paper) Record(v *verdict.Verdict) {
	if !p.quiet {
		p.seen = append(p.seen, *v.Clone())
	}
}

func (p *paper) Respond(id string, r verdict.Response) {
	for i := range p.seen {
		if p.seen[i].ID == id {
			p.seen[i].Response = &r
		}
	}
}

const (
	serverAddr = "192.0.2.1:5060"
	pbxAddr    = "192.0.2.80:5080"
	callerAddr = "198.51.100.7:5060"
)

func newPaper(t testing.TB, checks []screen.Check, layer screen.Layer) *paper {
	t.Helper()
	return newPaperWith(t, checks, layer, nil)
}

func newPaperWith(t testing.TB, checks []screen.Check, layer screen.Layer, table *calls.Table, change ...func(*border.Config)) *paper {
	t.Helper()
	p := &paper{t: t, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano()}
	engine, err := screen.New(checks)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := engine.Resolve(layer)
	if err != nil {
		t.Fatal(err)
	}
	g, err := guard.New(guard.Default())
	if err != nil {
		t.Fatal(err)
	}
	site := &border.Site{Exempt: []string{"112", "urn:service:sos"}, Label: action.LabelStyle{Prefix: "[SPAM?] ", Header: "X-Gatehouse"}}
	site.AddDomain(&border.Domain{
		Name: "example.test", Policy: policy,
		Targets:   []locate.Target{{Host: "192.0.2.80", Port: 5080}, {Host: "192.0.2.81", Port: 5080}},
		Rejection: action.NewRejection("us-603plus", action.Redress{URL: "https://block.example.test"}),
	})
	site.AddPeer(&border.Peer{Name: "carrier", Prefixes: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, Trust: action.Trust{Identity: true}})
	site.Seal()
	self := proxy.NewSelf(proxy.SelfConfig{Listeners: []wire.Listener{{Transport: sip.UDP, Addr: netip.MustParseAddrPort(serverAddr)}}})
	n := 0
	cfg := border.Config{
		Site: site, Self: self, Guard: g, Engine: engine, Recorder: p,
		Clock:           func() int64 { return p.now },
		NewID:           func(time.Time) string { n++; return "id" + strconv.Itoa(n) },
		Go:              func(func(context.Context)) bool { return false },
		Outbox:          func() txn.Flusher { return p },
		Log:             slog.New(slog.DiscardHandler),
		MaxTransactions: 1000,
		Calls:           table,
		Accusing:        map[string]guard.FailureKind{"SUSPECT_SEARCH": guard.TollFraud},
		Posing:          []string{"SUSPECT_SEQUENCE"},
		Probed:          p.asked,
		Found:           func(all []netip.Addr) { p.found.Store(&all) },
		Lookup: func(_ context.Context, t locate.Target) ([]locate.Hop, error) {
			if all := p.dns.Load(); all != nil && (*all)[t.Host] != nil {
				return (*all)[t.Host], nil
			}
			return nil, locate.ErrNotFound
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	p.border = border.New(cfg)
	p.layer = txn.New(txn.Config{Now: p.now, Shards: 2, Meter: p.border.Meter}, p.border)
	p.border.Connect(p.layer, proxy.New(proxy.Config{
		Self: self, Signer: proxy.NewSigner([]byte("test key")), Locator: locate.New(locate.Config{}), Strip: p.border.Strip,
		Go: func(func(context.Context)) bool { return false },
	}))
	return p
}

// from lets a message arrive.
func (p *paper) from(addr, text string) []letter {
	p.t.Helper()
	return p.over(wire.Flow{Transport: sip.UDP, Remote: netip.MustParseAddrPort(addr)}, text)
}

// fromStream lets a message arrive over a connection.
func (p *paper) fromStream(addr, text string) []letter {
	p.t.Helper()
	return p.over(wire.Flow{Transport: sip.TCP, Conn: 1, Remote: netip.MustParseAddrPort(addr)}, text)
}

func (p *paper) over(f wire.Flow, text string) []letter {
	p.t.Helper()
	p.sent = nil
	var m sip.Message
	data := []byte(crlf(text))
	if p.layer.Settled(data) {
		return nil
	}
	if err := m.Parse(data); err != nil {
		p.t.Fatalf("%v in\n%s", err, text)
	}
	pkt := &wire.Packet{Data: data, Flow: f, Local: netip.MustParseAddrPort(serverAddr), Now: p.now}
	p.layer.Receive(&txn.Incoming{Msg: &m, Packet: pkt}, p)
	return p.sent
}

// after lets time pass.
func (p *paper) after(d time.Duration) []letter {
	p.sent = nil
	end := p.now + int64(d)
	for p.now < end {
		p.now += int64(10 * time.Millisecond)
		p.layer.Advance(p.now, p)
	}
	return p.sent
}

func crlf(s string) string {
	head, body, ok := strings.Cut(s, "\n\n")
	head = strings.ReplaceAll(strings.TrimLeft(head, "\n"), "\n", "\r\n")
	if !ok {
		return head + "\r\n\r\n"
	}
	return head + "\r\n\r\n" + body
}

const invite = `
INVITE sip:bob@example.test SIP/2.0
Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKabc1;rport
Max-Forwards: 70
From: "Alice" <sip:alice@elsewhere.test>;tag=a1
To: <sip:bob@example.test>
Call-ID: call-1@elsewhere.test
CSeq: 1 INVITE
Contact: <sip:alice@198.51.100.7:5060>
P-Asserted-Identity: <sip:boss@example.test>
Subject: as long as an INVITE with a session description, since a stranger gets no more than three times what he sends ............................................................................................................................................................................................................................................................................................................
Content-Length: 0
`

func status(l letter) string {
	line, _, _ := strings.Cut(l.text, "\r\n")
	return line
}

// header returns the value of the first field of that name.
func header(text, name string) string {
	for _, l := range strings.Split(text, "\r\n") {
		if strings.HasPrefix(l, name+": ") {
			return l[len(name)+2:]
		}
	}
	return ""
}

// answer builds a response to a request that was sent.
func answer(req, statusLine, toTag string) string {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + statusLine + "\n")
	for _, l := range strings.Split(req, "\r\n") {
		for _, h := range []string{"Via", "From", "To", "Call-ID", "CSeq", "Record-Route"} {
			if strings.HasPrefix(l, h+": ") {
				b.WriteString(l)
				if h == "To" && toTag != "" && !strings.Contains(l, "tag=") {
					b.WriteString(";tag=" + toTag)
				}
				b.WriteString("\n")
			}
		}
	}
	return b.String() + "Contact: <sip:bob@192.0.2.80:5080>\nContent-Length: 0\n"
}

func TestStrangersCallIsRelayedToThePBXAndBack(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	out := p.from(callerAddr, invite)
	if len(out) != 2 || status(out[0]) != "SIP/2.0 100 Trying" || out[1].to.Remote.String() != pbxAddr {
		t.Fatalf("want 100 to the caller and the INVITE to the PBX, got %v", out)
	}
	fwd := out[1].text
	if strings.Contains(fwd, "P-Asserted-Identity") {
		t.Error("an untrusted P-Asserted-Identity reached the PBX")
	}
	if !strings.Contains(fwd, "received=198.51.100.7") || header(fwd, "Max-Forwards") != "69" {
		t.Errorf("not stamped:\n%s", fwd)
	}
	ok := answer(fwd, "200 OK", "b1")
	back := p.from(pbxAddr, ok)
	if len(back) != 1 || back[0].to.Remote.String() != callerAddr || strings.Count(back[0].text, "Via:") != 1 {
		t.Fatalf("the 200 did not go back: %v", back)
	}
	// A retransmitted 200 goes the same way, a retransmitted INVITE nowhere.
	if again := p.from(pbxAddr, ok); len(again) != 1 || again[0].to.Remote.String() != callerAddr {
		t.Errorf("late 200: %v", again)
	}
	if again := p.from(callerAddr, invite); len(again) != 0 {
		t.Errorf("INVITE absorbed in Accepted? %v", again)
	}
	route := header(back[0].text, "Record-Route")
	ack := "ACK sip:bob@192.0.2.80:5080 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKack1;rport\nMax-Forwards: 70\n" +
		"From: <sip:alice@elsewhere.test>;tag=a1\nTo: <sip:bob@example.test>;tag=b1\nCall-ID: call-1@elsewhere.test\nCSeq: 1 ACK\nRoute: " + route + "\nContent-Length: 0\n"
	if out := p.from(callerAddr, ack); len(out) != 1 || out[0].to.Remote.String() != pbxAddr || strings.Contains(out[0].text, "Route:") {
		t.Fatalf("ACK: %v", out)
	}
	bye := strings.NewReplacer("ACK", "BYE", "ack1", "bye1", "CSeq: 1", "CSeq: 2").Replace(ack)
	out = p.from(callerAddr, bye)
	if len(out) != 1 || out[0].to.Remote.String() != pbxAddr {
		t.Fatalf("BYE: %v", out)
	}
	back = p.from(pbxAddr, answer(out[0].text, "200 OK", ""))
	if len(back) != 1 || back[0].to.Remote.String() != callerAddr {
		t.Fatalf("200 to BYE: %v", back)
	}
	forged := strings.Replace(answer(out[0].text, "200 OK", ""), "received=198.51.100.7", "received=192.0.2.66", 1)
	if back := p.from(pbxAddr, forged); len(back) != 0 {
		t.Errorf("a response was reflected: %v", back)
	}
	if len(p.seen) != 1 || p.seen[0].Action != verdict.Relay {
		t.Errorf("history: %+v", p.seen)
	}
	p.after(40 * time.Second)
	if n := p.layer.Active(); n != 0 {
		t.Errorf("%d transactions left", n)
	}
}

func TestForgedRouteIsNoWayIn(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	bye := "BYE sip:victim@192.0.2.99 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKx\nMax-Forwards: 70\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\n" +
		"Call-ID: x\nCSeq: 2 BYE\nRoute: <sip:192.0.2.1:5060;lr;gh=AAAAAAAAAAAAAAAAAAAA>\nContent-Length: 0\n"
	out := p.from(callerAddr, bye)
	if len(out) != 1 || status(out[0]) != "SIP/2.0 481 Call/Transaction Does Not Exist" {
		t.Fatalf("got %v", out)
	}
	inv := strings.Replace(invite, "Max-Forwards", "Route: <sip:192.0.2.99;lr>\nMax-Forwards", 1)
	out = p.from(callerAddr, inv)
	if len(out) != 1 || status(out[0]) != "SIP/2.0 403 Relaying Denied" {
		t.Fatalf("pre-loaded Route: %v", out)
	}
	foreign := strings.Replace(strings.Replace(invite, "abc1", "abc3", 1), "INVITE sip:bob@example.test", "INVITE sip:bob@example.org", 1)
	out = p.from(callerAddr, foreign)
	if len(out) != 1 || status(out[0]) != "SIP/2.0 403 Relaying Denied" {
		t.Fatalf("foreign Request-URI: %v", out)
	}
	if out = p.from(callerAddr, foreign); len(out) != 1 || !strings.HasPrefix(status(out[0]), "SIP/2.0 403 ") || len(p.seen) != 2 {
		t.Fatalf("its retransmission: %v, %d in the history", out, len(p.seen))
	}
	for i, why := range []string{"reject 0: DENIED 0 (Route leads elsewhere)", "reject 0: DENIED 0 (Request-URI leads elsewhere)"} {
		if v := &p.seen[i]; v.Why() != why || v.Response == nil || v.Response.Code != 403 || v.Response.Reason != "Relaying Denied" {
			t.Errorf("history: %s, %+v", v.Why(), v.Response)
		}
	}
	out = p.from(callerAddr, strings.Replace(strings.Replace(invite, "abc1", "abc2", 1), "INVITE sip:bob@example.test", "INVITE sip:bob@example.test;maddr=192.0.2.99", 1))
	if len(out) != 2 || out[1].to.Remote.String() != pbxAddr || strings.Contains(status(out[1]), "maddr") {
		t.Fatalf("maddr: %v", out)
	}
}

func TestSilentPBXFailsOverAndThenAnswers503(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	p.from(callerAddr, invite)
	out := p.after(5 * time.Second)
	second := out[len(out)-1]
	if second.to.Remote.String() != "192.0.2.81:5080" {
		t.Fatalf("no failover: %v", out)
	}
	out = p.after(40 * time.Second)
	var final letter
	for _, l := range out {
		if l.to.Remote.String() == callerAddr && !strings.Contains(status(l), "100") {
			final = l
			break
		}
	}
	if status(final) != "SIP/2.0 503 Service Unavailable" || header(final.text, "Retry-After") == "" {
		t.Fatalf("got %q", final.text)
	}
	if r := p.seen[0].Response; r == nil || r.Code != 503 {
		t.Errorf("history: %+v", r)
	}
}

func TestCancelReachesThePBXAndIsAnswered(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	fwd := p.from(callerAddr, invite)[1].text
	p.from(pbxAddr, answer(fwd, "180 Ringing", "b1"))
	cancel := strings.NewReplacer("INVITE sip", "CANCEL sip", "1 INVITE", "1 CANCEL").Replace(invite)
	out := p.from(callerAddr, cancel)
	if len(out) != 2 || !strings.HasPrefix(status(out[0]), "SIP/2.0 200") || !strings.HasPrefix(status(out[1]), "CANCEL ") {
		t.Fatalf("got %v", out)
	}
	back := p.from(pbxAddr, answer(fwd, "487 Request Terminated", "b1"))
	if len(back) != 2 || !strings.HasPrefix(status(back[0]), "ACK ") || !strings.HasPrefix(status(back[1]), "SIP/2.0 487") {
		t.Fatalf("got %v", back)
	}
}

func TestLabelledCallerDoesNotSeeItsLabel(t *testing.T) {
	p := newPaper(t, []screen.Check{suspect{}}, screen.Layer{Mode: ptr(verdict.Enforce)})
	out := p.from(callerAddr, invite)
	fwd := out[len(out)-1].text
	if got := header(fwd, "From"); got != `"[SPAM?] Alice" <sip:alice@elsewhere.test>;tag=a1` {
		t.Fatalf("not labelled: %s", got)
	}
	back := p.from(pbxAddr, answer(fwd, "486 Busy Here", "b1"))
	if got := header(back[len(back)-1].text, "From"); got != `"Alice" <sip:alice@elsewhere.test>;tag=a1` {
		t.Errorf("the caller sees %s", got)
	}
}

func ptr[T any](v T) *T { return &v }

// suspect finds every caller suspicious.
type suspect struct{}

func (suspect) Info() screen.Info {
	return screen.Info{Name: "suspect", Signals: []screen.SignalInfo{{Name: "SUSPECT", Description: "Everybody.", Weight: 5}}}
}

func (suspect) Run(_ context.Context, _ *screen.Attempt, r *screen.Report) {
	r.Signal("SUSPECT", 1, "a test")
}

func TestCallerBehindANATIsReachedInTheDialog(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	natted := strings.Replace(invite, "Contact: <sip:alice@198.51.100.7:5060>", "Contact: <sip:alice@192.168.1.7:5060>", 1)
	fwd := p.from(callerAddr, natted)[1].text
	p.from(pbxAddr, answer(fwd, "200 OK", "b1"))
	bye := "BYE sip:alice@192.168.1.7:5060 SIP/2.0\nVia: SIP/2.0/UDP " + pbxAddr + ";branch=z9hG4bKbye\nMax-Forwards: 70\n" +
		"From: <sip:bob@example.test>;tag=b1\nTo: <sip:alice@elsewhere.test>;tag=a1\nCall-ID: call-1@elsewhere.test\nCSeq: 1 BYE\nRoute: " +
		header(fwd, "Record-Route") + "\nContent-Length: 0\n"
	out := p.from(pbxAddr, bye)
	if len(out) != 1 || out[0].to.Remote.String() != callerAddr {
		t.Fatalf("the PBX's BYE went to %v", out)
	}
}

func TestPBXOnThisMachineIsNeverLimited(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	site := &border.Site{}
	site.AddDomain(&border.Domain{Name: "example.test", Targets: []locate.Target{{Host: "127.0.0.1", Port: 5080}}})
	site.Seal()
	p.border.SetSite(site)
	limited := func(from string, t sip.Transport) bool {
		for range 20_000 {
			if !p.border.Admit(netip.MustParseAddrPort(from), t, 500, p.now) {
				return true
			}
		}
		return false
	}
	for _, tr := range []sip.Transport{sip.UDP, sip.TCP} { // from a connection to its port come its answers
		if limited("127.0.0.1:5080", tr) {
			t.Errorf("the PBX is limited over %v", tr)
		}
	}
	if !limited("127.0.0.1:5099", sip.UDP) {
		t.Error("another program on this machine is not")
	}
}

// The shortest of INVITEs gets its answer, though no more than three times its size
// may leave for a stranger on UDP: until it has brought enough for that, it is not
// told that it rings, which would end its coming.
func TestStrangerWithAShortInviteIsAnswered(t *testing.T) {
	short := "INVITE sip:bob@example.test SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKs1\nMax-Forwards: 70\nFrom: <sip:a@b.test>;tag=a1\n" +
		"To: <sip:bob@example.test>\nCall-ID: short\nCSeq: 1 INVITE\nContact: <sip:a@198.51.100.7>\nContent-Length: 0\n"
	for _, ringsFirst := range []bool{true, false} {
		p := newPaper(t, nil, screen.Layer{})
		out := p.from(callerAddr, short)
		if len(out) != 1 || out[0].to.Remote.String() != pbxAddr {
			t.Fatalf("got %v", out)
		}
		telling := func(text string, n int) string {
			return strings.Replace(text, "Contact:", "X: "+strings.Repeat("x", n)+"\nContact:", 1)
		}
		ring, ok := telling(answer(out[0].text, "180 Ringing", "b1"), 200), telling(answer(out[0].text, "200 OK", "b1"), 600)
		want := "SIP/2.0 100 Trying"
		if ringsFirst {
			want = "SIP/2.0 180 Ringing"
			if out = p.from(pbxAddr, ring); len(out) != 0 {
				t.Errorf("it rings: %v", out)
			}
		}
		out = nil
		for copies := 2; len(out) == 0 && copies < 5; copies++ {
			out = p.from(callerAddr, short)
		}
		if len(out) != 1 || status(out[0]) != want {
			t.Errorf("sent again: %v, want %s", out, want)
		}
		if out = p.from(pbxAddr, ok); len(out) != 1 || status(out[0]) != "SIP/2.0 200 OK" {
			t.Errorf("answered: %v", out)
		}
	}
}

// What a stranger's INVITE has earned lasts as long as it may ring (Timer C, RFC 3261
// §16.6 step 11).
func TestStrangerIsAnsweredAfterLongRinging(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	fwd := p.from(callerAddr, invite)[1].text
	p.from(pbxAddr, answer(fwd, "180 Ringing", "b1"))
	p.after(175 * time.Second)
	if out := p.from(pbxAddr, answer(fwd, "200 OK", "b1")); len(out) != 1 || status(out[0]) != "SIP/2.0 200 OK" {
		t.Errorf("answered: %v", out)
	}
}

func TestShortInviteToADeadPBXIsAnswered(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	short := "INVITE sip:bob@example.test SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKs1\nMax-Forwards: 70\nFrom: <sip:a@b.test>;tag=a1\n" +
		"To: <sip:bob@example.test>\nCall-ID: short\nCSeq: 1 INVITE\nContact: <sip:a@198.51.100.7>\nContent-Length: 0\n"
	p.from(callerAddr, short)
	for _, l := range p.after(40 * time.Second) {
		if l.to.Remote.String() == callerAddr && strings.HasPrefix(status(l), "SIP/2.0 503") {
			return
		}
	}
	t.Error("no final answer")
}
