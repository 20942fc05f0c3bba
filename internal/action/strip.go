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
	// Verification keeps the verstat parameter, Call-Info's verified and the
	// headers that carry the result of a STIR verification (3GPP TS 24.229).
	Verification bool
	// Others keeps Diversion, History-Info and Spam-Score.
	Others bool
}

// Strip removes what only a trusted sender may say, in every spelling, since
// the fields are those of the parsed message. own is the name of the header
// that Gatehouse itself adds; it is removed from everybody's requests.
func Strip(e *sip.Edit, m *sip.Message, t Trust, own string) {
	for _, f := range m.Fields() {
		if remove(f.ID, t) || f.Name.Len() == len(own) && bytes.EqualFold(m.Text(f.Name), []byte(own)) {
			e.DeleteField(f)
		}
	}
	if !t.Verification {
		stripVerstat(e, m, t)
		stripVerified(e, m)
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
