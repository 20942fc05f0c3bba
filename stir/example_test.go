package stir_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

// onePath is a Source that has one certificate. A real one fetches, with guards and a cache.
type onePath struct{ path *certificate.Path }

func (s onePath) Path(context.Context, string) (*certificate.Path, error) { return s.path, nil }

// invite parses a request, to which lines can be added.
func invite(lines ...string) *sip.Message {
	m := new(sip.Message)
	err := m.Parse([]byte("INVITE sip:+12155552000@example.com SIP/2.0\r\n" +
		"Via: SIP/2.0/TLS pc33.carrier.example;branch=z9hG4bK776asdhds\r\n" +
		"From: <sip:+12155551000@carrier.example>;tag=1928301774\r\n" +
		"To: <sip:+12155552000@example.com>\r\n" +
		"Call-ID: a84b4c76e66710@pc33\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n" +
		strings.Join(lines, "") + "Content-Length: 0\r\n\r\n"))
	if err != nil {
		panic(err)
	}
	return m
}

func ExampleSigner() {
	// Certificates come from an STI CA; here one is made for the occasion.
	leaf := stirtest.NewRoot().Leaf(stirtest.SPC("1234"))
	signer, err := stir.NewSigner(stir.SignerConfig{Credentials: []stir.Credential{{
		Key: leaf.Key, Chain: leaf.Chain(), URL: "https://cert.carrier.example/1234.pem", Numbers: []string{"1215555*"},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	// We know the customer, and that the number is his: attestation A. It is never assumed.
	signed, err := signer.Sign(invite(), stir.Assertion{Attestation: 'A'})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, params, _ := strings.Cut(signed.Identity, ";")
	fmt.Println("Identity: (token);" + params)
	fmt.Println("Date added:", signed.Date != "")
	// Output:
	// Identity: (token);info=<https://cert.carrier.example/1234.pem>;alg=ES256;ppt=shaken
	// Date added: true
}

func ExampleVerifier() {
	leaf := stirtest.NewRoot().Leaf(stirtest.Number("12155551000"), stirtest.Subject("US", "Example Carrier", "SHAKEN 1234"))
	const url = "https://cert.carrier.example/1234.pem"
	token := leaf.Shaken(url, "12155551000", "12155552000", "A", time.Now())
	message := invite("Identity: " + stirtest.IdentityHeader(token, url, "shaken") + "\r\n")

	verifier, err := stir.NewVerifier(stir.VerifierConfig{
		Source: onePath{leaf.Path()},
		Replay: stir.NewReplay(stir.ReplayConfig{}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	request := stir.RequestOf(message, stir.RequestOptions{})
	result := verifier.Verify(context.Background(), &request)
	fmt.Println(result.Outcome, result.Identity, string(result.Attestation), result.SignedBy.Entity.Organization, result.SignedBy.Coverage)
	fmt.Println(stir.Verstat(&result))

	// The same token in a call to somebody else.
	request.To = stir.Party{TN: "12155559999"}
	result = verifier.Verify(context.Background(), &request)
	fmt.Println(result.Outcome, result.Status, result.Phrase, "-", result.Reason)
	// Output:
	// valid 12155551000 A Example Carrier number
	// TN-Validation-Passed-A
	// invalid 438 Invalid Identity Header - dest is not the called party
}
