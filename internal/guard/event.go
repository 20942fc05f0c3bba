package guard

import (
	"net/netip"
	"time"
)

// EventKind is the event of a line of the security log.
type EventKind uint8

// The kinds of events.
const (
	EventAuthFailure EventKind = iota // a wrong credential, never a mere challenge
	EventScan                         // what only scanners send, and requests for users that do not exist
	EventTollFraud                    // a call to a destination that is not allowed
	EventFlood                        // a source over its limit
	EventBan                          // a source was banned
	EventUnban                        // a ban was lifted or has expired
	EventMalformed                    // a message that cannot be parsed
)

// String returns the word that the security log uses.
func (k EventKind) String() string {
	switch k {
	case EventAuthFailure:
		return "auth-failure"
	case EventScan:
		return "scan"
	case EventTollFraud:
		return "toll-fraud"
	case EventFlood:
		return "flood"
	case EventBan:
		return "ban"
	case EventUnban:
		return "unban"
	case EventMalformed:
		return "malformed"
	}
	return "unknown"
}

// An Event is one line of the security log. Account and Evidence may hold text
// from the network: whoever writes them down quotes them.
type Event struct {
	Kind      EventKind
	Time      time.Time
	Source    netip.Prefix   // the source; a single host except for bans of networks
	Remote    netip.AddrPort // where the message came from, port 0 where it is not known
	Transport string         // "udp" and so on, "" where it is not known
	Account   string         // who it claimed to be
	Reason    string
	Evidence  string
	Count     int       // how many of this kind are held against the source now
	Proven    bool      // the source address is certain
	Expires   time.Time // of a ban; zero: until lifted
}

// Events that a spoofer can cause by the million are reported up to this rate.
const (
	eventsPerSecond = 100
	eventsBurst     = 500
)

// emit reports an event. The caller holds no lock.
func (g *Guard) emit(e Event) {
	if g.cfg.Events != nil {
		g.cfg.Events(e)
	}
}

// emitSome reports an event that comes in floods: the first, second, fourth …
// of a source.
func (g *Guard) emitSome(e Event, now int64) {
	if e.Count&(e.Count-1) != 0 {
		g.muted.Add(1)
		return
	}
	g.emitEach(e, now)
}

// emitEach reports an event unless all sources together cause too many.
func (g *Guard) emitEach(e Event, now int64) {
	if !g.events.allow(now) {
		g.muted.Add(1)
		return
	}
	g.emit(e)
}
