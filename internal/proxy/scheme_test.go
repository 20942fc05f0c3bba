package proxy

import (
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// RFC 3261 §16.6 step 4: the scheme of our Record-Route is that of the request's
// target, whatever the transport on either side.
func TestRecordRouteHasTheSchemeOfTheTarget(t *testing.T) {
	const (
		clear = "<sip:192.0.2.1:5060;lr"
		tcp   = "<sip:192.0.2.1:5060;transport=tcp;lr"
		tls   = "<sip:192.0.2.1:5061;transport=tls;lr"
		sips  = "<sips:192.0.2.1:5061;lr"
	)
	for _, c := range []struct {
		name    string
		from    sip.Transport
		to      Target
		request string // Request-URI
		route   string
		want    []string // from the callee's side to the caller's
	}{
		{name: "UDP to UDP", from: sip.UDP, request: "sip:bob@example.test", want: []string{clear}},
		{name: "TCP to UDP", from: sip.TCP, request: "sip:bob@example.test", want: []string{clear, tcp}},
		{name: "TLS to UDP", from: sip.TLS, request: "sip:bob@example.test", want: []string{clear, tls}},
		{name: "TLS to TLS", from: sip.TLS, to: Target{Next: next(bob)}, request: "sip:bob@example.test", want: []string{tls}},
		{name: "UDP to TLS", from: sip.UDP, to: Target{Next: next(bob)}, request: "sip:bob@example.test", want: []string{tls, clear}},
		{name: "sips over TLS", from: sip.TLS, to: Target{Next: next(bob)}, request: "sips:bob@example.test", want: []string{sips}},
		{name: "sips becomes sip", from: sip.TLS, to: Target{URI: "sip:bob@192.0.2.80"}, request: "sips:bob@example.test", want: []string{clear, tls}},
		{name: "sip becomes sips", from: sip.TLS, to: Target{URI: "sips:bob@192.0.2.80", Next: next(bob)}, request: "sip:bob@example.test", want: []string{sips}},
		{name: "sips Route", from: sip.TLS, to: Target{Next: next(bob)}, request: "sip:bob@example.test", route: "Route: <sips:192.0.2.90;lr>\n", want: []string{sips}},
		{name: "sips Path", from: sip.TLS, to: Target{URI: "sip:bob@192.0.2.80", Next: next(bob), Path: []string{"<sips:192.0.2.90;lr>"}}, request: "sip:b@example.test", want: []string{sips}},
		{name: "sips in clear", from: sip.UDP, to: Target{Next: next(bob)}, request: "sips:bob@example.test", want: []string{sips}},
	} {
		n := newPaper(t)
		if c.to.Next.Host != "" {
			c.to.Next.Transport = sip.TLS
		} else {
			c.to.Next = next(bob)
		}
		n.targets = []Target{c.to}
		f := wire.Flow{Transport: c.from, Remote: netip.MustParseAddrPort(alice)}
		if c.from != sip.UDP {
			f.Conn, f.Socket = 9, 1
		}
		text := with(strings.Replace(invite, "INVITE sip:bob@example.test", "INVITE "+c.request, 1), c.route)
		out := sentTo(n.receive(f, text), bob)
		if len(out) != 1 {
			t.Fatalf("%s: %v", c.name, n.sent)
		}
		var got []string
		for _, rr := range strings.Split(strings.Join(header(out[0].text, "Record-Route"), ", "), ", ") {
			entry, _, _ := strings.Cut(rr, ";gh=")
			got = append(got, entry)
		}
		if strings.Join(got, ", ") != strings.Join(c.want, ", ") {
			t.Errorf("%s: Record-Route %q, want %q", c.name, got, c.want)
		}
	}
}
