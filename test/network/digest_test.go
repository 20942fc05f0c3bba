package network

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

// register registers a phone's address in its own network, with the password "secret".
func register(t *testing.T, e *harness.Endpoint, user string) {
	t.Helper()
	me := "<sip:" + user + "@example.test>"
	request := e.Request("REGISTER", "sip:example.test", "From: "+me+";tag="+harness.Token(), "To: "+me,
		contact(e, user), "Expires: 300")
	if ok := e.Ask(t, prove(t, e, user, request)); ok.Status() != 200 {
		t.Fatalf("REGISTER: %s", ok.StartLine())
	}
}

// contact is what a phone calls itself: an address of its own network.
func contact(e *harness.Endpoint, user string) string {
	return "Contact: <sip:" + user + "@" + phone + ":5060;transport=" + strings.ToLower(e.Transport) + ">"
}

var quoted = regexp.MustCompile(`(\w+)="([^"]*)"`)

// prove sends a request, and returns it with what it is asked for (RFC 7616 §3.4, SHA-256).
func prove(t *testing.T, e *harness.Endpoint, user, request string) string {
	t.Helper()
	m := harness.Message{Text: request}
	refused, field, answer := e.Ask(t, request), "WWW-Authenticate", "Authorization"
	if refused.Status() == 407 {
		field, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	for _, c := range refused.All(field) {
		if !strings.Contains(c, "algorithm=SHA-256,") && !strings.HasSuffix(c, "algorithm=SHA-256") {
			continue
		}
		p := map[string]string{}
		for _, kv := range quoted.FindAllStringSubmatch(c, -1) {
			p[kv[1]] = kv[2]
		}
		h := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
		response := h(h(user+":"+p["realm"]+":secret") + ":" + p["nonce"] + ":00000001:abcd:auth:" + h(m.Method()+":"+m.RequestURI()))
		line := fmt.Sprintf(`%s: Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="abcd", opaque="%s"`,
			answer, user, p["realm"], p["nonce"], m.RequestURI(), response, p["opaque"])
		return harness.With(strings.NewReplacer("CSeq: 1 ", "CSeq: 2 ", ";branch=z9hG4bK", ";branch=z9hG4bK2").Replace(request), line)
	}
	t.Fatalf("%s: no challenge for SHA-256 in %s", m.Method(), refused.Text)
	return ""
}
