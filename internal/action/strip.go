package action

import (
	"bytes"

	"gatehouse.example/sip"
	"gatehouse.example/sip/digest"
)

// Trust says which claims of a request's sender are believed and may stay.
type Trust struct {
	// Identity keeps P-Asserted-Identity, P-Preferred-Identity,
	// Remote-Party-ID and P-Charge-Info (RFC 3325 §4).
	Identity bool
	// Verification keeps the verstat parameter and the headers that carry the
	// result of a STIR verification (3GPP TS 24.229).
	Verification bool
	// Others keeps Diversion, History-Info and Spam-Score.
	Others bool
}

// Strip removes what only a trusted sender may say, in every spelling, since
// the fields are those of the parsed message. own is the name of the header
// that Gatehouse itself adds; it is removed from everybody's requests.
func Strip(e *sip.Edit, m *sip.Message, t Trust, own string) {
	for _, f := range m.Fields() {
		if remove(f.ID, t) || f.ID == sip.HeaderUnknown && own != "" && bytes.EqualFold(m.Text(f.Name), []byte(own)) {
			e.DeleteField(f)
		}
	}
	if !t.Verification {
		stripVerstat(e, m)
	}
}

func remove(id sip.HeaderID, t Trust) bool {
	switch id {
	case sip.HeaderPAssertedIdentity, sip.HeaderPPreferredIdentity, sip.HeaderRemotePartyID, sip.HeaderPChargeInfo:
		return !t.Identity
	case sip.HeaderPAttestationIndicator, sip.HeaderPOriginationID:
		return !t.Verification
	case sip.HeaderDiversion, sip.HeaderHistoryInfo, sip.HeaderSpamScore:
		return !t.Others
	}
	return false
}

// StripCredentials removes the Proxy-Authorization that was meant for us, so that
// nobody further on can learn from it (RFC 3261 §16.3 step 6, §22.3). Those for
// other realms stay.
func StripCredentials(e *sip.Edit, m *sip.Message, realm string) {
	for _, f := range m.Fields() {
		if f.ID != sip.HeaderProxyAuthorization {
			continue
		}
		var c digest.Credentials
		if c.Parse(m.Text(f.Value)) == nil && c.Realm == realm {
			e.DeleteField(f)
		}
	}
}

// stripVerstat cuts every verstat parameter out of the From field, where a
// caller could claim to have been verified (3GPP TS 24.229 §7.2A.20 puts it
// into the URI; some put it behind).
func stripVerstat(e *sip.Edit, m *sip.Message) {
	span := m.From().Span
	text := m.Text(span)
	for from := 0; ; {
		i := indexVerstat(text[from:])
		if i < 0 {
			return
		}
		i += from
		end := i + 1
		for end < len(text) && !bytes.ContainsRune([]byte(";>?@, \t\r\n"), rune(text[end])) {
			end++
		}
		e.Delete(sip.Span{Start: span.Start + uint32(i), End: span.Start + uint32(end)})
		from = end
	}
}

// indexVerstat finds ";verstat", in any case.
func indexVerstat(b []byte) int {
	const name = ";verstat"
	for i := 0; i+len(name) <= len(b); i++ {
		if b[i] == ';' && bytes.EqualFold(b[i:i+len(name)], []byte(name)) {
			return i
		}
	}
	return -1
}
