package home

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
)

const alice, bob = "sip:alice@example.test", "sip:bob@example.test"

// isOwn is the server of the tests: 192.0.2.1 on port 5060, and the hosted domains.
func isOwn(host []byte, port uint16) bool {
	_, ok := hosted(host)
	return ok && (port == 0 || port == 5060 || port == 5061)
}

func newRegistrar(change func(*RegistrarConfig)) *Registrar {
	cfg := RegistrarConfig{Domain: hosted, IsOwn: isOwn, MaxContacts: 3}
	if change != nil {
		change(&cfg)
	}
	return NewRegistrar(cfg)
}

var overUDP = Source{Transport: sip.UDP, Remote: netip.MustParseAddrPort("198.51.100.7:40000")}

func overConn(t sip.Transport, id uint64) Source {
	return Source{Transport: t, Conn: id, Remote: netip.MustParseAddrPort("198.51.100.7:40000")}
}

// answer is a status and the header lines of a response, Date and Supported left out.
func answer(r sip.Response) string {
	out := []string{fmt.Sprint(r.Status)}
	for line := range strings.Lines(string(r.Headers)) {
		line = strings.TrimSuffix(line, "\r\n")
		if !strings.HasPrefix(line, "Date: ") && line != "Supported: path" {
			out = append(out, line)
		}
	}
	return strings.Join(out, " | ")
}

// step is one REGISTER of a story.
type step struct {
	after   time.Duration // since the story began
	headers string        // one a line
	want    string        // what answer makes of the response
}

func tell(t *testing.T, story []step) {
	t.Helper()
	r := newRegistrar(nil)
	for i, s := range story {
		var headers []string
		for line := range strings.Lines(s.headers) {
			if line = strings.TrimSpace(line); line != "" {
				headers = append(headers, line)
			}
		}
		var m sip.Message
		got := "400" // the parser refuses some contacts by itself
		if m.Parse(requestText("REGISTER sip:example.test", headers...)) == nil {
			got = answer(r.Register(&m, overUDP, alice, noon.Add(s.after)))
		}
		if got != s.want {
			t.Errorf("step %d:\n got %s\nwant %s", i+1, got, s.want)
		}
	}
}

const phone1, phone2 = "Contact: <sip:alice@198.51.100.7:5060>", "Contact: <sip:alice@198.51.100.8>"

// story is what happens to one registrar.
type story struct {
	name  string
	steps []step
}

func TestRegistrarKeepsBindings(t *testing.T) {
	for _, s := range []story{
		{"a phone registers, refreshes, asks and leaves (RFC 3261 §10.2)", []step{
			{0, phone1 + "\nExpires: 600\nCSeq: 1 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=600"},
			{100 * time.Second, "CSeq: 2 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=500"},
			{200 * time.Second, phone1 + "\nExpires: 600\nCSeq: 3 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=600"},
			{300 * time.Second, phone1 + ";expires=0\nCSeq: 4 REGISTER", "200"},
			{300 * time.Second, "CSeq: 5 REGISTER", "200"},
		}},
		{"times: the parameter before the header, the default, the limit, what is malformed", []step{
			{0, phone1 + ";expires=120\nExpires: 600\nCSeq: 1 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=120"},
			{0, phone1 + "\nCSeq: 2 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600"},
			{0, phone1 + ";expires=4294967296\nCSeq: 3 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=7200"},
			{0, phone1 + ";expires=soon\nCSeq: 4 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600"},
			{0, phone1 + "\nExpires: -1\nCSeq: 5 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600"},
			{0, phone1 + ";expires=59\nCSeq: 6 REGISTER", "423 | Min-Expires: 60"},
			{0, "Expires: 0\nCSeq: 7 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600"},
		}},
		{"two phones; a refresh keeps the place; q is shown as it was given", []step{
			{0, phone1 + ";q=0.5\nCall-ID: a\nCSeq: 1 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600;q=0.5"},
			{0, phone2 + ";q=1.0\nCall-ID: b\nCSeq: 1 REGISTER",
				"200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600;q=0.5 | Contact: <sip:alice@198.51.100.8>;expires=3600;q=1"},
			{0, phone1 + ";q=0\nCall-ID: a\nCSeq: 2 REGISTER",
				"200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600;q=0.0 | Contact: <sip:alice@198.51.100.8>;expires=3600;q=1"},
		}},
		{"contacts are compared as URIs, not as text (RFC 3261 §19.1.4)", []step{
			{0, "Contact: <sip:alice@PC.example.org;x=1>\nCSeq: 1 REGISTER", "200 | Contact: <sip:alice@PC.example.org;x=1>;expires=3600"},
			{0, "Contact: <sip:%61lice@pc.example.ORG;y=2>\nCSeq: 2 REGISTER", "200 | Contact: <sip:%61lice@pc.example.ORG;y=2>;expires=3600"},
			{0, "Contact: <sip:alice@pc.example.org:5060>\nCSeq: 3 REGISTER",
				"200 | Contact: <sip:%61lice@pc.example.ORG;y=2>;expires=3600 | Contact: <sip:alice@pc.example.org:5060>;expires=3600"},
		}},
		{"an older request of the same Call-ID changes nothing; another Call-ID does (§10.3 step 7)", []step{
			{0, phone1 + "\nCall-ID: a\nCSeq: 5 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600"},
			{1 * time.Second, phone1 + ";expires=0\nCall-ID: a\nCSeq: 4 REGISTER", "500"},
			{1 * time.Second, phone1 + ";expires=0\nCall-ID: a\nCSeq: 5 REGISTER", "500"},
			{1 * time.Second, "Contact: *\nExpires: 0\nCall-ID: a\nCSeq: 5 REGISTER", "500"},
			{1 * time.Second, "Call-ID: a\nCSeq: 1 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3599"},
			{1 * time.Second, phone1 + ";expires=300\nCall-ID: b\nCSeq: 1 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=300"},
		}},
		{"all contacts of a request or none", []step{
			{0, phone1 + "\nCall-ID: a\nCSeq: 5 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600"},
			{0, phone2 + "\n" + phone1 + ";expires=0\nCall-ID: a\nCSeq: 3 REGISTER", "500"},
			{0, phone2 + ", <sip:alice@example.test>\nCall-ID: a\nCSeq: 6 REGISTER", "403"},
			{0, phone2 + ", <sip:alice@h>;expires=1\nCall-ID: a\nCSeq: 6 REGISTER", "423 | Min-Expires: 60"},
			{0, "Call-ID: a\nCSeq: 9 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600"},
		}},
		{"* removes everything, alone and with Expires 0 only (§10.3 step 6)", []step{
			{0, phone1 + ", <sip:alice@h>\nCall-ID: a\nCSeq: 1 REGISTER",
				"200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600 | Contact: <sip:alice@h>;expires=3600"},
			{0, "Contact: *\nCall-ID: b\nCSeq: 1 REGISTER", "400"},
			{0, "Contact: *\nExpires: 60\nCall-ID: b\nCSeq: 1 REGISTER", "400"},
			{0, "Contact: *\nContact: <sip:x@h>\nExpires: 0\nCall-ID: b\nCSeq: 1 REGISTER", "400"},
			{0, "Contact: *;expires=0\nExpires: 0\nCall-ID: b\nCSeq: 1 REGISTER", "400"},
			{0, "Contact: *\nExpires: 0\nCall-ID: b\nCSeq: 1 REGISTER", "200"},
			{0, "Contact: *\nExpires: 0\nCall-ID: b\nCSeq: 2 REGISTER", "200"},
		}},
		{"what expired is gone, and its CSeq with it", []step{
			{0, phone1 + "\nExpires: 60\nCall-ID: a\nCSeq: 9 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=60"},
			{59*time.Second + time.Millisecond, "CSeq: 1 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=1"},
			{60 * time.Second, "CSeq: 1 REGISTER", "200"},
			{60 * time.Second, phone1 + "\nExpires: 60\nCall-ID: a\nCSeq: 1 REGISTER", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=60"},
		}},
	} {
		t.Run(s.name, func(t *testing.T) { tell(t, s.steps) })
	}
}

func TestRegistrarRefuses(t *testing.T) {
	for _, s := range []story{
		{"too many contacts", []step{
			{0, "Contact: <sip:1@h>, <sip:2@h>, <sip:3@h>, <sip:4@h>\nCall-ID: a\nCSeq: 1 REGISTER", "403"},
			{0, "Contact: <sip:1@h>, <sip:2@h>, <sip:3@h>\nCall-ID: a\nCSeq: 1 REGISTER",
				"200 | Contact: <sip:1@h>;expires=3600 | Contact: <sip:2@h>;expires=3600 | Contact: <sip:3@h>;expires=3600"},
			{0, "Contact: <sip:4@h>\nCall-ID: b\nCSeq: 1 REGISTER", "403"},
			{0, "Contact: <sip:4@h>, <sip:1@h>;expires=0\nCall-ID: b\nCSeq: 1 REGISTER",
				"200 | Contact: <sip:2@h>;expires=3600 | Contact: <sip:3@h>;expires=3600 | Contact: <sip:4@h>;expires=3600"},
		}},
		{"contacts that lead back here, or nowhere (RFC 5393 §3)", []step{
			{0, "Contact: <sip:alice@example.test>", "403"},
			{0, "Contact: <sip:bob@EXAMPLE.TEST;transport=tcp>", "403"},
			{0, "Contact: <sip:x@192.0.2.1:5060>", "403"},
			{0, "Contact: <sip:x@h;maddr=192.0.2.1>", "403"},
			{0, "Contact: <tel:+15551230001>", "403"},
			{0, "Contact: <mailto:alice@example.org>", "403"},
			{0, "Contact: <sip:x@192.0.2.1:40000>", "200 | Contact: <sip:x@192.0.2.1:40000>;expires=3600"},
			{0, "Contact: <sip:alice@example.test>;expires=0\nCSeq: 2 REGISTER", "200 | Contact: <sip:x@192.0.2.1:40000>;expires=3600"},
		}},
		{"malformed contacts", []step{
			{0, "Contact: <sip:>", "400"},
			{0, "Contact: \"Alice <sip:alice@h>", "400"},
			{0, "Contact: <sip:alice@h>;q=1.5", "400"},
			{0, "Contact: <sip:alice@h>;q=0.1234", "400"},
			{0, "Contact: <sip:alice@h>, <sip:alice@H>", "400"},
			{0, "Contact: <sip:alice@h>;+sip.instance=\"x\"", "400"},
			{0, "Contact: <sip:" + strings.Repeat("a", 1024) + "@h>", "400"},
			{0, "", "200"},
		}},
		{"extensions (§8.2.2.3)", []step{
			{0, phone1 + "\nRequire: outbound, path, nothing-which", "420 | Unsupported: outbound | Unsupported: nothing-which"},
			{0, phone1 + "\nRequire: path", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600"},
		}},
		{"Path (RFC 3327)", []step{
			{0, phone1 + "\nPath: <sip:p1.test;lr>", "420 | Unsupported: path"},
			{0, phone1 + "\nSupported: gruu, PATH\nPath: <sip:p1.test;lr>,<sip:p2.test;lr>\nPath: <sip:p3.test;lr>",
				"200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600 | Path: <sip:p1.test;lr> | Path: <sip:p2.test;lr> | Path: <sip:p3.test;lr>"},
			{0, phone1 + "\nCSeq: 2 REGISTER\nSupported: path\nPath: <sip:example.test;lr>", "403"},
			{0, phone1 + "\nCSeq: 2 REGISTER\nSupported: path\nPath: sip:p1.test;lr", "400"},
			{0, phone1 + "\nCSeq: 2 REGISTER\nSupported: path\nPath: <tel:+1555>", "400"},
		}},
		{"the instance is shown, and takes nothing from another phone that claims the same", []step{
			{0, phone1 + ";+sip.instance=\"<urn:uuid:1>\";reg-id=1\nCall-ID: a",
				`200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600;+sip.instance="<urn:uuid:1>"`},
			{0, phone2 + ";+sip.instance=\"<urn:uuid:1>\";reg-id=1\nCall-ID: b",
				`200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600;+sip.instance="<urn:uuid:1>" | Contact: <sip:alice@198.51.100.8>;expires=3600;+sip.instance="<urn:uuid:1>"`},
		}},
		{"a telephone that comes back under other addresses makes room for itself, and for nobody else", []step{
			{0, "Contact: <sip:alice@h1>;+sip.instance=\"<urn:uuid:1>\"\nCall-ID: a\nExpires: 3600", `200 | Contact: <sip:alice@h1>;expires=3600;+sip.instance="<urn:uuid:1>"`},
			{time.Second, "Contact: <sip:alice@h2>;+sip.instance=\"<urn:uuid:1>\"\nCall-ID: b\nExpires: 3598",
				`200 | Contact: <sip:alice@h1>;expires=3599;+sip.instance="<urn:uuid:1>" | Contact: <sip:alice@h2>;expires=3598;+sip.instance="<urn:uuid:1>"`},
			{time.Second, phone1 + "\nCall-ID: c\nExpires: 60",
				`200 | Contact: <sip:alice@h1>;expires=3599;+sip.instance="<urn:uuid:1>" | Contact: <sip:alice@h2>;expires=3598;+sip.instance="<urn:uuid:1>" | ` +
					`Contact: <sip:alice@198.51.100.7:5060>;expires=60`},
			{time.Second, "Contact: <sip:alice@h4>;+sip.instance=\"<urn:uuid:2>\"\nCall-ID: d", "403"},
			{time.Second, "Contact: <sip:alice@h4>;+sip.instance=\"<urn:uuid:1>\"\nCall-ID: e",
				`200 | Contact: <sip:alice@h1>;expires=3599;+sip.instance="<urn:uuid:1>" | Contact: <sip:alice@198.51.100.7:5060>;expires=60 | ` +
					`Contact: <sip:alice@h4>;expires=3600;+sip.instance="<urn:uuid:1>"`},
			{time.Second, "Contact: <sip:alice@h2>;+sip.instance=\"<urn:uuid:1>\";expires=0\nCall-ID: f",
				`200 | Contact: <sip:alice@h1>;expires=3599;+sip.instance="<urn:uuid:1>" | Contact: <sip:alice@198.51.100.7:5060>;expires=60 | ` +
					`Contact: <sip:alice@h4>;expires=3600;+sip.instance="<urn:uuid:1>"`},
		}},
		{"nobody registers anybody else", []step{
			{0, phone1 + "\nTo: <sip:bob@example.test>", "403"},
			{0, phone1 + "\nTo: <sip:alice@example.com>", "403"},
			{0, phone1 + "\nTo: <sip:alice@elsewhere.test>", "404"},
			{0, phone1 + "\nTo: <sip:example.test>", "404"},
			{0, phone1 + "\nTo: \"Alice\" <sips:%61lice@SIP.example.test:5061;user=ip>", "200 | Contact: <sip:alice@198.51.100.7:5060>;expires=3600"},
		}},
	} {
		t.Run(s.name, func(t *testing.T) { tell(t, s.steps) })
	}
}

func TestAnswerCarriesTheDate(t *testing.T) {
	r := newRegistrar(nil).Register(message(t, "REGISTER sip:example.test"), overUDP, alice, noon.In(time.FixedZone("", 3600)))
	if !strings.Contains(string(r.Headers), "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\n") {
		t.Errorf("%q", r.Headers)
	}
}

func TestWithoutProvenUserNothingIsRegistered(t *testing.T) {
	r := newRegistrar(nil)
	if got := r.Register(message(t, "REGISTER sip:example.test", "Contact: <sip:a@h>"), overUDP, "", noon); got.Status != 403 {
		t.Errorf("status %d", got.Status)
	}
}

func TestCallsGoToTheContactsInOrderOfPreferenceOverTheirFlows(t *testing.T) {
	r := newRegistrar(nil)
	register := func(from Source, headers ...string) {
		t.Helper()
		if got := r.Register(message(t, "REGISTER sip:example.test", headers...), from, alice, noon); got.Status != 200 {
			t.Fatal(got.Status, got.Reason)
		}
	}
	ws := overConn(sip.WS, 7)
	register(overUDP, "Call-ID: a", "Contact: <sip:desk@10.0.0.7>;q=0.3", "User-Agent: Desk\t\x7f1")
	register(ws, "Call-ID: b", "Contact: <sip:web@x.invalid;transport=ws>")
	register(overUDP, "Call-ID: c", "Contact: <sip:gate@h;method=INVITE;lr?Route=%3Csip:evil.test%3E>;q=0.7", "Supported: path", "Path: <sip:p.test;lr>")
	got := r.Contacts(alice, noon)
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	var targets []string
	for _, c := range got {
		targets = append(targets, c.Target)
	}
	// RFC 4475 §3.3.14: ?Route is kept and not carried out.
	if want := []string{"sip:web@x.invalid;transport=ws", "sip:gate@h;lr", "sip:desk@10.0.0.7"}; !slices.Equal(targets, want) {
		t.Errorf("targets %q, want %q", targets, want)
	}
	if got[0].Source != ws || got[0].Q != 1000 || got[2].Source != overUDP || got[2].UserAgent != "Desk 1" {
		t.Errorf("%+v", got)
	}
	if !slices.Equal(got[1].Path, []string{"<sip:p.test;lr>"}) || !strings.Contains(got[1].URI, "?Route=") {
		t.Errorf("%+v", got[1])
	}
	if r.Contacts("sip:bob@example.test", noon) != nil || !r.Registered(alice, noon) || r.Registered(alice, noon.Add(time.Hour)) {
		t.Error("who is registered is wrong")
	}
	seen := 0
	r.Users(noon, func(aor string, c []Contact) { seen += len(c) })
	if r.Remove(alice); seen != 3 || r.Contacts(alice, noon) != nil {
		t.Errorf("seen %d, left %v", seen, r.Contacts(alice, noon))
	}
}

func TestClosedConnectionTakesItsPhoneWithIt(t *testing.T) {
	tests := []struct {
		name, contact string
		headers       []string
		from          Source
		left, flow    bool
	}{
		{"behind a NAT", "<sip:a@10.0.0.7:5060;transport=tcp>", nil, overConn(sip.TCP, 5), false, false},
		{"can be dialled", "<sip:a@198.51.100.7:5060;transport=tcp>", nil, overConn(sip.TCP, 5), true, false},
		{"in a browser", "<sip:a@198.51.100.7;transport=ws>", nil, overConn(sip.WSS, 5), false, false},
		{"behind a proxy", "<sip:a@10.0.0.7>", []string{"Supported: path", "Path: <sip:p.test;lr>"}, overConn(sip.TCP, 5), true, false},
		{"another connection", "<sip:a@10.0.0.7;transport=tcp>", nil, overConn(sip.TCP, 6), true, true},
		{"UDP", "<sip:a@10.0.0.7>", nil, overUDP, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRegistrar(nil)
			m := message(t, "REGISTER sip:example.test", append(tt.headers, "Contact: "+tt.contact)...)
			if got := r.Register(m, tt.from, alice, noon); got.Status != 200 {
				t.Fatal(got.Status, got.Reason)
			}
			r.FlowClosed(0, noon)
			r.FlowClosed(5, noon)
			got := r.Contacts(alice, noon)
			if (len(got) == 1) != tt.left || tt.left && got[0].Source.Known() != tt.flow {
				t.Errorf("left %+v", got)
			}
			if r.FlowClosed(6, noon); len(r.flows.users) != 0 {
				t.Errorf("flows left: %v", r.flows.users)
			}
		})
	}
}

func TestQValues(t *testing.T) {
	for in, want := range map[string]int{"1": 1000, "1.000": 1000, "0": 0, "0.": 0, "0.5": 500, "0.05": 50, "0.125": 125, "": -1, "2": -1, "1.001": -1, "-0": -1, "0.-1": -1, ".5": -1} {
		got, ok := qvalue([]byte(in))
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("q=%q: %d, want %d", in, got, want)
		}
		if back, _ := qvalue(appendQ(nil, max(got, 0))); back != max(got, 0) {
			t.Errorf("%d is written %q", got, appendQ(nil, got))
		}
	}
}

func TestATelephoneThatConnectsAnewLeavesNoContactBehind(t *testing.T) {
	r := newRegistrar(nil)
	for i, port := range []string{"40000", "41000", "42000", "43000", "44000"} {
		contact := "<sip:alice@198.51.100.7:" + port + ";transport=tcp>"
		got := r.Register(message(t, "REGISTER sip:example.test", "Call-ID: "+port, "Contact: "+contact+";reg-id=1;+sip.instance=\"<urn:uuid:1>\""),
			overConn(sip.TCP, uint64(i+1)), alice, noon)
		if want := "200 | Contact: " + contact + ";expires=3600;+sip.instance=\"<urn:uuid:1>\""; answer(got) != want {
			t.Fatalf("got %s\nwant %s", answer(got), want)
		}
		r.FlowClosed(uint64(i+1), noon)

		// Without an instance they stay, since each may be dialled, until there are too many.
		got = r.Register(message(t, "REGISTER sip:example.test", "To: <sip:bob@example.test>", "Call-ID: "+port, "Contact: <sip:bob@198.51.100.7:"+port+";transport=tcp>"),
			overConn(sip.TCP, uint64(i+101)), bob, noon.Add(time.Duration(i)*time.Second))
		if n := strings.Count(answer(got), "Contact: "); got.Status != 200 || n != min(i+1, 3) {
			t.Fatalf("bob: %s", answer(got))
		}
		r.FlowClosed(uint64(i+101), noon)
	}
}

// TestATelephoneWithAnotherPortAtEachStartStaysReachable: it leaves without a word and names no instance; it makes room for itself
// once its user has too many contacts, and for nobody else.
func TestATelephoneWithAnotherPortAtEachStartStaysReachable(t *testing.T) {
	const phone = "<sip:alice@192.168.1.10:%d>"
	nat := netip.MustParseAddr("198.51.100.7")
	for name, to := range map[string]struct {
		contact string // what a fourth telephone registers …
		from    netip.Addr
		path    string
		want    string // … the contact that goes, or the refusal
	}{
		"at its next start":             {fmt.Sprintf(phone, 50004), nat, "", "50001"},
		"on a socket for both families": {fmt.Sprintf(phone, 50004), netip.MustParseAddr("::ffff:198.51.100.7"), "", "50001"},
		"another one from elsewhere":    {fmt.Sprintf(phone, 50004), netip.MustParseAddr("198.51.100.8"), "", "403"},
		"another one in its network":    {"<sip:alice@192.168.1.11:50004>", nat, "", "403"},
		"one that goes by other names":  {"<sip:bob@192.168.1.10:50004>", nat, "", "403"},
		"one that names its instance":   {fmt.Sprintf(phone, 50004) + `;+sip.instance="<urn:uuid:1>"`, nat, "", "403"},
		"behind a proxy":                {fmt.Sprintf(phone, 50004), nat, "<sip:198.51.100.7;lr>", "403"},
	} {
		r := newRegistrar(nil)
		register := func(i int, contact, path string, from netip.Addr) string {
			headers := []string{fmt.Sprintf("Call-ID: %d", i), "Contact: " + contact}
			if path != "" {
				headers = append(headers, "Supported: path", "Path: "+path)
			}
			source := Source{Transport: sip.UDP, Remote: netip.AddrPortFrom(from, uint16(40000+i))}
			return answer(r.Register(message(t, "REGISTER sip:example.test", headers...), source, alice, noon.Add(time.Duration(i)*time.Minute)))
		}
		for i := 1; i <= 3; i++ {
			register(i, fmt.Sprintf(phone, 50000+i), "", nat)
		}
		got := register(4, to.contact, to.path, to.from)
		if to.want == "403" {
			if got != "403" {
				t.Errorf("%s: %s", name, got)
			}
			continue
		}
		for _, port := range []string{"50001", "50002", "50003", "50004"} {
			if gone := !strings.Contains(got, port); gone != (port == to.want) {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}
