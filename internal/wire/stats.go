package wire

// Stats counts since Open.
type Stats struct {
	Received        uint64 // messages handed to the handler
	ReceivedBytes   uint64
	Sent            uint64 // messages given to the kernel
	SentBytes       uint64
	Batches         uint64 // UDP receive calls that returned something
	Refused         uint64 // datagrams and connections that Admit refused
	KeepAlives      uint64 // CRLF and other datagrams too short to be SIP, CRLF pings on streams
	STUN            uint64 // STUN messages on UDP, ignored
	Truncated       uint64 // datagrams longer than a slot
	KernelDrops     uint64 // datagrams that the kernel dropped because a receive buffer was full
	SendBlocked     uint64 // UDP messages dropped because the send buffer stayed full
	SendErrors      uint64 // UDP messages that the kernel refused
	ICMPErrors      uint64
	Readers         uint64 // UDP readers now
	Connections     uint64 // stream connections now
	Accepted        uint64
	Dialled         uint64
	DialErrors      uint64
	OverLimit       uint64 // connections refused by a cap
	HandshakeErrors uint64 // TLS or WebSocket
	FrameErrors     uint64 // streams closed because framing broke
	Timeouts        uint64 // streams closed because a message was not finished in time
	Idle            uint64 // streams closed because nothing came
	SlowReaders     uint64 // streams closed because their write queue was full
}
