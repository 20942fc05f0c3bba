package border

import (
	"bytes"

	"gatehouse.example/sip"
)

// scanners are what the User-Agent field of known attack tools begins with, in
// lower case. An attacker can change it, and many never do.
var scanners = [...]string{
	"friendly-scanner", "sipvicious", "sundayddr", "sipcli", "sip-scan", "smap", "siparmyknife",
	"iwar", "vaxsipuseragent", "vaxasip", "pplsip", "sipptk", "sipbomber", "conaito", "voipguide",
}

// scanner returns the tool that a request admits to be from, or "".
func scanner(m *sip.Message) string {
	f, ok := m.First(sip.HeaderUserAgent)
	if !ok {
		return ""
	}
	agent := m.Text(f.Value)
	for _, s := range scanners {
		if len(agent) >= len(s) && bytes.EqualFold(agent[:len(s)], []byte(s)) {
			return s
		}
	}
	return ""
}
