package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
)

// authority makes certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority() *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	check(err)
	cert, err := x509.ParseCertificate(der)
	check(err)
	a := &authority{cert, key, x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

// leaf makes a certificate for names: "sip:…" become URIs, addresses addresses, others DNS names.
func (a *authority) leaf(names ...string) *tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "cn.example.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if strings.HasPrefix(name, "sip:") {
			u, err := url.Parse(name)
			check(err)
			tmpl.URIs = append(tmpl.URIs, u)
		} else if ip := net.ParseIP(name); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, &key.PublicKey, a.key)
	check(err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) config(cert *tls.Certificate) TLSConfig {
	return TLSConfig{
		Certificate: func() *tls.Certificate { return cert },
		Roots:       func() *x509.CertPool { return a.pool },
	}
}

func toTLS(remote netip.AddrPort, name string) Dest {
	return Dest{Flow: Flow{Transport: sip.TLS, Remote: remote}, ServerName: name}
}

func TestTLSBetweenTwoOfUs(t *testing.T) {
	ca := newAuthority()
	h := newRecorder()
	h.answer = echoAnswer
	cfg := Config{Listen: []Listen{loopback(sip.TLS)}, TLS: ca.config(ca.leaf("sip:a.example.test", "a.example.test"))}
	cfg.TLS.ClientCerts = RequestClientCerts
	a := start(t, cfg, h)
	hb := newRecorder()
	b := start(t, Config{TLS: ca.config(ca.leaf("b.example.test", "B2.example.test"))}, hb)
	out := b.Outbox()
	out.Send(toTLS(a.Listeners()[0].Addr, "A.example.test"), 0, []byte(request(1)))
	out.Flush()
	got := next(t, h.packets)
	if got.text != request(1) || got.Flow.Transport != sip.TLS || got.TLS == nil ||
		!slices.Equal(got.TLS.Names, []string{"b.example.test", "b2.example.test"}) {
		t.Errorf("got %+v", got)
	}
	back := next(t, hb.packets)
	if back.text != request(1) || back.TLS == nil || back.TLS.Names[0] != "a.example.test" {
		t.Errorf("got %+v", back)
	}
}

// RFC 5922 §7: SIP URIs first, then DNS names; whole names; no wildcards; no common name.
func TestTLSServerNameIsVerified(t *testing.T) {
	ca := newAuthority()
	cases := []struct {
		asked string
		names []string
		ok    bool
	}{
		{"example.test", []string{"sip:example.test"}, true},
		{"EXAMPLE.test.", []string{"sip:Example.TEST"}, true},
		{"example.test", []string{"example.test"}, true},
		{"example.test", []string{"sip:other.test", "example.test"}, false},
		{"example.test", []string{"sip:user@example.test"}, false},
		{"example.test", []string{"sip:user@other.test", "example.test"}, true},
		{"sub.example.test", []string{"*.example.test"}, false},
		{"*.example.test", []string{"*.example.test"}, false},
		{"example.test", []string{"sub.example.test"}, false},
		{"cn.example.test", nil, false},
		{"", []string{"127.0.0.1"}, true},
		{"127.0.0.1", []string{"127.0.0.1"}, true},
		{"", []string{"127.0.0.2"}, false},
		{"", []string{"example.test"}, false},
		{"127.0.0.1", []string{"sip:127.0.0.1"}, false},
	}
	for _, k := range cases {
		cert := ca.leaf(k.names...)
		h, hc := newRecorder(), newRecorder()
		s := start(t, Config{Listen: []Listen{loopback(sip.TLS)}, TLS: ca.config(cert)}, h)
		c := start(t, Config{TLS: ca.config(nil)}, hc)
		out := c.Outbox()
		out.Send(toTLS(s.Listeners()[0].Addr, k.asked), 1, []byte(request(1)))
		out.Flush()
		select {
		case <-h.packets:
			if !k.ok {
				t.Errorf("%q was accepted from %q", k.asked, k.names)
			}
		case f := <-hc.failed:
			if k.ok || !errors.Is(f.err, ErrServerName) {
				t.Errorf("%q from %q: %v", k.asked, k.names, f.err)
			}
		case <-time.After(patience):
			t.Fatal("nothing came")
		}
	}
}

func TestTLSUnknownAuthorityIsRefused(t *testing.T) {
	ca, other := newAuthority(), newAuthority()
	h := newRecorder()
	s := start(t, Config{Listen: []Listen{loopback(sip.TLS)}, TLS: ca.config(other.leaf("example.test"))}, newRecorder())
	c := start(t, Config{TLS: ca.config(nil)}, h)
	out := c.Outbox()
	out.Send(toTLS(s.Listeners()[0].Addr, "example.test"), 1, []byte(request(1)))
	out.Flush()
	var unknown x509.UnknownAuthorityError
	if f := next(t, h.failed); !errors.As(f.err, &unknown) {
		t.Errorf("got %v", f.err)
	}
	until(t, "counted by the server too", func() bool { return s.Stats().HandshakeErrors == 1 })
}

// A connection proven for one domain is not used for another one.
func TestTLSConnectionsAreReusedPerDomain(t *testing.T) {
	ca := newAuthority()
	h := newRecorder()
	s := start(t, Config{Listen: []Listen{loopback(sip.TLS)}, TLS: ca.config(ca.leaf("a.test", "b.test"))}, h)
	c := start(t, Config{TLS: ca.config(nil)}, newRecorder())
	out := c.Outbox()
	conns := map[ConnID]bool{}
	for _, name := range []string{"a.test", "b.test", "a.test", "b.test"} {
		out.Send(toTLS(s.Listeners()[0].Addr, name), 1, []byte(request(1)))
		out.Flush()
		conns[next(t, h.packets).Flow.Conn] = true
	}
	if len(conns) != 2 {
		t.Errorf("%d connections", len(conns))
	}
}

func TestTLSClientCertificates(t *testing.T) {
	ca, other := newAuthority(), newAuthority()
	cases := []struct {
		mode   ClientCerts
		cert   *tls.Certificate
		ok     bool
		proven bool
	}{
		{IgnoreClientCerts, ca.leaf("peer.test"), true, false},
		{RequestClientCerts, nil, true, false},
		{RequestClientCerts, other.leaf("peer.test"), true, false},
		{RequestClientCerts, ca.leaf("peer.test"), true, true},
		{RequireClientCerts, nil, false, false},
		{RequireClientCerts, other.leaf("peer.test"), false, false},
		{RequireClientCerts, ca.leaf("peer.test"), true, true},
	}
	for i, k := range cases {
		h := newRecorder()
		cfg := Config{Listen: []Listen{loopback(sip.TLS)}, TLS: ca.config(ca.leaf("example.test"))}
		cfg.TLS.ClientCerts = k.mode
		s := start(t, cfg, h)
		client := &tls.Config{RootCAs: ca.pool, ServerName: "example.test"}
		if k.cert != nil {
			client.Certificates = []tls.Certificate{*k.cert}
		}
		c, err := tls.Dial("tcp", s.Listeners()[0].Addr.String(), client)
		check(err)
		_, _ = c.Write([]byte(request(1)))
		if !k.ok {
			until(t, "refused", func() bool { return s.Stats().HandshakeErrors == 1 })
			nothing(t, h.packets)
		} else if p := next(t, h.packets); (p.TLS != nil) != k.proven {
			t.Errorf("case %d: got %+v", i, p.TLS)
		}
		_ = c.Close()
	}
}

// RFC 8996: TLS 1.1 is no more.
func TestTLSOldVersionsAreRefused(t *testing.T) {
	ca := newAuthority()
	s := start(t, Config{Listen: []Listen{loopback(sip.TLS)}, TLS: ca.config(ca.leaf("example.test"))}, newRecorder())
	old := &tls.Config{RootCAs: ca.pool, ServerName: "example.test", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if c, err := tls.Dial("tcp", s.Listeners()[0].Addr.String(), old); err == nil {
		_ = c.Close()
		t.Error("TLS 1.1 was accepted")
	}
}

func TestTLSSilentHandshakeRunsOutOfTime(t *testing.T) {
	ca := newAuthority()
	s := start(t, Config{Listen: []Listen{loopback(sip.TLS)}, TLS: ca.config(ca.leaf("example.test")),
		Limits: Limits{HandshakeTime: 50 * time.Millisecond}}, newRecorder())
	expectEnd(t, dialer(t, "tcp", s.Listeners()[0].Addr))
	until(t, "counted", func() bool { return s.Stats().HandshakeErrors == 1 })
}

func TestTLSListenerNeedsACertificate(t *testing.T) {
	if _, err := Open(Config{Listen: []Listen{loopback(sip.TLS)}}, newRecorder()); err == nil {
		t.Error("no error")
	}
}
