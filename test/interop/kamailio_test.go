package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse.example/sip/digest"
	"gatehouse.example/test/harness"
)

// kamailio starts the PBX.
func kamailio(t *testing.T, n harness.Net) *harness.Program {
	t.Helper()
	dir := t.TempDir()
	p := harness.Run(t, dir, "kamailio", "-f", testdata(t, "kamailio.cfg"), "-DD", "-E", "-m", "32", "-M", "4", "-Y", dir,
		"-P", dir+"/pid", "-w", dir, "-A", fmt.Sprintf("LISTEN=udp:%s", n.PBX()))
	harness.WaitListening(t, "udp", n.PBX())
	return p
}

// TestKamailioBehindRegistersAndCallsPhones: phones register at the PBX through
// the server, with digest, and are called through it.
func TestKamailioBehindRegistersAndCallsPhones(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	s := front(t, n, "udp")
	kamailio(t, n)
	bob := n.Addr(harness.BobHost, 5060)
	wantSuccess(t, sipp(t, n, "register", bob, "udp", 1, "example.test;bob;[authentication username=bob password=secret-bob]"), "the phone registers")
	phone := sipp(t, n, "uas", bob, "udp", 20, "example.test")
	harness.WaitListening(t, "udp", bob)
	wantSuccess(t, caller(t, n, "uac", "udp", 20), "the caller")
	wantSuccess(t, phone, "the phone")
	if len(s.Bans(t)) > 0 {
		t.Errorf("bans: %+v", s.Bans(t))
	}
	a := s.Attempt(t, "the registration", func(a *harness.Attempt) bool { return a.Kind == "registration" })
	if a.Action != "relay" {
		t.Errorf("registration: %+v", a)
	}
}

// TestKamailioBehindRefusesWrongPasswords: refusals of the PBX count against
// the source, as our own would.
func TestKamailioBehindRefusesWrongPasswords(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	s := front(t, n, "udp")
	kamailio(t, n)
	attacker := n.Addr(harness.AttackerHost, 5060)
	p := sipp(t, n, "register", attacker, "udp", 40, "example.test;bob;[authentication username=bob password=wrong]")
	harness.Eventually(t, 2*harness.Patience, "the guesser is banned", func() bool { return s.Banned(t, harness.AttackerHost) })
	p.Kill()
	harness.Eventually(t, harness.Patience, "the security log knows", func() bool {
		return s.Said("gatehouse security v=1 event=auth-failure", n.Host(harness.AttackerHost).String())
	})
}

func TestKamailioBehindTakesMessages(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	front(t, n, "udp")
	kamailio(t, n)
	e := harness.UDP(t, n.Addr(harness.CallerHost, 5060), n.Server())
	m := harness.WithBody(e.Request("MESSAGE", "sip:alice@example.test"), "text/plain", "Hello")
	if r := e.Ask(t, m); r.Status() != 200 {
		t.Errorf("MESSAGE: %s", r.StartLine())
	}
	if r := e.Ask(t, e.Invite("sip:nobody@example.test")); r.Status() != 480 { // Kamailio says 404
		t.Errorf("INVITE: %s", r.StartLine())
	}
}

// TestKamailioBehindCallsAPhoneBehindANAT: a phone on TCP whose Contact leads
// nowhere registers, and the PBX calls it along our Path (RFC 3327).
func TestKamailioBehindCallsAPhoneBehindANAT(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	front(t, n, "udp")
	kamailio(t, n)
	phone := harness.TCP(t, n.Host(harness.BobHost), n.Server())
	register(t, phone, "bob", "secret-bob")
	phone.Answering()
	e := harness.UDP(t, n.Addr(harness.CallerHost, 5060), n.Server())
	// As long as a real one: a stranger gets no more than three times what it sends.
	ok := e.Ask(t, e.Invite("sip:bob@example.test", "Subject: "+strings.Repeat("a long INVITE ", 30)))
	if ok.Status() != 200 {
		t.Fatalf("INVITE: %s", ok.StartLine())
	}
	d := e.CallerDialog(ok)
	e.Send(d.Request("ACK"))
	phone.ExpectRequest(t, "ACK")
	if r := e.Ask(t, d.Request("BYE")); r.Status() != 200 {
		t.Errorf("BYE: %s", r.StartLine())
	}
	phone.ExpectRequest(t, "BYE")
}

// register registers a phone, with a Contact that only its connection leads to.
func register(t *testing.T, phone *harness.Endpoint, user, password string) {
	t.Helper()
	aor := "<sip:" + user + "@example.test>"
	lines := []string{"From: " + aor + ";tag=" + harness.Token(), "To: " + aor, "Contact: <sip:" + user + "@192.0.2.7:5060;transport=tcp>", "Expires: 600"}
	r := phone.Ask(t, phone.Request("REGISTER", "sip:example.test", lines...))
	var c digest.Challenge
	if err := c.Parse([]byte(r.Get("WWW-Authenticate"))); err != nil {
		t.Fatalf("%v in\n%s", err, r.Text)
	}
	answer, err := c.Answer(&digest.Request{User: user, Password: password, Method: "REGISTER", URI: "sip:example.test"})
	if err != nil {
		t.Fatal(err)
	}
	lines = append(lines, "CSeq: 2 REGISTER", "Authorization: "+string(answer.AppendTo(nil)))
	if r = phone.Ask(t, phone.Request("REGISTER", "sip:example.test", lines...)); r.Status() != 200 {
		t.Fatalf("REGISTER: %s", r.StartLine())
	}
}

// TestManualsKamailioLinesAreRight lets Kamailio read what the manual tells to
// put into its configuration.
func TestManualsKamailioLinesAreRight(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(manual), "```kamailio\n")
	lines, _, _ := strings.Cut(rest, "```")
	if !ok || !strings.Contains(lines, "route[BORDER]") {
		t.Fatal("the manual has no lines for Kamailio")
	}
	file := filepath.Join(t.TempDir(), "kamailio.cfg")
	text := "#!KAMAILIO\nlisten=udp:127.0.0.1:25089\nloadmodule \"tm.so\"\nloadmodule \"sl.so\"\nloadmodule \"pv.so\"\nloadmodule \"usrloc.so\"\n" +
		"loadmodule \"registrar.so\"\n" + lines + "\nrequest_route {\n\tif (!route(BORDER)) { route(ELSEWHERE); }\n}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("kamailio", "-c", "-f", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
