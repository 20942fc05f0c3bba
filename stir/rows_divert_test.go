package stir_test

import (
	"fmt"
	"strings"
	"time"

	"gatehouse.example/stir"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

const divURL = "https://cert.example.org/b.pem"

// div is a token of whoever forwards, who has a certificate for the number that was called.
func (w *world) div(was, is string, change ...func(*passport.Claims)) string {
	url := divURL + "?" + was
	leaf := w.forwarders[was]
	if leaf == nil {
		leaf = w.serve(url, stirtest.Number(was))
		w.forwarders[was] = leaf
	}
	c := passport.Claims{
		Orig: passport.Identity{TN: caller}, Dest: passport.Destinations{TN: []string{is}}, IssuedAt: w.now.Unix(), Div: passport.Identity{TN: was},
	}
	for _, f := range change {
		f(&c)
	}
	token := leaf.Sign(passport.Header{PPT: passport.Div, X5U: url}, c)
	return stirtest.IdentityHeader(token, url, passport.Div)
}

// diverted verifies a call that was for callee and now is for the number in the Request-URI.
func (w *world) diverted(now string, identities []string, opts ...option) string {
	opts = append([]option{requestURI("sip:+" + now + "@example.com;user=phone"), strictTarget()}, opts...)
	res := w.verify(identities, opts...)
	return summary(&res)
}

// chainOf is a chain of n diversions and where it leads.
func (w *world) chainOf(n int) (identities []string, target string) {
	identities, target = []string{w.shaken()}, callee
	for i := range n {
		next := fmt.Sprintf("1215555%04d", 4000+i)
		identities = append(identities, w.div(target, next))
		target = next
	}
	return identities, target
}

func divertRows() []row {
	const (
		target = "438 Invalid Identity Header: dest does not lead to the Request-URI"
		old    = 10 * time.Minute
	)
	aged := func(w *world) func(*passport.Claims) {
		return func(c *passport.Claims) { c.IssuedAt = w.now.Add(-old).Unix() }
	}
	return []row{
		{"forwarded once", "RFC 8946 §4.2", "valid, attestation A, diverted 1 times", func(w *world) string {
			return w.diverted(other, []string{w.shaken(), w.div(callee, other)})
		}},
		{"forwarded once, header fields in the other order", "RFC 8946 §4.2", "valid, attestation A, diverted 1 times", func(w *world) string {
			return w.diverted(other, []string{w.div(callee, other), w.shaken()})
		}},
		{"forwarded once, To rewritten", "RFC 8946 §4.2", "valid, attestation A, diverted 1 times", func(w *world) string {
			return w.diverted(other, []string{w.shaken(), w.div(callee, other)}, to("<sip:+"+other+"@example.com>"))
		}},
		{"forwarded three times", "RFC 8946 §4.2", "valid, attestation A, diverted 3 times", func(w *world) string {
			ids, target := w.chainOf(3)
			return w.diverted(target, ids)
		}},
		{"forwarded eight times", "STANDARDS 2.7", "valid, attestation A, diverted 8 times", func(w *world) string {
			ids, target := w.chainOf(8)
			return w.diverted(target, ids)
		}},
		{"forwarded nine times", "STANDARDS 2.7", target, func(w *world) string {
			ids, target := w.chainOf(9)
			return w.diverted(target, ids)
		}},
		{"link in the middle is missing", "RFC 8946 §4.2", target, func(w *world) string {
			ids, target := w.chainOf(3)
			return w.diverted(target, append(ids[:2:2], ids[3]))
		}},
		{"chain leads elsewhere", "RFC 8946 §4.2", target, func(w *world) string {
			return w.diverted("12155558888", []string{w.shaken(), w.div(callee, other)})
		}},
		{"div of a number that was not called", "RFC 8946 §4.2", target, func(w *world) string {
			return w.diverted(other, []string{w.shaken(), w.div("12155557777", other)})
		}},
		{"div without a token about the call", "RFC 8946 §4.2", "438 Invalid Identity Header: div leads back to no call", func(w *world) string {
			return w.diverted(other, []string{w.div(callee, other)})
		}},
		{"div signed by whoever has the caller's number", "RFC 8946 §4.2", "438 Invalid Identity Header: dest does not lead to the Request-URI", func(w *world) string {
			w.forwarders[callee] = w.serve(divURL+"?"+callee, stirtest.Number(caller))
			return w.diverted(other, []string{w.shaken(), w.div(callee, other)})
		}},
		{"div that names another caller", "RFC 8946 §4.2", target, func(w *world) string {
			return w.diverted(other, []string{w.shaken(), w.div(callee, other, func(c *passport.Claims) { c.Orig.TN = "12155556666" })})
		}},
		{"div with a forged signature", "RFC 8946 §4.2", target, func(w *world) string {
			return w.diverted(other, []string{w.shaken(), withSignature(w.div(callee, other), signatureOf(w.shaken()))})
		}},
		{"a link in the middle with a forged signature", "RFC 8946 §4.2", target, func(w *world) string {
			ids, target := w.chainOf(3)
			ids[2] = withSignature(ids[2], signatureOf(w.shaken()))
			return w.diverted(target, ids)
		}},
		{"div is stale", "RFC 8946 §4.2", "403 Stale Date: iat is too old", func(w *world) string {
			return w.diverted(other, []string{w.shaken(), w.div(callee, other, aged(w))})
		}},
		{"a fresh div round an old token", "RFC 8946 §4.2, STANDARDS 5.21", "403 Stale Date: iat is too old", func(w *world) string {
			return w.diverted(other, []string{w.shaken(aged(w)), w.div(callee, other)})
		}},
		{"a fresh div round an old token, from a party that is trusted", "RFC 8946 §4.2", "valid, attestation A, diverted 1 times", func(w *world) string {
			return w.diverted(other, []string{w.shaken(aged(w)), w.div(callee, other)}, config(func(c *stir.VerifierConfig) { c.InnerFreshness = time.Hour }))
		}},
		{"an old token is not made fresh by somebody else's div", "RFC 8946 §4.2", "403 Stale Date: iat is too old", func(w *world) string {
			return w.diverted(other, []string{w.shaken(aged(w)), withSignature(w.div(callee, other), signatureOf(w.shaken()))},
				config(func(c *stir.VerifierConfig) { c.InnerFreshness = time.Hour }))
		}},
		{"divs in a circle", "RFC 8946 §4.2", target, func(w *world) string {
			return w.diverted(other, []string{w.shaken(), w.div("12155557777", other), w.div(other, "12155557777")})
		}},
		{"broken chain, Request-URI not looked at: the token about the call stands", "RFC 8224 §6.2", "valid, attestation A", func(w *world) string {
			res := w.verify([]string{w.shaken(), w.div("12155557777", other)}, requestURI("sip:+"+other+"@example.com"))
			return summary(&res)
		}},
		{"compact div", "RFC 8946 §3", target, func(w *world) string {
			return w.diverted(other, []string{w.shaken(), compact(w.div(callee, other))})
		}},
		{"div with opt in it", "RFC 8946 §5", target, func(w *world) string {
			h := fmt.Sprintf(`{"alg":"ES256","ppt":"div","typ":"passport","x5u":"%s"}`, certURL)
			opt, _, _ := strings.Cut(w.shaken(), ";")
			p := fmt.Sprintf(`{"dest":{"tn":["%s"]},"div":{"tn":"%s"},"iat":%d,"opt":"%s","orig":{"tn":"%s"}}`, other, callee, w.now.Unix(), opt, caller)
			return w.diverted(other, []string{w.shaken(), field(w.raw(h, p), "div")})
		}},
		{"the typing error of RFC 8946 §3: one digit too many in div", "RFC 8946 §4.2, STANDARDS 6", target, func(w *world) string {
			return w.diverted(other, []string{w.shaken(), w.div("1"+callee, other)})
		}},
	}
}
