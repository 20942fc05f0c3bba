package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gatehouse.example/sip/digest"
	"gatehouse.example/test/harness"
)

func TestClaimsOfStrangersDoNotReachThePBX(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	request := s.caller.Invite(bob,
		"From: <sip:+15551239999@carrier.test;verstat=TN-Validation-Passed>;tag=1",
		"P-Asserted-Identity: <sip:boss@example.test>",
		"p-asserted-identity: <tel:+1555>, <sip:x@y>",
		"P-ASSERTED-IDENTITY \t: <tel:+1666>",
		"P-Asserted-Identity:\r\n <tel:+1777>",
		"P-Preferred-Identity: <sip:boss@example.test>",
		"Remote-Party-ID: <sip:boss@example.test>;party=calling",
		"P-Attestation-Indicator: A",
		"P-Origination-ID: 1234",
		"Spam-Score: 0",
		"Diversion: <sip:boss@example.test>",
		"History-Info: <sip:boss@example.test>;index=1",
		"P-Charge-Info: <sip:boss@example.test>",
		"P-Served-User: <sip:boss@example.test>;sescase=orig",
		"P-Called-Party-ID: <sip:boss@example.test>",
		"P-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel",
		"P-Preferred-Service: urn:urn-7:3gpp-service.ims.icsi.mmtel",
		"P-Visited-Network-ID: \"home\"",
		"P-Charging-Vector: icid-value=1",
		"P-Charging-Function-Addresses: ccf=192.0.2.9",
		"P-Access-Network-Info: IEEE-802.11;network-provided",
		"Alert-Info: <http://127.0.0.1/x>;info=alert-autoanswer",
		"Call-Info: <sip:x>;answer-after=0",
		"Answer-Mode: Auto",
		"Priv-Answer-Mode: Auto",
		"X-Gatehouse: relay;score=-100",
		"X-Harmless: stays")
	if r := s.caller.Ask(t, request); r.Status() != 200 {
		t.Fatalf("INVITE: %s", r.StartLine())
	}
	m := s.pbx.ExpectRequest(t, "INVITE")
	for _, line := range strings.Split(m.Head(), "\r\n")[1:] {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		switch strings.TrimSpace(name) {
		case "p-asserted-identity", "p-preferred-identity", "remote-party-id", "p-attestation-indicator", "p-origination-id",
			"spam-score", "diversion", "history-info", "p-charge-info", "x-gatehouse", "p-served-user", "p-called-party-id", "p-asserted-service",
			"p-preferred-service", "p-visited-network-id", "p-charging-vector", "p-charging-function-addresses", "p-access-network-info",
			"alert-info", "call-info", "answer-mode", "priv-answer-mode":
			t.Errorf("reached the PBX: %q", line)
		}
		if strings.Contains(line, "1777") || strings.Contains(strings.ToLower(line), "verstat") {
			t.Errorf("reached the PBX: %q", line)
		}
	}
	if m.Get("X-Harmless") != "stays" {
		t.Error("a harmless header field is gone")
	}
}

// Who is asked within his call says no more in his answer than he could say in his call.
func TestAnswersOfStrangersClaimNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, enforcing)
	ok := s.caller.Ask(t, s.caller.Invite(bob))
	if ok.Status() != 200 {
		t.Fatalf("INVITE: %s", ok.StartLine())
	}
	s.caller.Send(s.caller.CallerDialog(ok).Request("ACK"))
	rung := s.pbx.ExpectRequest(t, "INVITE")
	answered := rung.Answer(200, "OK")
	asking := s.pbx.CalleeDialog(rung, strings.Replace(answered, harness.Message{Text: answered}.Get("To"), ok.Get("To"), 1))
	for _, method := range []string{"INVITE", "UPDATE"} {
		request := asking.Request(method, "Contact: <"+s.pbx.URI("callee")+">")
		s.pbx.Send(request)
		s.caller.ExpectRequest(t, method).Reply(200, "OK", "P-Asserted-Identity: \"Police\" <sip:110@example.test>", "X-Harmless: stays", "Contact: <"+s.caller.URI("caller")+">")
		got := s.pbx.ExpectFinal(t, request)
		if got.Status() != 200 || got.Get("P-Asserted-Identity") != "" || got.Get("X-Harmless") != "stays" {
			t.Errorf("the PBX gets\n%s", got.Text)
		}
	}
}

// TestClaimOfOurOwnDomain: "100@" the called domain, from a stranger, looks like
// a call from within. Who has registered with the PBX through us may say so.
func TestClaimOfOurOwnDomain(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(enforcing, "example.test,", "example.test, aliases: [sip.example.test],", 1))
	suspected := func(name string) bool {
		if r := s.caller.Ask(t, s.caller.Invite(bob, "From: <sip:"+name+">;tag=1")); r.Status() != 200 {
			t.Fatalf("the call of %s: %s", name, r.StartLine())
		}
		a := s.Attempt(t, "the call of "+name, func(a *harness.Attempt) bool {
			return a.From.Claimed == "sip:"+name && a.Kind == "call"
		})
		return a.Has("IDENTITY_OWN_DOMAIN")
	}
	for _, name := range []string{"100@example.test", "100@sip.example.test", "100@" + s.Net.Server().Addr().String()} {
		if !suspected(name) {
			t.Errorf("%s: a stranger calls as if from within, and nothing is said about it", name)
		}
	}
	if suspected("100@elsewhere.test") {
		t.Error("another caller is suspected of it")
	}
	phone := "<sip:101@example.test>"
	r := s.caller.Ask(t, s.caller.Request("REGISTER", "sip:example.test", "From: "+phone+";tag=2", "To: "+phone,
		`Authorization: Digest username="101", realm="pbx", nonce="n", uri="sip:example.test", response="00000000000000000000000000000000"`))
	if r.Status() != 200 {
		t.Fatalf("REGISTER: %s", r.StartLine())
	}
	if suspected("101@example.test") {
		t.Error("a phone that has registered is taken for a stranger")
	}
}

// A phone that is told to go through us by name says so in Route (RFC 3261 §16.4), be
// the domain behind a PBX or our own. 480: nobody has registered there.
func TestRouteThatNamesUsIsTakenOff(t *testing.T) {
	t.Parallel()
	for yaml, want := range map[string]int{enforcing: 200, hosting: 480} {
		s := newSite(t, yaml)
		if r := s.caller.Ask(t, s.caller.Invite(bob, "Route: <sip:EXAMPLE.test;lr>")); r.Status() != want {
			t.Errorf("%s: %s", yaml, r.StartLine())
		}
	}
}

func TestStrangersCannotRelayThroughUs(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(enforcing, "mode:", "outbound: carrier, mode:", 1)+
		"peers: [{name: carrier, addresses: [CARRIERHOST], send: \"sip:CARRIER\"}]\nlimits: {failures: {scan: 1000/m, toll_fraud: 1000/m}}\n")
	victim := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server()).Accept()
	there := victim.Addr.String()
	for what, request := range map[string]string{
		"foreign Request-URI":       s.caller.Invite("sip:+972123456@" + there),
		"foreign domain":            s.caller.Invite("sip:x@elsewhere.test"),
		"pre-loaded Route":          s.caller.Invite(bob, "Route: <sip:"+there+";lr>"),
		"ours, then a foreign one":  s.caller.Invite(bob, "Route: <sip:"+s.Net.Server().String()+";lr>, <sip:"+there+";lr>"),
		"strict Route":              s.caller.Invite(bob, "Route: <sip:"+there+">"),
		"forged To tag":             s.caller.Invite("sip:x@"+there, "To: <"+bob+">;tag=made-up"),
		"forged token":              s.caller.Invite("sip:x@"+there, "To: <"+bob+">;tag=made-up", "Route: <sip:"+s.Net.Server().String()+";lr;gh=EAAAAS2HVlTqsBHhJo9n>"),
		"token in the Request-URI":  s.caller.Invite("sip:"+s.Net.Server().String()+";gh=EAAAAS2HVlTqsBHhJo9n", "To: <"+bob+">;tag=x", "Route: <sip:"+there+";lr>"),
		"BYE of no dialog":          s.caller.Request("BYE", "sip:x@"+there, "To: <"+bob+">;tag=made-up"),
		"REGISTER for elsewhere":    s.caller.Request("REGISTER", "sip:"+there),
		"maddr, foreign user":       s.caller.Invite("sip:x@elsewhere.test;maddr=" + victim.Addr.Addr().String()),
		"From of the PBX's domain":  s.caller.Invite("sip:+972123456@"+there, "From: <"+bob+">;tag=2"),
		"MESSAGE to elsewhere":      s.caller.Request("MESSAGE", "sip:x@"+there),
		"SUBSCRIBE to elsewhere":    s.caller.Request("SUBSCRIBE", "sip:x@"+there, "Event: presence"),
		"tel over a foreign domain": s.caller.Invite("sip:+972123456@" + there + ";user=phone"),
	} {
		if r := s.caller.Ask(t, request); r.Status() != 403 && r.Status() != 481 && r.Status() != 407 {
			t.Errorf("%s: %s", what, r.StartLine())
		}
	}
	// Parameters of a Request-URI that is ours choose no next hop.
	for _, param := range []string{";maddr=" + victim.Addr.Addr().String(), ";transport=tcp", ";method=REGISTER", ";lr", "?Route=%3Csip:" + there + "%3E"} {
		s.caller.Ask(t, s.caller.Invite(bob+param))
	}
	for _, m := range s.pbx.Inbox() {
		if m.Status() == 0 && (m.Get("Route") != "" || m.Method() == "REGISTER") {
			t.Errorf("the PBX got\n%s", m.Text)
		}
	}
	if in := victim.Inbox(); len(in) > 0 {
		t.Errorf("relayed:\n%s", in[0].Text)
	}
}

// TestEnumerationLearnsNothing: what comes back for users who exist and for
// those who do not differs in nothing but what differs each time.
func TestEnumerationLearnsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home}]\nlimits: {failures: {unknown_user: 1000/m, auth: 1000/m}}\n")
	for _, u := range []string{"alice", "clara"} {
		s.AddUser(t, u+"@example.test", "secret-"+u)
	}
	for _, method := range []string{"REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "BYE"} {
		for _, inside := range []bool{false, true} {
			answers := map[string]string{}
			for _, user := range []string{"alice", "clara", "zacky", "nobod"} {
				answers[user] = s.probe(t, method, user, inside)
			}
			for user, text := range answers {
				if text != answers["alice"] {
					t.Errorf("%s, From inside %v: %s gets\n%s\nand alice\n%s", method, inside, user, text, answers["alice"])
				}
			}
		}
	}
}

// probe asks for a user and returns the answer without what is new each time.
func (s *site) probe(t *testing.T, method, user string, inside bool) string {
	t.Helper()
	uri := "sip:" + user + "@example.test"
	lines := []string{"Call-ID: same", "From: <sip:probe@elsewhere.test>;tag=same"}
	if inside {
		lines[1] = "From: <" + uri + ">;tag=same"
	}
	if method == "BYE" {
		lines = append(lines, "To: <"+uri+">;tag=same")
	}
	target := uri
	if method == "REGISTER" {
		target = "sip:example.test"
		lines = append(lines, "To: <"+uri+">")
	}
	request := s.caller.Request(method, target, lines...)
	text := s.caller.Ask(t, request).Text
	branch := regexp.MustCompile(`branch=\w+`).FindString(request)
	text = strings.NewReplacer(branch, "branch", user, "user").Replace(text)
	return regexp.MustCompile(`(nonce=")[^"]*|(tag=)[0-9a-f]{16,}`).ReplaceAllString(text, "$1$2")
}

func TestSearchForNamesIsBanned(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home}]\n")
	attacker := harness.UDP(t, s.Net.Addr(harness.AttackerHost, 5060), s.Net.Server())
	for i := range 40 {
		uri := fmt.Sprintf("sip:%d@example.test", 1000+i)
		attacker.Send(attacker.Request("REGISTER", "sip:example.test", "From: <"+uri+">;tag=1", "To: <"+uri+">"))
	}
	harness.Eventually(t, harness.Patience, "the searcher is banned", func() bool { return s.Banned(t, harness.AttackerHost) })
	harness.Eventually(t, harness.Patience, "the ban stands in the security log", func() bool {
		return s.Said("gatehouse security v=1 event=ban", s.Net.Host(harness.AttackerHost).String())
	})
	s.Must(t, "DELETE", "/bans?source="+s.Net.Host(harness.AttackerHost).String(), nil, nil)
	if r := attacker.Ask(t, attacker.Request("OPTIONS", "sip:example.test")); r.Status() != 200 {
		t.Errorf("after the ban is lifted: %s", r.StartLine())
	}
}

// TestDialogWithAPhoneIsNoRelay: a stranger who called a phone of ours reaches
// the phone in that dialog and nobody else; the phone follows where he moves.
func TestDialogWithAPhoneIsNoRelay(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home}]\nchecks: {rate: {enabled: false}}\n")
	s.AddUser(t, "bob@example.test", "secret-bob")
	phone := harness.UDP(t, s.Net.Addr(harness.BobHost, 5060), s.Net.Server())
	register(t, phone, "bob", "secret-bob")
	phone.Answering()
	invite := s.caller.Invite(bob, "Subject: "+strings.Repeat("a long INVITE ", 30))
	ok := s.caller.Ask(t, invite)
	if ok.Status() != 200 {
		t.Fatalf("INVITE: %s", ok.StartLine())
	}
	d := s.caller.CallerDialog(ok)
	s.caller.Send(d.Request("ACK"))
	rung := phone.ExpectRequest(t, "INVITE")
	phone.ExpectRequest(t, "ACK")

	victim := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server())
	for _, method := range []string{"INVITE", "MESSAGE", "BYE"} {
		request := strings.Replace(d.Request(method), d.Target(), victim.URI("x"), 1)
		if r := s.caller.Ask(t, request); r.Status() != 481 {
			t.Errorf("%s to elsewhere: %s", method, r.StartLine())
		}
	}
	if in := victim.Inbox(); len(in) > 0 {
		t.Errorf("relayed:\n%s", in[0].Text)
	}
	// He moves to another address and says so; the phone hangs up there.
	moved := harness.UDP(t, s.Net.Addr(harness.AttackerHost, 5060), s.Net.Server()).Answering()
	if r := s.caller.Ask(t, d.Request("INVITE", "Contact: <"+moved.URI("caller")+">", "Subject: "+strings.Repeat("a long INVITE ", 30))); r.Status() != 200 {
		t.Fatalf("re-INVITE: %s", r.StartLine())
	}
	refreshed := phone.ExpectRequest(t, "INVITE")
	bye := phone.CalleeDialog(rung, rung.Answer(200, "OK")).Request("BYE")
	bye = strings.NewReplacer("BYE "+harness.InBrackets(rung.Get("Contact")), "BYE "+harness.InBrackets(refreshed.Get("Contact")),
		harness.Message{Text: bye}.Get("From"), ok.Get("To")).Replace(bye)
	if r := phone.Ask(t, bye); r.Status() != 200 {
		t.Errorf("BYE of the phone: %s", r.StartLine())
	}
	moved.ExpectRequest(t, "BYE")
}

// TestPhoneMayAnswerFromAnotherAddress: uplinks and carrier NATs change a
// phone's address between challenge and answer, and the answer is larger, so that
// it may come over TCP (docs/adr/0008).
func TestPhoneMayAnswerFromAnotherAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home}]\n")
	s.AddUser(t, "bob@example.test", "secret-bob")
	first := harness.UDP(t, s.Net.Addr(harness.BobHost, 5060), s.Net.Server())
	for _, second := range []*harness.Endpoint{
		harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5070), s.Net.Server()), harness.TCP(t, s.Net.Host(harness.StandbyHost), s.Net.Server()),
	} {
		registerFrom(t, first, second, "bob", "secret-bob")
	}
}

// register registers a phone of a hosted domain.
func register(t *testing.T, phone *harness.Endpoint, user, password string) {
	t.Helper()
	registerFrom(t, phone, phone, user, password)
}

// TestWhatIsDeniedIsInTheHistory: every attempt is, with its reason, also one that
// is refused whatever the checks say. To be asked for a password is none.
func TestWhatIsDeniedIsInTheHistory(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home, mode: enforce}]\n")
	s.AddUser(t, "alice@example.test", "secret")
	alices := harness.UDP(t, s.Net.Addr(harness.AliceHost, 5060), s.Net.Server()).Answering()
	register(t, alices, "alice", "secret")
	us := "<sip:alice@" + s.Net.Server().String() + ">"
	for _, c := range []struct{ password, contact, want string }{
		{"guess", "<" + alices.URI("alice") + ">", `bad user or password: user "alice"`},
		{"secret", us, "Contact Leads Back Here"},
	} {
		r := registration(t, alices, "alice", c.password, "Contact: "+c.contact)
		a := s.Attempt(t, c.want, func(a *harness.Attempt) bool { return a.Action == "reject" && a.Signals[0].Evidence == c.want })
		if a.Kind != "registration" || a.Signals[0].Name != "DENIED" || a.Response == nil || a.Response.Code != r.Status() {
			t.Errorf("%s: %+v", c.want, a)
		}
	}
	if all := s.Attempts(t, ""); len(all) != 3 {
		t.Errorf("%d attempts, want 3: %+v", len(all), all)
	}
}

// TestPathLeadsToWhoRegisters: nobody has us send his calls to somebody else, by naming him as the proxy in front of the phone.
func TestPathLeadsToWhoRegisters(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home, mode: enforce}]\npeers: [{name: edge, addresses: [CARRIERHOST]}]\n")
	s.AddUser(t, "alice@example.test", "secret")
	alices := harness.UDP(t, s.Net.Addr(harness.AliceHost, 5060), s.Net.Server()).Answering()
	proxy := harness.UDP(t, s.Net.Addr(harness.AliceHost, 5070), s.Net.Server()).Answering()
	edge := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server()).Answering()
	for _, c := range []struct {
		from *harness.Endpoint
		path string
		want int
	}{
		{alices, s.Net.Addr(harness.BobHost, 5060).String(), 403},
		{alices, "elsewhere.test", 403},
		{edge, "elsewhere.test", 200},
		{alices, s.Net.Addr(harness.AliceHost, 5070).String(), 200},
	} {
		r := registration(t, c.from, "alice", "secret", "Contact: <"+c.from.URI("alice")+">", "Supported: path", "Path: <sip:"+c.path+";lr>")
		if r.Status() != c.want {
			t.Errorf("%s: %s", c.path, r.StartLine())
		}
		if c.from == edge {
			registration(t, edge, "alice", "secret", "Contact: *", "Expires: 0")
		}
	}
	if r := s.caller.Ask(t, s.caller.Invite("sip:alice@example.test")); r.Status() != 200 {
		t.Errorf("a call: %s", r.StartLine())
	}
	proxy.ExpectRequest(t, "INVITE")
}

// registration registers a user of ours with a password, and returns the answer.
func registration(t *testing.T, phone *harness.Endpoint, user, password string, lines ...string) harness.Message {
	t.Helper()
	return answerFrom(t, phone, phone, user, password, lines...)
}

// registerFrom answers from another socket than the one that was challenged.
func registerFrom(t *testing.T, challenged, phone *harness.Endpoint, user, password string) {
	t.Helper()
	if r := answerFrom(t, challenged, phone, user, password, "Contact: <"+phone.URI(user)+">"); r.Status() != 200 {
		t.Fatalf("REGISTER: %s", r.StartLine())
	}
}

// answerFrom sends a REGISTER from one socket and, with the answer to its challenge, from another.
func answerFrom(t *testing.T, challenged, phone *harness.Endpoint, user, password string, lines ...string) harness.Message {
	t.Helper()
	aor := "<sip:" + user + "@example.test>"
	lines = append(lines, "From: "+aor+";tag="+harness.Token(), "To: "+aor)
	r := challenged.Ask(t, challenged.Request("REGISTER", "sip:example.test", lines...))
	var c digest.Challenge
	if err := c.Parse([]byte(r.Get("WWW-Authenticate"))); err != nil {
		t.Fatalf("%v in\n%s", err, r.Text)
	}
	answer, err := c.Answer(&digest.Request{User: user, Password: password, Method: "REGISTER", URI: "sip:example.test"})
	if err != nil {
		t.Fatal(err)
	}
	return phone.Ask(t, phone.Request("REGISTER", "sip:example.test", append(lines, "CSeq: 2 REGISTER", "Authorization: "+string(answer.AppendTo(nil)))...))
}

// TestOnlyNumbersGoToTheCarrier: a number that is nobody's here is for the carrier; a name that is nobody's is mistyped.
func TestOnlyNumbersGoToTheCarrier(t *testing.T) {
	t.Parallel()
	s := newSite(t, "domains: [{name: example.test, deliver: home, outbound: carrier}]\npeers: [{name: carrier, addresses: [CARRIERHOST], send: \"sip:CARRIER\"}]\n")
	carrier := harness.UDP(t, s.Net.Addr(harness.CarrierHost, 5060), s.Net.Server()).Answering()
	s.AddUser(t, "bob@example.test", "secret")
	for to, want := range map[string]int{"nobody": 480, "5550100": 200, "+15555550100": 200, "*43": 200} {
		uri, tag := "sip:"+to+"@example.test", harness.Token()
		lines := []string{"From: <" + bob + ">;tag=" + tag, "To: <" + uri + ">"}
		r := s.caller.Ask(t, s.caller.Invite(uri, lines...))
		r = s.caller.Ask(t, s.caller.Invite(uri, append(lines, "CSeq: 2 INVITE", answerTo(t, r, "bob", "INVITE", uri))...))
		if r.Status() != want {
			t.Errorf("%s: %s", to, r.StartLine())
		}
		if want == 200 {
			carrier.ExpectRequest(t, "INVITE")
		}
	}
}
