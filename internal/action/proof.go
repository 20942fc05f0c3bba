package action

import (
	"bytes"
	"strings"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Proof is what the PBX is told about a caller. It is written after Strip, so that nothing of it can be the caller's own words.
type Proof struct {
	// Identity is the proven caller, a tel: or sip: URI; empty where nothing is proven, and no field asserts anybody.
	Identity string
	// Verstat is the verstat parameter's value, empty for none. 3GPP TS 24.229 §7.2A.20.
	Verstat string
	// Name is what the signer calls the caller, empty for none. RFC 9795 §5.1.1: it is vouched for by the signer, which is no proof to anybody else.
	Name string
	// CallInfo is a URL with more about the caller, of the signer's, its purpose "icon" or "jcard", and why he calls. RFC 9796.
	CallInfo, Purpose, CallReason string
}

// Assert adds P-Asserted-Identity with what is proven, unless there is one: a trusted peer's stays as it is, with the parameter added. RFC 3325 §5: what we add
// we have authenticated ourselves.
func Assert(e *sip.Edit, m *sip.Message, p *Proof, kept bool) {
	if kept && m.Has(sip.HeaderPAssertedIdentity) {
		assertedVerstat(e, m, p.Verstat)
		return
	}
	if p.Identity == "" {
		return
	}
	line := []byte("P-Asserted-Identity: ")
	if p.Name != "" {
		line = append(append(append(line, '"'), escape(p.Name)...), `" `...)
	}
	line = append(line, '<')
	line = append(line, withVerstat(p.Identity, p.Verstat)...)
	e.Insert(m.HeadersEnd(), append(line, ">\r\n"...))
}

// withVerstat writes the parameter where it belongs: behind a tel URI, in the user part of a sip URI.
func withVerstat(text, value string) string {
	if value == "" {
		return text
	}
	if at := strings.LastIndexByte(text, '@'); at >= 0 && !strings.HasPrefix(text, "tel:") {
		return text[:at] + ";verstat=" + value + text[at:]
	}
	return text + ";verstat=" + value
}

// assertedVerstat adds the parameter to the addresses that a trusted peer asserts.
func assertedVerstat(e *sip.Edit, m *sip.Message, value string) {
	if value == "" {
		return
	}
	for vs := m.Values(sip.HeaderPAssertedIdentity); vs.Next(); {
		var a sip.Address
		if a.Parse(vs.Text()) == nil {
			insertVerstat(e, vs.Text()[a.Span.Start:], vs.Span().Start+a.Span.Start, &a, value)
		}
	}
}

// FromVerstat adds the parameter to From, where telephones look that know no P-Asserted-Identity.
func FromVerstat(e *sip.Edit, m *sip.Message, value string) {
	from := m.From()
	if value != "" {
		insertVerstat(e, m.Text(from.Span), from.Span.Start, from, value)
	}
}

// insertVerstat works on one address, whose text begins at offset base of the message. An address without brackets stays as it is: a parameter behind it would
// be the field's (RFC 8217 §2).
func insertVerstat(e *sip.Edit, text []byte, base uint32, a *sip.Address, value string) {
	var u uri.URI
	if !a.Bracketed || u.Parse(a.URI) != nil {
		return
	}
	at := bytes.Index(text[len(a.Display):], a.URI)
	if at < 0 {
		return
	}
	at += len(a.Display)
	switch {
	case u.Scheme == uri.TEL:
		at += len(a.URI)
	case u.HasUser:
		at += len(u.SchemeName) + 1 + len(u.User)
	default:
		return
	}
	e.Insert(base+uint32(at), []byte(";verstat="+value))
}

// Introduce adds Call-Info with what the signer says about the caller. RFC 9796 §4.
func Introduce(e *sip.Edit, m *sip.Message, p *Proof) {
	if p.CallInfo == "" || strings.ContainsAny(p.CallInfo, "<> \"\r\n\t") || !strings.HasPrefix(p.CallInfo, "https://") {
		return
	}
	line := "Call-Info: <" + p.CallInfo + ">;purpose=" + p.Purpose + ";verified=\"true\""
	if p.CallReason != "" {
		line += `;call-reason="` + escape(p.CallReason) + `"`
	}
	e.Insert(m.HeadersEnd(), []byte(line+"\r\n"))
}

// WantsPrivacy tells whether the caller asks that his identity stays within the trust domain: Privacy with id. RFC 3325 §9.3; its values are separated by
// semicolons (RFC 3323 §4.2).
func WantsPrivacy(m *sip.Message) bool {
	for vs := m.Values(sip.HeaderPrivacy); vs.Next(); { // some write a field for each
		for value := range bytes.SplitSeq(vs.Text(), []byte(";")) {
			if bytes.EqualFold(bytes.TrimSpace(value), []byte("id")) {
				return true
			}
		}
	}
	return false
}

// Withhold removes what names the caller besides From, for a next hop that is not trusted to keep it to itself. RFC 3325 §7.
func Withhold(e *sip.Edit, m *sip.Message) {
	for _, f := range m.Fields() {
		switch f.ID {
		case sip.HeaderPAssertedIdentity, sip.HeaderRemotePartyID, sip.HeaderPChargeInfo, sip.HeaderPServedUser, sip.HeaderAdditionalIdentity:
			e.DeleteField(f)
		}
	}
}
