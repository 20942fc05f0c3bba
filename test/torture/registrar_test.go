package torture

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

// hosting is a server whose domains are hosted: their phones register with it.
const hosting = `
domains: [{name: example.com, aliases: ["2001:db8::10", "2001:db8::10:5070"], deliver: home}]
limits: {failures: {auth: 1000/m, malformed: 1000/m, unknown_user: 1000/m, scan: 1000/m}}
`

const password = "correct horse"

func TestRegistrarChallengesAndRegisters(t *testing.T) {
	t.Parallel()
	s := newSetup(t, hosting)
	for _, user := range []string{"j.user", "watson", "user"} {
		s.server.AddUser(t, user+"@example.com", password)
	}
	for _, m := range messages(t) {
		if m.method != "REGISTER" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			x := read(m.registrar)
			r := s.send(t, &m, &x, m.text)
			// The registrar wants a proof of everybody, before it looks closer.
			if r.Status() != 401 && !x.allows(r.Status()) {
				t.Fatalf("got %q, the index says %q", r.StartLine(), m.registrar)
			}
			if r.Status() != 401 || strings.HasPrefix(m.registrar, "4") {
				return
			}
			s.registerAs(t, &m, &x, r)
		})
	}
	s.alive(t)
}

// registerAs sends the message again as its user's phone would: with an answer
// to the challenge.
func (s *setup) registerAs(t *testing.T, m *message, x *expectation, challenge harness.Message) {
	t.Helper()
	original := harness.Message{Text: m.text}
	user, _, _ := strings.Cut(strings.TrimPrefix(harness.InBrackets(original.Get("To")), "sip:"), "@")
	text := strings.Replace(m.text, "branch=z9hG4bK", "branch=z9hG4bKagain", 1)
	text = harnessField(text, "Authorization: "+answer(challenge, user, original.RequestURI()))
	r := s.send(t, m, x, text)
	if strings.Contains(user, "%00") {
		// Nobody can have an account of that name.
		if r.Status() != 401 && r.Status() != 403 {
			t.Errorf("got %q", r.StartLine())
		}
		return
	}
	if r.Status() != 200 {
		t.Fatalf("with the right password: %q\n%s", r.StartLine(), r.Text)
	}
	contacts := strings.Join(r.All("Contact"), ",")
	switch m.name {
	case "cparam01": // ;unknownparam is a parameter of the header field
		if !strings.Contains(contacts, "<sip:+19725552222@gw1.example.net>") {
			t.Errorf("Contact: %s", contacts)
		}
	case "cparam02": // ;unknownparam is a parameter of the URI
		if !strings.Contains(contacts, "<sip:+19725552222@gw1.example.net;unknownparam>") {
			t.Errorf("Contact: %s", contacts)
		}
	}
}

func harnessField(text, line string) string {
	first, rest, _ := strings.Cut(text, "\r\n")
	return first + "\r\n" + line + "\r\n" + rest
}

var quoted = regexp.MustCompile(`(\w+)="([^"]*)"`)

// answer computes a digest by RFC 7616 with SHA-256, on its own.
func answer(challenge harness.Message, user, uri string) string {
	for _, c := range challenge.All("WWW-Authenticate") {
		if !strings.Contains(c, "SHA-256") {
			continue
		}
		p := map[string]string{}
		for _, kv := range quoted.FindAllStringSubmatch(c, -1) {
			p[kv[1]] = kv[2]
		}
		h := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
		response := h(h(user+":"+p["realm"]+":"+password) + ":" + p["nonce"] + ":00000001:abcd:auth:" + h("REGISTER:"+uri))
		return fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="abcd", opaque="%s"`,
			user, p["realm"], p["nonce"], uri, response, p["opaque"])
	}
	return ""
}
