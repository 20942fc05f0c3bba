package passport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"strings"

	"gatehouse.example/stir/passport"
)

func exampleKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// A carrier vouches for a caller, the called party's server verifies.
func Example() {
	key := exampleKey()
	full, err := passport.Sign(key,
		passport.Header{PPT: passport.Shaken, X5U: "https://certs.example.org/a.pem"},
		passport.Claims{
			Orig:     passport.Identity{TN: "12155550121"},
			Dest:     passport.Destinations{TN: []string{"12155550131"}},
			IssuedAt: 1471375418, Attest: "A", OrigID: "123e4567-e89b-12d3-a456-426655440000",
		})
	if err != nil {
		fmt.Println(err)
		return
	}

	token, err := passport.Parse([]byte(full))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Header.X5U) // fetch the certificate, check it, then
	if err := token.Verify(&key.PublicKey); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Claims.Attest, token.Claims.Orig, token.Claims.Dest.Contains(passport.Identity{TN: "12155550131"}))
	// Output:
	// https://certs.example.org/a.pem
	// A 12155550121 true
}

// A refused token says why, in a value that a program can act on.
func ExampleReasonOf() {
	_, err := passport.Parse([]byte("eyJhbGciOiJub25lIn0.e30."))
	fmt.Println(err)
	fmt.Println(passport.ReasonOf(err) == passport.AlgNone)
	// Output:
	// passport: algorithm none
	// true
}

// The compact form leaves out what the message says anyway.
func ExampleParseCompact() {
	key := exampleKey()
	header := passport.Header{X5U: "https://certs.example.org/a.pem"}
	claims := passport.Claims{
		Orig:     passport.Identity{URI: "sip:bob@example.net"},
		Dest:     passport.Destinations{URI: []string{"sip:alice@example.com"}},
		IssuedAt: 1471375418,
	}
	full, err := passport.Sign(key, header, claims)
	if err != nil {
		fmt.Println(err)
		return
	}
	compact := passport.Compact(full)
	fmt.Println(len(compact), strings.HasPrefix(compact, ".."))

	// The receiver makes header and claims from the message: info, From, To, Date.
	token, err := passport.ParseCompact([]byte(compact), header, claims)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Verify(&key.PublicKey))
	// Output:
	// 88 true
	// <nil>
}

// The deterministic text: names sorted, no white space.
func ExampleClaims_AppendJSON() {
	c := passport.Claims{
		Orig:     passport.Identity{TN: "12155551212"},
		Dest:     passport.Destinations{URI: []string{"sip:alice@example.com"}},
		IssuedAt: 1443208345,
	}
	fmt.Printf("%s\n", c.AppendJSON(nil))
	// Output: {"dest":{"uri":["sip:alice@example.com"]},"iat":1443208345,"orig":{"tn":"12155551212"}}
}

// A MESSAGE carries the digest of its body in msgi.
func ExampleCheckDigest() {
	digest, err := passport.Digest(passport.SHA256, []byte("hello world"))
	fmt.Println(digest, err)
	fmt.Println(passport.CheckDigest(digest, []byte("hello world")))
	fmt.Println(passport.CheckDigest(digest, []byte("hello w0rld")))
	// Output:
	// sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek <nil>
	// <nil>
	// passport: digest does not match
}

// What is shown of a caller is checked without asking the network: the icon's digest remains for whoever loads it.
func ExampleClaims_CheckIntegrity() {
	c := passport.Claims{
		RCD: &passport.RCD{Name: "Q Branch Spy Gadgets", Icon: "https://example.com/photos/q-256x256.png"},
		RCDIntegrity: map[string]string{
			"/nam": "sha256-sM275lTgzCte+LHOKHtU4SxG8shlOo6OS4ot8IJQImY",
			"/icn": "sha256-RojgWwU6xUtI4q82+kHPyHm1JKbm7+663bMvzymhkl4",
		},
	}
	fmt.Println(c.CheckIntegrity(nil))
	// Output: [/icn] <nil>
}
