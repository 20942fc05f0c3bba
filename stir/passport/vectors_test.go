package passport

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// vector returns a file of ../shared/testdata/vectors/stir, found from the test's folder upwards; it skips where there is
// none.
func vector(t *testing.T, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		b, err := os.ReadFile(filepath.Join(dir, "shared", "testdata", "vectors", "stir", name))
		if err == nil {
			return b
		}
		if dir == filepath.Dir(dir) {
			t.Skipf("shared/testdata/vectors/stir/%s is not here: the tokens of others are not checked", name)
		}
	}
}

func publicKey(t *testing.T, name string) *ecdsa.PublicKey {
	t.Helper()
	block, _ := pem.Decode(vector(t, name))
	if block == nil {
		t.Fatalf("%s is not PEM", name)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*ecdsa.PublicKey)
}

// tokensIn finds what looks like a token in a text.
func tokensIn(text []byte) [][]byte {
	return regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`).FindAll(text, -1)
}

// signedBy verifies the signature alone, for tokens that Parse refuses.
func signedBy(t *testing.T, token []byte, key *ecdsa.PublicKey) error {
	t.Helper()
	last := bytes.LastIndexByte(token, '.')
	bare := &Token{digest: sha256.Sum256(token[:last])}
	if err := bare.signature.decode(token[last+1:]); err != nil {
		t.Fatal(err)
	}
	return bare.Verify(key)
}

// libstirshaken wrote orig and dest as strings that hold JSON: the signatures are good, the claims are not (438).
func TestTokensOfLibstirshaken(t *testing.T) {
	tokens := tokensIn(vector(t, "libstirshaken_passport.txt"))
	if len(tokens) != 2 {
		t.Fatalf("%d tokens", len(tokens))
	}
	key, other := publicKey(t, "libstirshaken_sp.pub"), publicKey(t, "libstirshaken_pa.pub")
	for _, token := range tokens {
		if err := signedBy(t, token, key); err != nil {
			t.Errorf("signature: %v", err)
		}
		if err := signedBy(t, token, other); ReasonOf(err) != SignatureMismatch {
			t.Errorf("signature by another key: %v", err)
		}
		if _, err := Parse(token); ReasonOf(err) != BadDestination {
			t.Errorf("claims: %v", err)
		}
	}
}

// An SPC token is an authority's JWT for certificates, well signed and no PASSporT.
func TestSPCTokenIsNoPASSporT(t *testing.T) {
	tokens := tokensIn(vector(t, "libstirshaken_spc_token.txt"))
	if len(tokens) != 1 {
		t.Fatalf("%d tokens", len(tokens))
	}
	if err := signedBy(t, tokens[0], publicKey(t, "libstirshaken_pa.pub")); err != nil {
		t.Errorf("signature: %v", err)
	}
	if _, err := Parse(tokens[0]); ReasonOf(err) != BadType {
		t.Errorf("type: %v", err)
	}
}

// The keys of the other implementations in the table are read as what they are, and vouch for no token of ours.
func TestKeysOfOthers(t *testing.T) {
	tokens := tokensIn(vector(t, "libstirshaken_passport.txt"))
	for _, name := range []string{
		"cgrates/stir_pubkey.pem", "freeswitch/pub.pem", "sems_pub.pem", "rfc8225_A_public.pem", "derived_public.pem",
	} {
		if err := signedBy(t, tokens[0], publicKey(t, name)); ReasonOf(err) != SignatureMismatch {
			t.Errorf("%s: %v", name, err)
		}
	}
}
