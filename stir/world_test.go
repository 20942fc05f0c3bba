package stir_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
	"gatehouse.example/stir/stirtest"
)

const (
	certURL = "https://cert.example.org/a.pem"
	caller  = "12155551000"
	callee  = "12155552000"
	other   = "12155553000"
)

// paths is a Source and a Revoker.
type paths struct {
	of      map[string]*certificate.Path
	errs    map[string]error
	revoked certificate.Revocation
}

func (p *paths) Path(_ context.Context, info string) (*certificate.Path, error) {
	if err := p.errs[info]; err != nil {
		return nil, err
	}
	if path := p.of[info]; path != nil {
		return path, nil
	}
	return nil, fmt.Errorf("%w: no such host", stir.ErrUnreachable)
}

func (p *paths) Revocation(context.Context, *certificate.Path, time.Time) certificate.Revocation {
	return p.revoked
}

// world is a provider with a certificate, and a verifier that trusts its root.
type world struct {
	now        time.Time
	root       *stirtest.Cert
	leaf       *stirtest.Cert
	paths      *paths
	forwarders map[string]*stirtest.Cert
}

func newWorld() *world {
	w := &world{now: time.Now().Truncate(time.Second), root: stirtest.NewRoot(), forwarders: map[string]*stirtest.Cert{}, paths: &paths{of: map[string]*certificate.Path{}, errs: map[string]error{}}}
	w.leaf = w.serve(certURL, stirtest.SPC("1234"), stirtest.DNS("carrier.example"))
	return w
}

// serve issues a certificate and puts it at a URL; the path is built from whatever root it has.
func (w *world) serve(url string, opts ...stirtest.Option) *stirtest.Cert {
	leaf := w.root.Leaf(opts...)
	path, err := w.root.Roots().Path(leaf.Chain())
	w.paths.of[url], w.paths.errs[url] = path, err
	return leaf
}

// claims are those of an attested call.
func (w *world) claims() passport.Claims {
	return passport.Claims{
		Orig: passport.Identity{TN: caller}, Dest: passport.Destinations{TN: []string{callee}}, IssuedAt: w.now.Unix(),
		Attest: "A", OrigID: "123e4567-e89b-12d3-a456-426655440000",
	}
}

func shakenHeader() passport.Header {
	return passport.Header{PPT: passport.Shaken, X5U: certURL}
}

// shaken is the value of an Identity header field with changed claims.
func (w *world) shaken(change ...func(*passport.Claims)) string {
	c := w.claims()
	for _, f := range change {
		f(&c)
	}
	return field(w.leaf.Sign(shakenHeader(), c), passport.Shaken)
}

// baseline is the same without an extension.
func (w *world) baseline(change ...func(*passport.Claims)) string {
	c := w.claims()
	c.Attest, c.OrigID = "", ""
	for _, f := range change {
		f(&c)
	}
	return field(w.leaf.Sign(passport.Header{X5U: certURL}, c), "")
}

func field(token, ppt string) string {
	f := token + ";info=<" + certURL + ">;alg=ES256"
	if ppt != "" {
		f += ";ppt=" + ppt
	}
	return f
}

// raw signs any two texts.
func (w *world) raw(header, payload string) string {
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, w.leaf.Key.(*ecdsa.PrivateKey), sum[:])
	if err != nil {
		panic(err)
	}
	var sig [64]byte
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return input + "." + base64.RawURLEncoding.EncodeToString(sig[:])
}

// texts are those of a good shaken token, for rows that spoil them.
func (w *world) texts() (header, payload string) {
	header = `{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"` + certURL + `"}`
	payload = fmt.Sprintf(`{"attest":"A","dest":{"tn":["%s"]},"iat":%d,"orig":{"tn":"%s"},"origid":"123e4567-e89b-12d3-a456-426655440000"}`,
		callee, w.now.Unix(), caller)
	return header, payload
}

// spoilt is a token with one piece of its header or payload replaced.
func (w *world) spoilt(old, repl string) string {
	h, p := w.texts()
	if !strings.Contains(h+p, old) {
		panic("nothing to spoil: " + old)
	}
	return w.raw(strings.Replace(h, old, repl, 1), strings.Replace(p, old, repl, 1)) + ";info=<" + certURL + ">;alg=ES256;ppt=shaken"
}

// call is a request.
type call struct {
	method, from, to, ruri, date, callID string
	headers                              []string
	body                                 string
	trusted                              bool
	plan                                 uri.Plan
	config                               stir.VerifierConfig
}

type option func(*call)

func from(s string) option          { return func(c *call) { c.from = s } }
func to(s string) option            { return func(c *call) { c.to, c.ruri = s, strings.Trim(s, "<>") } }
func requestURI(s string) option    { return func(c *call) { c.ruri = s } }
func date(t time.Time) option       { return func(c *call) { c.date = string(stir.AppendDate(nil, t)) } }
func rawDate(s string) option       { return func(c *call) { c.date = s } }
func method(m string) option        { return func(c *call) { c.method = m } }
func header(lines ...string) option { return func(c *call) { c.headers = append(c.headers, lines...) } }
func body(b string) option          { return func(c *call) { c.body = b } }
func trusted() option               { return func(c *call) { c.trusted = true } }
func config(f func(*stir.VerifierConfig)) option {
	return func(c *call) { f(&c.config) }
}

// message writes the request with Identity header fields.
func (w *world) message(identities []string, opts ...option) (*sip.Message, call) {
	c := call{
		method: "INVITE", from: "<sip:+1-215-555-1000@carrier.example;user=phone>", to: "<sip:+12155552000@example.com;user=phone>",
		ruri: "sip:+12155552000@example.com;user=phone", date: string(stir.AppendDate(nil, w.now)), callID: "a84b4c76e66710@pc33",
	}
	c.config = stir.VerifierConfig{Source: w.paths, Now: func() time.Time { return w.now }}
	for _, o := range opts {
		o(&c)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP pc33.example;branch=z9hG4bKnashds8\r\nMax-Forwards: 70\r\n", c.method, c.ruri)
	fmt.Fprintf(&b, "To: %s\r\nFrom: \"Alice\" %s;tag=1928301774\r\nCall-ID: %s\r\nCSeq: 314159 %s\r\nContact: <sip:alice@pc33.example>\r\n", c.to, c.from, c.callID, c.method)
	if c.date != "" {
		fmt.Fprintf(&b, "Date: %s\r\n", c.date)
	}
	for _, id := range identities {
		fmt.Fprintf(&b, "Identity: %s\r\n", id)
	}
	for _, h := range c.headers {
		b.WriteString(h + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(c.body), c.body)
	m := new(sip.Message)
	if err := m.Parse([]byte(b.String())); err != nil {
		panic(fmt.Sprintf("%v in\n%s", err, b.String()))
	}
	return m, c
}

// verify runs a request through a verifier.
func (w *world) verify(identities []string, opts ...option) stir.Result {
	m, c := w.message(identities, opts...)
	v, err := stir.NewVerifier(c.config)
	if err != nil {
		panic(err)
	}
	r := stir.RequestOf(m, stir.RequestOptions{Plan: c.plan, TrustAsserted: c.trusted})
	return v.Verify(context.Background(), &r)
}

// verifyRequest runs a request that was read already.
func verifyRequest(c call, r *stir.Request) string {
	v, err := stir.NewVerifier(c.config)
	if err != nil {
		panic(err)
	}
	res := v.Verify(context.Background(), r)
	return summary(&res)
}

// one says in a line what a request with one Identity header field comes to.
func (w *world) one(identity string, opts ...option) string {
	res := w.verify([]string{identity}, opts...)
	return summary(&res)
}

// summary is the text of the conformance table.
func summary(r *stir.Result) string {
	if r.Outcome != stir.Valid {
		s := fmt.Sprintf("%d %s: %s", r.Status, r.Phrase, r.Reason)
		for i := range r.Each {
			h := &r.Each[i]
			if h.Reason != r.Reason || h.Reason == stir.BadSignature {
				continue
			}
			if p := passport.ReasonOf(h.Err); p != passport.NoReason {
				return s + ", " + p.String()
			}
			if c := certificate.ReasonOf(h.Err); c != certificate.NoReason {
				return s + ", " + c.String()
			}
		}
		return s
	}
	s := "valid"
	if r.Attestation != 0 {
		s += ", attestation " + string(r.Attestation)
	}
	if len(r.Diverted) > 0 {
		s += fmt.Sprintf(", diverted %d times", len(r.Diverted))
	}
	if r.BodyProven && !r.Legacy {
		s += ", body proven"
	}
	if r.Legacy {
		s += ", of a domain"
	}
	return s
}

func TestVerifierTakesAShakenCall(t *testing.T) {
	w := newWorld()
	res := w.verify([]string{w.shaken()})
	if got, want := summary(&res), "valid, attestation A"; got != want {
		t.Fatalf("%q, want %q; %+v", got, want, res)
	}
	if res.Identity != (passport.Identity{TN: caller}) || res.OrigID == "" || !res.IssuedAt.Equal(w.now) || res.SignedBy.URL != certURL ||
		res.SignedBy.Coverage != certificate.CoversProvider || res.SignedBy.Entity.SPC != "1234" || res.SignedBy.Serial() == "" {
		t.Errorf("%+v", res)
	}
}

func p384() elliptic.Curve { return elliptic.P384() }

// otherSignature makes a second valid signature of the same token: ECDSA takes n-s for s.
func otherSignature(value string) string {
	sig := signatureOf(value)
	s := new(big.Int).SetBytes(sig[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(sig[32:])
	return withSignature(value, sig)
}
