// Package lists is the check that looks callers up on black and white lists, and on the list of declared callers: RFC 5039 §3.2 and §3.3.
//
// It sees the number, address and domain that the caller claims and those that are proven, the source address, and the User-Agent.
// A black list entry counts for whatever is claimed: nobody gains by claiming to be blocked. A white list entry counts
// in full only for what is proven, because anyone can claim to be a friend (RFC 5039 §4.2); a merely claimed friend counts a little.
//
// Cost: a few hundred nanoseconds with any number of entries, no allocation unless something is found. It cannot see who really sits behind a
// spoofed number, and it knows nothing about who calls for the first time.
package lists

import (
	"context"
	"errors"

	"gatehouse.example/internal/state/lists"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalBlocked       = "LISTS_BLOCKED"
	signalBlockedSource = "LISTS_BLOCKED_SOURCE"
	signalBlockedDomain = "LISTS_BLOCKED_DOMAIN"
	signalBlockedAgent  = "LISTS_BLOCKED_AGENT"
	signalAllowed       = "LISTS_ALLOWED"
	signalAllowedDomain = "LISTS_ALLOWED_DOMAIN"
	signalAllowedSource = "LISTS_ALLOWED_SOURCE"
	signalClaimed       = "LISTS_ALLOWED_CLAIMED"
	signalTrap          = "LISTS_TRAP"
	signalDeclared      = "LISTS_DECLARED"
)

// halfProven is the strength of a white list entry for a number that its provider vouches for only in part: RFC 8588 §4 "B" authenticates the customer, not
// the customer's right to the number.
const halfProven = 0.5

// Check looks callers up. It is safe for concurrent use.
type Check struct {
	lists *lists.Lists
}

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "lists", Stage: screen.Cheap, RFC: "5039 §3.2, §3.3",
		Signals: []screen.SignalInfo{
			{Name: signalBlocked, Weight: 15,
				Description: "The caller's number (or its beginning) or address, claimed or proven, is on a black list."},
			{Name: signalBlockedSource, Weight: 12,
				Description: "The packet's source address is on a black list. Configured peers are not looked up."},
			{Name: signalBlockedDomain, Weight: 12,
				Description: "The caller's domain, claimed or proven, is on a black list."},
			{Name: signalBlockedAgent, Weight: 12,
				Description: "The User-Agent holds a text that is on a black list: a scanner that does not hide its name."},
			{Name: signalAllowed, Weight: -15,
				Description: "The caller's proven number or address is on a white list; half as strong where only the provider's customer is proven (attestation B)."},
			{Name: signalAllowedDomain, Weight: -8,
				Description: "The caller's proven domain is on a white list: everyone of that domain."},
			{Name: signalAllowedSource, Weight: -8,
				Description: "The source address is on a white list and cannot be spoofed, because the transport is a connection."},
			{Name: signalClaimed, Weight: -2,
				Description: "Something that the caller only claims (number, address, domain, or source of a datagram) is on a white list."},
			{Name: signalTrap, Weight: 12,
				Description: "The called address or number is a trap (list 'traps'): nobody was ever told of it but programs that harvest pages or walk through ENUM."},
			{Name: signalDeclared, Weight: -2,
				Description: "The caller's proven number, address or domain is declared (list 'declared') as a machine that people here want to hear; half as strong with attestation B. Not said of who is on a " +
					"black list, or in person on a white one. What else it is worth is said by the composites DECLARED_STRANGER and DECLARED_MACHINE."},
		},
	}
}

// Config is empty: what is on the lists is the whole setting.
type Config struct{}

// New returns the check over the given lists.
func New(_ Config, l *lists.Lists) (*Check, error) {
	if l == nil {
		return nil, errors.New("lists: the check needs lists")
	}
	return &Check{lists: l}, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Run implements screen.Check. Lists say who may call in; what local users call is not looked up.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if a.Outbound {
		return
	}
	now := a.Time.UnixNano()
	if c.lists.Any(lists.Trap) {
		c.trapped(a, r, now)
	}
	blocked := c.lists.Any(lists.Block) && c.blocked(a, r, now)
	allowed := c.lists.Any(lists.Allow) && c.allowed(a, r, now)
	if c.lists.Any(lists.Declaration) && !blocked && !allowed {
		c.declared(a, r, now)
	}
}

// trapped looks at who is called. RFC 5039 §3.6: the trap's note says which page was harvested.
func (c *Check) trapped(a *screen.Attempt, r *screen.Report, now int64) {
	e := c.caller(lists.Trap, a.ToNumber, a.To.Requested, now)
	if e == nil {
		return
	}
	r.Signal(signalTrap, 1, noted("trap ", e))
}

// declared looks the proven identity up among the callers that are declared as machines. What is merely claimed says nothing: whose number people want to hear is whose
// number others show.
func (c *Check) declared(a *screen.Attempt, r *screen.Report, now int64) {
	if e := c.declaration(a, now); e != nil {
		r.Signal(signalDeclared, vouched(a.From.Proof), noted("declared: ", e))
	}
}

func (c *Check) declaration(a *screen.Attempt, now int64) *lists.Match {
	if vouched(a.From.Proof) == 0 {
		return nil
	}
	if e := c.caller(lists.Declaration, a.IdentityNumber, a.From.Identity, now); e != nil {
		return e
	}
	return c.lists.FindDomain(lists.Declaration, a.IdentityDomain, now)
}

// Declared returns what tells whether the caller of an attempt is proven to be one that is declared as a machine.
func Declared(l *lists.Lists) func(a *screen.Attempt) bool {
	c := &Check{lists: l}
	return func(a *screen.Attempt) bool {
		return l.Any(lists.Declaration) && c.declaration(a, a.Time.UnixNano()) != nil
	}
}

// noted says what was found where the note tells what matters.
func noted(what string, e *lists.Match) string {
	said := what + e.Value + " in list '" + e.List + "'"
	if e.Note != "" {
		said += ": " + screen.Quote(e.Note)
	}
	return said
}

// blocked looks claim, proof, source and agent up on the black lists, and says whether there is any of them.
func (c *Check) blocked(a *screen.Attempt, r *screen.Report, now int64) (found bool) {
	e := c.caller(lists.Block, a.FromNumber, a.From.Claimed, now)
	if e == nil && a.From.Proof != verdict.None {
		number := a.IdentityNumber
		if number == a.FromNumber {
			number = "" // has been looked up
		}
		e = c.caller(lists.Block, number, a.From.Identity, now)
	}
	found = report(r, signalBlocked, 1, e)

	e = c.lists.FindDomain(lists.Block, a.FromDomain, now)
	if e == nil && a.IdentityDomain != a.FromDomain {
		e = c.lists.FindDomain(lists.Block, a.IdentityDomain, now)
	}
	found = report(r, signalBlockedDomain, 1, e) || found
	found = report(r, signalBlockedAgent, 1, c.lists.FindAgent(lists.Block, a.UserAgent, now)) || found
	if a.Peer == "" {
		found = report(r, signalBlockedSource, 1, c.lists.FindSource(lists.Block, a.Source.Addr(), now)) || found
	}
	return found
}

// allowed looks the proven identity up on the white lists and, where that gives nothing, the claim. It says whether the proven number or address is on one.
func (c *Check) allowed(a *screen.Attempt, r *screen.Report, now int64) (caller bool) {
	known := false
	if strength := vouched(a.From.Proof); strength > 0 {
		caller = report(r, signalAllowed, strength, c.caller(lists.Allow, a.IdentityNumber, a.From.Identity, now))
		domain := report(r, signalAllowedDomain, strength, c.lists.FindDomain(lists.Allow, a.IdentityDomain, now))
		known = caller || domain
	}
	source := c.lists.FindSource(lists.Allow, a.Source.Addr(), now)
	if connected(a.Transport) {
		report(r, signalAllowedSource, 1, source)
		source = nil
	}
	if known {
		return caller
	}
	e := c.caller(lists.Allow, a.FromNumber, a.From.Claimed, now)
	if e == nil {
		e = c.lists.FindDomain(lists.Allow, a.FromDomain, now)
	}
	if e == nil {
		e = source
	}
	report(r, signalClaimed, 1, e)
	return false
}

// caller looks a number up, and where it is not listed the address.
func (c *Check) caller(kind lists.Kind, number, aor string, now int64) *lists.Match {
	if e := c.lists.FindNumber(kind, number, now); e != nil {
		return e
	}
	return c.lists.FindAddress(kind, aor, now)
}

// vouched is how far a proof lets a white list entry count. Attestation C only says through which gateway the call came in.
func vouched(p verdict.Proof) float64 {
	switch p {
	case verdict.StirA, verdict.StirURI, verdict.TLS, verdict.Digest, verdict.Trunk:
		return 1
	case verdict.StirB:
		return halfProven
	}
	return 0
}

// connected says whether the source address has answered a handshake. The source of a datagram is whatever its sender wrote.
func connected(transport string) bool {
	switch transport {
	case "tcp", "tls", "ws", "wss", "sctp", "tls-sctp":
		return true
	}
	return false
}

// report reports what was found, and says whether there is anything.
func report(r *screen.Report, signal string, strength float64, found *lists.Match) bool {
	if found != nil {
		r.Signal(signal, strength, found.String())
	}
	return found != nil
}
