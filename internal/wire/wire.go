// Package wire is the sockets of the border: SIP over UDP, TCP, TLS, WebSocket
// and secure WebSocket. It turns octets into whole messages and back, and knows
// nothing of what a message says.
//
// It obeys RFC 3261 §18 (transport; the Via stamps of §18.2.1 and RFC 3581 are
// made by sip, the address they need is Packet.Flow.Remote), RFC 5626 §4.4.1
// (CRLF keep-alives on streams), RFC 5922 (whom a TLS certificate names),
// RFC 7118 (WebSocket) and RFC 8996 (no TLS below 1.2).
//
// # Run to completion
//
// A UDP reader takes a batch of datagrams with one recvmmsg, hands each to the
// [Handler] on its own goroutine, and sends everything that the handler put into
// the [Outbox] with as few sendmmsg calls as can be. A stream connection does
// the same for all messages that one read completed. There is no goroutine per
// message anywhere. A handler that blocks, blocks its socket.
//
// # Buffers
//
// Packet.Data belongs to wire and is only lent until Handler.Packet returns.
// Outbox.Send copies. Nothing on the UDP path allocates once it is warm.
//
// # Memory
//
// Unknown UDP sources leave no trace at all. Streams are bounded by
// Limits: connections in total and per source, octets waiting to be read or
// written per connection and in total.
//
// # Concurrency
//
// A Handler is called from several goroutines at once: one per UDP reader and
// one per connection. Packets of one flow come in order and never at the same
// time. An Outbox has one owner.
package wire

import (
	"errors"
	"net/netip"
	"time"

	"gatehouse.example/sip"
)

// ConnID names a stream connection for the life of the process; 0 is none (UDP).
type ConnID uint64

// Flow is how a message came and how an answer goes back. It is comparable.
type Flow struct {
	Transport sip.Transport
	// Socket is the index of the listener in Config.Listen. For connections
	// that wire dialled it is 0 and means nothing.
	Socket uint8
	// Local names one of several local addresses behind a wildcard UDP
	// listener, so that an answer leaves from the address the request came to
	// (RFC 3581 §4). 0 leaves the choice to the kernel.
	Local uint8
	// Conn is the stream connection, 0 for UDP.
	Conn   ConnID
	Remote netip.AddrPort
}

// Dest is where a message goes.
//
// UDP: from the listener Socket to Remote; when the listener is of another
// address family (or is not UDP), the first UDP listener of the right family is
// taken. Streams: on connection Conn when it is set and still open; otherwise on
// an open connection to the same transport, Remote and ServerName; otherwise on
// a new one, which is dialled in the background while the message waits.
type Dest struct {
	Flow
	// ServerName is the domain that a TLS server must prove (RFC 5922 §7.2):
	// the domain of the URI that is served, not the SRV target. When empty, the
	// certificate must name the IP address of Remote.
	ServerName string
	// Only tells that Conn is the only way there: whoever is behind a NAT cannot be
	// dialled, and at the address of the NAT may be somebody else.
	Only bool
}

// PeerCert tells whom the verified certificate of a TLS peer names.
type PeerCert struct {
	// Names are the SIP domains of RFC 5922 §7.1, in lower case.
	Names []string
}

// Packet is one message as it came.
type Packet struct {
	// Data is the message: a datagram, a WebSocket message, or what sip.Frame
	// cut from a stream. It is borrowed until Handler.Packet returns.
	Data []byte
	Flow Flow
	// Local is the address that it came to.
	Local netip.AddrPort
	// Now is the time of arrival in Unix nanoseconds, read once per batch.
	Now int64
	// TLS is nil unless the peer, a client or a server that we connected to,
	// showed a certificate that verified.
	TLS *PeerCert
	// Fault is what is wrong with a stream's framing: where Data ends nobody
	// knows, so it is no message even if a parser takes it for one.
	Fault error
}

// Handler receives what arrives. All methods are called on wire's goroutines.
type Handler interface {
	// Admit is asked before anything else is done with a datagram, and with
	// size 0 when a connection is accepted. False discards without a trace.
	// It must not allocate or block.
	Admit(remote netip.AddrPort, transport sip.Transport, size int, now int64) bool
	// Packet handles one message. Answers go into out, which wire flushes when
	// the batch is done. When a stream's framing breaks, Packet gets the bad
	// octets once, with the Fault, so that it can be answered, and the
	// connection is closed when the answer has been written.
	Packet(p *Packet, out *Outbox)
	// SendFailed tells that a message was not delivered: a connection that
	// could not be opened or broke, a full queue, an ICMP error; with ErrLost,
	// that its connection has ended since it was written. head is the
	// start of the message when that is known and borrowed for the call;
	// token is what Send was given, 0 for ICMP errors. It is called from
	// Outbox.Flush, from readers and from connections: never from Send.
	SendFailed(f Flow, token uint64, head []byte, err error)
	// Closed tells that a stream connection has ended.
	Closed(f Flow)
}

// Listener is an open listener.
type Listener struct {
	Transport sip.Transport
	Addr      netip.AddrPort
	Index     uint8
}

// Listen is an address to listen on. Port 0 takes a free one. An IPv6 wildcard
// takes IPv6 only, for UDP; list 0.0.0.0 as well for both families.
type Listen struct {
	Transport sip.Transport
	Addr      netip.AddrPort
}

// DefaultCoalesce is a good Config.Coalesce, see there.
const DefaultCoalesce = 2 * time.Millisecond

// Config says what to open. The zero value of each field is usable.
type Config struct {
	// Listen lists the addresses; an index in it is Flow.Socket. At most 255.
	Listen []Listen
	// Coalesce is the longest time that a UDP reader under load waits for more
	// datagrams, so that one wake-up serves several of them, as network cards
	// do. It adds at most this much delay. 0 never waits. See coalesce.go.
	Coalesce time.Duration
	// Readers is how many readers one UDP listener may grow to under load.
	// 0 means GOMAXPROCS.
	Readers int
	TLS     TLSConfig
	// Clock gives Packet.Now. Default: one that starts with Open.
	Clock Clock
	// Origins returns the patterns (path.Match) of what a WebSocket client's
	// Origin field may be: a host, or with a scheme before it. The host that the
	// client connects to is allowed in any case, and so is who has no such field,
	// which only browsers cannot leave out (RFC 6455 §10.2). nil allows every origin.
	Origins func() []string
	// Known names those whom we know, PBXs and peers. The last of the places for
	// connections, half of those for dials, and of Limits.Buffers half for what is read and a
	// quarter for what is written are for them alone: strangers choose where an answer is
	// dialled to, and may let that, or the end of a message, take its time. nil: all are equal.
	Known func(netip.Addr) bool
	// NewLocal is called before the first message that comes to an address of this
	// machine is handled; behind a wildcard listener it may have come to be after
	// Open. nil: nobody wants to know.
	NewLocal func()
	Limits   Limits
}

// Limits bound time and memory. A zero field takes the default that its comment names.
type Limits struct {
	Connections   int           // stream connections in total; 4096 (26 KiB each when idle, with TLS)
	PerSource     int           // accepted connections of one IPv4 address or IPv6 /64; 100
	Dials         int           // connections being dialled at one time; 256
	Message       int           // octets of one stream or WebSocket message; 65535
	WriteQueue    int           // octets waiting to be written on one connection; 256 KiB
	Buffers       int64         // octets of unfinished messages and of write queues in total; 16 MiB
	HandshakeTime time.Duration // TLS and WebSocket handshake, first octet, TCP connect; 10 s
	HeaderTime    time.Duration // from a message's first octet to the end of its header section; 10 s
	BodyTime      time.Duration // from there to the end of its body; 10 s
	StrangerIdle  time.Duration // idle time before the first whole message; 30 s
	Idle          time.Duration // idle time after it; 130 min, more than registrations last
	WriteTime     time.Duration // one write; 10 s
	// Ping is the interval of keep-alives on connections that wire dialled
	// (CRLF CRLF, RFC 5626 §4.4.1) and on WebSockets (ping frames, RFC 7118 §6).
	// 100 s; negative sends none.
	Ping time.Duration
}

// Errors of SendFailed and Open; test with errors.Is.
var (
	ErrQueueFull    = errors.New("wire: too much is waiting to be sent")
	ErrNoSocket     = errors.New("wire: no listener for this transport and address family")
	ErrNotDialable  = errors.New("wire: the connection is gone and cannot be opened from here")
	ErrTooManyConns = errors.New("wire: too many connections")
	ErrClosed       = errors.New("wire: closed")
	ErrLost         = errors.New("wire: the connection ended after the message was written")
	ErrServerName   = errors.New("wire: the certificate does not name the server")
	ErrICMP         = errors.New("wire: unreachable")
)
