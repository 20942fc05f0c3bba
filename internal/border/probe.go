package border

import (
	"bytes"
	"context"
	"net/netip"
	"strings"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/home"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// suspected tells whether the guard should look at a request closely: it comes
// from a stranger who has not proven a credential lately, and begins something.
func (v *visit) suspected() bool {
	return v.from.stranger() && len(v.in.Msg.To().Tag) == 0 && !v.b.cfg.Guard.Known(addrOf(v.in), v.in.Packet.Now)
}

// probes counts what scanners do and people do not: to ask many users for their
// capabilities, and to try what nobody has been told of. It reports true where
// the request gets no answer at all.
func (v *visit) probes() (silent bool) {
	m := v.in.Msg
	asks, registers := m.Method() == sip.OPTIONS, m.Method() == sip.REGISTER
	switch {
	case (asks || registers) && v.misdirected():
		// Whoever scans a network for servers sends one text to each address, and
		// any answer would tell that here is one.
		v.suspect(&guard.Incident{Kind: guard.Scan, Account: string(m.To().URI), Outright: true, Evidence: m.Method().String() + " for another's address"})
		return true
	case asks && len(m.URI().User) > 0:
		v.suspect(&guard.Incident{Kind: guard.Scan, Account: string(m.URI().AppendAoR(nil)), Once: true, Evidence: "OPTIONS to a user"})
	}
	if trap := v.trap(); trap != "" {
		v.trapped = true
		v.b.stats.trapped.Add(1)
		// A call may be a slip of the finger; two are none. Nobody registers there.
		calls := m.Method() == sip.INVITE || m.Method() == sip.MESSAGE
		v.suspect(&guard.Incident{Kind: guard.Scan, Account: trap, Times: 3, Outright: !calls, Evidence: "tries the trap " + trap})
		return !calls
	}
	return false
}

// misdirected tells whether a request came to a bare address while its To names
// another bare address, which is not ours: it was not written for us.
func (v *visit) misdirected() bool {
	at, to := v.in.Msg.URI(), v.in.Msg.ToURI()
	return bareAddress(at) && bareAddress(to) && !bytes.Equal(at.Host, to.Host) && !v.b.cfg.Self.IsHost(to) && v.site.domain(to.Host) == nil
}

// suspect completes an incident by the request's source and reports it.
func (v *visit) suspect(in *guard.Incident) {
	v.b.cfg.Guard.Report(sourced(v.in.Packet.Flow, in), v.in.Packet.Now)
}

// bareAddress tells whether a SIP URI names a host by its IP address.
func bareAddress(u *uri.URI) bool {
	if u.Scheme != uri.SIP && u.Scheme != uri.SIPS || len(u.Host) == 0 {
		return false
	}
	if c := u.Host[0]; c != '[' && (c < '0' || c > '9') {
		return false
	}
	_, err := netip.ParseAddr(string(trimBrackets(u.Host)))
	return err == nil
}

// AddTrap adds a user or number that nobody was ever told of: whoever tries it
// is searching.
func (s *Site) AddTrap(t string) {
	if s.traps == nil {
		s.traps = make(map[string]struct{})
	}
	s.traps[strings.ToLower(t)] = struct{}{}
}

// trap returns the trap that a request tries: as the called user, as the one who
// is registered, or as the name that is made up to call from inside.
func (v *visit) trap() string {
	marked := v.b.cfg.Traps
	if marked != nil && !marked.HasTraps() {
		marked = nil
	}
	if marked == nil && len(v.site.traps) == 0 {
		return ""
	}
	m := v.in.Msg
	tried := [...]*uri.URI{m.URI(), m.ToURI(), m.FromURI()}
	for i, u := range tried {
		if i == 1 && m.Method() != sip.REGISTER || i == 2 && v.site.domain(u.Host) == nil {
			continue
		}
		if t := v.site.trapAt(u); t != "" {
			return t
		}
		if marked == nil {
			continue
		}
		number, _ := u.AppendNumber(nil, v.site.Plan)
		if e := marked.FindTrap(string(number), string(u.AppendAoR(nil)), v.in.Packet.Now); e != nil {
			return e.Value
		}
	}
	return ""
}

func (s *Site) trapAt(u *uri.URI) string {
	var buf [64]byte
	if len(s.traps) == 0 || len(u.User) == 0 || len(u.User) > len(buf) {
		return ""
	}
	low := buf[:0]
	for _, c := range u.User {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low = append(low, c)
	}
	if _, ok := s.traps[string(low)]; ok {
		return string(low)
	}
	if number, ok := u.AppendNumber(nil, s.Plan); ok {
		if _, ok := s.traps[string(number)]; ok {
			return string(number)
		}
	}
	return ""
}

// asked notes which user a stranger without credentials asked for. The same is
// done whether there is such a user or not, on a worker: the time until the
// answer must not tell (STANDARDS 5.14).
func (v *visit) asked(aor string, exists bool, evidence string) {
	p, b := v.in.Packet, v.b
	in := sourced(p.Flow, &guard.Incident{Kind: guard.UnknownUser, Account: aor, Evidence: evidence})
	if bareAddress(v.in.Msg.URI()) && v.in.Msg.Method() != sip.REGISTER {
		in.Times = 2 // people know names, scanners addresses
	}
	now, g := p.Now, b.cfg.Guard
	note := func(context.Context) {
		if exists {
			g.Challenged(in, now)
		} else {
			g.Report(in, now)
		}
	}
	if !b.cfg.Go(note) {
		note(nil)
	}
}

// account is the address that a request without credentials is about: whom it
// registers, or who it says that it is from.
func (v *visit) account() *uri.URI {
	if v.in.Msg.Method() == sip.REGISTER {
		return v.in.Msg.ToURI()
	}
	return v.in.Msg.FromURI()
}

// watched is a stranger's request that somebody else answers: a PBX, a phone.
// What a PBX refuses counts like our own refusals, or a search for its users
// would go unnoticed.
type watched struct {
	b        *Border
	flow     wire.Flow
	account  string // whom it asks for
	method   sip.Method
	proves   bool // it has credentials
	pbx      bool // a PBX answers, and not a user's phone
	addrOnly bool // it asks for somebody at a bare address
}

// watch returns the observer of a stranger's request.
func (v *visit) watch() *watched {
	m := v.in.Msg
	w := &watched{
		b: v.b, flow: v.in.Packet.Flow, method: m.Method(), pbx: v.domain != nil && !v.domain.Home,
		proves:   m.Has(sip.HeaderAuthorization) || m.Has(sip.HeaderProxyAuthorization),
		addrOnly: bareAddress(m.URI()),
	}
	w.account = v.attempt.To.Requested
	if w.method == sip.REGISTER {
		w.account, w.addrOnly = string(m.ToURI().AppendAoR(nil)), false
	}
	if w.proves {
		v.b.cfg.Guard.TakenUp(addrOf(v.in), w.account, v.in.Packet.Now)
	}
	return w
}

// Answered counts how it ended.
func (w *watched) Answered(id string, status int, local bool, now int64) {
	w.b.Answered(id, status, local, now)
	source, g := w.flow.Remote.Addr(), w.b.cfg.Guard
	switch {
	case local:
	case status/100 == 2 && w.proves && w.method == sip.REGISTER:
		w.b.refused.forget(source, w.account)
		g.Success(source, now)
	case status/100 == 2 && w.method == sip.INVITE:
		g.Answered(source, w.account, now)
	case !w.pbx:
	case w.proves && (status == 401 || status == 403 || status == 407):
		w.wrong(status, now)
	case status == 401 || status == 407:
		g.Challenged(w.incident(guard.UnknownUser, status), now)
	case status == 403 || status == 404 || status == 484 || status == 604:
		g.Report(w.incident(guard.UnknownUser, status), now)
	}
}

// wrong counts refused credentials. One 401 may only mean that the nonce was
// too old; the second in a row means that the password was wrong both times.
func (w *watched) wrong(status int, now int64) {
	in := w.incident(guard.AuthFailure, status)
	if status != 403 {
		in.Times = w.b.refused.again(w.flow.Remote.Addr(), w.account)
		if in.Times == 0 {
			return
		}
	}
	w.b.cfg.Guard.Report(in, now)
}

func (w *watched) incident(kind guard.FailureKind, status int) *guard.Incident {
	in := sourced(w.flow, &guard.Incident{Kind: kind, Account: w.account, Evidence: "the PBX answered " + string(appendUint(nil, uint64(status)))})
	if w.addrOnly && kind == guard.UnknownUser {
		in.Times = 2
	}
	return in
}

// takenUp notes that credentials came for the user that a challenge was for.
func (v *visit) takenUp(o home.Outcome) {
	if o == home.Absent || o == home.Malformed {
		return
	}
	if aor, ok := v.b.hosted(v.account()); ok {
		v.b.cfg.Guard.TakenUp(addrOf(v.in), aor, v.in.Packet.Now)
	}
}
