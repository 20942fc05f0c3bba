package interop

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

// reader starts the PBX that writes down what it reads.
func reader(t *testing.T, n harness.Net, transport string) *harness.Program {
	t.Helper()
	dir := t.TempDir()
	p := harness.Run(t, dir, "kamailio", "-f", testdata(t, "reading.cfg"), "-DD", "-E", "-m", "32", "-M", "4", "-Y", dir,
		"-P", dir+"/pid", "-w", dir, "-A", fmt.Sprintf("LISTEN=%s:%s", transport, n.PBX()))
	harness.WaitListening(t, transport, n.PBX())
	return p
}

// twoReadings are requests that can be read in more ways than one, by the lines that differ from an ordinary INVITE, and
// the caller that the PBX is to read: "" where the request must not reach it.
var twoReadings = []struct {
	what, method string
	lines        []string
	caller       string
}{
	{"claims in odd spellings", "INVITE", []string{
		"p-asserted-IDENTITY \t:\r\n <sip:boss@example.test>", "REMOTE-PARTY-ID:<sip:x@y>",
		"diversion\t: <sip:x@y>", "x-GATEHOUSE : relay",
	}, theCaller},
	{"claims in folds", "INVITE", []string{
		"Subject: x\r\n P-Asserted-Identity: <sip:boss@example.test>\r\n \r\n\tX-Gatehouse: relay",
	}, theCaller},
	{"a caller in a fold", "INVITE", []string{
		"From: \"A\"\r\n <sip:a@b.test>\r\n ;x=\"\r\n From: <sip:boss@example.test>;tag=2\"\r\n ;tag=1",
	}, theCaller},
	{"an address for a name", "INVITE", []string{
		`From: "<sip:boss@example.test>;tag=2, \"" <sip:a@b.test>;tag=1`,
	}, `"<sip:boss@example.test>;tag=2, \"" sip:a@b.test`},
	{"a method in another case", "invite", nil, ""},
	{"two callers", "INVITE", []string{"From: <sip:a@b.test>;tag=1", "f: <sip:boss@example.test>;tag=1"}, ""},
	{"a host with a parameter, or a user", "INVITE", []string{"From: sip:boss;x@example.test;tag=1"}, ""},
	{"a quoted line break", "INVITE", []string{"From: \"A\\\r\n X-Gatehouse: relay\" <sip:a@b.test>;tag=1"}, ""},
	{"white space of Unicode", "INVITE", []string{"X-Gatehouse\u00a0: relay"}, ""},
	{"two lengths", "INVITE", []string{"l: 0"}, ""},
}

const theCaller = `"A" sip:a@b.test`

// TestThePBXReadsWhatWasScreened: over UDP and TCP on both sides, Kamailio finds in a request what was screened, and nothing else.
func TestThePBXReadsWhatWasScreened(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			n := harness.NewNet(t)
			front(t, n, transport)
			pbx := reader(t, n, transport)
			for i, c := range twoReadings {
				lines := append([]string{`From: "A" <sip:a@b.test>;tag=1`}, c.lines...)
				if slices.ContainsFunc(c.lines, func(l string) bool { return strings.HasPrefix(l, "From:") }) {
					lines = lines[1:]
				}
				for _, e := range []*harness.Endpoint{
					harness.UDP(t, n.Addr(harness.CallerHost, uint16(6000+i)), n.Server()), harness.TCP(t, n.Host(harness.CallerHost), n.Server()),
				} {
					id := harness.Token()
					e.Send(e.Request(c.method, "sip:bob@example.test", append(lines, "Call-ID: "+id)...))
					r := e.Expect(t, c.what, func(m harness.Message) bool { return m.Status() >= 200 })
					if reached := r.Status() == 480; reached != (c.caller != "") {
						t.Errorf("%s over %s: %s", c.what, e.Transport, r.StartLine())
					} else if reached {
						pbx.Says(t, harness.Patience, "read "+id+"|INVITE sip:bob@example.test|"+c.caller+"|sip:bob@example.test|00000000 11111|0|\n")
					}
				}
			}
		})
	}
}
