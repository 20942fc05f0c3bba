package stir_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

// signer signs with the world's certificate.
func (w *world) signer(change ...func(*stir.SignerConfig)) (*stir.Signer, error) {
	c := stir.SignerConfig{Now: func() time.Time { return w.now }, Credentials: []stir.Credential{{
		Key: w.leaf.Key, Chain: w.leaf.Chain(), URL: certURL, Numbers: []string{"1215555*"}, Domains: []string{"carrier.example"},
	}}}
	for _, f := range change {
		f(&c)
	}
	return stir.NewSigner(c)
}

// signs signs a request and says what a verifier makes of it.
func (w *world) signs(a stir.Assertion, opts ...option) string {
	s, err := w.signer()
	if err != nil {
		return plain(err)
	}
	m, _ := w.message(nil, opts...)
	signed, err := s.Sign(m, a)
	if err != nil {
		return plain(err)
	}
	if signed.Date != "" {
		opts = append(opts, rawDate(signed.Date))
	}
	kind := signed.PPT
	if kind == "" {
		kind = "baseline"
	}
	return kind + ": " + w.one(signed.Identity, opts...)
}

// origIDs signs and returns the origid.
func (w *world) origIDs(configured string, a stir.Assertion) string {
	s, err := w.signer(func(c *stir.SignerConfig) { c.OrigID = configured })
	if err != nil {
		return plain(err)
	}
	m, _ := w.message(nil)
	signed, err := s.Sign(m, a)
	if err != nil {
		return plain(err)
	}
	res := w.verify([]string{signed.Identity})
	return res.OrigID
}

// plain names the sentinel within an error.
func plain(err error) string {
	for _, e := range []error{stir.ErrCredential, stir.ErrExpired, stir.ErrNoAuthority, stir.ErrAttestation, stir.ErrNobody, stir.ErrStaleDate, stir.ErrNotDiverted, stir.ErrDiversions} {
		if errors.Is(err, e) {
			return "refused: " + strings.TrimPrefix(e.Error(), "stir: ")
		}
	}
	return err.Error()
}

func signRows() []row {
	a := stir.Assertion{Attestation: 'A'}
	return []row{
		{"INVITE between numbers", "RFC 8224 §6.1, RFC 8588", "shaken: valid, attestation A", func(w *world) string { return w.signs(a) }},
		{"attestation C", "RFC 8588 §4", "shaken: valid, attestation C", func(w *world) string { return w.signs(stir.Assertion{Attestation: 'C'}) }},
		{"no attestation given", "RFC 8588 §4", "refused: no attestation given", func(w *world) string { return w.signs(stir.Assertion{}) }},
		{"an attestation that there is not", "RFC 8588 §4", "refused: no attestation given", func(w *world) string { return w.signs(stir.Assertion{Attestation: 'a'}) }},
		{"origid that is no UUID", "RFC 8588 §5", "refused: bad credential", func(w *world) string {
			_, err := w.signer(func(c *stir.SignerConfig) { c.OrigID = "toto" })
			return plain(err)
		}},
		{"origid of the Signer, of the request, and made from the URL", "RFC 8588 §5", "123e4567-e89b-12d3-a456-426655440000 223e4567-e89b-12d3-a456-426655440000 always the same", func(w *world) string {
			const one, two = "123e4567-e89b-12d3-a456-426655440000", "223e4567-e89b-12d3-a456-426655440000"
			s := w.origIDs(one, stir.Assertion{Attestation: 'A'}) + " " + w.origIDs(one, stir.Assertion{Attestation: 'A', OrigID: two})
			if id := w.origIDs("", a); len(id) == 36 && id[14] == '8' && id == w.origIDs("", a) {
				s += " always the same"
			}
			return s
		}},
		{"called party from the Request-URI", "RFC 8224 §6.1", "shaken: valid, attestation A", func(w *world) string {
			return w.signs(stir.Assertion{Attestation: 'A', RequestURI: true}, requestURI("sip:+12155552000@gw.example"))
		}},
		{"INVITE between addresses of domains", "RFC 8224 §6.1", "baseline: valid", func(w *world) string {
			return w.signs(stir.Assertion{}, from("<sip:Alice@carrier.example>"), to("<sip:bob@example.com>"))
		}},
		{"INVITE with media keys, of a domain", "RFC 8224 §4.1.1", "baseline: valid", func(w *world) string {
			return w.signs(stir.Assertion{}, from("<sip:alice@carrier.example>"), body(sdp), header("Content-Type: application/sdp"))
		}},
		{"MESSAGE", "RFC 9475", "msg: valid, body proven", func(w *world) string { return w.signs(a, method("MESSAGE"), body("hello")) }},
		{"request without Date", "RFC 8224 §6.1 step 3", "shaken: valid, attestation A", func(w *world) string { return w.signs(a, rawDate("")) }},
		{"request with a stale Date", "RFC 8224 §6.1 step 3", "refused: Date is not fresh", func(w *world) string { return w.signs(a, date(w.now.Add(-2*time.Minute))) }},
		{"a number that is not ours", "RFC 8224 §6.1 step 1", "refused: no credential for the caller", func(w *world) string { return w.signs(a, from("<tel:+4930123456>")) }},
		{"a domain that is not ours", "RFC 8224 §6.1 step 1", "refused: no credential for the caller", func(w *world) string { return w.signs(a, from("<sip:alice@bank.example>")) }},
		{"anonymous caller", "RFC 8224 §6.1", "refused: no identity to sign", func(w *world) string { return w.signs(a, from("<sip:anonymous@anonymous.invalid>")) }},
		{"anonymous caller whom we know", "RFC 8224 §6.1", "shaken: valid, attestation A", func(w *world) string {
			u, _ := uri.Parse([]byte("tel:+12155551000"))
			return w.signs(stir.Assertion{Attestation: 'A', Caller: &u}, from("<sip:anonymous@anonymous.invalid>"), header("P-Asserted-Identity: <tel:+12155551000>"), trusted())
		}},
		{"the key is not the certificate's", "RFC 8224 §6.1", "refused: bad credential", func(w *world) string {
			_, err := w.signer(func(c *stir.SignerConfig) { c.Credentials[0].Key = w.root.Leaf().Key })
			return plain(err)
		}},
		{"the certificate has expired since", "RFC 8224 §6.1", "refused: the certificate is not valid now", func(w *world) string {
			s, err := w.signer(func(c *stir.SignerConfig) { c.Now = func() time.Time { return w.now } })
			if err != nil {
				return plain(err)
			}
			w.now = w.now.Add(72 * time.Hour)
			m, _ := w.message(nil)
			_, err = s.Sign(m, a)
			return plain(err)
		}},
		{"the certificate has expired before", "RFC 8224 §6.1", "refused: the certificate is not valid now", func(w *world) string {
			_, err := w.signer(func(c *stir.SignerConfig) { c.Now = func() time.Time { return w.now.Add(72 * time.Hour) } })
			return plain(err)
		}},
		{"a URL that is not https", "RFC 8224 §7.4", "refused: bad credential", func(w *world) string {
			_, err := w.signer(func(c *stir.SignerConfig) { c.Credentials[0].URL = "http://cert.example.org/a.pem" })
			return plain(err)
		}},
		{"numbers without a TNAuthList", "RFC 8226 §9", "refused: bad credential", func(w *world) string {
			w.leaf = w.root.Leaf(stirtest.DNS("carrier.example"))
			_, err := w.signer()
			return plain(err)
		}},
		{"a domain that is not the certificate's", "RFC 5922 §7.1", "refused: bad credential", func(w *world) string {
			_, err := w.signer(func(c *stir.SignerConfig) { c.Credentials[0].Domains = []string{"bank.example"} })
			return plain(err)
		}},
		{"we forward: div", "RFC 8946 §4.1", "valid, attestation A, diverted 1 times", func(w *world) string { return w.forwards(callee, other, w.shaken()) }},
		{"we forward a second time", "RFC 8946 §4.1", "valid, attestation A, diverted 2 times", func(w *world) string {
			return w.forwards(other, "12155554444", w.shaken(), w.div(callee, other))
		}},
		{"we forward to another spelling of the same number", "RFC 8946 §4.1", "refused: nothing to divert", func(w *world) string { return w.forwards(callee, callee, w.shaken()) }},
		{"we forward a call without Identity", "RFC 8946 §4.1", "refused: nothing to divert", func(w *world) string { return w.forwards(callee, other) }},
		{"we forward a call with a token about somebody else", "RFC 8946 §4.1", "refused: nothing to divert", func(w *world) string {
			return w.forwards(callee, other, w.shaken(func(c *passport.Claims) { c.Dest.TN = []string{"12155557777"} }))
		}},
		{"we forward a call that was forwarded eight times", "STANDARDS 2.7", "refused: too many diversions", func(w *world) string {
			ids, target := w.chainOf(8)
			return w.forwards(target, other, ids...)
		}},
		{"we forward a call for a number that is not ours", "RFC 8946 §4.1", "refused: no credential for the caller", func(w *world) string {
			const foreign = "4930123456"
			return w.forwards(foreign, other, w.shaken(func(c *passport.Claims) { c.Dest.TN = []string{foreign} }))
		}},
		{"our PBX has forwarded: div", "RFC 8946 §4.1", "valid, attestation A, diverted 1 times", func(w *world) string { return w.retargeted(other, w.shaken()) }},
		{"our PBX has forwarded a call that was forwarded to us", "RFC 8946 §4.1", "valid, attestation A, diverted 2 times", func(w *world) string {
			elsewhere := w.shaken(func(c *passport.Claims) { c.Dest.TN = []string{"12155557777"} })
			return w.retargeted(other, elsewhere, w.div("12155557777", callee))
		}},
		{"our PBX has signed itself", "RFC 8946 §4.1", "refused: nothing to divert", func(w *world) string { return w.retargeted(callee, w.shaken()) }},
		{"our PBX hands on a token that is about none of ours", "RFC 8946 §4.1", "refused: nothing to divert", func(w *world) string {
			return w.retargeted(other, w.shaken(func(c *passport.Claims) { c.Dest.TN = []string{"4930123456"} }))
		}},
		{"our PBX forwards a call that was forwarded eight times", "STANDARDS 2.7", "refused: too many diversions", func(w *world) string {
			ids, _ := w.chainOf(8)
			return w.retargeted(other, ids...)
		}},
	}
}

// retargeted adds a div token to a call whose Request-URI has been changed and says what a verifier there makes of it.
func (w *world) retargeted(is string, identities ...string) string {
	s, err := w.signer()
	if err != nil {
		return plain(err)
	}
	m, _ := w.message(identities, requestURI("sip:+"+is+"@phone.example;user=phone"))
	signed, err := s.SignRetargeted(m)
	if err != nil {
		return plain(err)
	}
	called := callee
	if len(identities) > 1 {
		called = "12155557777"
	}
	return w.diverted(is, append(identities, signed.Identity), to("<sip:+"+called+"@example.com;user=phone>"), requestURI("sip:+"+is+"@phone.example;user=phone"))
}

// forwards adds a div token for a call from one number to another and says what a verifier there makes of it.
func (w *world) forwards(was, is string, identities ...string) string {
	s, err := w.signer()
	if err != nil {
		return plain(err)
	}
	m, _ := w.message(identities, requestURI("sip:+"+was+"@example.com"))
	target, err := uri.Parse(fmt.Appendf(nil, "sip:+1-%s@phone.example;user=phone", strings.TrimPrefix(is, "1")))
	if err != nil {
		return err.Error()
	}
	signed, err := s.SignDiv(m, &target)
	if err != nil {
		return plain(err)
	}
	return w.diverted(is, append(identities, signed.Identity))
}

func reportRows() []row {
	reasons := func(w *world, identities ...string) string {
		res := w.verify(identities)
		b := stir.AppendReasons(nil, &res)
		return strings.ReplaceAll(strings.ReplaceAll(string(b), "\r\n", " "), sigText(identities[0]), "SIGNATURE")
	}
	verstat := func(f func(w *world) stir.Result) func(*world) string {
		return func(w *world) string {
			res := f(w)
			return stir.Verstat(&res)
		}
	}
	return []row{
		{"Reason of a field that failed", "RFC 9410 §3", `Reason: STIR;cause=438;text="Invalid Identity Header";ppi="..SIGNATURE" `, func(w *world) string {
			return reasons(w, w.shaken(func(c *passport.Claims) { c.Orig.TN = other }))
		}},
		{"Reason of each field that failed, none of one that is valid", "RFC 9410 §3", `Reason: STIR;cause=403;text="Stale Date";ppi="..SIGNATURE" `, func(w *world) string {
			return reasons(w, w.shaken(func(c *passport.Claims) { c.IssuedAt -= 1000 }), w.shaken())
		}},
		{"Reason of a field that is no token: nothing of it is repeated", "RFC 9410 §4", `Reason: STIR;cause=438;text="Invalid Identity Header" `, func(w *world) string {
			return reasons(w, `x"y;info=<a:b>`)
		}},
		{"no Reason of a field that is ignored", "RFC 9410 §3", "", func(w *world) string {
			return reasons(w, strings.Replace(w.spoilt(`"ppt":"shaken"`, `"ppt":"foo"`), "ppt=shaken", "ppt=foo", 1))
		}},
		{"verstat, attestation A", "TS 24.229 §7.2A.20", "TN-Validation-Passed-A", verstat(func(w *world) stir.Result { return w.verify([]string{w.shaken()}) })},
		{"verstat, attestation C", "TS 24.229 §7.2A.20", "TN-Validation-Passed-C", verstat(func(w *world) stir.Result {
			return w.verify([]string{w.shaken(func(c *passport.Claims) { c.Attest = "C" })})
		})},
		{"verstat, number without attestation", "TS 24.229 §7.2A.20", "TN-Validation-Passed", verstat(func(w *world) stir.Result { return w.verify([]string{w.baseline()}) })},
		{"verstat, proof of a URI", "TS 24.229 §7.2A.20", "No-TN-Validation", verstat(func(w *world) stir.Result {
			return w.verify([]string{w.baseline(func(c *passport.Claims) { c.Orig = passport.Identity{URI: "sip:a@carrier.example"} })}, from("<sip:a@carrier.example>"))
		})},
		{"verstat, failed", "TS 24.229 §7.2A.20", "TN-Validation-Failed", verstat(func(w *world) stir.Result {
			return w.verify([]string{w.shaken()}, from("<tel:+12155559999>"))
		})},
		{"verstat, no Identity", "TS 24.229 §7.2A.20", "No-TN-Validation", verstat(func(w *world) stir.Result { return w.verify(nil) })},
	}
}

func sigText(value string) string {
	token, _, _ := strings.Cut(value, ";")
	return token[strings.LastIndexByte(token, '.')+1:]
}
