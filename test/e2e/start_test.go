package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gatehouse.example/test/harness"
)

// TestServeWithoutConfigurationStarts runs `gatehouse serve` in an empty folder
// where the ports of the contract are free, else with other ones.
func TestServeWithoutConfigurationStarts(t *testing.T) {
	t.Parallel()
	n := harness.NewNet(t)
	s := &harness.Server{Net: n, Dir: t.TempDir()}
	sip, console := "127.0.0.1:5060", "127.0.0.1:8060"
	if free("udp", sip) && free("tcp", sip) && free("tcp", console) {
		s.Launch(t, "serve")
	} else {
		sip, console = n.Server().String(), n.Addr(harness.ServerHost, 8060).String()
		text := fmt.Sprintf("listen: [\"udp://%s\", \"tcp://%s\"]\nconsole: %s\n", sip, sip, console)
		if err := os.WriteFile(s.ConfigFile(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Launch(t, "serve")
	}
	for _, want := range []string{"./gatehouse-data", "udp://" + sip, "tcp://" + sip, "localhost (monitor)", "http://" + console} {
		harness.Eventually(t, harness.Patience, "it says "+want, func() bool { return s.Said(want) })
	}
	info, err := os.Stat(filepath.Join(s.Dir, "gatehouse-data", "api.token"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the API token has mode %o", info.Mode().Perm())
	}
	s.Stop(t)
}

func free(network, addr string) bool {
	if network == "udp" {
		c, err := net.ListenPacket("udp4", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	l, err := net.Listen("tcp4", addr)
	if err == nil {
		l.Close()
	}
	return err == nil
}

func TestWrongConfigurationNeverStarts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, place string }{
		"unknown key":    {"data: x\nlisen: []\n", ":2:1: "},
		"bad value":      {"domains:\n  - name: example.test\n    deliver: home\n    mode: enforced\n", ":4:11: "},
		"not YAML":       {"a: [\n", ":"},
		"unknown signal": {"policy:\n  weights: {LISTS_BLOKED: 3}\n", ":2:"},
		"port in use":    {"data: TEMP/d\nconsole: 127.0.0.1:0\nlisten:\n  - udp://BUSY\n", ":4:5: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			busy, err := net.ListenPacket("udp4", harness.NewNet(t).Server().String())
			if err != nil {
				t.Fatal(err)
			}
			defer busy.Close()
			dir := t.TempDir()
			file := filepath.Join(dir, "gatehouse.yaml")
			text := strings.NewReplacer("BUSY", busy.LocalAddr().String(), "TEMP", dir).Replace(c.text)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, stderr, code := harness.Command(t, dir, "", "--config", file, "serve")
			if code != 2 {
				t.Errorf("exit status %d, want 2", code)
			}
			if !strings.Contains(stderr, file+c.place) {
				t.Errorf("stderr %q does not name the place %s", stderr, c.place)
			}
		})
	}
}

func TestReloadKeepsTheOldConfigurationIfTheNewIsWrong(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	s.Block(t, "+15551230001")
	// A call is up while all this happens.
	ok := s.caller.Ask(t, s.caller.Invite(bob))
	d := s.caller.CallerDialog(ok)
	s.caller.Send(d.Request("ACK"))

	s.Write(t, fill(s.Net, strings.Replace(enforcing, "enforce", "enforced", 1)))
	s.Signal(t, syscall.SIGHUP)
	harness.Eventually(t, harness.Patience, "the wrong file is refused", func() bool { return s.Said("configuration refused", "gatehouse.yaml:") })
	if r := s.caller.Ask(t, s.caller.Invite(bob, spammer("+15551230001"))); r.Status() != 603 {
		t.Errorf("after the wrong file: %s", r.StartLine())
	}
	s.Write(t, fill(s.Net, enforcing+"policy: {rejection: \"607\"}\n"))
	s.Signal(t, syscall.SIGHUP)
	harness.Eventually(t, harness.Patience, "the right file applies", func() bool {
		return s.caller.Ask(t, s.caller.Invite(bob, spammer("+15551230001"))).Status() == 607
	})
	if bye := s.caller.Ask(t, d.Request("BYE")); bye.Status() != 200 {
		t.Errorf("the call was dropped: %s", bye.StartLine())
	}
}

func TestSecondInstanceIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	n := harness.NewNet(t)
	file := filepath.Join(t.TempDir(), "second.yaml")
	text := harness.Config(n, s.Dir, "")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := harness.Command(t, t.TempDir(), "", "--config", file, "serve")
	if code == 0 || !strings.Contains(stderr, filepath.Join(s.Dir, "data")) || strings.Count(stderr, "\n") > 1 {
		t.Errorf("exit status %d, stderr %q", code, stderr)
	}
	s.call(t)
}

func TestStopFinishesSignalling(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	s.pbx.Handle(nil)
	request := s.caller.Invite(bob)
	s.caller.Send(request)
	invite := s.pbx.ExpectRequest(t, "INVITE")
	invite.Reply(180, "Ringing")
	s.caller.ExpectStatus(t, 180)
	s.Signal(t, syscall.SIGTERM)
	// A new call is turned away, the one that rings is answered.
	harness.Eventually(t, harness.Patience, "new calls are refused", func() bool {
		return s.caller.Ask(t, s.caller.Request("OPTIONS", "sip:example.test")).Status() == 503
	})
	invite.Reply(200, "OK", "Contact: <"+s.pbx.URI("callee")+">")
	if r := s.caller.ExpectFinal(t, request); r.Status() != 200 {
		t.Errorf("INVITE: %s", r.StartLine())
	}
	if code := s.Wait(t, 2*harness.Patience); code != 0 {
		t.Errorf("exit status %d", code)
	}
	s.Restart(t)
	if all := s.Attempts(t, "kind=call"); len(all) != 1 {
		t.Errorf("%d calls in the history", len(all))
	}
}

// TestStopEndsWhatRings: once the server is gone nobody would pass the answer on.
func TestStopEndsWhatRings(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	s.pbx.Handle(func(m harness.Message) {
		if m.Status() == 0 && m.Method() == "CANCEL" {
			m.Reply(200, "OK")
		}
	})
	request := s.caller.Invite(bob)
	s.caller.Send(request)
	invite := s.pbx.ExpectRequest(t, "INVITE")
	invite.Reply(180, "Ringing")
	s.caller.ExpectStatus(t, 180)
	s.Signal(t, syscall.SIGTERM)
	cancel := s.pbx.ExpectRequest(t, "CANCEL")
	invite.Reply(487, "Request Terminated")
	if r := s.caller.ExpectFinal(t, request); r.Status() != 503 || r.Get("Retry-After") == "" || !strings.Contains(cancel.Get("Reason"), "cause=503") {
		t.Errorf("got\n%s\nand\n%s", r.Text, cancel.Text)
	}
	s.pbx.ExpectRequest(t, "ACK")
	if code := s.Wait(t, 2*harness.Patience); code != 0 {
		t.Errorf("exit status %d", code)
	}
	s.Restart(t)
	s.Attempt(t, "the call with response 503", func(a *harness.Attempt) bool { return a.Response != nil && a.Response.Code == 503 })
}

func TestKillLosesAtMostTheLastSecond(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	for range 20 {
		s.call(t)
	}
	harness.Eventually(t, harness.Patience, "calls of a second ago are stored", func() bool { return len(s.Attempts(t, "kind=call")) == 20 })
	s.call(t)
	s.Kill(t)
	s.Restart(t)
	if all := s.Attempts(t, "kind=call"); len(all) < 20 {
		t.Errorf("%d of 21 calls are left", len(all))
	}
	s.call(t)
}
