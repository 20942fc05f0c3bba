package uri_test

import (
	"bytes"
	"testing"

	"gatehouse.example/sip/uri"
)

// FuzzURI: what is parsed and written parses to the same parts; Equal is reflexive and symmetric; a key is a URI and its
// own key; a number is its own number.
func FuzzURI(f *testing.F) {
	for _, s := range []string{
		"sip:alice:pw@example.com:5060;transport=tcp;lr?subject=x&to=y", "sips:%61@[2001:db8::1]", "tel:+1-201;ext=1",
		"tel:70*#;phone-context=+1", "urn:service:sos", "http://a/b?c#d", "sip:[::ffff:1.2.3.4]:1", "sip:a#b@1.2.3.4.",
		"sip:a@[1:::1.2.3.4]", "sip:+1555123%30001p1@h;user=phone", "tel:0217777777777777777777777777777777202021",
	} {
		f.Add([]byte(s), []byte("sip:b@h"))
	}
	f.Fuzz(func(t *testing.T, b, other []byte) {
		u, err := uri.Parse(b)
		if err != nil {
			return
		}
		text := u.AppendTo(nil)
		v, err := uri.Parse(text)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", b, text, err)
		}
		if again := v.AppendTo(nil); !bytes.Equal(text, again) {
			t.Fatalf("%q is written as %q, then as %q", b, text, again)
		}
		if !uri.Equal(&u, &u) || !uri.Equal(&u, &v) || !uri.Equal(&v, &u) {
			t.Fatalf("%q and %q are not equal", b, text)
		}
		if w, err := uri.Parse(other); err == nil && uri.Equal(&u, &w) != uri.Equal(&w, &u) {
			t.Fatalf("comparison of %q and %q is not symmetric", b, other)
		}
		key := u.AppendAoR(nil)
		k, err := uri.Parse(key)
		if err != nil {
			t.Fatalf("%q has the key %q: %v", b, key, err)
		}
		if again := k.AppendAoR(nil); !bytes.Equal(key, again) {
			t.Fatalf("%q has the key %q, then %q", b, key, again)
		}
		plan := uri.Plan{Country: "49", International: "00", Trunk: "0"}
		if number, ok := u.AppendNumber(nil, plan); ok && number[0] == '+' {
			n, err := uri.Parse(append([]byte("tel:"), number...))
			if err != nil {
				t.Fatalf("%q has the number %q: %v", b, number, err)
			}
			if again, ok := n.AppendNumber(nil, plan); !ok || !bytes.Equal(number, again) {
				t.Fatalf("%q has the number %q, then %q", b, number, again)
			}
		}
		_, _ = u.Addr()
		_, _ = u.Param("lr")
	})
}
