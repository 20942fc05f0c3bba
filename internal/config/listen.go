package config

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"gatehouse.example/sip"
)

// Listen is one SIP socket.
type Listen struct {
	// Transport is UDP, TCP, TLS, WS or WSS.
	Transport sip.Transport
	// Addr is where it is bound.
	Addr netip.AddrPort
}

// ParseListen reads udp://127.0.0.1:5060. Without a port it is the
// transport's own: 5060, 5061 for tls, 80 for ws, 443 for wss.
func ParseListen(s string) (Listen, error) {
	name, rest, ok := strings.Cut(s, "://")
	if !ok {
		return Listen{}, fmt.Errorf("config: %q has no transport; write it as udp://127.0.0.1:5060", s)
	}
	l := Listen{Transport: sip.ParseTransport([]byte(name))}
	port := uint16(5060)
	switch l.Transport {
	case sip.UDP, sip.TCP:
	case sip.TLS:
		port = 5061
	case sip.WS:
		port = 80
	case sip.WSS:
		port = 443
	default:
		return Listen{}, fmt.Errorf("config: unknown transport %q; use udp, tcp, tls, ws or wss", name)
	}
	var err error
	if l.Addr, err = parseAddress(rest, port); err != nil {
		return Listen{}, err
	}
	return l, nil
}

// parseAddress reads ADDRESS[:PORT]; "localhost" is 127.0.0.1. Port 0 as the
// default means that the text has to name one.
func parseAddress(s string, port uint16) (netip.AddrPort, error) {
	if rest, ok := strings.CutPrefix(s, "localhost"); ok {
		s = "127.0.0.1" + rest
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap, nil
	}
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil && port != 0 {
		return netip.AddrPortFrom(a, port), nil
	}
	if strings.HasPrefix(s, ":") {
		return netip.AddrPort{}, fmt.Errorf("config: %q names no address; write 0.0.0.0%s or [::]%s for all of them", s, s, s)
	}
	return netip.AddrPort{}, fmt.Errorf("config: %q is not an IP address with a port; write it as 127.0.0.1:5060 or [::1]:5060", s)
}

// String is the entry as it is written in the file.
func (l Listen) String() string { return l.Transport.Lower() + "://" + l.Addr.String() }

// UnmarshalYAML reads an entry of `listen`.
func (l *Listen) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	if *l, err = ParseListen(s); err != nil {
		return bad(n, "%s", trimPrefix(err))
	}
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (l Listen) MarshalYAML() (any, error) { return l.String(), nil }

// Address is an IP address with a port.
type Address struct{ netip.AddrPort }

// UnmarshalYAML reads ADDRESS:PORT.
func (a *Address) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	if a.AddrPort, err = parseAddress(s, 0); err != nil {
		return bad(n, "%s", trimPrefix(err))
	}
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (a Address) MarshalYAML() (any, error) { return a.AddrPort.String(), nil }
