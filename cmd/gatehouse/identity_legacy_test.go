package main

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"gatehouse.example/stir/stirtest"
)

// TestVerifyLooksAtRFC4474WhereAsked: without STI roots, since a CA of domains is none.
func TestVerifyLooksAtRFC4474WhereAsked(t *testing.T) {
	s := newSignatory(t)
	s.alone()
	root := stirtest.NewRoot(stirtest.RSA())
	leaf := root.Leaf(stirtest.RSA(), stirtest.DNS("atlanta.test"))
	s.write("domains.pem", string(root.PEM()))
	s.write("atlanta.pem", string(leaf.ChainPEM()))
	date := time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	sum := sha1.Sum([]byte("sip:alice@atlanta.test|sip:bob@biloxi.test|1|1 INVITE|" + date + "|sip:alice@192.0.2.7|body"))
	sig, err := leaf.Key.Sign(rand.Reader, sum[:], crypto.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	m := fmt.Sprintf("INVITE sip:bob@biloxi.test SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.7;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:alice@atlanta.test>;tag=1\r\n"+
		"To: <sip:bob@biloxi.test>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nDate: %s\r\nContact: <sip:alice@192.0.2.7>\r\nIdentity: \"%s\"\r\n"+
		"Identity-Info: <https://atlanta.test/cert.pem>;alg=rsa-sha1\r\nContent-Length: 4\r\n\r\nbody", date, base64.StdEncoding.EncodeToString(sig))
	for _, c := range []struct {
		name, message, args string
		status              int
		want                string
	}{
		{"asked", m, "--legacy-roots domains.pem --cert atlanta.pem --offline", 0, "sip:alice@atlanta.test"},
		{"another body", strings.Replace(m, "\r\nbody", "\r\nBODY", 1), "--legacy-roots domains.pem --cert atlanta.pem --offline", 1, "438 Invalid Identity Header"},
		{"no certificate", m, "--legacy-roots domains.pem --offline", 1, "436 Bad Identity Info"},
		{"another CA", m, "--legacy-roots roots.pem --cert atlanta.pem --offline", 1, "437 Unsupported Credential"},
		{"not asked", m, "--roots roots.pem --cert atlanta.pem --offline", 1, "signed by RFC 4474 only"},
		{"no such file", m, "--legacy-roots none.pem", 2, "--legacy-roots: "},
	} {
		out, errs, status := s.run(c.message, append([]string{"identity", "verify"}, strings.Fields(c.args)...)...)
		if status != c.status || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: status %d, stderr %q\n%s", c.name, status, errs, out)
		}
	}
}
