package stir_test

import (
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
	"gatehouse.example/stir/passport"
)

const (
	notCaller = "438 Invalid Identity Header: orig is not the caller"
	notCallee = "438 Invalid Identity Header: dest is not the called party"
)

func partyRows() []row {
	american := func(c *call) { c.plan = uri.Plan{Country: "1", International: "011", Trunk: "1"} }
	alice := func(c *passport.Claims) { c.Orig = passport.Identity{URI: "sip:alice@carrier.example"} }
	bob := func(c *passport.Claims) { c.Dest = passport.Destinations{URI: []string{"sip:bob@example.com"}} }
	return []row{
		{"From is another number", "RFC 8224 §6.2 step 2, French table", notCaller, func(w *world) string {
			return w.one(w.shaken(), from("<sip:+12155559999@carrier.example>"))
		}},
		{"To is another number", "RFC 8224 §6.2 step 5, French table", notCallee, func(w *world) string {
			return w.one(w.shaken(), to("<sip:+12155559999@example.com>"))
		}},
		{"number in From with separators and parameters", "RFC 8224 §8.3", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(), from("<sip:+1(215)555-1000;isub=1;npdi@carrier.example:5070;user=phone>"))
		}},
		{"tel URIs", "RFC 8224 §8.3", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(), from("<tel:+1-215-555-1000>"), to("<tel:+12155552000;npdi>"), requestURI("tel:+12155552000"))
		}},
		{"escaped digits", "RFC 3261 §19.1.2, STANDARDS 5.1", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(), from("<sip:%2B1215555%31000@carrier.example>"))
		}},
		{"national number, without a plan", "RFC 8224 §8.3", notCallee, func(w *world) string {
			return w.one(w.shaken(), to("<sip:2155552000@example.com>"))
		}},
		{"national number, with the trunk's plan", "RFC 8224 §8.3", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(), to("<sip:2155552000@example.com>"), american)
		}},
		{"international prefix, with the trunk's plan", "RFC 8224 §8.3", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(), to("<sip:01112155552000@example.com>"), american)
		}},
		{"phone-context is not believed", "RFC 3966 §5.1.5, STANDARDS 5.2", notCallee, func(w *world) string {
			return w.one(w.shaken(), to("<tel:2155552000;phone-context=+1>"), requestURI("tel:2155552000;phone-context=+1"))
		}},
		{"service code with star and hash", "RFC 8224 §8.3", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(func(c *passport.Claims) { c.Dest.TN = []string{"*67#"} }), to("<sip:*67%23@example.com;user=phone>"))
		}},
		{"short number of a network's own", "RFC 8224 §8.3", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(func(c *passport.Claims) { c.Dest.TN = []string{"1002"} }), to("<sip:1002@example.com>"))
		}},
		{"caller of a domain", "RFC 8224 §8.5", "valid", func(w *world) string {
			return w.one(w.baseline(alice), from("<sip:alice@carrier.example>"))
		}},
		{"URI in From with capitals, port, password, parameters", "RFC 8224 §8.5", "valid", func(w *world) string {
			return w.one(w.baseline(alice), from("<sip:Alice:secret@CARRIER.example:5080;transport=tcp?Subject=x>"))
		}},
		{"URI in the token with capitals", "RFC 8224 §8.5", notCaller, func(w *world) string {
			return w.one(w.baseline(func(c *passport.Claims) { c.Orig = passport.Identity{URI: "sip:Alice@carrier.example"} }), from("<sip:Alice@carrier.example>"))
		}},
		{"sips is not sip", "RFC 8224 §8.5", notCaller, func(w *world) string {
			return w.one(w.baseline(alice), from("<sips:alice@carrier.example>"))
		}},
		{"called party of a domain", "RFC 8224 §8.5", "valid", func(w *world) string {
			return w.one(w.baseline(alice, bob), from("<sip:alice@carrier.example>"), to("<sip:BOB@example.com;user=ip>"))
		}},
		{"number in From, signed as a URI of the domain", "RFC 8224 §8.1", "valid", func(w *world) string {
			return w.one(w.baseline(func(c *passport.Claims) {
				c.Orig = passport.Identity{URI: "sip:+12155551000@carrier.example"}
			}), from("<sip:+12155551000@carrier.example>"))
		}},
		{"emergency service is called", "RFC 8588 §3, RFC 5031", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(func(c *passport.Claims) { c.Dest = passport.Destinations{URI: []string{"urn:service:sos"}} }), to("<urn:service:sos>"))
		}},
		{"one of several in dest", "RFC 8225 §5.2.1", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(func(c *passport.Claims) { c.Dest.TN = []string{other, callee} }))
		}},
		{"From anonymous, peer not trusted", "RFC 8224 §6.2 step 2", "438 Invalid Identity Header: caller is anonymous", func(w *world) string {
			return w.one(w.shaken(), from("<sip:anonymous@anonymous.invalid>"), header("P-Asserted-Identity: <tel:+12155551000>"))
		}},
		{"From anonymous, asserted by a trusted peer", "RFC 8224 §6.2 step 2, RFC 3325", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(), from("<sip:anonymous@anonymous.invalid>"), header("P-Asserted-Identity: \"A\" <sip:alice@carrier.example>, <tel:+12155551000>"), trusted())
		}},
		{"From anonymous, somebody else asserted by a trusted peer", "RFC 8224 §6.2 step 2", notCaller, func(w *world) string {
			return w.one(w.shaken(), from("<sip:anonymous@anonymous.invalid>"), header("P-Asserted-Identity: <tel:+12155559999>"), trusted())
		}},
		{"From not anonymous: what is asserted does not count", "RFC 8224 §6.2 step 2", notCaller, func(w *world) string {
			return w.one(w.shaken(), from("<tel:+12155559999>"), header("P-Asserted-Identity: <tel:+12155551000>"), trusted())
		}},
		{"Request-URI differs from To, without div", "RFC 8224 §6.2 step 5", "valid, attestation A", func(w *world) string {
			return w.one(w.shaken(), requestURI("sip:+12155553000@example.com"))
		}},
		{"Request-URI differs from To, looked at", "RFC 8224 §12.1, STANDARDS 5.21", "438 Invalid Identity Header: dest does not lead to the Request-URI", func(w *world) string {
			return w.one(w.shaken(), requestURI("sip:+12155553000@example.com"), strictTarget())
		}},
	}
}

func strictTarget() option { return config(func(c *stir.VerifierConfig) { c.CheckRequestURI = true }) }
