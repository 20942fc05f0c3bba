package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

func shakenHeader(url string) passport.Header { return passport.Header{PPT: passport.Shaken, X5U: url} }

// shownClaims are those of a call that wants to be shown as something.
func shownClaims(now time.Time) passport.Claims {
	return passport.Claims{
		Orig: passport.Identity{TN: "15551230001"}, Dest: passport.Destinations{TN: []string{"15552220002"}}, IssuedAt: now.Unix(),
		Attest: "A", OrigID: stirtest.UUID(), RCD: &passport.RCD{Name: "Your \u202eBank"}, CallReason: "Urgent",
	}
}

func TestSignByTheConfiguration(t *testing.T) {
	s := newSignatory(t)
	out := s.must(numbers, "identity", "sign", "--attest", "C", "--header-only", "--origid", "7b0f1c3e-9d5a-4b8e-8c1f-2a6d4e5f6071")
	if lines := strings.Split(out, "\n"); len(lines) != 3 || !strings.HasPrefix(lines[0], "Date: ") || !strings.HasPrefix(lines[1], "Identity: ") {
		t.Errorf("%q", out)
	}
	var made struct{ PPT, Identity, Date, Message string }
	decode(t, s.must(numbers, "identity", "sign", "--attest", "C", "--json"), &made)
	if made.PPT != "shaken" || made.Date == "" || !strings.Contains(made.Message, "\r\nIdentity: "+made.Identity+"\r\n") || !strings.Contains(made.Message, "\r\nDate: "+made.Date+"\r\n") {
		t.Errorf("%+v", made)
	}
	var report identityReport
	decode(t, s.must(made.Message, "identity", "verify", "--json"), &report)
	if report.Attestation != "C" || report.Certificate.Revocation != "unknown" {
		t.Errorf("%+v", report)
	}
	// Who has a Date keeps it.
	dated := strings.Replace(numbers, "X-Odd:", "Date: "+made.Date+"\r\nX-Odd:", 1)
	if out := s.must(dated, "identity", "sign", "--attest", "A"); strings.Count(out, "\r\nDate: ") != 1 {
		t.Errorf("%s", out)
	}
	domains := strings.NewReplacer("+15551230001", "alice", "+15552220002", "bob", ";user=phone", "").Replace(numbers)
	signed := s.must(domains, "identity", "sign")
	decode(t, s.must(signed, "identity", "verify", "--json"), &report)
	if report.Identity != "sip:alice@example.test" || report.Attestation != "" || report.Verstat != "No-TN-Validation" || report.Signer.Coverage != "domain" {
		t.Errorf("%+v", report)
	}
}

func TestForwardedCallIsProvenToTheEnd(t *testing.T) {
	s := newSignatory(t)
	first := s.must(numbers, s.flags("--attest", "A")...)
	second := s.must(first, s.flags("--div", "sip:+15553330003@example.org;user=phone")...)
	if !strings.HasPrefix(second, "INVITE sip:+15553330003@example.org;user=phone SIP/2.0\r\n") || strings.Count(second, "\r\nIdentity: ") != 2 {
		t.Errorf("%s", second)
	}
	var report identityReport
	decode(t, s.must(second, "identity", "verify", "--request-uri", "--json"), &report)
	if len(report.Diverted) != 1 || report.Diverted[0] != "tel:+15552220002" || report.Attestation != "A" || len(report.Headers) != 2 || report.Headers[1].PPT != "div" {
		t.Errorf("%+v", report)
	}
	if out := squeezed(s.must(second, "identity", "verify", "--request-uri")); !strings.Contains(out, `diverted from "tel:+15552220002"`) {
		t.Errorf("%s", out)
	}
}

func TestSignRefusesWhatNobodyWouldBelieve(t *testing.T) {
	s := newSignatory(t, stirtest.Range("15551230000", 100), stirtest.Number("15557770007"))
	s.write("other.key", string(stirtest.SelfSigned(stirtest.SPC("1")).KeyPEM()))
	s.write("open.key", string(s.leaf.KeyPEM()))
	if err := os.Chmod(filepath.Join(s.dir, "open.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	old := s.root.Leaf(stirtest.SPC("1"), stirtest.Validity(time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)), stirtest.Key(s.leaf.Key))
	s.write("old.pem", string(old.ChainPEM()))
	from := func(number string) string { return strings.Replace(numbers, "+15551230001", number, 1) }
	const sign = "identity sign --cert chain.pem --key sti.key --url https://certs.example.test/a.pem "
	for _, c := range []struct {
		name, message, args string
		status              int
		want                string
	}{
		{"in the range", from("+15551230099"), sign + "--attest A", 0, ""},
		{"behind the range", from("+15551230100"), sign + "--attest A", 1, "speaks neither for the caller"},
		{"the number", from("+15557770007"), sign + "--attest A", 0, ""},
		{"no attestation", numbers, sign, 2, "--attest A, B or C"},
		{"another attestation", numbers, sign + "--attest D", 2, "--attest must be one of"},
		{"origid that is none", numbers, sign + "--attest A --origid x", 2, "origid is no UUID"},
		{"anonymous", strings.Replace(numbers, "sip:+15551230001@example.test;user=phone", "sip:anonymous@anonymous.invalid", 1), sign + "--attest A", 1, "speaks neither"},
		{"old Date", strings.Replace(numbers, "X-Odd:", "Date: Sat, 21 Nov 2020 10:00:00 GMT\r\nX-Odd:", 1), sign + "--attest A", 1, "Date is not fresh"},
		{"another key", numbers, "identity sign --cert chain.pem --key other.key --url https://certs.example.test/a.pem --attest A", 2, "the key is not the certificate's"},
		{"a key that others read", numbers, "identity sign --cert chain.pem --key open.key --url https://certs.example.test/a.pem --attest A", 2, "chmod 600"},
		{"no key", numbers, "identity sign --cert chain.pem --key none.key --url https://certs.example.test/a.pem --attest A", 2, "none.key: no such file"},
		{"an expired certificate", numbers, "identity sign --cert old.pem --key sti.key --url https://certs.example.test/a.pem --attest A", 1, "not valid now"},
		{"no URL", numbers, "identity sign --cert chain.pem --key sti.key --attest A", 2, "belong together"},
		{"http", numbers, "identity sign --cert chain.pem --key sti.key --url http://certs.example.test/a.pem --attest A", 2, "no https URL"},
		{"div without a signature", numbers, sign + "--div sip:+15553330003@example.org", 1, ""},
		{"div to nowhere", numbers, sign + "--div nowhere", 2, `"nowhere" is not a sip:`},
		{"a response", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n", sign, 1, "this is a response"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, status := s.run(c.message, strings.Fields(c.args)...)
			if status != c.status || !strings.Contains(errs, c.want) || status != 0 && (out != "" || strings.Count(errs, "\n") != 1) {
				t.Errorf("status %d, stderr %q\n%s\nwant %d %q", status, errs, out, c.status, c.want)
			}
		})
	}
	s.alone()
	if _, errs, status := s.run(numbers, "identity", "sign", "--attest", "A"); status != 2 || !strings.Contains(errs, "identity.keys") {
		t.Errorf("no configuration: %d %q", status, errs)
	}
}
