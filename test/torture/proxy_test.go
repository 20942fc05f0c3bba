package torture

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

// setup is a server with TLS, a PBX behind it and sockets of a stranger.
type setup struct {
	t      *testing.T
	net    harness.Net
	server *harness.Server
	cert   *harness.Certificate
	pbx    *harness.Endpoint
	udp    map[uint16]*harness.Endpoint
}

func newSetup(t *testing.T, config string) *setup {
	t.Helper()
	n := harness.NewNet(t)
	s := &setup{t: t, net: n, cert: harness.NewCertificate(t, n, "example.com"), udp: map[uint16]*harness.Endpoint{}}
	s.pbx = harness.UDP(t, n.PBX(), n.Server()).Accept().Answering()
	s.server = harness.Start(t, n, s.cert.SecureListen(n)+strings.ReplaceAll(config, "PBX", "sip:"+n.PBX().String()))
	return s
}

// stranger is a socket for one message: on UDP it has the port that answers to
// the message's Via go to.
func (s *setup) stranger(m *message) *harness.Endpoint {
	from := s.net.Host(harness.CallerHost)
	switch m.transport {
	case "TCP":
		return harness.TCP(s.t, from, s.net.Server())
	case "TLS":
		return harness.TLS(s.t, from, s.net.Addr(harness.ServerHost, 5061), s.cert.Client(s.net))
	}
	port := m.responsePort()
	if s.udp[port] == nil {
		s.udp[port] = harness.UDP(s.t, s.net.Addr(harness.CallerHost, port), s.net.Server())
	}
	return s.udp[port]
}

// send sends a message and returns the final response, an empty one for
// silence.
func (s *setup) send(t *testing.T, m *message, x *expectation, text string) harness.Message {
	t.Helper()
	e := s.stranger(m)
	id := harness.Message{Text: text}.Get("Call-ID")
	mine := func(r harness.Message) bool { return r.Status() >= 200 && r.Get("Call-ID") == id }
	e.Send(text)
	if !x.silence && !x.anything {
		r, _ := e.Find(harness.Patience, mine)
		return r
	}
	s.fence(t, e, m)
	r, _ := e.Find(0, mine)
	return r
}

// fence waits until the server has answered what was sent after the message on
// the same way, or has closed the connection.
func (s *setup) fence(t *testing.T, e *harness.Endpoint, m *message) {
	t.Helper()
	request := e.Request("OPTIONS", "sip:"+s.net.Server().String())
	e.Send(request)
	if m.transport == "UDP" {
		e.ExpectFinal(t, request)
		return
	}
	harness.Eventually(t, harness.Patience, "an answer, or the end of the connection", func() bool {
		select {
		case <-e.Ended():
			return true
		default:
			_, ok := e.Find(0, func(r harness.Message) bool { return r.Method() == "OPTIONS" })
			return ok
		}
	})
}

// alive asks the server from an address that has sent nothing bad.
func (s *setup) alive(t *testing.T) {
	t.Helper()
	e := harness.UDP(t, s.net.Addr(harness.AliceHost, 0), s.net.Server())
	defer e.Close()
	if r := e.Ask(t, e.Request("OPTIONS", "sip:"+s.net.Server().String())); r.Status() != 200 {
		t.Errorf("OPTIONS: %s", r.StartLine())
	}
	if s.server.Exited() {
		t.Fatal("the server has ended")
	}
}

// elsewhere is a domain that no message names.
const elsewhere = `
domains: [{name: unconcerned.test, deliver: PBX}]
limits: {failures: {scan: 1000/m}}
`

// ours claims every domain of the messages' Request-URIs.
const ours = `
domains:
  - name: example.com
    aliases: [services.example.com, chair-dnrc.example.com, company.com, example.org, example.net, biloxi.example.com,
              t1.example.com, host5.example.net, "2001:db8::10", "2001:db8::10:5070", "::ffff:192.0.2.10", t.example.com,
              vivekg.chair-dnrc.example.com, lab.example.com]
    deliver: PBX
checks: {rate: {enabled: false}}
`

func TestStrangerGetsTheExpectedAnswer(t *testing.T) {
	t.Parallel()
	s := newSetup(t, elsewhere)
	for _, m := range messages(t) {
		t.Run(m.name, func(t *testing.T) {
			x := read(m.proxy)
			r := s.send(t, &m, &x, m.text)
			if !x.allows(r.Status()) {
				t.Errorf("got %q, the index says %q", r.StartLine(), m.proxy)
			}
			check420(t, &m, r)
		})
	}
	s.alive(t)
	if got := s.pbx.Inbox(); len(got) > 0 {
		t.Errorf("a stranger's message for elsewhere was forwarded:\n%s", got[0].Text)
	}
}

func TestWhatIsForOurDomainsIsForwarded(t *testing.T) {
	t.Parallel()
	s := newSetup(t, ours)
	for _, m := range messages(t) {
		t.Run(m.name, func(t *testing.T) {
			x := read(m.proxy)
			r := s.send(t, &m, &x, m.text)
			if !x.allows(r.Status()) {
				t.Errorf("got %q, the index says %q", r.StartLine(), m.proxy)
			}
			s.checkForwarded(t, &m, &x, r)
		})
	}
	s.alive(t)
}

// checkForwarded compares what the PBX got with what was sent.
func (s *setup) checkForwarded(t *testing.T, m *message, x *expectation, r harness.Message) {
	t.Helper()
	var got []harness.Message
	for {
		f, ok := s.pbx.Find(0, func(harness.Message) bool { return true })
		if !ok {
			break
		}
		if f.Method() != "ACK" {
			got = append(got, f)
		}
	}
	if !x.pass || m.kind == "response" {
		if len(got) > 0 {
			t.Errorf("something malformed was forwarded:\n%s", got[0].Text)
		}
		return
	}
	if len(got) == 0 {
		if !slices.Contains(stays, m.name) {
			t.Errorf("not forwarded, answered %q", r.StartLine())
		}
		return
	}
	forwarded := got[0]
	body := string(m.body())
	if m.name == "dblreq" {
		body = "" // what follows Content-Length: 0 is no body
	}
	if forwarded.Body() != body {
		t.Errorf("the body was changed:\n%q\nto\n%q", body, forwarded.Body())
	}
	if m.name != "longreq" && len(got) > 1 {
		t.Errorf("%d messages were forwarded", len(got))
	}
	checkKept(t, m, forwarded)
}

// stays are valid messages that are not for the PBX: the reasons are in
// comments.
var stays = []string{
	"badbranch",                     // its branch identifies nothing: 400
	"esc02",                         // for registrar.example.com, which is not ours
	"mpart01",                       // a Route that leads elsewhere: see below
	"via-received-param-with-delim", // a BYE outside any dialog that was let in
	"via-received-param-no-delim",   // OPTIONS for the server itself: answered
	"mult-ip-in-header",             // for host.example.net, which is not ours
	"ipv6-bug-abnf-3-colons",        // the same
	"ipv6-correct-abnf-2-colons",
}

func TestMultipartBodyIsForwardedByteExact(t *testing.T) {
	t.Parallel()
	s := newSetup(t, ours)
	for _, m := range messages(t) {
		if m.name != "mpart01" {
			continue
		}
		// Its Route leads to 127.0.0.1, and a stranger may not choose the way.
		before, after, _ := strings.Cut(m.text, "Route: ")
		_, after, _ = strings.Cut(after, "\r\n")
		m.text = before + after
		x := read(m.proxy)
		r := s.send(t, &m, &x, m.text)
		if r.Status() != 200 {
			t.Errorf("got %q", r.StartLine())
		}
		s.checkForwarded(t, &m, &x, r)
		return
	}
	t.Error("there is no mpart01")
}

// checkKept compares the header fields that nobody may touch: all but Via,
// Max-Forwards, Route and Record-Route arrive line by line as they came.
func checkKept(t *testing.T, m *message, forwarded harness.Message) {
	t.Helper()
	changed := func(line string) bool {
		name, _, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "via", "v", "max-forwards", "route", "record-route":
			return true
		}
		return false
	}
	var lines []string
	head, _, _ := strings.Cut(m.text, "\r\n\r\n")
	for i, line := range strings.Split(head, "\r\n") {
		if i == 0 {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			lines[len(lines)-1] += "\r\n" + line
			continue
		}
		lines = append(lines, line)
	}
	for _, line := range lines {
		if !changed(line) && !strings.Contains(forwarded.Text, "\r\n"+line+"\r\n") {
			t.Errorf("the field %q did not arrive as it was in\n%s", line, forwarded.Text)
		}
	}
	if want, got := maxForwards(m), forwarded.Get("Max-Forwards"); want != got {
		t.Errorf("Max-Forwards %q, want %q", got, want)
	}
	if vias := forwarded.All("Via"); len(vias) < 2 || !strings.Contains(vias[0], ";branch=z9hG4bK") || !strings.Contains(strings.Join(vias[1:], " "), "received=127.") {
		t.Errorf("Via: %q", vias)
	}
}

func maxForwards(m *message) string {
	v := strings.TrimSpace(harness.Message{Text: m.text}.Get("Max-Forwards"))
	var n int
	if _, err := fmt.Sscanf(v, "%d", &n); err != nil {
		return "70" // RFC 3261 §16.6 step 3
	}
	return fmt.Sprint(n - 1)
}

// check420 wants the unsupported extensions named.
func check420(t *testing.T, m *message, r harness.Message) {
	t.Helper()
	if r.Status() != 420 {
		return
	}
	for _, tag := range strings.Split(strings.Join(harness.Message{Text: m.text}.All("Proxy-Require"), ","), ",") {
		if !strings.Contains(strings.Join(r.All("Unsupported"), ","), strings.TrimSpace(tag)) {
			t.Errorf("Unsupported %q does not name %s", r.All("Unsupported"), tag)
		}
	}
}
