package siptest

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ErrSilence: nothing came in time.
var ErrSilence = errors.New("siptest: nothing received")

// Agent is one side of a SIP conversation over UDP, for tests that write and
// read whole messages.
type Agent struct {
	socket  *Socket
	pending []packet
}

type packet struct {
	text string
	from netip.AddrPort
}

// NewAgent opens an agent on an address; the zero value is any loopback port.
func NewAgent(addr netip.AddrPort) (*Agent, error) {
	if !addr.IsValid() {
		addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	s, err := Listen(addr)
	if err != nil {
		return nil, err
	}
	return &Agent{socket: s}, nil
}

// Addr is where the agent listens.
func (a *Agent) Addr() netip.AddrPort { return a.socket.Local() }

// Close closes the agent's socket.
func (a *Agent) Close() error { return a.socket.Close() }

// Send sends a message; see Message.
func (a *Agent) Send(to netip.AddrPort, text string) error {
	refused := a.socket.Refused
	a.socket.queue([]byte(Message(text)), to)
	a.socket.flush()
	if a.socket.Refused != refused {
		return fmt.Errorf("siptest: the message to %s was not taken", to)
	}
	return nil
}

// Receive returns the next datagram and where it came from, ErrSilence when
// none comes within d.
func (a *Agent) Receive(d time.Duration) (text string, from netip.AddrPort, err error) {
	deadline := time.Now().Add(d)
	for len(a.pending) == 0 {
		for i := range a.socket.receive() {
			a.pending = append(a.pending, packet{string(a.socket.datagram(i)), a.socket.source(i)})
		}
		if len(a.pending) > 0 {
			break
		}
		left := time.Until(deadline)
		if left <= 0 {
			return "", netip.AddrPort{}, ErrSilence
		}
		poll([]unix.PollFd{{Fd: int32(a.socket.fd), Events: unix.POLLIN}}, left)
	}
	p := a.pending[0]
	a.pending = a.pending[1:]
	return p.text, p.from, nil
}

// Message makes a SIP message out of text as one writes it: leading white space
// of the whole goes, line ends become CRLF, the header ends with an empty line,
// and a line "Content-Length: *" gets the length of the body.
func Message(text string) string {
	text = strings.ReplaceAll(strings.TrimLeft(text, "\n\t "), "\r\n", "\n")
	head, body, found := strings.Cut(text, "\n\n")
	if !found {
		head = strings.TrimRight(head, "\n")
	}
	head = strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n"
	body = strings.ReplaceAll(body, "\n", "\r\n")
	head = strings.Replace(head, "Content-Length: *\r\n", fmt.Sprintf("Content-Length: %d\r\n", len(body)), 1)
	return head + body
}
