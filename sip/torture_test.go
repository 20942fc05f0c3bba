package sip_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse.example/sip"
)

// testdata returns a folder of ../shared/testdata, found from the test's folder upwards; it skips where there is none.
func testdata(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", "testdata", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		if dir == filepath.Dir(dir) {
			t.Skipf("shared/testdata/%s is not here: skipped", name)
		}
	}
}

type tortureMessage struct {
	name, validity, kind, method, transport, sentBy string
	text                                            []byte
}

// tortureMessages reads the index and the messages. The archive of RFC 5118 has bare line feeds: its corrected form is
// used.
func tortureMessages(t testing.TB) []tortureMessage {
	t.Helper()
	dir := testdata(t, "torture")
	index, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var all []tortureMessage
	for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n")[1:] {
		c := strings.Split(line, "\t")
		file := c[0]
		if rest, ok := strings.CutPrefix(file, "rfc5118/"); ok {
			file = "rfc5118_wire/" + rest + ".sip"
		}
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tortureMessage{name: c[3], validity: c[5], kind: c[6], method: c[7], transport: c[8], sentBy: c[9], text: text})
	}
	return all
}

// refused holds the messages that the parser itself refuses. All others, among them those whose fault is for an
// application to find, parse.
var refused = map[string]struct {
	status  int
	respond bool
}{
	"badinv01":   {400, true},
	"clerr":      {400, true},
	"ncl":        {400, true},
	"scalar02":   {400, true},
	"scalarlg":   {0, false},
	"quotbal":    {400, true},
	"ltgtruri":   {400, true},
	"lwsruri":    {400, true},
	"lwsstart":   {400, true},
	"trws":       {400, true},
	"escruri":    {400, true},
	"regbadct":   {400, true},
	"badaspec":   {400, true},
	"baddn":      {400, true},
	"badvers":    {505, true},
	"mismatch01": {400, true},
	"mismatch02": {400, true},
	"bigcode":    {0, false},
	"badbranch":  {400, true},
	"insuf":      {400, false},
	"multi01":    {400, true},
	"mcl01":      {400, true},
	"test":       {400, false},
	"ipv6-bad":   {400, true},
}

func TestTortureMessagesAreReadOrRefused(t *testing.T) {
	messages := tortureMessages(t)
	if len(messages) != 62 {
		t.Errorf("index has %d messages, want 62", len(messages))
	}
	var m sip.Message
	for _, c := range messages {
		err := m.Parse(c.text)
		want, bad := refused[c.name]
		if !bad {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			checkTorture(t, c, &m)
			continue
		}
		e, ok := err.(*sip.ParseError)
		if !ok {
			t.Errorf("%s: %v, want a ParseError", c.name, err)
			continue
		}
		if e.Status != want.status || m.CanRespond() != want.respond || e.Offset < 0 || e.Offset > len(c.text) {
			t.Errorf("%s: status %d, can respond %v at offset %d; want %d, %v (%v)", c.name, e.Status, m.CanRespond(), e.Offset, want.status, want.respond, err)
		}
		if want.respond {
			checkRefusal(t, c.name, &m, e)
		}
	}
}

// checkTorture compares a message that parses with its row in the index, and an edit of nothing with its octets.
func checkTorture(t *testing.T, c tortureMessage, m *sip.Message) {
	t.Helper()
	if m.IsRequest() != (c.kind == "request") {
		t.Errorf("%s: request: %v", c.name, m.IsRequest())
	}
	if m.IsRequest() && string(m.MethodName()) != c.method {
		t.Errorf("%s: method %q, want %q", c.name, m.MethodName(), c.method)
	}
	via := m.Via()
	if string(via.SentBy) != c.sentBy || string(via.TransportName) != c.transport {
		t.Errorf("%s: Via %s %q, want %s %q", c.name, via.TransportName, via.SentBy, c.transport, c.sentBy)
	}
	var e sip.Edit
	e.Begin(m)
	if got := e.AppendTo(nil); !bytes.Equal(got, c.text[:len(got)]) || c.name != "dblreq" && len(got) != len(c.text) {
		t.Errorf("%s: editing nothing changes the message", c.name)
	}
}

// checkRefusal demands that the answer to a refused message is itself a good message.
func checkRefusal(t *testing.T, name string, m *sip.Message, e *sip.ParseError) {
	t.Helper()
	answer := sip.AppendResponse(nil, m, &sip.Response{Status: e.Status, ToTag: "gate", Source: source})
	if bytes.Count(answer, []byte("\r\n")) != bytes.Count(answer, []byte("\n")) {
		t.Errorf("%s: bare line feed in the answer %q", name, answer)
	}
	// What was malformed in the request comes back as it came; where only other parts were, the answer must parse.
	switch name {
	case "badinv01", "scalar02", "quotbal", "badaspec", "baddn", "badvers", "mismatch01", "multi01":
		return
	}
	var r sip.Message
	if err := r.Parse(answer); err != nil {
		t.Errorf("%s: answer does not parse: %v\n%s", name, err, answer)
	}
	if r.To().Tag == nil || string(r.CallID()) != string(m.CallID()) {
		t.Errorf("%s: answer %s", name, answer)
	}
}

// torture returns one message, parsed.
func torture(t *testing.T, name string) *sip.Message {
	t.Helper()
	for _, c := range tortureMessages(t) {
		if c.name == name {
			m := new(sip.Message)
			if err := m.Parse(c.text); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return m
		}
	}
	t.Fatalf("no message %s", name)
	return nil
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestTortuousInviteMeansWhatRFC4475Says(t *testing.T) {
	m := torture(t, "wsinv")
	n, _ := m.MaxForwards()
	expect(t, "Max-Forwards", n, 68)
	expect(t, "CSeq", m.CSeq(), 9)
	expect(t, "To tag", string(m.To().Tag), "1918181833n")
	expect(t, "From tag", string(m.From().Tag), "98asjd8")
	expect(t, "display", string(m.From().AppendDisplay(nil)), `J Rosenberg \"`)
	expect(t, "To URI", string(m.ToURI().AppendTo(nil)), "sip:vivekg@chair-dnrc.example.com")
	expect(t, "branch", string(m.Via().Branch), "390skdjuw")
	expect(t, "transport", m.Via().Transport, sip.UDP)
	expect(t, "body", len(m.Body()), 150)
	expect(t, "subject", string(sip.AppendUnquoted(nil, m.Value(sip.HeaderSubject))), "")

	var hosts []string
	var via sip.Via
	v := m.Values(sip.HeaderVia)
	for v.Next() {
		if err := via.Parse(v.Text()); err != nil {
			t.Errorf("Via %q: %v", v.Text(), err)
		}
		hosts = append(hosts, string(via.Host)+"/"+string(via.Branch))
	}
	expect(t, "Vias", strings.Join(hosts, " "), "192.0.2.2/390skdjuw spindle.example.com/z9hG4bK9ikj8 192.168.255.111/z9hG4bK30239")

	var a sip.Address
	if err := a.Parse(m.Value(sip.HeaderContact)); err != nil {
		t.Fatal(err)
	}
	q, _ := a.Param("q")
	second, ok := a.Param("secondparam")
	expect(t, "q", string(q), "0.33")
	expect(t, "secondparam", ok && len(second) == 0, true)
	expect(t, "Contact", string(a.AppendDisplay(nil)), `Quoted string ""`)
}

func TestEscapesMeanWhatRFC4475Says(t *testing.T) {
	m := torture(t, "esc01")
	expect(t, "user", string(m.URI().User), "sips%3Auser%40example.com")
	expect(t, "To", string(m.ToURI().AppendAoR(nil)), "sip:user@example.com")
	m = torture(t, "esc02")
	expect(t, "method", m.Method(), sip.UnknownMethod)
	expect(t, "display", string(m.To().AppendDisplay(nil)), "%Z%45")
	n := 0
	for v := m.Values(sip.HeaderContact); v.Next(); {
		n++
	}
	expect(t, "Contacts", n, 2)
	m = torture(t, "escnull")
	expect(t, "To", string(m.ToURI().AppendAoR(nil)), "sip:null-%00-null@example.com")
	m = torture(t, "semiuri")
	expect(t, "user", string(m.URI().User), "user;par=u%40example.net")
	expect(t, "params", len(m.URI().Params), 0)
}

func TestAddressParametersAreTheHeaders(t *testing.T) {
	var a sip.Address
	for name, inHeader := range map[string]bool{"cparam01": true, "cparam02": false} {
		if err := a.Parse(torture(t, name).Value(sip.HeaderContact)); err != nil {
			t.Fatal(err)
		}
		_, ok := a.Param("unknownparam")
		expect(t, name, ok, inHeader)
	}
}

func TestOctetsBehindTheBodyAreCut(t *testing.T) {
	m := torture(t, "dblreq")
	expect(t, "body", len(m.Body()), 0)
	expect(t, "method", m.Method(), sip.REGISTER)
	if bytes.Contains(m.Bytes(), []byte("INVITE")) {
		t.Error("the second request is part of the first")
	}
}

func TestIPv6MessagesMeanWhatRFC5118Says(t *testing.T) {
	m := torture(t, "port-ambiguous")
	expect(t, "port", m.URI().HasPort, false)
	addr, _ := m.URI().Addr()
	expect(t, "address", addr.String(), "2001:db8::10:5070")
	m = torture(t, "port-unambiguous")
	expect(t, "port", m.URI().Port, 5070)
	m = torture(t, "ipv6-bug-abnf-3-colons")
	addr, _ = m.URI().Addr()
	expect(t, "address", addr.String(), "2001:db8::c000:201")
	m = torture(t, "ipv4-mapped-ipv6")
	expect(t, "Via port", m.Via().Port, 19823)
	m = torture(t, "via-received-param-with-delim")
	expect(t, "received", string(m.Via().Received), "[2001:db8::9:255]")
}

func TestArchiveOfRFC5118WithBareLineFeedsIsRefusedAndAnswered(t *testing.T) {
	dir := testdata(t, "torture")
	text, err := os.ReadFile(filepath.Join(dir, "rfc5118", "ipv6-good"))
	if err != nil {
		t.Fatal(err)
	}
	var m sip.Message
	if err := m.Parse(text); err == nil || !m.CanRespond() {
		t.Errorf("error %v, can respond %v", err, m.CanRespond())
	}
}

func TestLongRequestAndOddCharactersSurvive(t *testing.T) {
	m := torture(t, "longreq")
	n := 0
	for v := m.Values(sip.HeaderVia); v.Next(); {
		n++
	}
	expect(t, "Vias", n, 34)
	m = torture(t, "intmeth")
	expect(t, "display", string(m.To().AppendDisplay(nil)), "BEL:\a NUL:\x00 DEL:\x7f")
	expect(t, "tag", string(m.From().Tag), "_token~1'+`*%!-.")
	expect(t, "URI user", string(m.URI().User), "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
	m = torture(t, "unreason")
	expect(t, "status", m.Status(), 200)
	m = torture(t, "noreason")
	expect(t, "reason", string(m.Reason()), "")
	m = torture(t, "lwsdisp")
	expect(t, "display", string(m.From().Display), "caller")
}
