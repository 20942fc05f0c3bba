package arch

// title names the RFCs that people know by number; "" for others.
func title(rfc int) string {
	return map[int]string{
		1321: "MD5", 1918: "Private addresses", 1982: "Serial number arithmetic", 2046: "MIME media types", 2119: "Requirement levels",
		2308: "Negative caching of DNS", 2543: "SIP (1999)", 2617: "HTTP authentication (1999)", 2782: "DNS SRV", 2976: "INFO (2000)",
		3261: "SIP", 3262: "Reliable provisional responses", 3263: "Locating SIP servers", 3264: "Offer/answer", 3265: "Events (2002)",
		3311: "UPDATE", 3323: "Privacy", 3324: "Trust domains", 3325: "P-Asserted-Identity", 3326: "Reason", 3327: "Path",
		3403: "NAPTR", 3428: "MESSAGE", 3484: "Address selection (2003)", 3515: "REFER", 3581: "rport", 3608: "Service-Route",
		3629: "UTF-8", 3680: "Registration event", 3824: "ENUM with SIP", 3841: "Caller preferences", 3856: "Presence", 3857: "Watcher information",
		3891: "Replaces", 3892: "Referred-By", 3903: "PUBLISH", 3911: "Join", 3966: "tel: URI", 3986: "URI", 4028: "Session timers",
		4168: "SCTP for SIP", 4320: "Non-INVITE corrections", 4321: "Non-INVITE problems", 4412: "Resource-Priority", 4458: "Voicemail URI",
		4474: "Identity (2006)", 4475: "SIP torture tests", 4566: "SDP (2006)", 4694: "Number portability in tel:", 4733: "DTMF in RTP",
		4904: "Trunk groups in tel: and sip:", 4916: "Connected identity", 5009: "P-Early-Media", 5039: "SIP and spam", 5057: "Dialog usages",
		5118: "IPv6 torture tests", 5234: "ABNF", 5280: "X.509 certificates", 5341: "tel: URI parameters", 5360: "Consent",
		5373: "Answer-Mode", 5393: "Loops and amplification", 5424: "Syslog", 5502: "P-Served-User", 5503: "P-DCS headers", 5621: "Bodies", 5626: "Outbound", 5627: "GRUU", 5630: "sips",
		5806: "Diversion", 5853: "Session border controllers", 5922: "Domain certificates", 5923: "Connection reuse", 5924: "Extended key usage for SIP",
		5952: "IPv6 text", 5954: "IPv6 ABNF of SIP", 6026: "2xx to INVITE", 6050: "Services", 6052: "IPv6 translation addresses", 6086: "INFO", 6116: "ENUM",
		6140: "GIN", 6141: "re-INVITE", 6303: "Local DNS zones", 6357: "Overload design", 6455: "WebSocket", 6665: "Events", 6724: "Address selection", 6809: "Feature-Caps",
		6872: "Common log format", 6873: "Common log format, file", 6890: "Special addresses", 7044: "History-Info", 7090: "PSAP call-back",
		7118: "SIP over WebSocket", 7315: "P- headers", 7339: "Overload control, loss", 7415: "Overload control, rate", 7433: "User-to-User",
		7462: "Alert-Info URNs", 7595: "URI schemes", 7616: "Digest", 7617: "Basic", 7984: "Dual-stack location", 8174: "Requirement levels",
		8197: "607 Unwanted", 8217: "name-addr and addr-spec", 8224: "Identity", 8225: "PASSporT", 8226: "STIR certificates",
		8259: "JSON", 8305: "Happy eyeballs", 8446: "TLS 1.3", 8588: "SHAKEN PASSporT", 8591: "S/MIME messaging", 8599: "Push", 8688: "608 Rejected",
		8760: "Digest algorithms", 8787: "Geolocation source", 8866: "SDP", 8898: "Bearer tokens", 8946: "div PASSporT", 8996: "No TLS 1.0, 1.1",
		9000: "QUIC", 9110: "HTTP", 9325: "TLS use", 9410: "Several PASSporT errors", 9457: "Problem details", 9475: "Messaging PASSporT", 9795: "Rich call data",
	}[rfc]
}
