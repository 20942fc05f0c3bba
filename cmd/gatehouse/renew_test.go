package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// newCertificate writes cert.pem and key.pem with a serial number.
func (p *place) newCertificate(serial int64) {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"example.test"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		p.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		var text bytes.Buffer
		if err := pem.Encode(&text, block); err != nil {
			p.t.Fatal(err)
		}
		p.write(name, text.String())
	}
}

// serial is that of the certificate which the server shows; 0 where it shows none just now, as one that is asked too
// often does.
func (p *place) serial() int64 {
	p.t.Helper()
	conn, err := tls.Dial("tcp", p.sip, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return 0
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// TestReloadTakesARenewedCertificate: the configuration is the same, and the file that it names is a new one.
func TestReloadTakesARenewedCertificate(t *testing.T) {
	p := newPlace(t)
	p.newCertificate(1)
	site := "listen: [\"tls://" + p.sip + "\"]\nconsole: " + p.console + "\nlimits: {flood: {v4_host: 1000000/s}}\ntls: {cert: cert.pem, key: key.pem}" // whoever asks again and again is a flood
	p.write("gatehouse.yaml", site+"\n")
	stop := p.serve()
	if n := p.serial(); n != 1 {
		t.Fatalf("serial number %d", n)
	}
	p.newCertificate(2)
	p.write("gatehouse.yaml", site+" # renewed\n")
	p.eventually(func() bool { return p.serial() == 2 }, "the new certificate")
	if log := stop(); !strings.Contains(log, "configuration reloaded") {
		t.Error(log)
	}
}
