package home

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Property: whatever stands in the headers, the answer is a well-formed response of the same request with
// no line that was not meant, a 200 shows what Contacts returns, and its contacts register again.
func FuzzRegister(f *testing.F) {
	f.Add("<sip:alice@198.51.100.7:5060;transport=tcp?Route=%3Csip:x%3E>;q=0.5;+sip.instance=\"<urn:uuid:1>\";expires=60", "600", "<sip:p.test;lr>", "path")
	f.Add("*", "0", "", "")
	f.Add("sip:a@h;expires=0, \"A, B\" <sips:%61@[2001:db8::1]>", "x", "", "outbound")
	f.Fuzz(func(t *testing.T, contact, expires, path, tag string) {
		headers := []string{"Contact: " + contact, "Expires: " + expires, "Supported: " + tag, "User-Agent: " + tag}
		if path != "" {
			headers = append(headers, "Path: "+path)
		}
		var m, back sip.Message
		if strings.ContainsAny(contact+expires+path+tag, "\r\n") || m.Parse(requestText("REGISTER sip:example.test", headers...)) != nil {
			return
		}
		r := newRegistrar(nil)
		got := r.Register(&m, overUDP, alice, noon)
		got.ToTag, got.Source = "t", overUDP.Remote
		out := sip.AppendResponse(nil, &m, &got)
		if err := back.Parse(out); err != nil {
			t.Fatalf("%v in the answer\n%s", err, out)
		}
		if back.Status() != got.Status || len(back.Fields()) != 6+bytes.Count(got.Headers, []byte("\r\n")) {
			t.Fatalf("%d fields in\n%s", len(back.Fields()), out)
		}
		bound := r.Contacts(alice, noon)
		if got.Status != 200 && bound != nil {
			t.Fatalf("status %d and bound %v", got.Status, bound)
		}
		again := newRegistrar(nil)
		for _, c := range bound {
			// A '?' in the user part is one of its characters (RFC 3261 §25.1); behind the host it begins headers, which must be gone.
			u, err := uri.Parse([]byte(c.Target))
			if !c.Expires.After(noon) || c.Expires.After(noon.Add(2*time.Hour)) || err != nil || u.Headers != nil {
				t.Fatalf("%+v", c)
			}
			second := message(t, "REGISTER sip:example.test", "Contact: <"+c.URI+">")
			if got := again.Register(second, overUDP, alice, noon); got.Status != 200 {
				t.Fatalf("%q does not register again: %d %s", c.URI, got.Status, got.Reason)
			}
		}
		if len(again.Contacts(alice, noon)) != len(bound) {
			t.Fatalf("%d contacts, then %d", len(bound), len(again.Contacts(alice, noon)))
		}
	})
}
