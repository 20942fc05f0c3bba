package proxy

import (
	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Target is one place that a request may go to (RFC 3261 §16.5).
type Target struct {
	// URI becomes the Request-URI; empty keeps the one that came.
	URI string
	// Next is the next hop.
	Next locate.Target
	// Backup are further next hops, each for when those before it do not answer
	// or answer 503 (RFC 3263 §4.3). Any other answer is an answer.
	Backup []locate.Target
	// Flow, when its Remote is valid, is the next hop instead: the flow that a
	// phone has registered from (RFC 5626 §5.3).
	Flow wire.Flow
	// Only tells that Flow is the only way there, also inside the dialog: the
	// Record-Route has to remember it.
	Only bool
	// Phone tells that a telephone is there, no server: when it cannot be reached,
	// that says nothing of us, and no 503 tells its caller to keep away.
	Phone bool
	// Path are the Route values to put on top (RFC 3327).
	Path []string
	// Group orders the targets: those of one group are tried in parallel, a
	// later group when all of the earlier ones have failed.
	Group int
}

// Observer learns how a forwarded request ended: the one that Forward.ID names.
// status is the final response that was sent upstream, 0 where none was (a
// non-INVITE that nobody answered, RFC 4320 §4.2); local tells that we made it
// ourselves.
type Observer interface {
	Answered(id string, status int, local bool, now int64)
}

// Witness is what an Observer may be as well: it hears each response but 100, of every branch, as it comes from the callee's side, until the
// request has ended. m is lent for the call.
type Witness interface {
	Observer
	Heard(m *sip.Message, now int64)
	// Cancelled hears the caller's CANCEL of an INVITE that nobody has answered.
	Cancelled(m *sip.Message)
}

// Veil decides what a caller hears of the final responses of the other side, so that they do not tell who is there. The best of
// them is chosen as it came (RFC 3261 §16.7 step 6), and the Observer is told that one. A 2xx to an INVITE is not asked about,
// nor is what the proxy answers by itself.
type Veil interface {
	// Instead returns what goes upstream for a final response with that status; ok is false where that goes as it came.
	Instead(status int) (r sip.Response, ok bool)
}

// Forward says what to do with a request that is let through.
type Forward struct {
	Routing *Routing
	Targets []Target
	// Edit holds the edits that every branch gets, begun on the request; the
	// removals of Preroute among them.
	Edit *sip.Edit
	// From is the From value as it came where Edit changes it: responses repeat
	// that one (RFC 3261 §8.2.6.2), so the caller does not see the change.
	From []byte
	// Pass is what the Record-Route will vouch for.
	Pass Pass
	// Path asks for a Path value of ours (RFC 3327) in a REGISTER, so that its
	// registrar reaches the phone through us.
	Path bool
	// Server is the server transaction where one exists already.
	Server *txn.Server
	// ToTag marks the responses that we make ourselves.
	ToTag string
	// Metered subjects the responses to the meter of the transaction layer.
	Metered  bool
	Observer Observer // may be nil, and a Witness
	Veil     Veil     // may be nil: the caller hears all as it came
	ID       string   // for the observer
}

// Forward forwards a request statefully.
func (p *Proxy) Forward(sh *txn.Shard, in *txn.Incoming, fw *Forward, out txn.Sender) {
	p.stats.forwarded.Add(1)
	now := in.Packet.Now
	x := p.newExchange(sh, in, fw)
	if r := fw.Routing; r.InDialog && p.leadsBack(r, x.targets[0].Flow.Remote.IsValid()) {
		x.targets[0].Flow, x.targets[0].Only = r.Back, true
	}
	x.server = fw.Server
	if x.server == nil {
		x.server = sh.NewServer(in, serverUser{x}, fw.ToTag, fw.Metered)
		if x.method == sip.INVITE {
			p.Trying(x.server, in, out)
		}
	} else {
		x.server.SetUser(serverUser{x})
	}
	p.commonEdits(in, fw.Routing, fw.Edit)
	x.begin(in, fw, now, out)
	x.settle(now, out)
}

// Trying answers 100 (RFC 3261 §16.2: within 200 ms; at once is simplest). A short
// request of a stranger on UDP gets it when it comes again: see txn.Server.
func (p *Proxy) Trying(s *txn.Server, in *txn.Incoming, out txn.Sender) {
	sh := s.Shard()
	b := sip.AppendResponse(sh.Buffer(), in.Msg, &sip.Response{Status: 100, Source: in.Packet.Flow.Remote})
	s.Respond(b, 100, in.Packet.Now, out)
	sh.Release(b)
}

// commonEdits notes what every branch gets (§16.6 steps 2, 3 and 6, §18.2.1).
func (p *Proxy) commonEdits(in *txn.Incoming, r *Routing, e *sip.Edit) {
	m := in.Msg
	sip.AppendReceived(e, m, in.Packet.Flow.Remote)
	decrementMaxForwards(m, e)
	target := r.RequestURI
	if r.HasNext && !isLoose(&r.Next) {
		// §16.6 step 6: the next hop is a strict router, which wants itself in
		// the Request-URI and the target at the end of the Route set.
		strictRoute(m, e, r)
		target = r.Next.URI
	}
	if string(target) != string(m.RequestURI()) {
		e.Replace(m.RequestURISpan(), target)
	}
	e.Unfold()
}

func isLoose(a *sip.Address) bool {
	var u uri.URI
	if u.Parse(a.URI) != nil {
		return true
	}
	_, ok := u.Param("lr")
	return ok
}

// strictRoute moves the top Route value into the Request-URI.
func strictRoute(m *sip.Message, e *sip.Edit, r *Routing) {
	var end uint32
	vs := m.Values(sip.HeaderRoute)
	for vs.Next() {
		end = vs.Field().Line.End
		if vs.Span() == r.next {
			e.DeleteValue(&vs)
		}
	}
	e.Insert(end, []byte("Route: <"+string(r.RequestURI)+">\r\n"))
}

// decrementMaxForwards counts a hop (§16.6 step 3).
func decrementMaxForwards(m *sip.Message, e *sip.Edit) {
	f, ok := m.First(sip.HeaderMaxForwards)
	if !ok {
		e.Insert(m.HeadersEnd(), []byte("Max-Forwards: 70\r\n"))
		return
	}
	n, ok := m.MaxForwards()
	if !ok || n > 255 {
		n = 71 // STANDARDS: an absurd value counts as absent
	}
	var buf [4]byte
	e.Replace(f.Value, appendInt(buf[:0], n-1))
}

// dialogForming tells whether a request may open a dialog, so that the proxy has
// to record its route (§16.6 step 4). For a subscriber its dialog is the one that a
// NOTIFY opens, within what the SUBSCRIBE has told the notifier (RFC 6665 §4.3, §4.4.1).
func dialogForming(m sip.Method, r *Routing) bool {
	return m == sip.INVITE || m == sip.SUBSCRIBE || m == sip.REFER || m == sip.NOTIFY && r.InDialog
}
