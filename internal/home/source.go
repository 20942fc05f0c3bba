package home

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"gatehouse.example/sip"
)

// Source is the flow that a request came over, so that calls go back the same way: through the NAT that the
// phone stands behind, on the connection it opened (RFC 5626 §3 without its extra machinery). It has the
// fields of a wire flow. The zero value means that no flow is known and the contact's URI is to be resolved.
type Source struct {
	Transport sip.Transport
	Socket    uint8  // index of the listener
	Conn      uint64 // connection, 0 on UDP
	Remote    netip.AddrPort
}

// Known tells whether there is a flow at all.
func (s Source) Known() bool { return s.Remote.IsValid() }

// String writes the flow as the store keeps it: "udp/0/0/192.0.2.7:5060"; "" if it is not known.
func (s Source) String() string {
	if !s.Known() {
		return ""
	}
	return s.Transport.Lower() + "/" + strconv.Itoa(int(s.Socket)) + "/" + strconv.FormatUint(s.Conn, 10) + "/" + s.Remote.String()
}

// ParseSource reads what String writes.
func ParseSource(text string) (Source, error) {
	if text == "" {
		return Source{}, nil
	}
	f := strings.SplitN(text, "/", 4)
	if len(f) != 4 {
		return Source{}, fmt.Errorf("home: flow %q has not four parts", text)
	}
	s := Source{Transport: sip.ParseTransport([]byte(f[0]))}
	socket, err := strconv.ParseUint(f[1], 10, 8)
	if err != nil {
		return Source{}, fmt.Errorf("home: flow %q: listener: %w", text, err)
	}
	if s.Conn, err = strconv.ParseUint(f[2], 10, 64); err != nil {
		return Source{}, fmt.Errorf("home: flow %q: connection: %w", text, err)
	}
	if s.Remote, err = netip.ParseAddrPort(f[3]); err != nil {
		return Source{}, fmt.Errorf("home: flow %q: %w", text, err)
	}
	if s.Socket = uint8(socket); s.Transport == sip.UnknownTransport {
		return Source{}, fmt.Errorf("home: flow %q: unknown transport", text)
	}
	return s, nil
}
