package txn

import (
	"math/rand/v2"
	"sync"

	crand "crypto/rand"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// Shard is the part of the layer that some calls live in; see the package
// comment. Its methods are called from inside only.
type Shard struct {
	mu      sync.Mutex
	layer   *Layer
	index   int
	servers map[uint64]*Server
	clients map[uint64]*Client
	absorb  lingering[struct{}] // server keys of INVITEs in Accepted
	late    lingering[Upstream] // client ids in Accepted → where the INVITE came from
	dialogs lingering[struct{}] // dialogs whose 2xx may still be awaiting its ACK
	wheel   wheel
	random  *rand.ChaCha8
	pool    pool
	scratch sip.Message // for the requests that we build answers to
	rebuilt sip.Message // for requests of ours that an ACK or CANCEL is made from
}

func (sh *Shard) init(l *Layer, index int, now int64) {
	sh.layer = l
	sh.index = index
	sh.servers = make(map[uint64]*Server)
	sh.clients = make(map[uint64]*Client)
	sh.absorb.init()
	sh.late.init()
	sh.dialogs.init()
	sh.wheel.init(now)
	var seed [32]byte
	crand.Read(seed[:]) // never fails (crypto/rand since Go 1.24)
	sh.random = rand.NewChaCha8(seed)
}

// Layer returns the layer that the shard belongs to.
func (sh *Shard) Layer() *Layer { return sh.layer }

// request gives a request to its transaction, or to the core.
func (sh *Shard) request(in *Incoming, out Sender) {
	method := in.Msg.Method()
	source := in.Packet.Flow.Remote.Addr()
	now := in.Packet.Now
	switch method {
	case sip.ACK:
		// RFC 3261 §17.2.3: an ACK belongs to the INVITE that it acknowledges.
		key := sh.layer.hash.serverKey(in.Msg, sip.INVITE, source)
		if s := sh.servers[key]; s != nil {
			s.ack(now)
			return
		}
		if ours, _ := sh.layer.isStateless(in.Msg.To().Tag); ours {
			return // it acknowledges what was answered without state (§8.2.7)
		}
		sh.layer.core.Ack(sh, in, out)
	case sip.CANCEL:
		// RFC 3261 §9.2: matched as if its method were that of the request.
		key := sh.layer.hash.serverKey(in.Msg, sip.INVITE, source)
		if s := sh.servers[key]; s != nil {
			s.cancel(in, out)
			return
		}
		if sh.absorb.has(key, now) {
			// Too late: the INVITE has its 2xx. RFC 3261 §9.2: answered all the same.
			sh.answerCancel(in, "", out)
			return
		}
		sh.layer.core.Cancel(sh, in, out)
	default:
		key := sh.layer.hash.serverKey(in.Msg, method, source)
		if s := sh.servers[key]; s != nil {
			s.retransmitted(in, out)
			return
		}
		if method == sip.INVITE && sh.absorb.has(key, now) {
			return // RFC 6026 §7.1: Accepted absorbs retransmissions
		}
		sh.layer.core.Request(sh, in, out)
	}
}

// Upstream is where an INVITE came from.
type Upstream struct {
	Flow    wire.Flow
	Metered bool
	// From is the caller's own From value, where it went on with another; else nil.
	From *string
}

// MayAnswer asks Config.Meter about a response that no server transaction
// sends.
func (sh *Shard) MayAnswer(f wire.Flow, size int, now int64) bool {
	m := sh.layer.meter
	return m == nil || m(f, 0, size, now, true)
}

// response gives a response to its client transaction (RFC 3261 §17.1.3).
func (sh *Shard) response(in *Incoming, out Sender) {
	id, ok := parseBranch(in.Msg.Via().Branch)
	if ok {
		if in.Msg.Method() == sip.CANCEL {
			id |= idCancel
		}
		if c := sh.clients[id]; c != nil {
			if c.method == in.Msg.Method() {
				c.response(in, out)
			}
			return
		}
		if to, ok := sh.late.get(id, in.Packet.Now); ok {
			s := in.Msg.Status()
			if s/100 == 2 && in.Msg.Method() == sip.INVITE && (!to.Metered || sh.MayAnswer(to.Flow, len(in.Msg.Bytes()), in.Packet.Now)) {
				sh.layer.core.Late2xx(sh, &to, in, out)
			}
			return
		}
	}
	sh.layer.core.Response(sh, in, out)
}

func (sh *Shard) advance(now int64, out Sender) {
	sh.wheel.advance(now, out)
	sh.absorb.expire(now)
	sh.late.expire(now)
	sh.dialogs.expire(now)
}

// newID makes the number of a new client transaction.
func (sh *Shard) newID() uint64 {
	for {
		id := sh.random.Uint64()<<idReserved | uint64(sh.index)<<1
		if _, taken := sh.clients[id]; !taken && id != 0 {
			return id
		}
	}
}

// Random returns an unpredictable number.
func (sh *Shard) Random() uint64 { return sh.random.Uint64() }

// Accepted tells whether an ACK acknowledges an INVITE from the same source that
// had a 2xx through us in the last 64*T1. It serves peers that ignore the Route
// set, whose ACK nothing else vouches for.
func (sh *Shard) Accepted(in *Incoming) bool {
	return sh.dialogs.has(sh.layer.hash.dialogKey(in.Msg, in.Packet.Flow.Remote.Addr()), in.Packet.Now)
}

// RequestKey returns a key that is the same for every retransmission of the
// request: what a stateless answer may be remembered by.
func (sh *Shard) RequestKey(in *Incoming) uint64 {
	return sh.layer.hash.serverKey(in.Msg, in.Msg.Method(), in.Packet.Flow.Remote.Addr())
}
