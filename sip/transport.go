package sip

// Transport is a SIP transport protocol.
type Transport uint8

// The transports that have a name in Via and in URIs. RFC 3261 §18, 7118, 4168.
const (
	UnknownTransport Transport = iota
	UDP
	TCP
	TLS
	WS
	WSS
	SCTP
	TLSSCTP
)

// String returns the name as Via writes it: "UDP".
func (t Transport) String() string {
	switch t {
	case UDP:
		return "UDP"
	case TCP:
		return "TCP"
	case TLS:
		return "TLS"
	case WS:
		return "WS"
	case WSS:
		return "WSS"
	case SCTP:
		return "SCTP"
	case TLSSCTP:
		return "TLS-SCTP"
	}
	return "UNKNOWN"
}

// Lower returns the name as the transport parameter of a URI writes it: "udp".
func (t Transport) Lower() string {
	switch t {
	case UDP:
		return "udp"
	case TCP:
		return "tcp"
	case TLS:
		return "tls"
	case WS:
		return "ws"
	case WSS:
		return "wss"
	case SCTP:
		return "sctp"
	case TLSSCTP:
		return "tls-sctp"
	}
	return "unknown"
}

// Reliable says whether the transport delivers in order or not at all, so that nothing is retransmitted over it.
func (t Transport) Reliable() bool { return t != UDP && t != UnknownTransport }

// Secure says whether the transport is protected by TLS.
func (t Transport) Secure() bool { return t == TLS || t == WSS || t == TLSSCTP }

// ParseTransport reads a transport name in any case. RFC 3261 §20.42: the tokens of Via compare case-insensitively.
func ParseTransport(b []byte) Transport {
	for t := UDP; t <= TLSSCTP; t++ {
		if equalFold(b, t.Lower()) {
			return t
		}
	}
	return UnknownTransport
}
