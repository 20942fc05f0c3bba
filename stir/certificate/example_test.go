package certificate_test

import (
	"errors"
	"fmt"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

// A verifier builds a path when it fetches a certificate, and asks it for each call.
func Example() {
	root := stirtest.NewRoot()
	fetched := root.CA().Leaf(
		stirtest.Subject("US", "Example Telecom", "SHAKEN 1234"),
		stirtest.SPC("1234"), stirtest.Range("12155551000", 100),
	).ChainPEM()

	roots, err := certificate.ParseRoots(root.PEM())
	if err != nil {
		fmt.Println(err)
		return
	}
	chain, err := certificate.ParseChain(fetched)
	if err != nil {
		fmt.Println(err)
		return
	}
	path, err := roots.Path(chain)
	if err != nil {
		fmt.Println(err)
		return
	}

	now := time.Now()
	fmt.Println(path.Entity().Organization, path.At(now, now) == nil)
	fmt.Println(path.Covers(passport.Identity{TN: "12155551042"}))
	fmt.Println(path.Covers(passport.Identity{TN: "12155559999"}))
	fmt.Println(path.Covers(passport.Identity{URI: "sip:alice@example.org"}))
	// Output:
	// Example Telecom true
	// range
	// provider
	// none
}

// The reason of an error chooses a verification service's answer.
func ExampleReasonOf() {
	leaf := stirtest.NewRoot().Leaf()
	strangers, err := certificate.ParseRoots(stirtest.NewRoot().PEM())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = strangers.Path(leaf.Chain())
	fmt.Println(certificate.ReasonOf(err) == certificate.NotTrusted)
	fmt.Println(err)
	// Output:
	// true
	// certificate: not trusted: no root issued certificate 1 of 1
}

// Certificates can limit what their tokens claim.
func ExamplePath_Permits() {
	leaf := stirtest.NewRoot().Leaf(stirtest.SPC("1234"), stirtest.Constraints(certificate.Constraints{
		Permitted: map[string][]string{"attest": {"B", "C"}},
	}))
	token, err := passport.Parse([]byte(leaf.Shaken("https://cert.example.org/a.pem", "12155551000", "12155552000", "A", time.Now())))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(leaf.Path().Permits(token))
	// Output: certificate: claim outside the certificate's constraints: attest has a value that is not permitted
}

// Revocation is a value; whether an unknown one is good enough is for a policy to say.
func ExamplePath_Revoked() {
	root := stirtest.NewRoot()
	leaf := root.Leaf(stirtest.SPC("1234"))
	path := leaf.Path()
	for _, der := range [][]byte{root.CRL(), root.CRL(stirtest.Revoke(leaf)), stirtest.NewRoot().CRL()} {
		crl, err := certificate.ParseCRL(der)
		if err != nil {
			fmt.Println(err)
			return
		}
		state, why := path.Revoked(time.Now(), crl)
		var e *certificate.Error
		fmt.Println(state, errors.As(why, &e))
	}
	// Output:
	// good false
	// revoked true
	// unknown true
}

// An operator reads a TNAuthList.
func ExampleParseTNAuthList() {
	list, err := certificate.ParseTNAuthList([]byte("\x30\x08\xa0\x06\x16\x04709J"))
	fmt.Println(list.SPC, err)
	_, err = certificate.ParseTNAuthList([]byte("709J"))
	fmt.Println(err)
	// Output:
	// [709J] <nil>
	// certificate: malformed TNAuthList: not a sequence
}
