package action

import (
	"bytes"

	"gatehouse.example/sip"
	"gatehouse.example/sip/digest"
)

// Trust says which claims of a request's sender are believed and may stay.
type Trust struct {
	// Identity keeps what says who calls, who is called, and on whose behalf:
	// P-Asserted-Identity, P-Preferred-Identity, Remote-Party-ID, P-Charge-Info
	// and their kin (RFC 3325 §4).
	Identity bool
	// Verification keeps the verstat parameter, Call-Info's verified and the
	// headers that carry the result of a STIR verification (3GPP TS 24.229).
	Verification bool
	// Others keeps all else that only servers of one trust domain tell each other:
	// Diversion, History-Info, Spam-Score, charging and networks (RFC 7315 §6),
	// and what PBXs believe of the proxy in front of them.
	Others bool
	// Ringing keeps what has a telephone ring otherwise or answer by itself:
	// Alert-Info, Answer-Mode, and Call-Info where it asks for that.
	Ringing bool
	// Itself keeps what a telephone says of itself: where it is, how urgent its
	// call is.
	Itself bool
}

// Strip removes what only a trusted sender may say, in every spelling, since
// the fields are those of the parsed message. own is the name of the header
// that Gatehouse itself adds; it is removed from everybody's requests.
func Strip(e *sip.Edit, m *sip.Message, t Trust, own string) {
	for _, f := range m.Fields() {
		if remove(f.ID, t) || f.ID == sip.HeaderCallInfo && !t.Ringing && wantsAnswer(m.Text(f.Value)) ||
			f.ID == sip.HeaderUnknown && !t.Others && believed(m.Text(f.Name)) ||
			f.Name.Len() == len(own) && bytes.EqualFold(m.Text(f.Name), []byte(own)) {
			e.DeleteField(f)
		}
	}
	if !t.Verification {
		stripVerstat(e, m, t)
		stripVerified(e, m)
	}
}

// remove tells whether a field goes as a whole.
func remove(id sip.HeaderID, t Trust) bool {
	switch id {
	case sip.HeaderPAssertedIdentity, sip.HeaderPPreferredIdentity, sip.HeaderRemotePartyID, sip.HeaderPChargeInfo,
		sip.HeaderPServedUser, sip.HeaderPCalledPartyID, sip.HeaderAdditionalIdentity, // RFC 5502, RFC 7315 §6.2, 3GPP TS 24.229
		sip.HeaderPAssertedService, sip.HeaderPPreferredService: // RFC 6050: within the trust domain of RFC 3325
		return !t.Identity
	case sip.HeaderPAttestationIndicator, sip.HeaderPOriginationID, sip.HeaderAttestationInfo, sip.HeaderOriginationID, sip.HeaderPriorityVerstat:
		return !t.Verification
	case sip.HeaderAlertInfo, sip.HeaderAnswerMode:
		// RFC 3261 §20.4: users are to be spared "disruptions that could result from the use of this header field by untrusted elements";
		// RFC 5373 §7: who makes a telephone answer hears what is said beside it.
		return !t.Ringing
	case sip.HeaderPAccessNetworkInfo, sip.HeaderCellularNetworkInfo, sip.HeaderResourcePriority: // RFC 7315 §6.4, RFC 4412 §11
		return !t.Others && !t.Itself
	case sip.HeaderDiversion, sip.HeaderHistoryInfo, sip.HeaderSpamScore,
		sip.HeaderPrivAnswerMode, // it overrules what the called user has chosen
		sip.HeaderPVisitedNetworkID, sip.HeaderPChargingVector, sip.HeaderPChargingFunctions, sip.HeaderPUserDatabase, sip.HeaderPProfileKey, sip.HeaderPPrivateNetwork,
		sip.HeaderPDCSTracePartyID, sip.HeaderPDCSOSPS, sip.HeaderPDCSBillingInfo, sip.HeaderPDCSLAES, sip.HeaderPDCSRedirect: // RFC 5503
		return !t.Others
	}
	return false
}

// believed tells whether FreeSWITCH believes a field of the proxy in front of it: from which address the caller comes, which then needs no
// password (apply-proxy-acl), and what telephones show in a call.
func believed(name []byte) bool {
	for _, b := range [...]string{"X-Auth-IP", "X-Auth-Port", "X-FS-Display-Name", "X-FS-Display-Number"} {
		if bytes.EqualFold(name, []byte(b)) {
			return true
		}
	}
	return false
}

// wantsAnswer tells whether a Call-Info asks the telephone to answer by itself. There is no standard for that; telephones look for these
// words, and some anywhere in the field, so that it goes as a whole.
func wantsAnswer(text []byte) bool {
	for i := range text {
		if text[i]|0x20 != 'a' {
			continue
		}
		for _, word := range [...]string{"answer-after", "autoanswer", "auto-answer", "auto answer"} {
			if len(text)-i >= len(word) && bytes.EqualFold(text[i:i+len(word)], []byte(word)) {
				return true
			}
		}
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
