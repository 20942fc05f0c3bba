package interop

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"gatehouse.example/test/harness"
)

// sipgoCallee is a callee in sipgo. What it has seen is told on the channel.
func sipgoCallee(t *testing.T, addr netip.AddrPort, transport string) <-chan string {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	ua, err := sipgo.NewUA(sipgo.WithUserAgent("callee"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := sipgo.NewServer(ua, sipgo.WithServerLogger(log))
	if err != nil {
		t.Fatal(err)
	}
	client, err := sipgo.NewClient(ua, sipgo.WithClientHostname(addr.Addr().String()), sipgo.WithClientLogger(log))
	if err != nil {
		t.Fatal(err)
	}
	contact := sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "callee", Host: addr.Addr().String(), Port: int(addr.Port())}}
	if transport == "tcp" {
		contact.Address.UriParams = sip.NewParams()
		contact.Address.UriParams.Add("transport", "tcp")
	}
	dialogs := sipgo.NewDialogServerCache(client, contact)
	seen := make(chan string, 100)
	server.OnInvite(func(req *sip.Request, tx sip.ServerTransaction) {
		d, err := dialogs.ReadInvite(req, tx)
		if err != nil {
			seen <- "bad INVITE: " + err.Error()
			return
		}
		d.Respond(180, "Ringing", nil)
		if err := d.RespondSDP([]byte(harness.SDP)); err != nil {
			seen <- "no ACK: " + err.Error()
			return
		}
		<-d.Context().Done()
	})
	server.OnAck(func(req *sip.Request, tx sip.ServerTransaction) {
		if dialogs.ReadAck(req, tx) == nil {
			seen <- "ACK"
		}
	})
	server.OnBye(func(req *sip.Request, tx sip.ServerTransaction) {
		if dialogs.ReadBye(req, tx) == nil {
			seen <- "BYE"
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.ListenAndServe(ctx, transport, addr.String())
	}()
	t.Cleanup(func() { stop(); server.Close(); ua.Close(); <-done })
	harness.WaitListening(t, transport, addr)
	return seen
}

// TestSipgoCallsSipgo: a call and its end, with sipgo on both sides, over each
// transport.
func TestSipgoCallsSipgo(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			n := harness.NewNet(t)
			s := front(t, n, transport)
			seen := sipgoCallee(t, n.PBX(), transport)
			ctx, stop := context.WithTimeout(t.Context(), 2*harness.Patience)
			defer stop()
			sipgoCall(ctx, t, n, transport, seen)
			s.Attempt(t, "the call", func(a *harness.Attempt) bool { return a.Kind == "call" && a.Action == "relay" })
		})
	}
}

func saw(t *testing.T, seen <-chan string, want string) {
	t.Helper()
	select {
	case got := <-seen:
		if got != want {
			t.Errorf("the callee saw %s, want %s", got, want)
		}
	case <-time.After(harness.Patience):
		t.Fatalf("the callee saw no %s", want)
	}
}

// sipgoCall makes a call and ends it.
func sipgoCall(ctx context.Context, t *testing.T, n harness.Net, transport string, seen <-chan string) {
	t.Helper()
	ua, err := sipgo.NewUA(sipgo.WithUserAgent("caller"))
	if err != nil {
		t.Fatal(err)
	}
	defer ua.Close()
	me := n.Addr(harness.CallerHost, 5060)
	client, err := sipgo.NewClient(ua, sipgo.WithClientConnectionAddr(me.String()), sipgo.WithClientLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	dialogs := sipgo.NewDialogClientCache(client, sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "caller", Host: me.Addr().String(), Port: int(me.Port())}})
	invite := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", User: "bob", Host: "example.test"})
	invite.SetTransport(map[string]string{"udp": "UDP", "tcp": "TCP"}[transport])
	invite.SetDestination(n.Server().String())
	invite.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	invite.SetBody([]byte(harness.SDP))
	d, err := dialogs.WriteInvite(ctx, invite)
	if err != nil {
		t.Fatalf("INVITE: %v", err)
	}
	defer d.Close()
	if err := d.WaitAnswer(ctx, sipgo.AnswerOptions{}); err != nil {
		t.Fatalf("answer: %v", err)
	}
	if err := d.Ack(ctx); err != nil {
		t.Fatalf("ACK: %v", err)
	}
	saw(t, seen, "ACK") // the callee takes them in any order, and trips over it
	if err := d.Bye(ctx); err != nil {
		t.Fatalf("BYE: %v", err)
	}
	saw(t, seen, "BYE")
}

// TestSipgoRegistersWithDigest: sipgo knows SHA-256 and SHA-512-256.
func TestSipgoRegistersWithDigest(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	s := harness.Start(t, n, "domains: [{name: example.test, deliver: home}]\n")
	s.AddUser(t, "alice@example.test", "secret-alice")
	ua, err := sipgo.NewUA(sipgo.WithUserAgent("alice"), sipgo.WithUserAgentHostname("example.test"))
	if err != nil {
		t.Fatal(err)
	}
	defer ua.Close()
	client, err := sipgo.NewClient(ua, sipgo.WithClientConnectionAddr(n.Addr(harness.AliceHost, 5060).String()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*harness.Patience)
	defer stop()
	for _, c := range []struct {
		password string
		status   int
	}{{"wrong", 401}, {"secret-alice", 200}} {
		req := sip.NewRequest(sip.REGISTER, sip.Uri{Scheme: "sip", Host: "example.test"})
		req.AppendHeader(&sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: "alice", Host: "example.test"}})
		from := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: "alice", Host: "example.test"}, Params: sip.NewParams()}
		from.Params.Add("tag", harness.Token())
		req.AppendHeader(from)
		req.AppendHeader(sip.NewHeader("Contact", "<sip:alice@"+n.Addr(harness.AliceHost, 5060).String()+">"))
		req.SetDestination(n.Server().String())
		res, err := client.Do(ctx, req, sipgo.ClientRequestRegisterBuild)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != 401 {
			t.Fatalf("REGISTER: %s", res.StartLine())
		}
		res, err = client.DoDigestAuth(ctx, req, res, sipgo.DigestAuth{Username: "alice", Password: c.password})
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != c.status {
			t.Errorf("with password %s: %s", c.password, res.StartLine())
		}
	}
}
