package guard

import (
	"net/netip"
	"strconv"
	"time"
)

// FailureKind is what a source did wrong, alone or together with Proven.
type FailureKind uint8

// The kinds of failures.
const (
	AuthFailure FailureKind = iota // a wrong credential over a valid nonce
	UnknownUser                    // a request for a user that does not exist
	Malformed                      // a message that cannot be parsed
	Scan                           // what only scanners send
	TollFraud                      // a call to a destination that is not allowed
	kinds

	// Proven is or-ed to a kind when the source address is certain: the
	// message came over TCP, TLS or WebSocket, or carried a valid nonce that
	// is bound to that address (one that anybody may fetch and then send in a
	// victim's name proves nothing). Without it a ban is short and local, since
	// the address may be a victim's.
	Proven FailureKind = 0x80
)

// String returns the kind as the security log and the ban reasons say it.
func (k FailureKind) String() string {
	switch k &^ Proven {
	case AuthFailure:
		return "auth"
	case UnknownUser:
		return "unknown_user"
	case Malformed:
		return "malformed"
	case Scan:
		return "scan"
	case TollFraud:
		return "toll_fraud"
	}
	return "unknown"
}

func (k FailureKind) reason() string {
	return [kinds]string{"wrong credentials", "unknown users", "malformed messages", "scanning", "toll fraud"}[k]
}

func (k FailureKind) event() EventKind {
	return [kinds]EventKind{EventAuthFailure, EventScan, EventMalformed, EventScan, EventTollFraud}[k]
}

// An Incident is a failure with what is known about it, for the security log.
type Incident struct {
	Kind      FailureKind // or-ed with Proven where that holds
	Remote    netip.AddrPort
	Transport string
	Account   string
	Evidence  string
	// Times is how often it counts; 0 is once.
	Times int
	// Once counts it once for each account, as an unknown user is always
	// counted: to ask for the same again is no search.
	Once bool
	// Outright bans at once, whatever the count: for what nobody sends by
	// mistake.
	Outright bool
}

// Failure counts a failure of a. At the limit of its kind the source is
// banned, and Failure returns true.
func (g *Guard) Failure(a netip.Addr, kind FailureKind, evidence string, now int64) bool {
	return g.Report(&Incident{Kind: kind, Remote: netip.AddrPortFrom(a, 0), Evidence: evidence}, now)
}

// Report is Failure with more to tell the security log.
func (g *Guard) Report(in *Incident, now int64) (banned bool) {
	a := in.Remote.Addr().Unmap()
	kind, proven := in.Kind&^Proven, in.Kind&Proven != 0
	if kind >= kinds || !a.IsValid() {
		return false
	}
	if g.bans.lookup(a, now) == standingPeer {
		g.tell(in, a, 1, now)
		return false
	}
	host := hostKey(a)
	c := charge{kind: kind, proven: proven, times: max(1, in.Times), once: in.Once, known: g.isGood(host, now)}
	c.again = g.seen(host, kind, in.Account, now)
	c.strict = g.spread(a, &c, in.Account, now)
	count, over := g.count(host, &c, now)
	if times, _ := c.weight(1); times > 0 || in.Outright {
		g.tell(in, a, count, now)
	} else {
		g.muted.Add(1) // the same again: nothing that anybody would have to know
	}
	if c.proven && g.banNetwork(a, in, now) {
		return true
	}
	if !over && !in.Outright || c.known && !proven {
		return false
	}
	return g.punish(a, host, &c, in.Evidence, count, now)
}

// tell reports the failure itself.
func (g *Guard) tell(in *Incident, a netip.Addr, count int, now int64) {
	kind := in.Kind &^ Proven
	e := Event{
		Kind: kind.event(), Time: time.Unix(0, now), Source: hostPrefix(a), Remote: in.Remote,
		Transport: in.Transport, Account: in.Account, Reason: kind.reason(), Evidence: in.Evidence,
		Count: count, Proven: in.Kind&Proven != 0,
	}
	if kind == AuthFailure && e.Proven {
		g.emitEach(e, now)
		return
	}
	g.emitSome(e, now)
}

// Success notes that a has proven a credential: for a while it is allowed more
// failures, is exempt from the limits of its network, and cannot be banned on
// evidence that a forged source address could have produced. Call it only when
// the proof is tied to the address: a right answer to a nonce sent there.
//
// It does not clear what is counted already: whoever holds one account could
// otherwise guess at others for ever.
func (g *Guard) Success(a netip.Addr, now int64) {
	a = a.Unmap()
	g.markGood(hostKey(a), now)
	g.markGood(netKey(a), now)
}

func (g *Guard) markGood(k key, now int64) {
	for range updateTries {
		cell, old, tag, v := g.good.slot(k, now)
		if v != 0 && until(v, now) > int64(g.cfg.GoodFor)/tick/2 {
			return // fresh enough: spare the write
		}
		next := notZero(serial(now + int64(g.cfg.GoodFor)))
		if cell.CompareAndSwap(old, tag|uint64(next)) {
			return
		}
	}
}

// Known reports whether a has proven a credential lately.
func (g *Guard) Known(a netip.Addr, now int64) bool { return g.isGood(hostKey(a.Unmap()), now) }

func (g *Guard) isGood(k key, now int64) bool {
	v := g.good.get(k, now)
	return v != 0 && until(v, now) > 0
}

// oneAccount is the longest ban for wrong credentials at one and the same
// account: a phone whose password was changed does that too, and once it is set
// right it has to be let in again.
const oneAccount = time.Hour

// punish bans a host for a time that follows from the evidence and from its
// past. What else of it is being read at that moment bans it neither again nor
// for longer.
func (g *Guard) punish(a netip.Addr, host key, c *charge, evidence string, count int, now int64) bool {
	g.court.Lock()
	defer g.court.Unlock()
	if g.bans.lookup(a, now) == standingBanned {
		return true
	}
	length := g.sentence(host, c.proven, now)
	if c.kind == AuthFailure && c.again {
		length = min(length, oneAccount)
	}
	b := Ban{
		Source: hostPrefix(a), Reason: c.kind.reason(),
		Evidence: strconv.Itoa(count) + " counted, last: " + evidence,
		Created:  time.Unix(0, now), Expires: time.Unix(0, now+int64(length)),
	}
	if c.flood {
		b.Reason = "flood"
	}
	if !c.proven {
		b.Evidence = "source address not proven; " + b.Evidence
	}
	return g.sendDown(b, now)
}

// sendDown puts an automatic ban in force. The caller holds court.
func (g *Guard) sendDown(b Ban, now int64) bool {
	b, err := normal(b)
	if err != nil {
		return false
	}
	evicted, err := g.bans.add(b, true)
	if err != nil {
		return false // a peer by now, or the list is full: Stats counts the latter
	}
	g.told(b, evicted, now)
	return true
}

func index(proven bool) int {
	if proven {
		return 1
	}
	return 0
}
