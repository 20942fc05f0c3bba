package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"gatehouse.example/test/harness"
)

// webSocket connects a browser phone.
func webSocket(t *testing.T, n harness.Net, cert *harness.Certificate, secure bool) *harness.Endpoint {
	t.Helper()
	url, client := "ws://"+n.Addr(harness.ServerHost, 8080).String(), http.DefaultClient
	if secure {
		url = "wss://" + n.Addr(harness.ServerHost, 8443).String()
		client = &http.Client{Transport: &http.Transport{TLSClientConfig: cert.Client(n)}}
	}
	conn, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: []string{"sip"}, HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	if conn.Subprotocol() != "sip" {
		t.Errorf("subprotocol %q, RFC 7118 §5 wants sip", conn.Subprotocol())
	}
	return harness.Messages(t, map[bool]string{false: "WS", true: "WSS"}[secure],
		func() (string, error) { _, b, err := conn.Read(t.Context()); return string(b), err },
		func(text string) error { return conn.Write(t.Context(), websocket.MessageText, []byte(text)) },
		func() error { return conn.CloseNow() })
}

// TestSecureAndBrowserPhonesReachAUDPPBX: the path changes its transport, so
// the server stands in the route set twice, once for each side (RFC 5658 §3).
func TestSecureAndBrowserPhonesReachAUDPPBX(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	cert := harness.NewCertificate(t, n, "example.test")
	pbx := harness.UDP(t, n.PBX(), n.Server()).Accept().Answering()
	harness.Start(t, n, cert.SecureListen(n)+strings.TrimLeft(fill(n, enforcing), "\n"))
	at := func(port uint16, transport string) string {
		return "<sip:" + n.Addr(harness.ServerHost, port).String() + ";transport=" + transport + ";"
	}
	sides := map[string]string{"TCP": at(5060, "tcp"), "TLS": at(5061, "tls"), "WS": at(8080, "ws"), "WSS": at(8443, "ws")}
	for name, open := range map[string]func(*testing.T) *harness.Endpoint{
		"TCP": func(t *testing.T) *harness.Endpoint { return harness.TCP(t, n.Host(harness.CallerHost), n.Server()) },
		"TLS": func(t *testing.T) *harness.Endpoint {
			return harness.TLS(t, n.Host(harness.CallerHost), n.Addr(harness.ServerHost, 5061), cert.Client(n))
		},
		"WS":  func(t *testing.T) *harness.Endpoint { return webSocket(t, n, cert, false) },
		"WSS": func(t *testing.T) *harness.Endpoint { return webSocket(t, n, cert, true) },
	} {
		t.Run(name, func(t *testing.T) {
			e, side := open(t), sides[name]
			request := e.Invite(bob)
			ok := e.Ask(t, request)
			if ok.Status() != 200 {
				t.Fatalf("INVITE: %s", ok.StartLine())
			}
			d := e.CallerDialog(ok)
			if len(d.Routes()) != 2 || !strings.HasPrefix(d.Routes()[0], side) {
				t.Errorf("route set of the caller: %q", d.Routes())
			}
			invite := pbx.ExpectRequest(t, "INVITE")
			if via := invite.Get("Via"); !strings.HasPrefix(via, "SIP/2.0/UDP ") {
				t.Errorf("Via at the PBX: %s", via)
			}
			e.Send(d.Request("ACK"))
			pbx.ExpectRequest(t, "ACK")
			// The callee hangs up: its request finds the way back over the
			// caller's own connection.
			bye := pbx.CalleeDialog(invite, invite.Answer(200, "OK")).Request("BYE")
			pbx.Send(bye)
			got := e.ExpectRequest(t, "BYE")
			if got.Get("Route") != "" {
				t.Errorf("Route at the caller: %q", got.All("Route"))
			}
			got.Reply(200, "OK")
			if r := pbx.ExpectFinal(t, bye); r.Status() != 200 {
				t.Errorf("BYE: %s", r.StartLine())
			}
		})
	}
}

// TestSecureCallIsNotSentOnInClear: sips: promises TLS on each hop (RFC 3261 §26.2.2), and
// this PBX has none (RFC 5630 §5.3).
func TestSecureCallIsNotSentOnInClear(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	cert := harness.NewCertificate(t, n, "example.test")
	pbx := harness.UDP(t, n.PBX(), n.Server()).Accept().Answering()
	s := harness.Start(t, n, cert.SecureListen(n)+strings.TrimLeft(fill(n, enforcing), "\n"))
	e := harness.TLS(t, n.Host(harness.CallerHost), n.Addr(harness.ServerHost, 5061), cert.Client(n))
	for _, method := range []string{"INVITE", "MESSAGE"} {
		no := e.Ask(t, e.Request(method, "sips:bob@example.test"))
		if no.Status() != 480 || !strings.HasPrefix(no.Get("Warning"), "380 ") {
			t.Errorf("%s: %s, Warning: %s", method, no.StartLine(), no.Get("Warning"))
		}
		if pbx.Received() != 0 {
			t.Errorf("%s: the PBX got it in clear", method)
		}
	}
	harness.Eventually(t, harness.Patience, "the history says why", func() bool {
		a := s.Attempts(t, "")
		return len(a) == 2 && a[0].Response != nil && a[0].Response.Code == 480 && a[0].Has("DENIED")
	})
}

// TestPBXReachesAPhoneByItsConnection: the phone registers at the PBX over TCP;
// the PBX calls it back over that connection, until it is closed.
func TestPBXReachesAPhoneByItsConnection(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	phone := harness.TCP(t, s.Net.Host(harness.CallerHost), s.Net.Server())
	r := phone.Request("REGISTER", "sip:example.test", "From: <"+bob+">;tag=1", "To: <"+bob+">", "Contact: <sip:bob@192.0.2.7;transport=tcp>")
	if ok := phone.Ask(t, r); ok.Status() != 200 {
		t.Fatalf("REGISTER: %s", ok.StartLine())
	}
	path := s.pbx.ExpectRequest(t, "REGISTER").Get("Path")
	if !strings.Contains(path, ";lr;fp=") {
		t.Fatalf("Path %q", path)
	}
	phone.Answering()
	ok := s.pbx.Ask(t, s.pbx.Invite("sip:bob@192.0.2.7;transport=tcp", "Route: "+path))
	if ok.Status() != 200 {
		t.Fatalf("INVITE: %s", ok.StartLine())
	}
	d := s.pbx.CallerDialog(ok)
	s.pbx.Send(d.Request("ACK"))
	phone.ExpectRequest(t, "ACK")
	if r := s.pbx.Ask(t, d.Request("BYE")); r.Status() != 200 {
		t.Errorf("BYE: %s", r.StartLine())
	}
	phone.Close()
	harness.Eventually(t, harness.Patience, "a call over the closed connection is 430", func() bool {
		// One that was written before the end was seen is lost without a word.
		request := s.pbx.Invite("sip:bob@192.0.2.7;transport=tcp", "Route: "+path)
		s.pbx.Send(request)
		m, ok := s.pbx.Find(time.Second, func(m harness.Message) bool {
			return m.Status() >= 200 && m.Get("Call-ID") == harness.Message{Text: request}.Get("Call-ID")
		})
		return ok && m.Status() == 430
	})
}

// TestStreamWithoutContentLengthIsRefused: what follows on the stream would be taken for the body, and passed on with it.
func TestStreamWithoutContentLengthIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	phone := harness.TCP(t, s.Net.Host(harness.CallerHost), s.Net.Server())
	call := phone.Invite(bob)
	head, _, _ := strings.Cut(call, "\r\n\r\n")
	head = regexp.MustCompile(`(?i)\r\n(Content-Length|l):[^\r]*`).ReplaceAllString(head, "")
	phone.Send(head + "\r\n\r\n" + phone.Request("MESSAGE", bob))
	if m := phone.ExpectFinal(t, call); m.StartLine() != "SIP/2.0 400 no Content-Length" {
		t.Errorf("INVITE: %s", m.StartLine())
	}
	s.call(t) // whatever came before has arrived by now
	for _, m := range s.pbx.Inbox() {
		if m.Get("Call-ID") == (harness.Message{Text: call}).Get("Call-ID") {
			t.Errorf("the PBX got\n%s", m.Text)
		}
	}
}

// TestPagesOfOthersDoNotConnect: a page that somebody looks at has his browser connect; RFC 6455 §10.2 leaves it to the server to ask whose page it is.
func TestPagesOfOthersDoNotConnect(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	at := n.Addr(harness.ServerHost, 8080).String()
	config := "listen: [udp://LISTEN, ws://" + at + "]\n" + strings.TrimLeft(enforcing, "\n")
	s := harness.Start(t, n, fill(n, config))
	connects := func(origin string) bool {
		opts := &websocket.DialOptions{Subprotocols: []string{"sip"}}
		if origin != "" {
			opts.HTTPHeader = http.Header{"Origin": {origin}}
		}
		conn, r, err := websocket.Dial(t.Context(), "ws://"+at, opts)
		if err == nil {
			_ = conn.CloseNow()
		} else if r == nil || r.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %v", origin, err)
		}
		return err == nil
	}
	for origin, want := range map[string]bool{
		"": true, "https://example.test": true, "https://phone.example.test:8443": true, "http://" + at: true, "https://evil.test": false, "https://crm.test": false, "null": false,
	} {
		if got := connects(origin); got != want {
			t.Errorf("%q: %v", origin, got)
		}
	}
	s.Write(t, fill(n, config+"websocket: {origins: [\"https://crm.test\"]}\n"))
	harness.Eventually(t, harness.Patience, "the page that is listed connects, without a restart", func() bool { return connects("https://crm.test") })
	if connects("https://evil.test") {
		t.Error("another page connects too")
	}
}
