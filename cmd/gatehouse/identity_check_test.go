package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/config"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

func TestConfigCheckProvesKeys(t *testing.T) {
	s := newSignatory(t)
	if out := s.must("", "config", "check"); out != "./gatehouse.yaml: ok\n" || s.asked.Load() != 1 {
		t.Errorf("%q, asked %d", out, s.asked.Load())
	}
	want := "skipped: identity.keys[0].url: not fetched, because of --offline\n./gatehouse.yaml: ok\n"
	if out := s.must("", "config", "check", "--offline"); out != want || s.asked.Load() != 1 {
		t.Errorf("%q", out)
	}
	var report struct {
		OK                bool
		Warnings, Skipped []string
		Error             *config.Error
	}
	decode(t, s.must("", "config", "check", "--offline", "--json"), &report)
	if !report.OK || len(report.Skipped) != 1 || report.Warnings == nil || report.Error != nil {
		t.Errorf("%+v", report)
	}
}

func TestConfigCheckSaysWhatIsWrongAndWhere(t *testing.T) {
	otherRoot := stirtest.NewRoot()
	for _, c := range []struct {
		name   string
		change func(s *signatory)
		want   string // in stderr; where it is empty or begins with "warning:", in stdout of a success
	}{
		{"a key that others read", func(s *signatory) { s.mode("sti.key", 0o640) }, ":7:30: the private key cannot be used: sti.key can be read by others (mode 0640); chmod 600 it"},
		{"a key that is not there", func(s *signatory) { s.remove("sti.key") }, ":7:30: the private key cannot be used: sti.key: no such file"},
		{"another key", func(s *signatory) { s.write("sti.key", string(otherRoot.KeyPEM())) }, ":7:30: sti.key is not the key of the first certificate in chain.pem"},
		{"an RSA key", func(s *signatory) { s.write("sti.key", string(stirtest.SelfSigned(stirtest.RSA()).KeyPEM())) }, "P-256 keys only"},
		{"a chain that everybody may change", func(s *signatory) { s.mode("chain.pem", 0o666) }, ":7:14: chain.pem can be changed by everybody (mode 0666); chmod o-w it"},
		{"no chain", func(s *signatory) { s.write("chain.pem", "x") }, ":7:14: the certificate chain cannot be used"},
		{"expired", func(s *signatory) {
			s.renew(stirtest.Validity(time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)))
		}, ":7:14: certificate 1 of the chain (\"SHAKEN 1234\") expired on "},
		{"not valid yet", func(s *signatory) {
			s.renew(stirtest.Validity(time.Now().Add(time.Hour), time.Now().Add(48*time.Hour)))
		}, "is not valid before"},
		{"expires soon", func(s *signatory) {
			s.renew(stirtest.Validity(time.Now().Add(-time.Hour), time.Now().Add(13*24*time.Hour)))
		}, "warning: identity.keys[0].cert: certificate 1 of the chain (\"SHAKEN 1234\") expires on "},
		{"numbers that it does not cover", func(s *signatory) { s.leave(stirtest.Range("15551230000", 5000)) }, ": the certificate does not cover +1555123*"},
		{"no numbers at all", func(s *signatory) { s.leave() }, "the certificate speaks for no numbers: "},
		{"numbers in a range", func(s *signatory) { s.leave(stirtest.Range("15551230000", 10000)) }, ""},
		{"a domain that is not its", func(s *signatory) {
			s.key = strings.Replace(s.key, "[example.test]", "[example.test, example.org]", 1)
			s.configure("")
		}, "the certificate is not of example.org (subjectAltName)"},
		{"another chain is served", func(s *signatory) { s.publish(s.root.Leaf(stirtest.SPC("1234"))) }, ":7:44: serves another chain"},
		{"a chain of strangers is served", func(s *signatory) { s.publish(otherRoot.Leaf(stirtest.SPC("1234"))) }, "verifiers do not get the certificate here: "},
		{"nothing is served", func(s *signatory) { s.publish(nil) }, "status: 404"},
		{"nobody serves", func(s *signatory) { s.server.Close() }, "no connection"},
		{"another root", func(s *signatory) { s.write("roots.pem", string(otherRoot.PEM())) }, "warning: identity.keys[0].cert: the chain leads to none of identity.roots"},
		{"an expired root", func(s *signatory) {
			old := stirtest.Validity(time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour))
			s.write("roots.pem", string(stirtest.NewRoot(stirtest.Key(s.root.Key), stirtest.Subject("US", "STI-PA", "Root"), old).PEM()))
		}, ":7:14: verifiers would refuse the chain: expired"},
		{"no root", func(s *signatory) { s.write("roots.pem", "x") }, ":4:11: roots.pem holds no usable root certificates"},
		{"roots that are not there", func(s *signatory) { s.remove("roots.pem") }, ":4:11: roots.pem: there is no such file"},
		{"roots that everybody may change", func(s *signatory) { s.mode("roots.pem", 0o646) }, ":4:11: roots.pem can be changed by everybody"},
		{"no CA", func(s *signatory) { s.write("web.pem", "x") }, "web.pem holds no PEM certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSignatory(t)
			c.change(s)
			out, errs, status := s.run("", "config", "check")
			if c.want == "" || strings.HasPrefix(c.want, "warning:") {
				if status != 0 || errs != "" || !strings.Contains(out, c.want) || !strings.HasSuffix(out, ": ok\n") {
					t.Errorf("%d %q\n%s", status, errs, out)
				}
				return
			}
			if status != 2 || !strings.HasPrefix(errs, "gatehouse: ./gatehouse.yaml:") || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || !strings.Contains(out, "^") {
				t.Errorf("%d %q\n%s", status, errs, out)
			}
			var report struct{ OK bool }
			text, _, _ := s.run("", "config", "check", "--json")
			if err := json.Unmarshal([]byte(text), &report); err != nil || report.OK {
				t.Errorf("%v %s", err, text)
			}
		})
	}
}

func (s *signatory) mode(name string, mode os.FileMode) {
	s.t.Helper()
	if err := os.Chmod(filepath.Join(s.dir, name), mode); err != nil {
		s.t.Fatal(err)
	}
}

func (s *signatory) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}

// renew issues the certificate anew and serves it.
func (s *signatory) renew(opts ...stirtest.Option) {
	s.leave(append(opts, stirtest.SPC("1234"))...)
}

// leave issues the certificate anew, with nothing but what the options and the domain give, and serves it.
func (s *signatory) leave(opts ...stirtest.Option) {
	s.leaf = s.root.CA(aYear()).Leaf(append([]stirtest.Option{aYear(), stirtest.DNS("example.test"), stirtest.Key(s.leaf.Key), stirtest.Subject("US", "Example Telecom", "SHAKEN 1234")}, opts...)...)
	s.write("chain.pem", string(s.leaf.ChainPEM()))
	s.publish(s.leaf)
}

func TestAuthorityCoversWhatTheCertificateSays(t *testing.T) {
	list := certificate.TNAuthList{Numbers: []string{"15557770007"}, Ranges: []certificate.TNRange{{Start: "15551230000", Count: 10000}, {Start: "100", Count: 5}}}
	for number, want := range map[string]bool{
		"15557770007": true, "15557770008": false, "15551230000": true, "15551239999": true, "15551240000": false, "15551229999": false,
		"1555123*": true, "15551234*": true, "155512*": false, "15551230001*": false, "104": true, "105": false, "10*": false, "*": false, "": false,
		"1555123000#": false,
	} {
		if got := (&authority{numbers: list}).covers(number); got != want {
			t.Errorf("%s: %v", number, got)
		}
	}
	if !(&authority{numbers: certificate.TNAuthList{SPC: []string{"1"}}}).covers("1555*") {
		t.Error("a provider's number")
	}
}
