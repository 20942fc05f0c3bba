package stir_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

const refused = "437 Unsupported Credential: certificate refused, "

// with is a row about a call whose signer has a certificate of the given kind.
func with(name, section, want string, opts ...stirtest.Option) row {
	return row{name, section, want, func(w *world) string {
		token := w.shaken()
		if w.serve(certURL, opts...); w.paths.of[certURL] != nil {
			w.leaf = w.serve(certURL, opts...)
			token = w.shaken()
		}
		return w.one(token)
	}}
}

func certificateRows() []row {
	spc := stirtest.SPC("1234")
	return []row{
		with("SPC: any number of the provider", "RFC 8226 §9", "valid, attestation A", spc),
		with("the number itself", "RFC 8226 §9", "valid, attestation A", stirtest.Number(caller)),
		with("a range with the number in it", "RFC 8226 §9", "valid, attestation A", stirtest.Range("12155551000", 10)),
		with("a range that ends before the number", "RFC 8226 §9", "437 Unsupported Credential: certificate has no authority over the identity", stirtest.Range("12155550000", 1000)),
		with("another number", "RFC 8224 §6.2 step 3", "437 Unsupported Credential: certificate has no authority over the identity", stirtest.Number("12155559999")),
		with("a domain only, for a number", "RFC 8224 §6.2 step 3", "437 Unsupported Credential: certificate has no authority over the identity", stirtest.DNS("carrier.example")),
		with("TNAuthList that is none", "RFC 8226 §9, STANDARDS 5.20", refused+"malformed TNAuthList", stirtest.RawTNAuthList([]byte("881212,INTEGER:50"))),
		with("constraints: attest must be C", "RFC 8226 §8", "438 Invalid Identity Header: certificate does not allow these claims, claim outside the certificate's constraints",
			spc, stirtest.Constraints(certificate.Constraints{Permitted: map[string][]string{"attest": {"C"}}})),
		with("constraints: rcd must be there", "RFC 8226 §8", "438 Invalid Identity Header: certificate does not allow these claims, claim outside the certificate's constraints",
			spc, stirtest.Constraints(certificate.Constraints{MustInclude: []string{"rcd"}})),
		with("constraints: attest must not be there", "RFC 9118 §3", "438 Invalid Identity Header: certificate does not allow these claims, claim outside the certificate's constraints",
			spc, stirtest.Constraints(certificate.Constraints{MustExclude: []string{"attest"}})),
		with("constraints that are met", "RFC 8226 §8", "valid, attestation A", spc, stirtest.Constraints(certificate.Constraints{Permitted: map[string][]string{"attest": {"A", "B"}}})),
		with("expired", "RFC 8224 §6.2 step 4, French table", refused+"expired", spc, stirtest.Validity(time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour))),
		with("not valid yet", "RFC 8224 §6.2 step 4, French table", refused+"not yet valid", spc, stirtest.Validity(time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour))),
		{"valid now, but not at iat", "STANDARDS 2.4", refused + "not yet valid", func(w *world) string {
			w.leaf = w.serve(certURL, spc, stirtest.Validity(time.Now().Add(-time.Minute), time.Now().Add(time.Hour)))
			if w.paths.of[certURL] == nil {
				return "the certificate is not valid now"
			}
			w.now = w.now.Add(-10 * time.Minute)
			return w.one(w.shaken())
		}},
		with("key of P-384", "RFC 8226 §6", refused+"wrong kind of key", spc, stirtest.Curve(p384())),
		{"chain to another root", "RFC 8226 §6, STANDARDS 5.20", refused + "not trusted", func(w *world) string {
			stranger := stirtest.NewRoot().Leaf(spc)
			_, w.paths.errs[certURL] = w.root.Roots().Path(stranger.Chain())
			w.leaf = stranger
			return w.one(w.shaken())
		}},
		{"root with a key of RSA, 2048 bits", "RFC 5280 §6.1.3", "valid, attestation A", func(w *world) string {
			root := stirtest.NewRoot(stirtest.RSA())
			w.leaf = root.Leaf(spc)
			w.paths.of[certURL], w.paths.errs[certURL] = root.Roots().Path(w.leaf.Chain())
			return w.one(w.shaken())
		}},
		{"self-signed", "STANDARDS 5.20", refused + "self-signed", func(w *world) string {
			w.leaf = stirtest.SelfSigned(spc)
			_, w.paths.errs[certURL] = w.root.Roots().Path(w.leaf.Chain())
			return w.one(w.shaken())
		}},
		{"leaf used as a CA", "RFC 5280 §4.2.1.9, STANDARDS 5.20", refused + "wrong CA bit", func(w *world) string {
			w.leaf = w.leaf.Leaf(spc)
			_, w.paths.errs[certURL] = w.root.Roots().Path(w.leaf.Chain())
			return w.one(w.shaken())
		}},
		{"certificate of another key", "RFC 8224 §6.2 step 5", "438 Invalid Identity Header: signature does not match", func(w *world) string {
			w.serve(certURL, spc)
			return w.one(w.shaken())
		}},
		{"host does not answer", "RFC 8224 §6.2.2", "436 Bad Identity Info: certificate could not be had", func(w *world) string {
			w.paths.errs[certURL] = stir.ErrUnreachable
			return w.one(w.shaken())
		}},
		{"look-up ran out of time", "RFC 8224 §6.2.2", "436 Bad Identity Info: certificate could not be had", func(w *world) string {
			w.paths.errs[certURL] = context.DeadlineExceeded
			return w.one(w.shaken())
		}},
		{"answer is no certificate", "RFC 8224 §6.2.2", "436 Bad Identity Info: certificate could not be had, malformed", func(w *world) string {
			_, err := certificate.ParseChain([]byte("<html>"))
			w.paths.errs[certURL] = errors.Join(stir.ErrUnreachable, err)
			return w.one(w.shaken())
		}},
		{"x5u is a local file", "STANDARDS 5.18", "436 Bad Identity Info: info is no URI", func(w *world) string {
			return w.one(strings.ReplaceAll(w.spoilt(certURL, "/etc/cert.pem"), certURL, "/etc/cert.pem"))
		}},
		{"no certificate is asked for where the token is stale", "STANDARDS 5.18", "403 Stale Date: iat is too old", func(w *world) string {
			w.paths.errs[certURL] = errors.New("asked")
			return w.one(w.shaken(func(c *passport.Claims) { c.IssuedAt -= 1000 }))
		}},
		revocation("revoked", "437 Unsupported Credential: certificate is revoked", certificate.RevocationRevoked, false),
		revocation("not revoked", "valid, attestation A", certificate.RevocationGood, true),
		revocation("nobody can tell, soft", "valid, attestation A", certificate.RevocationIsUnknown, false),
		revocation("nobody can tell, hard", "437 Unsupported Credential: revocation could not be checked", certificate.RevocationIsUnknown, true),
		{"domain in From is another one's", "RFC 8224 §6.2 step 3", "437 Unsupported Credential: certificate has no authority over the identity", func(w *world) string {
			return w.one(w.baseline(func(c *passport.Claims) { c.Orig = passport.Identity{URI: "sip:alice@bank.example"} }), from("<sip:alice@bank.example>"))
		}},
		{"subdomain of the certificate's", "RFC 5922 §7.2", "437 Unsupported Credential: certificate has no authority over the identity", func(w *world) string {
			return w.one(w.baseline(func(c *passport.Claims) { c.Orig = passport.Identity{URI: "sip:alice@a.carrier.example"} }), from("<sip:alice@a.carrier.example>"))
		}},
	}
}

func revocation(name, want string, is certificate.Revocation, hard bool) row {
	return row{name, "RFC 5280 §6.3, ATIS-1000080", want, func(w *world) string {
		w.paths.revoked = is
		return w.one(w.shaken(), config(func(c *stir.VerifierConfig) { c.Revoker, c.RequireRevocation = w.paths, hard }))
	}}
}
