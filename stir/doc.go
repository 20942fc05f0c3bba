// Package stir proves who is calling: it signs and verifies the Identity header field of SIP requests.
//
// It obeys RFC 8224 (both roles, full and compact form), RFC 8588 (shaken), RFC 8946 (div), RFC 9475 (msg), RFC 9795 (rcd,
// as something to show, never as proof), RFC 8443 and RFC 9027 (rph, sph), RFC 9410 (Reason header fields), and the verstat
// values of 3GPP TS 24.229. Tokens are those of package passport, certificates those of package certificate; RFC 4474, the
// mechanism before, has a verifier of its own that is off unless asked for.
//
// # Verifying
//
//	v, err := stir.NewVerifier(stir.VerifierConfig{Source: source, Replay: stir.NewReplay(stir.ReplayConfig{})})
//	…
//	r := stir.RequestOf(message, stir.RequestOptions{Plan: plan})
//	result := v.Verify(ctx, &r)
//
// A Result is a value: an Outcome, a precise Reason, and what each Identity header field came to. Nothing is answered
// here; the Status is what a policy may answer with. One valid field is enough (RFC 8224 §6.2). Where none is valid the
// fields' outcomes rank 403, 438, 437, 436, 428, which the RFC leaves open; what yields which is in docs/identity.md.
//
// Who calls is taken from the request and compared with the token, never the other way round; so is who is called. What is
// cheap is checked first: a token that is stale, or of another call, never makes anybody fetch a certificate. The request
// is not changed, no text of a token reaches a Result unquoted except in fields that say so.
//
// # Signing
//
// A Signer holds credentials and makes Identity header fields with them. It signs only numbers and domains that it was
// given, and only with the attestation that the caller of Sign states: there is no default.
//
// # Concurrency and cost
//
// Verifier, Replay and Signer are safe for concurrent use. With the certificate's path at hand a verification is one
// P-256 verification and a few microseconds. Fetching belongs to the Source, which has deadlines and guards; Verify
// waits for it as long as its context lives, for several header fields at once.
//
// Not done here: fetching, answering, the removal of forged verstat parameters, and what is looked up by URL (icons and
// jCards of rcd).
package stir
