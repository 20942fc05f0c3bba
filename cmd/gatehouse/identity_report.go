package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/identity"
	"gatehouse.example/sip"
	"gatehouse.example/stir"
	"gatehouse.example/stir/passport"
	"gatehouse.example/verdict"
)

// identityReport is what a verification came to, as scripts read it. Texts are the sender's, or a CA's, as they came.
type identityReport struct {
	Outcome     string                `json:"outcome"` // valid, missing, stale, invalid, unsupported, unreachable
	Status      int                   `json:"status"`  // what RFC 8224 answers with; 0 where valid
	Phrase      string                `json:"phrase"`
	Reason      string                `json:"reason"`
	Detail      string                `json:"detail"`
	Identity    string                `json:"identity"` // who calls, canonical: tel:+15551230001
	Proof       verdict.Proof         `json:"proof"`
	PPT         string                `json:"ppt"`
	Attestation string                `json:"attestation"`
	OrigID      string                `json:"origid"`
	IssuedAt    time.Time             `json:"issued_at,omitzero"`
	Signer      *signerReport         `json:"signer"` // null unless valid
	Certificate *certificateReport    `json:"certificate"`
	Diverted    []string              `json:"diverted"`
	BodyProven  bool                  `json:"body_proven"`
	Display     *displayReport        `json:"display"`
	Priorities  []string              `json:"priorities"`
	Emergency   string                `json:"emergency"`
	Verstat     string                `json:"verstat"`
	Headers     []identityFieldReport `json:"headers"`
}

// signerReport is whom the CA issued the certificate to.
type signerReport struct {
	Organization string `json:"organization"`
	CommonName   string `json:"common_name"`
	SPC          string `json:"spc"`
	Country      string `json:"country"`
	Coverage     string `json:"coverage"` // by what it speaks for the identity: number, range, provider, uri, domain
}

// certificateReport is what the token was signed with.
type certificateReport struct {
	URL         string    `json:"url"`
	Serial      string    `json:"serial"`
	Fingerprint string    `json:"fingerprint"` // SHA-256
	NotBefore   time.Time `json:"not_before,omitzero"`
	NotAfter    time.Time `json:"not_after,omitzero"`
	Revocation  string    `json:"revocation"` // good, unknown, not checked
}

// displayReport is what the signer wants to be shown. It proves nothing about who calls.
type displayReport struct {
	Verified bool   `json:"verified"` // always false: RFC 8224 §12.6
	Name     string `json:"name"`
	Alias    string `json:"alias"`
	Reason   string `json:"reason"`
	IconURL  string `json:"icon_url"`
	CardURL  string `json:"card_url"`
	JCard    string `json:"jcard"`
	Digests  bool   `json:"digests_match"`
}

// identityFieldReport is what one Identity header field came to.
type identityFieldReport struct {
	Outcome  string    `json:"outcome"`
	Status   int       `json:"status"`
	Phrase   string    `json:"phrase"`
	Reason   string    `json:"reason"`
	Detail   string    `json:"detail"`
	PPT      string    `json:"ppt"`
	URL      string    `json:"url"`
	Orig     string    `json:"orig"`
	Dest     []string  `json:"dest"`
	Attest   string    `json:"attest"`
	IssuedAt time.Time `json:"issued_at,omitzero"`
	Coverage string    `json:"coverage"`
}

func newIdentityReport(m *sip.Message, r *stir.Result, revocation string) *identityReport {
	caller := identity.Who(&identity.Evidence{Message: m, Signature: r})
	out := &identityReport{
		Outcome: r.Outcome.String(), Status: r.Status, Phrase: r.Phrase, Detail: r.Detail, Proof: caller.Proof,
		PPT: r.PPT, OrigID: r.OrigID, IssuedAt: utc(r.IssuedAt), BodyProven: r.BodyProven,
		Diverted: []string{}, Priorities: append([]string{}, r.Priorities...), Emergency: r.Emergency,
		Verstat: stir.Verstat(r), Headers: []identityFieldReport{},
	}
	if r.Outcome != stir.Valid {
		out.Reason = r.Reason.String()
	} else {
		out.Identity = addressOf(m, r.Identity)
		out.signedBy(&r.SignedBy, revocation)
	}
	if r.Attestation != 0 {
		out.Attestation = string(rune(r.Attestation))
	}
	for _, d := range r.Diverted {
		out.Diverted = append(out.Diverted, addressOf(m, d))
	}
	if d := r.Display; d != nil {
		out.Display = &displayReport{Name: d.Name, Alias: d.Alias, Reason: d.Reason, IconURL: d.IconURL, CardURL: d.CardURL, JCard: d.JCard, Digests: d.Checked}
	}
	for i := range r.Each {
		out.Headers = append(out.Headers, newFieldReport(&r.Each[i]))
	}
	return out
}

// addressOf writes an identity as verdicts have it.
func addressOf(m *sip.Message, id passport.Identity) string {
	c := identity.Who(&identity.Evidence{Message: m, Signature: &stir.Result{Outcome: stir.Valid, Identity: id}})
	if c.Proof == verdict.None {
		return id.String()
	}
	return string(c.URI.AppendAoR(nil))
}

func (out *identityReport) signedBy(c *stir.Certificate, revocation string) {
	e := &c.Entity
	out.Signer = &signerReport{e.Organization, e.CommonName, e.SPC, e.Country, c.Coverage.String()}
	out.Certificate = &certificateReport{URL: c.URL, Serial: c.Serial(), Revocation: revocation}
	if c.Path != nil {
		leaf := c.Path.Chain().Leaf()
		out.Certificate.Fingerprint = fingerprint(leaf.Raw)
		out.Certificate.NotBefore, out.Certificate.NotAfter = utc(leaf.NotBefore), utc(leaf.NotAfter)
	}
}

func newFieldReport(h *stir.HeaderResult) identityFieldReport {
	f := identityFieldReport{
		Outcome: h.Outcome.String(), Status: h.Status(), Detail: h.Detail(), Dest: []string{}, Coverage: h.Coverage.String(),
	}
	if h.Outcome != stir.Valid {
		f.Phrase, f.Reason = h.Phrase(), h.Reason.String()
	}
	if t := h.Token; t != nil {
		f.PPT, f.URL, f.Orig, f.Attest = t.Header.PPT, t.Header.X5U, t.Claims.Orig.String(), t.Claims.Attest
		f.Dest = append(append(f.Dest, t.Claims.Dest.TN...), t.Claims.Dest.URI...)
		f.IssuedAt = time.Unix(t.Claims.IssuedAt, 0).UTC()
	}
	return f
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// fingerprint is a certificate's SHA-256.
func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// print writes the report for people.
func (out *identityReport) print(a *app) error {
	rows := [][]string{{"outcome", out.Outcome}, {"status", answer(out.Status, out.Phrase)}, {"reason", because(out.Reason, out.Detail)},
		{"identity", inQuotes(out.Identity)}, {"attestation", out.Attestation}, {"kind", inQuotes(out.PPT)}, {"origid", inQuotes(out.OrigID)},
		{"issued", day(out.IssuedAt, "")}}
	if s, c := out.Signer, out.Certificate; s != nil {
		rows = append(rows, []string{"signer", words("organization", s.Organization, "name", s.CommonName, "country", s.Country)},
			[]string{"SPC", inQuotes(s.SPC)}, []string{"speaks by", s.Coverage},
			[]string{"certificate", words("at", c.URL, "serial", c.Serial)}, []string{"fingerprint", c.Fingerprint},
			[]string{"valid", day(c.NotBefore, "-") + " to " + day(c.NotAfter, "-")}, []string{"revocation", c.Revocation})
	}
	if len(out.Diverted) > 0 {
		rows = append(rows, []string{"diverted", "from " + quotedList(out.Diverted)})
	}
	if d := out.Display; d != nil {
		rows = append(rows, []string{"unverified display", words("name", d.Name, "alias", d.Alias, "reason", d.Reason, "icon", d.IconURL, "card", d.CardURL, "jcard", d.JCard)})
	}
	if out.BodyProven {
		rows = append(rows, []string{"body", "as signed"})
	}
	rows = append(rows, []string{"priority", quotedList(out.Priorities)}, []string{"emergency", inQuotes(out.Emergency)}, []string{"verstat", out.Verstat})
	for i := range out.Headers {
		rows = append(rows, []string{"Identity " + strconv.Itoa(i+1), out.Headers[i].line()})
	}
	return a.table("FIELD VALUE", some(rows))
}

// line is a header field's result.
func (f *identityFieldReport) line() string {
	kind := "no token that can be read"
	if f.URL != "" {
		kind = words("kind", f.PPT, "from", f.Orig, "to", strings.Join(f.Dest, " "), "attest", f.Attest, "certificate", f.URL)
	}
	if f.Reason == "" {
		return f.Outcome + "; " + kind
	}
	return f.Outcome + ", " + answer(f.Status, f.Phrase) + ": " + because(f.Reason, f.Detail) + "; " + kind
}

func answer(status int, phrase string) string {
	if status == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", status, phrase)
}

func because(reason, detail string) string {
	if detail == "" {
		return reason
	}
	return reason + ": " + detail
}

// words are names with quoted texts of others; what is empty is left out.
func words(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, pairs[i]+" "+inQuotes(pairs[i+1]))
		}
	}
	return strings.Join(out, ", ")
}

func quotedList(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = inQuotes(s)
	}
	return strings.Join(out, ", ")
}
