package border_test

import (
	"testing"

	"gatehouse.example/internal/border"
)

func TestExemptionsAndCallsForHelp(t *testing.T) {
	site := &border.Site{Exempt: []string{"112", "urn:service:sos", "4711", "reception"}}
	site.Seal()
	for _, tc := range []struct {
		address           string
		exempt, emergency bool
	}{
		{"sip:112@example.test", true, true},
		{"tel:112;phone-context=+49", true, true},
		{"urn:service:sos", true, true},
		{"urn:service:sos.fire", true, true},
		{"urn:service:sosnot", false, false},
		{"sip:4711@example.test", true, false},
		{"sip:Reception@example.test", true, false},
		{"sip:1123@example.test", false, false},
		{"sip:bob@example.test", false, false},
		{"not an address", false, false},
	} {
		if why, emergency := site.Exemption(tc.address); (why != "") != tc.exempt || emergency != tc.emergency {
			t.Errorf("%s: %q, emergency %v", tc.address, why, emergency)
		}
	}
}
