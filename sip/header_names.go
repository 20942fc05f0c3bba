package sip

// headerNames holds the names as they are written in the documents that define them.
var headerNames = [headerCount]string{
	HeaderAccept:                 "Accept",
	HeaderAcceptContact:          "Accept-Contact",
	HeaderAcceptEncoding:         "Accept-Encoding",
	HeaderAcceptLanguage:         "Accept-Language",
	HeaderAcceptResourcePriority: "Accept-Resource-Priority",
	HeaderAdditionalIdentity:     "Additional-Identity",
	HeaderAlertInfo:              "Alert-Info",
	HeaderAllow:                  "Allow",
	HeaderAllowEvents:            "Allow-Events",
	HeaderAnswerMode:             "Answer-Mode",
	HeaderAttestationInfo:        "Attestation-Info",
	HeaderAuthenticationInfo:     "Authentication-Info",
	HeaderAuthorization:          "Authorization",
	HeaderCallID:                 "Call-ID",
	HeaderCallInfo:               "Call-Info",
	HeaderCaptcha:                "Captcha",
	HeaderCellularNetworkInfo:    "Cellular-Network-Info",
	HeaderContact:                "Contact",
	HeaderContentDisposition:     "Content-Disposition",
	HeaderContentEncoding:        "Content-Encoding",
	HeaderContentLanguage:        "Content-Language",
	HeaderContentLength:          "Content-Length",
	HeaderContentType:            "Content-Type",
	HeaderCSeq:                   "CSeq",
	HeaderDate:                   "Date",
	HeaderDiversion:              "Diversion",
	HeaderErrorInfo:              "Error-Info",
	HeaderEvent:                  "Event",
	HeaderExpires:                "Expires",
	HeaderFeatureCaps:            "Feature-Caps",
	HeaderFlowTimer:              "Flow-Timer",
	HeaderFrom:                   "From",
	HeaderGeolocation:            "Geolocation",
	HeaderGeolocationError:       "Geolocation-Error",
	HeaderGeolocationRouting:     "Geolocation-Routing",
	HeaderHistoryInfo:            "History-Info",
	HeaderIdentity:               "Identity",
	HeaderIdentityInfo:           "Identity-Info",
	HeaderInfoPackage:            "Info-Package",
	HeaderInReplyTo:              "In-Reply-To",
	HeaderJoin:                   "Join",
	HeaderMaxBreadth:             "Max-Breadth",
	HeaderMaxForwards:            "Max-Forwards",
	HeaderMIMEVersion:            "MIME-Version",
	HeaderMinExpires:             "Min-Expires",
	HeaderMinSE:                  "Min-SE",
	HeaderOrganization:           "Organization",
	HeaderOriginationID:          "Origination-Id",
	HeaderPAccessNetworkInfo:     "P-Access-Network-Info",
	HeaderPAssertedIdentity:      "P-Asserted-Identity",
	HeaderPAssertedService:       "P-Asserted-Service",
	HeaderPAssociatedURI:         "P-Associated-URI",
	HeaderPAttestationIndicator:  "P-Attestation-Indicator",
	HeaderPath:                   "Path",
	HeaderPCalledPartyID:         "P-Called-Party-ID",
	HeaderPChargeInfo:            "P-Charge-Info",
	HeaderPChargingFunctions:     "P-Charging-Function-Addresses",
	HeaderPChargingVector:        "P-Charging-Vector",
	HeaderPDCSBillingInfo:        "P-DCS-Billing-Info",
	HeaderPDCSLAES:               "P-DCS-LAES",
	HeaderPDCSOSPS:               "P-DCS-OSPS",
	HeaderPDCSRedirect:           "P-DCS-Redirect",
	HeaderPDCSTracePartyID:       "P-DCS-Trace-Party-ID",
	HeaderPEarlyMedia:            "P-Early-Media",
	HeaderPermissionMissing:      "Permission-Missing",
	HeaderPOriginationID:         "P-Origination-ID",
	HeaderPPreferredIdentity:     "P-Preferred-Identity",
	HeaderPPreferredService:      "P-Preferred-Service",
	HeaderPPrivateNetwork:        "P-Private-Network-Indication",
	HeaderPProfileKey:            "P-Profile-Key",
	HeaderPriority:               "Priority",
	HeaderPriorityVerstat:        "Priority-Verstat",
	HeaderPrivAnswerMode:         "Priv-Answer-Mode",
	HeaderPrivacy:                "Privacy",
	HeaderProxyAuthenticate:      "Proxy-Authenticate",
	HeaderProxyAuthorization:     "Proxy-Authorization",
	HeaderProxyRequire:           "Proxy-Require",
	HeaderPServedUser:            "P-Served-User",
	HeaderPUserDatabase:          "P-User-Database",
	HeaderPuzzle:                 "Puzzle",
	HeaderPVisitedNetworkID:      "P-Visited-Network-ID",
	HeaderRAck:                   "RAck",
	HeaderReason:                 "Reason",
	HeaderRecordRoute:            "Record-Route",
	HeaderRecvInfo:               "Recv-Info",
	HeaderReferSub:               "Refer-Sub",
	HeaderReferTo:                "Refer-To",
	HeaderReferredBy:             "Referred-By",
	HeaderRejectContact:          "Reject-Contact",
	HeaderRemotePartyID:          "Remote-Party-ID",
	HeaderReplaces:               "Replaces",
	HeaderReplyTo:                "Reply-To",
	HeaderRequestDisposition:     "Request-Disposition",
	HeaderRequire:                "Require",
	HeaderResourcePriority:       "Resource-Priority",
	HeaderRetryAfter:             "Retry-After",
	HeaderRoute:                  "Route",
	HeaderRSeq:                   "RSeq",
	HeaderSAML:                   "SAML",
	HeaderSecurityClient:         "Security-Client",
	HeaderSecurityServer:         "Security-Server",
	HeaderSecurityVerify:         "Security-Verify",
	HeaderServer:                 "Server",
	HeaderServiceRoute:           "Service-Route",
	HeaderSessionExpires:         "Session-Expires",
	HeaderSessionID:              "Session-ID",
	HeaderSIPETag:                "SIP-ETag",
	HeaderSIPIfMatch:             "SIP-If-Match",
	HeaderSpamScore:              "Spam-Score",
	HeaderSubject:                "Subject",
	HeaderSubscriptionState:      "Subscription-State",
	HeaderSupported:              "Supported",
	HeaderSuppressIfMatch:        "Suppress-If-Match",
	HeaderTargetDialog:           "Target-Dialog",
	HeaderTimestamp:              "Timestamp",
	HeaderTo:                     "To",
	HeaderTriggerConsent:         "Trigger-Consent",
	HeaderUnsupported:            "Unsupported",
	HeaderUserAgent:              "User-Agent",
	HeaderUserToUser:             "User-to-User",
	HeaderVia:                    "Via",
	HeaderWarning:                "Warning",
	HeaderWWWAuthenticate:        "WWW-Authenticate",
}

// compactNames holds the compact forms. RFC 3261 §7.3.3 and the documents of each header.
var compactNames = [256]HeaderID{
	'a': HeaderAcceptContact, 'b': HeaderReferredBy, 'c': HeaderContentType, 'd': HeaderRequestDisposition,
	'e': HeaderContentEncoding, 'f': HeaderFrom, 'i': HeaderCallID, 'j': HeaderRejectContact, 'k': HeaderSupported,
	'l': HeaderContentLength, 'm': HeaderContact, 'n': HeaderIdentityInfo, 'o': HeaderEvent, 'r': HeaderReferTo,
	's': HeaderSubject, 't': HeaderTo, 'u': HeaderAllowEvents, 'v': HeaderVia, 'x': HeaderSessionExpires,
	'y': HeaderIdentity,
}

// String returns the name as it is written in full, "" for HeaderUnknown.
func (h HeaderID) String() string {
	if h >= headerCount {
		return ""
	}
	return headerNames[h]
}

// Kinds of header field.
const (
	single uint8 = 1 << iota // may appear once only: a second one is an error
	list                     // comma-separated; several lines are one list (RFC 3261 §7.3.1)
)

// headerKinds is never written after it is built.
var headerKinds = buildHeaderKinds()

// buildHeaderKinds leaves out of single what is harmless when doubled and seen in the field (User-Agent, Subject …): a
// second one of these decides nothing.
func buildHeaderKinds() (t [headerCount]uint8) {
	for _, h := range []HeaderID{HeaderCallID, HeaderContentLength, HeaderContentType, HeaderCSeq, HeaderDate,
		HeaderEvent, HeaderExpires, HeaderFrom, HeaderIdentityInfo, HeaderInfoPackage, HeaderJoin, HeaderMaxBreadth,
		HeaderMaxForwards, HeaderMinExpires, HeaderMinSE, HeaderRAck, HeaderReferTo, HeaderReferredBy, HeaderReplaces,
		HeaderReplyTo, HeaderRSeq, HeaderSessionExpires, HeaderSIPETag, HeaderSIPIfMatch, HeaderSubscriptionState,
		HeaderTargetDialog, HeaderTo} {
		t[h] |= single
	}
	for _, h := range []HeaderID{HeaderAccept, HeaderAcceptContact, HeaderAcceptEncoding, HeaderAcceptLanguage,
		HeaderAcceptResourcePriority, HeaderAlertInfo, HeaderAllow, HeaderAllowEvents, HeaderCallInfo, HeaderContact,
		HeaderContentEncoding, HeaderContentLanguage, HeaderDiversion, HeaderErrorInfo, HeaderFeatureCaps,
		HeaderGeolocation, HeaderHistoryInfo, HeaderIdentity, HeaderInReplyTo, HeaderPAccessNetworkInfo,
		HeaderPAssertedIdentity, HeaderPAssociatedURI, HeaderPath, HeaderPEarlyMedia, HeaderPermissionMissing,
		HeaderPPreferredIdentity, HeaderProxyRequire, HeaderPVisitedNetworkID, HeaderReason, HeaderRecordRoute,
		HeaderRecvInfo, HeaderRejectContact, HeaderRemotePartyID, HeaderRequestDisposition, HeaderRequire,
		HeaderResourcePriority, HeaderRoute, HeaderSecurityClient, HeaderSecurityServer, HeaderSecurityVerify,
		HeaderServiceRoute, HeaderSupported, HeaderTriggerConsent, HeaderUnsupported, HeaderUserToUser, HeaderVia,
		HeaderWarning} {
		t[h] |= list
	}
	return t
}

// headerTable finds a header by the hash of its name: open addressing, at most half full.
var headerTable = buildHeaderTable()

const headerSlots = 512

func buildHeaderTable() (t [headerSlots]HeaderID) {
	for id := HeaderUnknown + 1; id < headerCount; id++ {
		slot := headerHash([]byte(headerNames[id]))
		for t[slot] != HeaderUnknown {
			slot = (slot + 1) % headerSlots
		}
		t[slot] = id
	}
	return t
}

// headerHash takes its length and three letters of a name, which tells almost all names apart.
func headerHash(name []byte) uint {
	n := len(name)
	first, middle, last := uint(name[0]|0x20), uint(name[n/2]|0x20), uint(name[n-1]|0x20)
	return (uint(n)*47 + first*31 + middle*113 + last*7) % headerSlots
}

// ParseHeaderID finds a header by its name, in any case, or by its compact form.
func ParseHeaderID(name []byte) HeaderID {
	switch len(name) {
	case 0:
		return HeaderUnknown
	case 1:
		return compactNames[lower(name[0])]
	}
	for slot := headerHash(name); ; slot = (slot + 1) % headerSlots {
		id := headerTable[slot]
		if id == HeaderUnknown || sameName(name, headerNames[id]) {
			return id
		}
	}
}

func sameName(name []byte, full string) bool {
	if string(name) == full {
		return true
	}
	if len(name) != len(full) {
		return false
	}
	for i := range name {
		if lower(name[i]) != lower(full[i]) {
			return false
		}
	}
	return true
}
