package border_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/border"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
)

// heard lets somebody send a request for a user, and the PBX answer it with a status and header lines of its own. It returns what the sender hears.
func (p *paper) heard(from, method, user string, code int, lines ...string) string {
	p.t.Helper()
	request := strings.NewReplacer("INVITE", method, "bob@", user+"@", "abc1", "veil"+strconv.Itoa(len(p.seen)), "call-1@", user+strconv.Itoa(len(p.seen))+"@",
		"198.51.100.7", strings.Split(from, ":")[0]).Replace(invite)
	return p.answered(from, request, code, lines...)
}

// answered is heard for any request. What one PBX refuses with a 503, the other does too.
func (p *paper) answered(from, request string, code int, lines ...string) string {
	p.t.Helper()
	out := p.from(from, request)
	if len(out) == 0 || out[len(out)-1].to.Remote.String() != pbxAddr {
		p.t.Fatalf("not forwarded: %v", out)
	}
	forwarded := out[len(out)-1]
	for {
		says := answer(forwarded.text, strconv.Itoa(code)+" "+sip.ReasonPhrase(code), "theirs")
		for _, l := range lines {
			says = strings.Replace(says, "Contact: ", l+"\nContact: ", 1)
		}
		out = p.from(forwarded.to.Remote.String(), says)
		forwarded = out[len(out)-1]
		if forwarded.to.Remote.String() == from {
			return forwarded.text
		}
	}
}

// barred tells whether the guard has banned an address.
func (p *paper) barred(addr string) bool {
	return !p.border.Admit(netip.MustParseAddrPort(addr), sip.UDP, 500, p.now)
}

func codeOf(text string) int {
	if text == "" {
		return 0
	}
	code, _ := strconv.Atoi(strings.Fields(text)[1])
	return code
}

const thePBX = "Server: PBX 1.0\nWarning: 399 pbx \"all about it\"\nReason: Q.850;cause=1\nX-Extension: 100\nRetry-After: 30"

func TestStrangersHearOneAnswerWhereverNobodyIs(t *testing.T) {
	for method, codes := range map[string]map[int]int{
		"INVITE": {
			404: 480, 410: 480, 480: 480, 484: 480, 485: 480, 604: 480, 408: 480, 500: 480, 502: 480, 503: 480, 504: 480,
			200: 200, 302: 302, 401: 401, 403: 403, 407: 407, 416: 416, 486: 486, 488: 488, 501: 501, 600: 600, 603: 603, 607: 607,
		},
		"MESSAGE":   {404: 480, 410: 480, 480: 480, 604: 480, 500: 480, 200: 200, 202: 202, 403: 403, 405: 405, 486: 486},
		"SUBSCRIBE": {404: 480, 480: 480, 604: 480, 200: 200, 202: 202, 403: 403, 489: 489},
		"PUBLISH":   {404: 480, 480: 480, 200: 200, 412: 412, 489: 489},
		"OPTIONS":   {200: 480, 401: 480, 403: 480, 404: 480, 480: 480, 486: 480, 488: 480, 501: 480},
		"INFO":      {200: 480, 404: 480, 405: 480, 481: 480},
		"FOO":       {200: 480, 404: 480, 405: 480, 501: 480},
		"REGISTER":  {404: 401, 410: 401, 480: 401, 484: 401, 604: 401, 403: 401, 200: 200, 405: 405, 423: 423, 500: 500, 503: 500},
	} {
		for code, want := range codes {
			p := newPaper(t, nil, screen.Layer{})
			got := p.heard(callerAddr, method, "100", code, thePBX)
			if codeOf(got) != want {
				t.Errorf("%s, the PBX says %d: heard %q, want %d", method, code, got, want)
			}
			told := p.seen[0].Response
			switch {
			case want == code || code == 503 && want == 500:
				if told != nil {
					t.Errorf("%s %d: the history says %+v", method, code, told)
				}
			case told == nil || told.Code != want || told.Reason != fmt.Sprintf("instead of %d behind us", code):
				t.Errorf("%s %d: the history says %+v", method, code, told)
			}
		}
	}
}

// variable is what differs between the answers to any two requests.
var variable = regexp.MustCompile(`(?m)^(Via|From|To|Call-ID|CSeq): .*\r\n`)

// A scanner compares octets.
func TestStrangersCannotTellTheAbsentFromTheMissing(t *testing.T) {
	for _, method := range []string{"INVITE", "MESSAGE", "SUBSCRIBE", "OPTIONS", "INFO"} {
		p := newPaper(t, nil, screen.Layer{})
		var answers []string
		for i, code := range []int{404, 480, 604, 410} {
			lines := strings.Replace(thePBX, "100", strconv.Itoa(100+i), 1)
			answers = append(answers, p.heard(callerAddr, method, strconv.Itoa(100+i), code, lines))
		}
		for _, a := range answers[1:] {
			if variable.ReplaceAllString(a, "") != variable.ReplaceAllString(answers[0], "") || len(a) != len(answers[0]) {
				t.Errorf("%s: they can tell\n%s\nfrom\n%s", method, answers[0], a)
			}
		}
		if got := variable.ReplaceAllString(answers[0], ""); got != "SIP/2.0 480 Temporarily Unavailable\r\nContent-Length: 0\r\n\r\n" {
			t.Errorf("%s: heard %q", method, got)
		}
	}
}

// It is the answer that a hosted domain gives.
func TestAbsentIsWhatAHostedDomainSays(t *testing.T) {
	p := newHome(t)
	out := p.from(callerAddr, strings.ReplaceAll(invite, "example.test", "home.test"))
	if len(out) != 1 {
		t.Fatalf("%v", out)
	}
	hosted := variable.ReplaceAllString(out[0].text, "")
	if behind := variable.ReplaceAllString(newPaper(t, nil, screen.Layer{}).heard(callerAddr, "INVITE", "bob", 404, thePBX), ""); behind != hosted {
		t.Errorf("hosted %q, behind a PBX %q", hosted, behind)
	}
}

// An OPTIONS rings nowhere: nobody would see who looks which telephones are on, be it by how long they take.
func TestStrangersDoNotReachATelephoneWithoutRinging(t *testing.T) {
	p := newHome(t)
	if out := p.from(callerAddr, proven(t, p)); len(out) != 1 || status(out[0]) != "SIP/2.0 200 OK" {
		t.Fatalf("REGISTER: %v", out)
	}
	const stranger = "198.51.100.20:5060"
	for _, method := range []string{"OPTIONS", "INFO", "FOO", "INVITE"} {
		request := strings.NewReplacer("bob@example.test", "alice@home.test", "INVITE", method, "abc1", method, "call-1@", method+"@", "198.51.100.7", "198.51.100.20").Replace(invite)
		out := p.from(stranger, request)
		if reached := len(out) == 2 && out[1].to.Remote.String() == callerAddr; reached != (method == "INVITE") {
			t.Errorf("%s: %v", method, out)
		}
		if method != "INVITE" && (len(out) != 1 || variable.ReplaceAllString(out[0].text, "") != "SIP/2.0 480 Temporarily Unavailable\r\nContent-Length: 0\r\n\r\n") {
			t.Errorf("%s hears %v", method, out)
		}
	}
}

// Whom we know hears what the PBX says, and so does who calls for help.
func TestOthersHearWhatThePBXSays(t *testing.T) {
	const carrier = "203.0.113.9:5060"
	p := newPaper(t, nil, screen.Layer{})
	for _, method := range []string{"INVITE", "OPTIONS", "REGISTER"} {
		if got := p.heard(carrier, method, "100", 404, thePBX); codeOf(got) != 404 || header(got, "Server") != "PBX 1.0" {
			t.Errorf("a peer's %s hears %q", method, got)
		}
	}
	if got := p.heard(callerAddr, "INVITE", "112", 404, thePBX); codeOf(got) != 404 {
		t.Errorf("who calls for help hears %q", got)
	}
	if got := p.answered(callerAddr, strings.Replace(register, "Subject: ", credentials+"Subject: ", 1), 200); codeOf(got) != 200 {
		t.Fatalf("REGISTER: %q", got)
	}
	for _, method := range []string{"INVITE", "OPTIONS", "REGISTER"} {
		if got := p.heard(callerAddr, method, "100", 404, thePBX); codeOf(got) != 404 || header(got, "Server") != "PBX 1.0" {
			t.Errorf("the %s of a telephone that is registered hears %q", method, got)
		}
	}
}

// Who is never screened is not shown to strangers for that; only who calls for help hears everything.
func TestExemptNumbersAreAbsentInTheSameWords(t *testing.T) {
	p := newPaperWith(t, nil, screen.Layer{}, nil, func(c *border.Config) {
		c.Site.Exempt = append(c.Site.Exempt, "1001")
		c.Site.Seal()
	})
	if got := p.heard(callerAddr, "INVITE", "1001", 480, thePBX); variable.ReplaceAllString(got, "") != "SIP/2.0 480 Temporarily Unavailable\r\nContent-Length: 0\r\n\r\n" {
		t.Errorf("heard %q", got)
	}
	for i := range 6 {
		p.heard(callerAddr, "INVITE", "1001", 404, fmt.Sprint("X: ", i))
	}
	if p.barred(callerAddr) {
		t.Error("banned for calling a number that is never screened")
	}
}

// What a call that was let in is told is no news about who is there.
func TestWithinACallAllIsHeard(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	u := p.callUp(pbxContact)
	if got := p.answered(callerAddr, u.caller("INVITE", pbxContact, "again"), 404, thePBX); codeOf(got) != 404 || header(got, "Server") != "PBX 1.0" {
		t.Errorf("heard %q", got)
	}
}

// The guard hears the truth: five wrong numbers are a search, whatever the caller was told.
func TestGuardHearsWhatThePBXSays(t *testing.T) {
	for method, code := range map[string]int{"INVITE": 404, "REGISTER": 404, "MESSAGE": 604} {
		p := newPaper(t, nil, screen.Layer{})
		for i := range 5 {
			if p.barred(callerAddr) {
				t.Errorf("%s: banned after %d", method, i)
			}
			p.heard(callerAddr, method, "10"+strconv.Itoa(i), code)
			p.after(2 * time.Second)
		}
		if !p.barred(callerAddr) {
			t.Errorf("%s: not banned", method)
		}
	}
}

const asterisk = `WWW-Authenticate: Digest realm="asterisk",nonce="%d/0f343b0931126a20f133d67c2b018a3b",opaque="%s",algorithm=MD5,qop="auth"` + "\nServer: Asterisk PBX 22.10"

// The PBX challenges whom it knows, and says 404 to all others: they are challenged in the same form.
func TestWhoRegistersIsChallengedWhetherThereIsSuchAUser(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	before := p.heard("198.51.100.20:5060", "REGISTER", "missing", 404, thePBX)
	if codeOf(before) != 401 || !strings.HasPrefix(header(before, "WWW-Authenticate"), `Digest realm="example.test",nonce="`) {
		t.Errorf("before anybody was challenged: %q", before)
	}
	now := time.Now().Unix()
	p.heard("198.51.100.21:5060", "REGISTER", "101", 401, fmt.Sprintf(asterisk, now-100, "41d1a05d5bc4b0f1"))
	there := p.heard("198.51.100.22:5060", "REGISTER", "102", 401, fmt.Sprintf(asterisk, now-90, "0c2f1b6e7a90d3b5"))
	missing := p.heard("198.51.100.23:5060", "REGISTER", "103", 404, thePBX)
	again := p.heard("198.51.100.24:5060", "REGISTER", "103", 403, thePBX)

	form := regexp.MustCompile(`^SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="asterisk",nonce="(\d{10})/([0-9a-f]{32})",opaque="([0-9a-f]{16})",algorithm=MD5,qop="auth"\r\n` +
		`Content-Length: 0\r\n\r\n$`)
	var values [][]string
	for _, a := range []string{there, missing, again} {
		v := form.FindStringSubmatch(variable.ReplaceAllString(a, ""))
		if v == nil {
			t.Fatalf("another form: %q", a)
		}
		values = append(values, v)
	}
	if len(there) != len(missing) {
		t.Errorf("%d octets and %d", len(there), len(missing))
	}
	for i, j := range map[int]int{0: 1, 1: 2, 2: 0} {
		if values[i][2] == values[j][2] || values[i][3] == values[j][3] {
			t.Errorf("%q and %q have something in common", values[i], values[j])
		}
	}
	if at, _ := strconv.ParseInt(values[1][1], 10, 64); at < now || at > time.Now().Unix() {
		t.Errorf("the challenge is of %d, and now is %d", at, now)
	}
}

// With credentials a 404 is a challenge once more, as for a wrong password; a 403 says that they are of no use, or too many.
func TestWhoRegistersWithAPasswordLearnsNothing(t *testing.T) {
	for code, want := range map[int]int{404: 401, 401: 401, 403: 403} {
		p := newPaper(t, nil, screen.Layer{})
		got := p.answered(callerAddr, strings.Replace(register, "Subject: ", credentials+"Subject: ", 1), code, fmt.Sprintf(asterisk, 1, "x"))
		if codeOf(got) != want {
			t.Errorf("the PBX says %d: heard %q", code, got)
		}
	}
}

// Many look like this one: an opaque that stays the same, upper case, a nonce in Base64, two algorithms, a short value.
func TestChallengesKeepTheirForm(t *testing.T) {
	for lines, form := range map[string]string{
		`WWW-Authenticate: Digest realm="a", nonce="2E6BF7F1-0000", opaque="00000001", qop="auth"`:   `Digest realm="a", nonce="[0-9A-F]{8}-\d{4}", opaque="00000001", qop="auth"`,
		`WWW-Authenticate: Digest realm="a", nonce="Yv3/xG+9Zz0=", qop="auth"`:                       `Digest realm="a", nonce="[0-9A-Za-z]{3}/[0-9A-Za-z]{2}\+[0-9A-Za-z]{4}=", qop="auth"`,
		`WWW-Authenticate: Digest realm="a", nonce="x1", qop="auth"`:                                 `Digest realm="a", nonce="x1", qop="auth"`,
		`WWW-Authenticate: Digest realm="abc", nonce="zyxw1234", algorithm=SHA-256, stale=false`:     `Digest realm="abc", nonce="[0-9a-z]{8}", algorithm=SHA-256, stale=false`,
		`Proxy-Authenticate: Digest realm="abc", nonce="12345678901234567890123", algorithm=SHA-256`: `Digest realm="abc", nonce="\d{23}", algorithm=SHA-256`,
	} {
		p := newPaper(t, nil, screen.Layer{})
		name, value, _ := strings.Cut(lines, ": ")
		p.heard("198.51.100.21:5060", "REGISTER", "101", 401, lines)
		p.heard("198.51.100.21:5060", "REGISTER", "101", 401, lines)
		got := header(p.heard(callerAddr, "REGISTER", "102", 404), name)
		if !regexp.MustCompile("^"+form+"$").MatchString(got) || got == value && !strings.Contains(value, `"x1"`) {
			t.Errorf("like %s: %s", lines, got)
		}
	}
}
