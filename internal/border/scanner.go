package border

import "bytes"

// scanners are what the User-Agent field of known attack tools begins with, in
// lower case. An attacker can change it, and many never do.
var scanners = [...]string{
	"friendly-scanner", "sipvicious", "sundayddr", "sipcli", "sip-scan", "smap", "siparmyknife",
	"iwar", "vaxsipuseragent", "vaxasip", "pplsip", "sipptk", "sipbomber", "conaito", "voipguide",
}

// scanner returns the tool that a User-Agent field admits to be of, or "".
func scanner(agent []byte) string {
	for _, s := range scanners {
		if len(agent) >= len(s) && bytes.EqualFold(agent[:len(s)], []byte(s)) {
			return s
		}
	}
	return ""
}
