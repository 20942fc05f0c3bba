package locate

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"gatehouse.example/sip"
)

// errNotLiteral tells a domain name from an IP literal.
var errNotLiteral = errors.New("locate: not an IP literal")

// literal appends the one hop of an IP literal. RFC 3263 §4.1 and §4.2.
func (r *Resolver) literal(t Target, dst []Hop) ([]Hop, error) {
	addr, ok := parseLiteral(t.Host)
	if !ok {
		return dst, errNotLiteral
	}
	transport, err := r.transport(key{port: t.Port, transport: t.Transport, secure: t.Secure})
	if err != nil {
		return dst, err
	}
	if transport == sip.UnknownTransport {
		transport = sip.UDP
		if t.Secure {
			transport = sip.TLS
		}
		if !r.has(transport) {
			return dst, ErrNotFound
		}
	}
	port := t.Port
	if port == 0 {
		port = defaultPort(transport)
	}
	h := Hop{Addr: netip.AddrPortFrom(addr, port), Transport: transport}
	if secure(transport) {
		h.ServerName = strings.TrimSuffix(strings.TrimPrefix(t.Host, "["), "]")
	}
	if err := r.possible(h.Addr); err != nil {
		return dst, err
	}
	if r.health.any() && r.health.of(h, r.cfg.Now()) == resting {
		return dst, ErrBusy
	}
	return append(dst, h), nil
}

// parseLiteral reads an IPv4 address or an IPv6 address with or without
// brackets. A look at its octets spares names the cost of an error.
func parseLiteral(host string) (netip.Addr, bool) {
	n := len(host)
	switch {
	case n == 0:
		return netip.Addr{}, false
	case host[0] == '[' && host[n-1] == ']':
		host = host[1 : n-1]
	case strings.IndexByte(host, ':') >= 0:
	case !dotted(host):
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(host)
	return a.Unmap(), err == nil
}

// dotted says whether host has only digits and dots.
func dotted(host string) bool {
	for i := range len(host) {
		if c := host[i]; c != '.' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// transport applies the rules of RFC 3263 §4.1 that need no DNS. Unknown means
// that DNS decides.
func (r *Resolver) transport(k key) (sip.Transport, error) {
	t := k.transport
	if k.secure {
		switch t {
		case sip.UnknownTransport:
			if k.port != 0 {
				t = sip.TLS
			}
		case sip.TCP, sip.TLS: // RFC 3261 §26.2.2: sips over TCP is TLS.
			t = sip.TLS
		case sip.WS, sip.WSS:
			t = sip.WSS
		default:
			return t, ErrTarget
		}
	} else if t == sip.UnknownTransport && k.port != 0 {
		t = sip.UDP
	}
	if t != sip.UnknownTransport && !r.has(t) {
		return t, ErrNotFound
	}
	return t, nil
}

func (r *Resolver) has(t sip.Transport) bool {
	return t != sip.UnknownTransport && slices.Contains(r.cfg.Transports, t)
}

// services lists the SRV names to ask for where there is no NAPTR record, in
// our order of preference. RFC 3263 §4.1: only secure ones for sips.
func (r *Resolver) services(k key) []service {
	var list []service
	for _, t := range r.cfg.Transports {
		if !k.secure || secure(t) {
			list = append(list, serviceOf(k.host, t)...)
		}
	}
	return list
}

// serviceOf returns the SRV name of a transport; none for WebSocket, which has
// no SRV service name (RFC 7118).
func serviceOf(host string, t sip.Transport) []service {
	switch t {
	case sip.UDP:
		return []service{{"_sip._udp." + host, t}}
	case sip.TCP:
		return []service{{"_sip._tcp." + host, t}}
	case sip.TLS:
		return []service{{"_sips._tcp." + host, t}}
	}
	return nil
}

// naptrTransport maps the services of RFC 3263 §4.1 and RFC 7118 §9.
func naptrTransport(service string) sip.Transport {
	switch strings.ToUpper(service) {
	case "SIP+D2U":
		return sip.UDP
	case "SIP+D2T":
		return sip.TCP
	case "SIPS+D2T":
		return sip.TLS
	case "SIP+D2W":
		return sip.WS
	case "SIPS+D2W":
		return sip.WSS
	}
	return sip.UnknownTransport
}

func secure(t sip.Transport) bool { return t == sip.TLS || t == sip.WSS }

// defaultPort: RFC 3261 §19.1.2, RFC 7118 §5.2.2.
func defaultPort(t sip.Transport) uint16 {
	switch t {
	case sip.TLS:
		return 5061
	case sip.WS:
		return 80
	case sip.WSS:
		return 443
	}
	return 5060
}
