package certificate_test

import (
	"bytes"
	"encoding/pem"
	"reflect"
	"testing"
	"time"

	"gatehouse.example/stir/certificate"
)

// TestCertificatesOfOtherImplementations: what tokens.tsv tells of them. Of the self-signed ones it says that signatures
// made with their keys are good: the key is read, but nobody vouches for it.
func TestCertificatesOfOtherImplementations(t *testing.T) {
	for _, c := range []struct {
		file, key string // key: a public key that the certificate's has to be
		numbers   certificate.Reason
		list      certificate.TNAuthList
		path      certificate.Reason // to the root of libstirshaken
	}{
		{"libstirshaken_sp.pem", "libstirshaken_sp.pub", certificate.BadTNAuthList, certificate.TNAuthList{}, certificate.BadTNAuthList},
		{"libstirshaken_wrongsp.pem", "", certificate.BadTNAuthList, certificate.TNAuthList{}, certificate.NotTrusted},
		{"libstirshaken_pa.pem", "libstirshaken_pa.pub", certificate.NoTNAuthList, certificate.TNAuthList{}, certificate.SelfSigned},
		{"libstirshaken_ca.pem", "", certificate.NoTNAuthList, certificate.TNAuthList{}, certificate.SelfSigned},
		{"cgrates/stir_cert.pem", "cgrates/stir_pubkey.pem", certificate.NoTNAuthList, certificate.TNAuthList{}, certificate.SelfSigned},
		{"freeswitch/www_cert.pem", "freeswitch/pub.pem", certificate.NoTNAuthList, certificate.TNAuthList{}, certificate.SelfSigned},
		{"sems_test.pem", "sems_pub.pem", certificate.NoTNAuthList, certificate.TNAuthList{}, certificate.SelfSigned},
		{"asterisk/SPAST1_SPAST1-cert.pem", "", certificate.NoReason, certificate.TNAuthList{SPC: []string{"1"}}, certificate.NotTrusted},
		{"asterisk/SPAST2_SPAST2-cert.pem", "", certificate.NoReason, certificate.TNAuthList{SPC: []string{"2"}}, certificate.NotTrusted},
		{"asterisk/SPAST1-caexp_SPAST1-caexp-cert.pem", "", certificate.BadTNAuthList, certificate.TNAuthList{}, certificate.NotTrusted},
		{"asterisk/SPAST2-caexp_SPAST2-caexp-cert.pem", "", certificate.BadTNAuthList, certificate.TNAuthList{}, certificate.NotTrusted},
	} {
		t.Run(c.file, func(t *testing.T) {
			chain, err := certificate.ParseChain(vector(t, c.file))
			wantReason(t, err, certificate.NoReason)
			key, err := chain.Key()
			wantReason(t, err, certificate.NoReason)
			if c.key != "" {
				block, _ := pem.Decode(vector(t, c.key))
				if !bytes.Equal(block.Bytes, chain.Leaf().RawSubjectPublicKeyInfo) || key == nil {
					t.Fatal("another key than that of the tokens")
				}
			}
			list, err := chain.TNAuthList()
			wantReason(t, err, c.numbers)
			if !reflect.DeepEqual(list, c.list) {
				t.Fatalf("list %+v, want %+v", list, c.list)
			}
			roots, err := certificate.ParseRoots(vector(t, "libstirshaken_ca.pem"))
			wantReason(t, err, certificate.NoReason)
			_, err = roots.Path(chain)
			wantReason(t, err, c.path)
		})
	}
}

// TestAsterisksRootsAreRSA: its leaves have keys of P-256, and lead to their own root all the same.
func TestAsterisksRootsAreRSA(t *testing.T) {
	chain, err := certificate.ParseChain(vector(t, "asterisk/SPAST1_SPAST1-cert.pem"))
	wantReason(t, err, certificate.NoReason)
	for _, c := range []struct {
		file string
		want certificate.Reason
	}{{"asterisk/astdev-ca.crt", certificate.NoReason}, {"asterisk/astdev-ca-expired.crt", certificate.NotTrusted}} {
		roots, err := certificate.ParseRoots(vector(t, c.file))
		wantReason(t, err, certificate.NoReason)
		_, err = roots.Path(chain)
		wantReason(t, err, c.want)
	}
}

// TestLibstirshakensChainIsWhole: all but its TNAuthList is in order, as tokens.tsv says: the path fails for the list and
// not for the signature, which that of the wrong CA does.
func TestLibstirshakensChainIsWhole(t *testing.T) {
	both := append(vector(t, "libstirshaken_sp.pem"), vector(t, "libstirshaken_ca.pem")...)
	chain, err := certificate.ParseChain(both)
	wantReason(t, err, certificate.NoReason)
	roots, err := certificate.ParseRoots(vector(t, "libstirshaken_ca.pem"))
	wantReason(t, err, certificate.NoReason)
	_, err = roots.Path(chain)
	wantReason(t, err, certificate.BadTNAuthList)
}

// TestSemsCertificateIsExpired: tokens.tsv has it valid to 2022.
func TestSemsCertificateIsExpired(t *testing.T) {
	chain, err := certificate.ParseChain(vector(t, "sems_test.pem"))
	wantReason(t, err, certificate.NoReason)
	if end := chain.Leaf().NotAfter; end.Year() != 2022 || time.Now().Before(end) {
		t.Fatalf("valid until %v", end)
	}
	if e := chain.Entity(); e != (certificate.Entity{Organization: "root", CommonName: "sjwttest", Country: "UA"}) {
		t.Fatalf("entity %+v", e)
	}
}

// TestRequestIsNoCertificate: nor is a public key.
func TestRequestIsNoCertificate(t *testing.T) {
	for _, file := range []string{"libstirshaken_csr.pem", "freeswitch/pub.pem", "libstirshaken_passport.txt"} {
		_, err := certificate.ParseChain(vector(t, file))
		wantReason(t, err, certificate.Malformed)
	}
}
