package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse.example/sip/digest"
	"gatehouse.example/test/harness"
)

const (
	hosting  = "domains: [{name: example.test, deliver: home}]\ntraps: [\"7777\", \"+15550009999\"]\n"
	fronting = "domains: [{name: example.test, deliver: \"sip:PBX\"}]\ntraps: [\"7777\"]\n"
	// innocent is what a phone that people buy says that it is.
	innocent = "User-Agent: Zoiper v2.10.20.4"
)

// disguise is a scanner of our own: it says that it is a phone, changes its port
// with each request and waits for each answer.
type disguise struct {
	name, site string
	pbx        int // what the PBX answers
	slow       time.Duration
	tcp        bool
	request    func(e *harness.Endpoint, i int) string
}

func registerOf(user string) func(e *harness.Endpoint, i int) string {
	return func(e *harness.Endpoint, i int) string {
		uri := "<sip:" + strings.ReplaceAll(user, "#", fmt.Sprint(2000+7*i)) + "@example.test>"
		return e.Request("REGISTER", "sip:example.test", innocent, "From: "+uri+";tag="+harness.Token(), "To: "+uri)
	}
}

func callTo(method, uri, from string) func(e *harness.Endpoint, i int) string {
	return func(e *harness.Endpoint, i int) string {
		lines := []string{innocent}
		if from != "" {
			lines = append(lines, "From: <"+strings.ReplaceAll(from, "#", fmt.Sprint(2000+i))+">;tag="+harness.Token())
		}
		return e.Request(method, strings.ReplaceAll(uri, "#", fmt.Sprint(2000+i)), lines...)
	}
}

// guess answers a challenge of its own with a wrong password.
func guess(user string) func(e *harness.Endpoint, i int) string {
	return func(e *harness.Endpoint, i int) string {
		name := strings.ReplaceAll(user, "#", fmt.Sprint(2000+i))
		aor := "<sip:" + name + "@example.test>"
		lines := []string{innocent, "From: " + aor + ";tag=" + harness.Token(), "To: " + aor, "Contact: <" + e.URI(name) + ">"}
		request := e.Request("REGISTER", "sip:example.test", lines...)
		e.Send(request)
		r, ok := e.Find(harness.Patience, func(m harness.Message) bool { return m.Status() == 401 })
		var c digest.Challenge
		if !ok || c.Parse([]byte(r.Get("WWW-Authenticate"))) != nil {
			return request
		}
		a, err := c.Answer(&digest.Request{User: name, Password: fmt.Sprint("guess", i), Method: "REGISTER", URI: "sip:example.test"})
		if err != nil {
			return request
		}
		return e.Request("REGISTER", "sip:example.test", append(lines, "CSeq: 2 REGISTER", "Authorization: "+string(a.AppendTo(nil)))...)
	}
}

func disguises() []disguise {
	return []disguise{
		{name: "names, REGISTER", site: hosting, request: registerOf("#")},
		{name: "names, REGISTER over TCP", site: hosting, tcp: true, request: registerOf("#")},
		{name: "names, REGISTER, slower", site: hosting, slow: 700 * time.Millisecond, request: registerOf("#")},
		{name: "names, INVITE", site: hosting, request: callTo("INVITE", "sip:#@example.test", "")},
		{name: "names, INVITE from themselves", site: hosting, request: callTo("INVITE", "sip:#@example.test", "sip:#@example.test")},
		{name: "names, OPTIONS", site: hosting, request: callTo("OPTIONS", "sip:#@example.test", "")},
		{name: "names, MESSAGE", site: hosting, request: callTo("MESSAGE", "sip:#@example.test", "")},
		{name: "passwords of one account", site: hosting, request: guess("alice")},
		{name: "passwords of one account, slower", site: hosting, slow: 700 * time.Millisecond, request: guess("alice")},
		{name: "one password at many accounts", site: hosting, request: guess("#")},
		{name: "toll fraud", site: hosting, request: callTo("INVITE", "sip:900972592577#@192.0.2.1", "")},
		{name: "a trap", site: hosting, request: callTo("INVITE", "sip:7777@example.test", "")},
		{name: "a trap, as a number", site: hosting, request: callTo("INVITE", "tel:+1-555-000-9999", "")},
		{name: "a trap is registered", site: hosting, request: registerOf("7777")},
		{name: "a trap, with a PBX", site: fronting, pbx: 200, request: callTo("INVITE", "sip:7777@example.test", "")},
		{name: "PBX: 404 to REGISTER", site: fronting, pbx: 404, request: registerOf("#")},
		{name: "PBX: 403 to REGISTER", site: fronting, pbx: 403, request: registerOf("#")},
		{name: "PBX: challenges everybody", site: fronting, pbx: 401, slow: 1100 * time.Millisecond, request: registerOf("#")},
		{name: "PBX: 404 to INVITE", site: fronting, pbx: 404, request: callTo("INVITE", "sip:#@example.test", "")},
		{name: "PBX: 484 to INVITE", site: fronting, pbx: 484, request: callTo("INVITE", "sip:#@example.test", "")},
		{name: "PBX: 200 to OPTIONS", site: fronting, pbx: 200, request: callTo("OPTIONS", "sip:#@example.test", "")},
	}
}

// answering makes the PBX answer everything in one way.
func (s *site) answering(status int) {
	s.pbx.Handle(func(m harness.Message) {
		if m.Status() != 0 || m.Method() == "ACK" {
			return
		}
		lines := []string{}
		if status == 401 {
			lines = append(lines, "WWW-Authenticate: Digest realm=\"example.test\", nonce=\"x"+harness.Token()+"\", qop=\"auth\"")
		}
		m.Reply(status, "So", lines...)
	})
}

// settled waits until a message that fits has come, or its receiver is banned and nothing comes any more, and tells whether it has come.
func (s *site) settled(t *testing.T, e *harness.Endpoint, host byte, fits func(harness.Message) bool) (come bool) {
	t.Helper()
	harness.Until(harness.Patience, func() bool {
		_, come = e.Find(0, fits)
		return come || s.Banned(t, host)
	})
	return come
}

func final(m harness.Message) bool { return m.Status() >= 200 }

func TestDisguisedScannersAreBannedWithinFive(t *testing.T) {
	t.Parallel()
	for _, d := range disguises() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, d.site)
			if d.site == hosting {
				s.AddUser(t, "alice@example.test", "secret-alice")
			}
			s.answering(d.pbx)
			for i := 0; i < 5 && !s.Banned(t, harness.AttackerHost); i++ {
				var e *harness.Endpoint
				if d.tcp {
					e = harness.TCP(t, s.Net.Host(harness.AttackerHost), s.Net.Server())
				} else {
					e = harness.UDP(t, s.Net.Addr(harness.AttackerHost, 0), s.Net.Server()) // another port each time
				}
				request := d.request(e, i)
				e.Send(request)
				s.settled(t, e, harness.AttackerHost, final)
				e.Find(d.slow, func(harness.Message) bool { return false })
			}
			harness.Eventually(t, harness.Patience, "banned after five requests", func() bool { return s.Banned(t, harness.AttackerHost) })
			if s.Banned(t, harness.CallerHost) {
				t.Error("a neighbour is banned too")
			}
		})
	}
}

// What somebody marks as a trap while the server runs is one at once, as those of the configuration are; and none any more when it is unmarked.
func TestMarkedTrapsBan(t *testing.T) {
	t.Parallel()
	s := newSite(t, fronting)
	s.answering(200)
	const path = "/lists/traps/entries"
	for i, c := range []struct {
		mark, method, target string
	}{
		{"+15550008888", "INVITE", "sip:+15550008888@example.test;user=phone"},
		{"sip:Bait@example.test", "INVITE", "sip:bait@example.test"},
		{"sip:lure@example.test", "REGISTER", "sip:lure@example.test"},
		{"+1555000*", "INVITE", "tel:+1-555-000-1234"},
	} {
		host := byte(harness.AttackerHost + i)
		e := harness.UDP(t, s.Net.Addr(host, 5060), s.Net.Server())
		ask := func(n int) {
			request := callTo(c.method, c.target, "")(e, n)
			if c.method == "REGISTER" {
				request = registerOf("lure")(e, n)
			}
			e.Send(request)
			s.settled(t, e, host, final)
		}
		ask(0)
		ask(1)
		if s.Banned(t, host) {
			t.Fatalf("%s: banned before it was marked", c.mark)
		}
		s.Must(t, "POST", path, map[string]string{"value": c.mark, "kind": "block", "note": "honeypot"}, nil)
		ask(2)
		ask(3)
		harness.Eventually(t, harness.Patience, c.mark+": banned", func() bool { return s.Banned(t, host) })
		s.Must(t, "DELETE", path+"?value="+url.QueryEscape(c.mark), nil, nil)
	}
	harness.Eventually(t, harness.Patience, "the security log says so", func() bool { return s.Said("event=ban", "scanning") })
	if r := s.caller.Ask(t, callTo("INVITE", "sip:bait@example.test", "")(s.caller, 0)); r.Status() != 200 {
		t.Errorf("unmarked: %s", r.StartLine())
	}
}

// TestTrapsAnswerLikeNobody: no answer tells a trap of the configuration from one of the list, nor either from a user who does not exist; nor does that of a caller whom
// another reason gets rejected, whomever he calls.
func TestTrapsAnswerLikeNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, strings.Replace(hosting, "deliver: home", "deliver: home, mode: enforce", 1))
	for _, mark := range []string{"+15550008888", "sip:bait@example.test"} {
		s.Must(t, "POST", "/lists/traps/entries", map[string]string{"value": mark, "kind": "block", "note": "honeypot"}, nil)
	}
	s.Must(t, "POST", "/lists/enemies/entries", map[string]string{"value": "sip:known@elsewhere.test", "kind": "block"}, nil)
	host := byte(harness.AttackerHost)
	for _, c := range []struct{ method, from, want string }{
		{"INVITE", "sip:x@elsewhere.test", "480"}, {"MESSAGE", "sip:x@elsewhere.test", "480"}, {"INVITE", "sip:known@elsewhere.test", "603"},
	} {
		first := ""
		for _, user := range []string{"nobody", "7777", "bait", "+15550008888", "+15550009999"} {
			e := harness.UDP(t, s.Net.Addr(host, 5060), s.Net.Server())
			host++
			e.Send(callTo(c.method, "sip:"+user+"@example.test", c.from)(e, 0))
			m, ok := e.Find(harness.Patience, final)
			if !ok {
				t.Fatalf("%s to %s: no answer", c.method, user)
			}
			answer := shape(m)
			if first == "" {
				first = answer
			}
			if answer != first || !strings.Contains(answer, c.want) {
				t.Errorf("%s from %s to %s:\n%s\nto nobody:\n%s", c.method, c.from, user, answer, first)
			}
		}
	}
}

// shape is an answer without what each request chooses itself: its first line and the names of its headers.
func shape(m harness.Message) string {
	head, _, _ := strings.Cut(m.Text, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	for i := range lines[1:] {
		lines[i+1], _, _ = strings.Cut(lines[i+1], ":")
	}
	return strings.Join(lines, "\n")
}

// TestScannerOfNetworksSeesNothing: svmap sends one text to every address. One
// request is enough, whatever it says that it is; who asks us is answered.
func TestScannerOfNetworksSeesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, hosting)
	at := s.Net.Host(harness.ServerHost).String()
	for i, c := range []struct{ method, uri, agent, contact string }{
		{"OPTIONS", "sip:" + s.Net.Server().String(), innocent, ""}, {"OPTIONS", "sip:100@" + at, innocent, ""}, {"REGISTER", "sip:" + at, innocent, ""},
		{"INVITE", "sip:100@" + at, innocent, ""}, {"REGISTER", "sip:" + at, innocent, "None"}, {"REGISTER", "sip:example.test", "User-Agent: friendly-scanner", "None"},
	} {
		host := byte(harness.AttackerHost + i)
		e := harness.UDP(t, s.Net.Addr(host, 5060), s.Net.Server())
		lines := []string{c.agent, "From: \"x\" <sip:100@1.1.1.1>;tag=1", "To: \"x\" <sip:100@1.1.1.1>"}
		if c.contact != "" {
			lines = append(lines, "Contact: "+c.contact)
		}
		e.Send(e.Request(c.method, c.uri, lines...))
		harness.Eventually(t, harness.Patience, "banned", func() bool { return s.Banned(t, host) })
		if m, ok := e.Find(50*time.Millisecond, func(harness.Message) bool { return true }); ok {
			t.Errorf("an answer: %s", m.Text)
		}
	}
	if r := s.caller.Ask(t, s.caller.Request("REGISTER", "sip:example.test", "Contact: None")); r.Status() != 400 {
		t.Errorf("a phone that writes its Contact wrong is told: %s", r.StartLine())
	}
	for _, uri := range []string{"sip:example.test", "sip:" + s.Net.Server().String(), "sip:" + at} {
		if r := s.caller.Ask(t, s.caller.Request("OPTIONS", uri)); r.Status() != 200 {
			t.Errorf("OPTIONS %s: %s", uri, r.StartLine())
		}
	}
}

// TestOfficeComesBackAfterAnOutage: forty phones behind one address register at
// once at a server that remembers nothing, one of them with an old password
// that it tries again and again.
func TestOfficeComesBackAfterAnOutage(t *testing.T) {
	t.Parallel()
	s := newSite(t, hosting)
	const phones = 40
	for i := range phones {
		s.AddUser(t, fmt.Sprintf("phone%d@example.test", i), fmt.Sprintf("secret-phone%d", i))
	}
	s.Stop(t)
	s.Restart(t)
	office := s.Net.Host(harness.AliceHost)
	var all sync.WaitGroup
	for i := range phones {
		user, password := fmt.Sprintf("phone%d", i), fmt.Sprintf("secret-phone%d", i)
		var e *harness.Endpoint
		if i%2 == 0 {
			e = harness.UDP(t, s.Net.Addr(harness.AliceHost, uint16(30000+i)), s.Net.Server())
		} else {
			e = harness.TCP(t, office, s.Net.Server())
		}
		all.Go(func() { register(t, e, user, password) })
	}
	all.Wait()
	for _, e := range []*harness.Endpoint{harness.UDP(t, s.Net.Addr(harness.AliceHost, 31000), s.Net.Server()), harness.TCP(t, office, s.Net.Server())} {
		for i := range 60 {
			if r := e.Ask(t, guess("phone7")(e, i)); r.Status() != 401 {
				t.Fatalf("%s, try %d: %s", e.Transport, i, r.StartLine())
			}
		}
		e.Close()
	}
	if s.Banned(t, harness.AliceHost) {
		t.Errorf("the office is banned: %+v", s.Bans(t))
	}
	register(t, harness.UDP(t, s.Net.Addr(harness.AliceHost, 32000), s.Net.Server()), "phone7", "secret-phone7")
}

// TestCorrectPasswordIsNeverLockedOut: an account that sixty sources have guessed
// at lets its user in, from an address that nobody knows.
func TestCorrectPasswordIsNeverLockedOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, hosting)
	s.AddUser(t, "alice@example.test", "secret-alice")
	tries := map[bool]int{}
	for host := range byte(60) {
		e := harness.UDP(t, s.Net.Addr(100+host, 5060), s.Net.Server())
		n := 0
		for ; n < 5; n++ {
			request := guess("alice")(e, n)
			e.Send(request)
			if !s.settled(t, e, 100+host, func(m harness.Message) bool {
				return m.Status() == 401 && m.Get("CSeq") == "2 REGISTER"
			}) || s.Banned(t, 100+host) {
				break
			}
		}
		tries[host >= 30] = max(tries[host >= 30], n)
	}
	if tries[true] >= tries[false] {
		t.Errorf("guesses before a ban: %d at first, %d when many had guessed", tries[false], tries[true])
	}
	harness.Eventually(t, harness.Patience, "the security log says that many guess at the account", func() bool {
		return s.Said("gatehouse security v=1 event=auth-failure", "many sources guess at this account")
	})
	if s.Said("gatehouse security v=1 event=scan") {
		t.Error("a wrong password counts as a search for users too")
	}
	register(t, harness.UDP(t, s.Net.Addr(harness.AliceHost, 5060), s.Net.Server()), "alice", "secret-alice")
}
