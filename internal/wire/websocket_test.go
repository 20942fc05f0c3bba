package wire

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
	"github.com/coder/websocket"
)

// browser connects as a WebSocket client.
func browser(t *testing.T, n *Net, opts *websocket.DialOptions) (*websocket.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	scheme := "ws://"
	if n.Listeners()[0].Transport == sip.WSS {
		scheme = "wss://"
	}
	c, resp, err := websocket.Dial(ctx, scheme+n.Listeners()[0].Addr.String()+"/", opts)
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err == nil {
		t.Cleanup(func() { _ = c.CloseNow() })
	}
	return c, err
}

func sipDial() *websocket.DialOptions {
	return &websocket.DialOptions{Subprotocols: []string{"sip"}}
}

func mustBrowse(t *testing.T, n *Net) *websocket.Conn {
	t.Helper()
	c, err := browser(t, n, sipDial())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wsSend(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(context.Background(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func wsRead(t *testing.T, c *websocket.Conn) (websocket.MessageType, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	typ, b, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return typ, string(b)
}

func TestWebSocketMessages(t *testing.T) {
	h := newRecorder()
	h.answer = echoAnswer
	n := start(t, Config{Listen: []Listen{loopback(sip.WS)}}, h)
	c := mustBrowse(t, n)
	if c.Subprotocol() != "sip" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	for i := range 20 {
		wsSend(t, c, request(i))
		if typ, got := wsRead(t, c); got != request(i) || typ != websocket.MessageText {
			t.Fatalf("got %v %q", typ, got)
		}
	}
	if err := c.Write(context.Background(), websocket.MessageBinary, []byte("\xff\xfe is no UTF-8")); err != nil {
		t.Fatal(err)
	}
	if typ, _ := wsRead(t, c); typ != websocket.MessageBinary {
		t.Errorf("got %v", typ)
	}
	p := next(t, h.packets)
	if p.Flow.Transport != sip.WS || p.Flow.Conn == 0 || p.Local != n.Listeners()[0].Addr {
		t.Errorf("got %+v", p)
	}
	_ = c.CloseNow()
	if f := next(t, h.closed); f != p.Flow {
		t.Errorf("got %+v", f)
	}
}

func TestWebSocketKeepAlives(t *testing.T) {
	h := newRecorder()
	n := start(t, Config{Listen: []Listen{loopback(sip.WS)}}, h)
	c := mustBrowse(t, n)
	wsSend(t, c, "\r\n\r\n")
	if _, got := wsRead(t, c); got != "\r\n" {
		t.Errorf("got %q", got)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ctx = c.CloseRead(ctx)
	if err := c.Ping(ctx); err != nil {
		t.Error(err)
	}
	nothing(t, h.packets)
}

// A browser has no way to ping: we do (RFC 7118 §6).
func TestWebSocketIsPinged(t *testing.T) {
	n := start(t, Config{Listen: []Listen{loopback(sip.WS)}, Limits: Limits{Ping: 10 * time.Millisecond}}, newRecorder())
	pinged := make(chan struct{}, 100)
	opts := sipDial()
	opts.OnPingReceived = func(context.Context, []byte) bool {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return true
	}
	c, err := browser(t, n, opts)
	check(err)
	c.CloseRead(context.Background())
	next(t, pinged)
	next(t, pinged)
}

func TestWebSocketWithoutSubprotocolIsRefused(t *testing.T) {
	n := start(t, Config{Listen: []Listen{loopback(sip.WS)}}, newRecorder())
	if _, err := browser(t, n, &websocket.DialOptions{}); err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("got %v", err)
	}
	if _, err := browser(t, n, &websocket.DialOptions{Subprotocols: []string{"xmpp"}}); err == nil {
		t.Error("xmpp was accepted")
	}
}

// RFC 6455 §10.2: no page has its visitor's browser connect that is not meant to. What is no browser has no origin.
func TestWebSocketOrigins(t *testing.T) {
	patterns := []string{"*.example.test", "https://phone.test:8443", "APP.test"}
	n := start(t, Config{Listen: []Listen{loopback(sip.WS)}, Origins: func() []string { return patterns }}, newRecorder())
	here := n.Listeners()[0].Addr.String()
	for origin, ok := range map[string]bool{
		"": true, "https://phone.example.test": true, "http://" + here: true, "https://phone.test:8443": true, "https://app.test": true,
		"https://evil.test": false, "https://example.test.evil.test": false, "https://phone.test": false, "http://phone.test:8443": false, "null": false, "file://": false, "https://evil.test/.example.test": false,
	} {
		opts := sipDial()
		if origin != "" {
			opts.HTTPHeader = http.Header{"Origin": {origin}}
		}
		if _, err := browser(t, n, opts); (err == nil) != ok {
			t.Errorf("%q: %v", origin, err)
		}
	}
	if got := n.Stats().HandshakeErrors; got != 7 {
		t.Errorf("%d refused", got)
	}
	for _, n := range []*Net{n, start(t, Config{Listen: []Listen{loopback(sip.WS)}}, newRecorder())} {
		patterns = []string{"*"}
		for _, origin := range []string{"https://evil.test", "null", "file://"} {
			opts := sipDial()
			opts.HTTPHeader = http.Header{"Origin": {origin}}
			if _, err := browser(t, n, opts); err != nil {
				t.Errorf("everybody is let in, but not %q: %v", origin, err)
			}
		}
	}
}

func TestWebSocketTooLongMessageEndsTheConnection(t *testing.T) {
	h := newRecorder()
	n := start(t, Config{Listen: []Listen{loopback(sip.WS)}, Limits: Limits{Message: 5000}}, h)
	c := mustBrowse(t, n)
	wsSend(t, c, strings.Repeat("x", 5000))
	next(t, h.packets)
	_ = c.Write(context.Background(), websocket.MessageText, make([]byte, 6000))
	next(t, h.closed)
	nothing(t, h.packets)
}

// RFC 6455 §8.1: text is UTF-8, or the connection fails; anything else comes as binary.
func TestWebSocketTextHasToBeUTF8(t *testing.T) {
	h := newRecorder()
	n := start(t, Config{Listen: []Listen{loopback(sip.WS)}}, h)
	latin := strings.Replace(request(1), "<sip:alice", "\"Ren\xe9\" <sip:alice", 1)
	c := mustBrowse(t, n)
	if err := c.Write(context.Background(), websocket.MessageBinary, []byte(latin)); err != nil {
		t.Fatal(err)
	}
	if got := next(t, h.packets).text; got != latin {
		t.Errorf("got %q", got)
	}
	wsSend(t, c, latin)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusInvalidFramePayloadData {
		t.Errorf("closed by %v", err)
	}
	next(t, h.closed)
	nothing(t, h.packets)
}

func TestWebSocketSilentOnesRunOutOfTime(t *testing.T) {
	const short = 50 * time.Millisecond
	n := start(t, Config{Listen: []Listen{loopback(sip.WS)}, Limits: Limits{HandshakeTime: short, Idle: short}}, newRecorder())
	expectEnd(t, dialer(t, "tcp", n.Listeners()[0].Addr)) // no HTTP request
	h := newRecorder()
	n = start(t, Config{Listen: []Listen{loopback(sip.WS)}, Limits: Limits{Idle: short}}, h)
	c := mustBrowse(t, n)
	wsSend(t, c, request(1))
	next(t, h.closed)
	if got := n.Stats().Idle; got != 1 {
		t.Errorf("%d idle", got)
	}
}

func TestWebSocketDrain(t *testing.T) {
	h := newRecorder()
	n := start(t, Config{Listen: []Listen{loopback(sip.WS)}}, h)
	c := mustBrowse(t, n)
	wsSend(t, c, request(1))
	next(t, h.packets)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	gone := c.CloseRead(ctx).Done()
	n.Drain(ctx)
	next(t, gone)
	if ctx.Err() != nil {
		t.Error("drained too long")
	}
}

func TestSecureWebSocket(t *testing.T) {
	ca := newAuthority()
	h := newRecorder()
	h.answer = echoAnswer
	cfg := Config{Listen: []Listen{loopback(sip.WSS)}, TLS: ca.config(ca.leaf("127.0.0.1"))}
	cfg.TLS.ClientCerts = RequestClientCerts
	n := start(t, cfg, h)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.pool, Certificates: []tls.Certificate{*ca.leaf("phone.test")}}}
	defer transport.CloseIdleConnections()
	opts := sipDial()
	opts.HTTPClient = &http.Client{Transport: transport}
	c, err := browser(t, n, opts)
	check(err)
	wsSend(t, c, request(1))
	if _, got := wsRead(t, c); got != request(1) {
		t.Errorf("got %q", got)
	}
	if p := next(t, h.packets); p.Flow.Transport != sip.WSS || p.TLS == nil || p.TLS.Names[0] != "phone.test" {
		t.Errorf("got %+v", p)
	}
}
