package wire

import "sync/atomic"

// Stats counts since Open.
type Stats struct {
	Received        uint64 // messages handed to the handler
	ReceivedBytes   uint64
	Sent            uint64 // messages given to the kernel
	SentBytes       uint64
	Batches         uint64 // UDP receive calls that returned something
	Refused         uint64 // datagrams, connections and stream messages that Admit refused
	KeepAlives      uint64 // datagrams that are too short for SIP or only CRLFs; CRLF pings on streams
	STUN            uint64 // STUN messages on UDP, ignored
	Truncated       uint64 // datagrams longer than a slot
	KernelDrops     uint64 // datagrams that found a receive buffer full
	SendBlocked     uint64 // UDP messages dropped because the send buffer stayed full
	SendErrors      uint64 // UDP messages that the kernel refused
	ICMPErrors      uint64 // ICMP errors about what we sent
	Readers         uint64 // UDP readers now
	Connections     uint64 // stream connections now, those being opened included
	BufferBytes     uint64 // octets of unfinished messages and write queues now
	Accepted        uint64
	Dialled         uint64
	DialErrors      uint64
	OverLimit       uint64 // connections refused or closed by a cap of Limits
	HandshakeErrors uint64 // TLS or WebSocket
	FrameErrors     uint64 // streams closed because their framing broke
	Timeouts        uint64 // streams closed because a message was not finished in time
	Idle            uint64 // streams closed because nothing came
	SlowReaders     uint64 // streams closed because their write queue was full
}

type counters struct {
	received, receivedBytes, sent, sentBytes, batches         atomic.Uint64
	refused, keepAlives, stun, truncated                      atomic.Uint64
	sendBlocked, sendErrors, icmpErrors                       atomic.Uint64
	accepted, dialled, dialErrors, overLimit, handshakeErrors atomic.Uint64
	frameErrors, timeouts, idle, slowReaders                  atomic.Uint64
}

// Stats returns the counters.
func (n *Net) Stats() Stats {
	c := &n.count
	s := Stats{
		Received: c.received.Load(), ReceivedBytes: c.receivedBytes.Load(),
		Sent: c.sent.Load(), SentBytes: c.sentBytes.Load(), Batches: c.batches.Load(),
		Refused: c.refused.Load(), KeepAlives: c.keepAlives.Load(), STUN: c.stun.Load(),
		Truncated: c.truncated.Load(), SendBlocked: c.sendBlocked.Load(),
		SendErrors: c.sendErrors.Load(), ICMPErrors: c.icmpErrors.Load(),
		Connections: uint64(n.conns.len()), BufferBytes: uint64(n.buffers.Load()),
		Accepted: c.accepted.Load(), Dialled: c.dialled.Load(), DialErrors: c.dialErrors.Load(),
		OverLimit: c.overLimit.Load(), HandshakeErrors: c.handshakeErrors.Load(),
		FrameErrors: c.frameErrors.Load(), Timeouts: c.timeouts.Load(),
		Idle: c.idle.Load(), SlowReaders: c.slowReaders.Load(),
	}
	for _, l := range n.udp {
		if l != nil {
			readers, drops := l.load()
			s.Readers += readers
			s.KernelDrops += drops
		}
	}
	return s
}

// load returns how many readers there are and what the kernel dropped for them.
func (l *udpListener) load() (readers, drops uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sending.RLock()
	defer l.sending.RUnlock()
	if l.closed {
		return 0, 0
	}
	for _, r := range l.readers {
		readers++
		drops += kernelDrops(r.fd)
	}
	return readers, drops
}
