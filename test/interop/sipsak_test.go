package interop

import (
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

func sipsak(t *testing.T, n harness.Net, args ...string) (string, int) {
	t.Helper()
	all := append([]string{"-vv", "-H", n.Host(harness.CallerHost).String(), "-p", n.Server().String()}, args...)
	p := harness.Run(t, t.TempDir(), "sipsak", all...)
	code := p.Wait(t, 3*harness.Patience)
	return p.Output(), code
}

func TestSipsakAsksForOptions(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		n := harness.NewNet(t)
		front(t, n, "udp")
		out, code := sipsak(t, n, "-E", transport, "-s", "sip:"+n.Server().String())
		if code != 0 || !strings.Contains(out, "SIP/2.0 200 OK") {
			t.Errorf("%s: status %d:\n%s", transport, code, out)
		}
	}
}

// TestSipsakSendsAMessage takes it from a file: the message mode of sipsak
// 0.9.8.1 ends in a segmentation fault before it sends anything.
func TestSipsakSendsAMessage(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	s := front(t, n, "udp")
	pbx := harness.UDP(t, n.PBX(), n.Server()).Answering()
	out, code := sipsak(t, n, "-f", testdata(t, "sipsak-message.txt"), "-s", "sip:bob@example.test")
	if code != 0 {
		t.Errorf("status %d:\n%s", code, out)
	}
	if m := pbx.ExpectRequest(t, "MESSAGE"); m.Body() != "Lunch at noon?" {
		t.Errorf("got\n%s", m.Text)
	}
	s.Attempt(t, "the message", func(a *harness.Attempt) bool { return a.Kind == "message" && a.Action == "relay" })
}

// TestSipsakRegisters runs its usrloc mode where users are hosted. It looks at
// the first challenge alone, so that has to be MD5.
func TestSipsakRegisters(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	s := harness.Start(t, n, "domains: [{name: example.test, deliver: home}]\nhome: {md5: only}\n")
	s.AddUser(t, "bob@example.test", "secret-bob")
	out, code := sipsak(t, n, "-U", "-C", "sip:bob@"+n.Host(harness.BobHost).String(), "-x", "300", "-u", "bob", "-a", "secret-bob", "-s", "sip:bob@example.test")
	if code != 0 {
		t.Errorf("status %d:\n%s", code, out)
	}
	s.Attempt(t, "the registration", func(a *harness.Attempt) bool {
		return a.Kind == "registration" && a.Response != nil && a.Response.Code == 200
	})
}

// TestSipsakRegistersAtKamailio does it at the PBX, through the server.
func TestSipsakRegistersAtKamailio(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	s := front(t, n, "udp")
	kamailio(t, n)
	out, code := sipsak(t, n, "-U", "-C", "sip:bob@"+n.Host(harness.BobHost).String(), "-x", "300", "-u", "bob", "-a", "secret-bob", "-s", "sip:bob@example.test")
	if code != 0 {
		t.Errorf("status %d:\n%s", code, out)
	}
	s.Attempt(t, "the registration", func(a *harness.Attempt) bool { return a.Kind == "registration" && a.Action == "relay" })
	if out, code := sipsak(t, n, "-U", "-C", "sip:bob@192.0.2.1", "-x", "300", "-u", "bob", "-a", "wrong", "-s", "sip:bob@example.test"); code == 0 {
		t.Errorf("registered with a wrong password:\n%s", out)
	}
}
