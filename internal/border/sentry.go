package border

import (
	"bytes"
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
	"time"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/proxy"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// Sentry tells the guard what strangers do that people do not. A border has one for the requests that arrive, and a replay has one for events of the past:
// both judge by the same rules. Make it by NewSentry.
type Sentry struct {
	cfg     SentryConfig
	refused refusals
}

// SentryConfig is what a Sentry works with; the fields are those of [Config]. Self may be nil where nobody listens.
type SentryConfig struct {
	Guard    *guard.Guard
	Self     *proxy.Self
	Probed   func(source netip.Addr, user string, now time.Time) string
	Traps    *lists.Lists
	Accusing map[string]guard.FailureKind
	Posing   []string
	Storming []string
}

// NewSentry returns a Sentry.
func NewSentry(cfg SentryConfig) *Sentry {
	s := &Sentry{cfg: cfg}
	s.refused.seed = maphash.MakeSeed()
	return s
}

// Request is what the sentry looks at of a request; a *sip.Message is one.
type Request interface {
	Method() sip.Method
	URI() *uri.URI
	ToURI() *uri.URI
	FromURI() *uri.URI
}

// Suspected tells whether a stranger at an address is to be looked at closely: he has not proven a credential lately.
func (s *Sentry) Suspected(a netip.Addr, now int64) bool { return !s.cfg.Guard.Known(a, now) }

// Admitted bans the source of a request that names an attack tool as its sender, and returns that name, "" where it names none. One is enough: such a tool
// sends one request to a host, and goes on only if it is answered.
func (s *Sentry) Admitted(f wire.Flow, userAgent []byte, now int64) string {
	agent := scanner(userAgent)
	if agent != "" {
		s.suspect(f, &guard.Incident{Kind: guard.Scan, Evidence: "user agent " + agent, Outright: true}, now)
	}
	return agent
}

// Probes counts what scanners do and people do not: to ask many users for their capabilities, and to try what nobody has been told of. trapped tells that
// the request tries a trap, silent that it gets no answer at all.
func (s *Sentry) Probes(site *Site, r Request, f wire.Flow, now int64) (trapped, silent bool) {
	asks, registers := r.Method() == sip.OPTIONS, r.Method() == sip.REGISTER
	switch {
	case (asks || registers || sameAddress(r.FromURI(), r.ToURI())) && s.misdirected(site, r):
		// Whoever scans a network for servers sends one text to each address, and
		// any answer would tell that here is one.
		s.suspect(f, &guard.Incident{Kind: guard.Scan, Account: string(r.ToURI().AppendAoR(nil)), Outright: true, Evidence: r.Method().String() + " for another's address"}, now)
		return false, true
	case asks && len(r.URI().User) > 0:
		s.suspect(f, &guard.Incident{Kind: guard.Scan, Account: string(r.URI().AppendAoR(nil)), Once: true, Evidence: "OPTIONS to a user"}, now)
	}
	if trap := s.trap(site, r, now); trap != "" {
		// A call may be a slip of the finger; two are none. Nobody registers there.
		calls := r.Method() == sip.INVITE || r.Method() == sip.MESSAGE
		s.suspect(f, &guard.Incident{Kind: guard.Scan, Account: trap, Times: 3, Outright: !calls, Evidence: "tries the trap " + trap}, now)
		return true, !calls
	}
	return false, false
}

// sameAddress tells whether two URIs name one user at one host, as From and To do in what is written to be sent everywhere.
func sameAddress(a, b *uri.URI) bool {
	return bytes.Equal(a.User, b.User) && bytes.Equal(a.Host, b.Host)
}

// misdirected tells whether a request came to a bare address while its To names
// another bare address, which is not ours: it was not written for us.
func (s *Sentry) misdirected(site *Site, r Request) bool {
	at, to := r.URI(), r.ToURI()
	return bareAddress(at) && bareAddress(to) && !bytes.Equal(at.Host, to.Host) && !(s.cfg.Self != nil && s.cfg.Self.IsHost(to)) && site.domain(to.Host) == nil
}

// trap returns the trap that a request tries: as the called user, as the one who
// is registered, or as the name that is made up to call from inside.
func (s *Sentry) trap(site *Site, r Request, now int64) string {
	marked := s.cfg.Traps
	if marked != nil && !marked.HasTraps() {
		marked = nil
	}
	if marked == nil && len(site.traps) == 0 {
		return ""
	}
	tried := [...]*uri.URI{r.URI(), r.ToURI(), r.FromURI()}
	for i, u := range tried {
		if i == 1 && r.Method() != sip.REGISTER || i == 2 && site.domain(u.Host) == nil {
			continue
		}
		if t := site.trapAt(u); t != "" {
			return t
		}
		if marked == nil {
			continue
		}
		number, _ := u.AppendNumber(nil, site.Plan)
		if e := marked.FindTrap(string(number), string(u.AppendAoR(nil)), now); e != nil {
			return e.Value
		}
	}
	return ""
}

// searches reports a stranger who dials one number under many prefixes: he
// searches for a way to the outside that nothing guards. It reports true where
// that is what he does.
func (s *Sentry) searches(f wire.Flow, user, from string, now int64) bool {
	if s.cfg.Probed == nil {
		return false
	}
	shows := s.cfg.Probed(f.Remote.Addr(), user, time.Unix(0, now))
	if shows != "" {
		s.suspect(f, &guard.Incident{Kind: guard.TollFraud, Account: from, Outright: true, Evidence: shows}, now)
	}
	return shows != ""
}

// Accuse reports a stranger for what the checks have found about him, where that
// is nobody's mistake. Who is not let through is refused by no PBX that would have
// to know its users, so a search in the name of one of us is seen here.
//
// Who says that he is one of us would have proven it. Whom that gets nowhere with one after the other of our users searches for them: each counts like one whom
// nobody has, once, and whoever reaches people besides, as a carrier does with one customer of that kind, is forgiven.
func (s *Sentry) Accuse(site *Site, v *verdict.Verdict, f wire.Flow, now int64) {
	if v.Action >= verdict.Introduce && poses(site, &v.From) {
		s.suspect(f, &guard.Incident{Kind: guard.UnknownUser, Account: v.To.Requested, Evidence: "calls in the name of one of us"}, now)
	}
	stormed := false
	for i := range v.Signals {
		found := &v.Signals[i]
		if v.Action >= verdict.Reject && found.Strength >= 1 && !stormed && slices.Contains(s.cfg.Storming, found.Name) {
			stormed = true
			s.storms(v, found, f, now)
		}
		kind, ok := s.cfg.Accusing[found.Name]
		switch {
		case ok && found.Strength >= 1:
		case found.Strength > 0 && v.Action >= verdict.Introduce && slices.Contains(s.cfg.Posing, found.Name) && poses(site, &v.From):
			kind = guard.Scan
		default:
			continue
		}
		s.suspect(f, &guard.Incident{Kind: kind, Account: v.From.Claimed, Outright: true, Evidence: found.Evidence}, now)
	}
}

// storms counts a stranger who tries one after the other of our users, far more than people do, and gets nowhere: each counts once. Whoever has reached somebody
// within a day, as another provider's server does with one such customer, is left to the checks.
func (s *Sentry) storms(v *verdict.Verdict, found *verdict.Signal, f wire.Flow, now int64) {
	if !s.cfg.Guard.Reaches(f.Remote.Addr(), now) {
		s.suspect(f, &guard.Incident{Kind: guard.Scan, Account: v.To.Requested, Once: true, Evidence: found.Evidence}, now)
	}
}

// poses tells whether a stranger says that he is one of us, and nothing proves it.
func poses(site *Site, from *verdict.From) bool {
	_, domain, ok := strings.Cut(from.Claimed, "@")
	return ok && from.Proof == verdict.None && site.domain([]byte(domain)) != nil
}

// suspect completes an incident by the request's source and reports it.
func (s *Sentry) suspect(f wire.Flow, in *guard.Incident, now int64) {
	s.cfg.Guard.Report(sourced(f, in), now)
}

// Query is a stranger's request that somebody else answers: a PBX, a phone. What a PBX refuses counts like our own refusals, or a search for its users
// would go unnoticed.
type Query struct {
	Flow    wire.Flow
	Account string // whom it asks for
	Method  sip.Method
	Proves  bool   // it has credentials
	Prover  string // whose credentials these are
	PBX     bool   // a PBX answers, and not a user's phone
	Bare    bool   // it asks for somebody at a bare address
	Poses   bool   // it says that it is of one of us, and nothing proves that
	Asked   bool   // whatever the answer, its sender has heard that he is to show credentials
}

// NewQuery describes a request to a domain that a PBX serves, or a user's phone. account is whom it asks for.
func (s *Sentry) NewQuery(r Request, f wire.Flow, account string, proves, pbx bool, now int64) Query {
	q := Query{Flow: f, Account: account, Method: r.Method(), Proves: proves, PBX: pbx, Bare: bareAddress(r.URI())}
	if q.Method == sip.REGISTER {
		q.Account, q.Bare = string(r.ToURI().AppendAoR(nil)), false
		q.Prover = q.Account
	}
	if q.Proves {
		if q.Prover == "" {
			q.Prover = string(r.FromURI().AppendAoR(nil))
		}
		s.cfg.Guard.TakenUp(f.Remote.Addr(), q.Account, now)
	}
	return q
}

// Answered counts how it ended.
func (s *Sentry) Answered(q *Query, status int, now int64) {
	source, g := q.Flow.Remote.Addr(), s.cfg.Guard
	if q.Method == sip.REGISTER && !q.Proves && !q.Asked && status != 401 && status != 407 {
		g.AnsweredFor(source, q.Account)
	}
	switch {
	case status/100 == 2 && q.Proves && q.Method == sip.REGISTER:
		s.refused.forget(source, q.Account)
		g.Success(source, now)
	case status/100 == 2 && q.Method == sip.INVITE:
		g.Answered(source, q.Account, now)
	case !q.PBX:
	case q.Proves && (status == 401 || status == 403 || status == 407):
		s.wrong(q, status, now)
	case status == 401 || status == 407:
		g.Challenged(q.incident(guard.UnknownUser, status), now)
	case status == 403 || status == 404 || status == 484 || status == 604:
		in := q.incident(guard.UnknownUser, status)
		if q.Poses && !g.Reaches(source, now) {
			in.Times = 2
		}
		g.Report(in, now)
	}
}

// wrong counts refused credentials. One 401 may only mean that the nonce was
// too old; the second in a row means that the password was wrong both times.
func (s *Sentry) wrong(q *Query, status int, now int64) {
	in := q.incident(guard.AuthFailure, status)
	in.Account = q.Prover
	if status != 403 {
		in.Times = s.refused.again(q.Flow.Remote.Addr(), q.Prover)
		if in.Times == 0 {
			return
		}
	}
	s.cfg.Guard.Report(in, now)
}

// Caller notes who asks, by what it says and what proves it. One of us knows whom there is: who only says so, is answered by nobody, and asks for those whom nobody has, searches for them.
func (q *Query) Caller(site *Site, from *verdict.From) { q.Poses = !q.Proves && poses(site, from) }

func (q *Query) incident(kind guard.FailureKind, status int) *guard.Incident {
	in := sourced(q.Flow, &guard.Incident{Kind: kind, Account: q.Account, Evidence: "the PBX answered " + string(appendUint(nil, uint64(status)))})
	if q.Bare && kind == guard.UnknownUser {
		in.Times = 2
	}
	return in
}
