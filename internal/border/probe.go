package border

import (
	"context"
	"net/netip"
	"strings"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/home"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// suspected tells whether the guard should look at a request closely: it comes
// from a stranger who has not proven a credential lately, and begins something.
func (v *visit) suspected() bool {
	return v.from.stranger() && len(v.in.Msg.To().Tag) == 0 && !v.b.cfg.Guard.Known(addrOf(v.in), v.in.Packet.Now)
}

// probes lets the sentry look at a stranger's request. It reports true where the
// request gets no answer at all.
func (v *visit) probes() (silent bool) {
	v.trapped, silent = v.b.sentry.Probes(v.site, v.in.Msg, v.in.Packet.Flow, v.in.Packet.Now)
	if v.trapped {
		v.b.stats.trapped.Add(1)
	}
	return silent
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

// searchesFast tells whether a stranger asks for one user after the other without
// credentials, faster than it can be told from telephones that are about to show
// them. Over UDP it gets no answer then: telephones ask again. Whom nobody has counts
// all the same where we are the ones who know.
func (v *visit) searchesFast() bool {
	m := v.in.Msg
	if m.Has(sip.HeaderAuthorization) || m.Has(sip.HeaderProxyAuthorization) {
		return false
	}
	return v.fast(string(m.ToURI().AppendAoR(nil)))
}

// fast tells whether a stranger asks for so many users at once that he gets no answer
// about this one, over UDP.
func (v *visit) fast(user string) bool {
	p := v.in.Packet
	return !p.Flow.Transport.Reliable() && v.suspected() && !v.b.cfg.Guard.Asks(addrOf(v.in), user, p.Now)
}

// searchesUnproven counts a stranger's call in the name of a user of ours, which is
// asked for a password and gets no further, as one that is refused: whoever has one
// has proven it before he dials the same number under a third prefix.
func (v *visit) searchesUnproven() {
	if m := v.in.Msg; m.Method() == sip.INVITE && v.suspected() {
		v.b.sentry.searches(v.in.Packet.Flow, string(m.URI().User), string(m.From().URI), v.in.Packet.Now)
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

// watched is a stranger's request that somebody else answers.
type watched struct {
	b      *Border
	domain string // whose it is
	query  Query
	exempt bool  // nobody counts how it ends
	veil   *veil // nil: the caller hears all
	stale  bool  // whoever answers says that the credentials were computed with a nonce that it does not take any more
}

// watch returns the observer of a stranger's request.
func (v *visit) watch() *watched {
	m, p := v.in.Msg, v.in.Packet
	proves := m.Has(sip.HeaderAuthorization) || m.Has(sip.HeaderProxyAuthorization)
	w := &watched{b: v.b, domain: v.domain.Name, exempt: v.attempt.Exempt != "" || v.spared != ""}
	if !w.exempt {
		w.query = v.b.sentry.NewQuery(m, p.Flow, v.attempt.To.Requested, proves, !v.domain.Home, p.Now)
		w.query.Caller(v.site, &v.verdict.From)
	}
	if v.veils() {
		w.veil = v.newVeil(proves)
		v.veil = w.veil
	}
	return w
}

// Heard reads why credentials are refused, and how those are asked for of who registers.
func (w *watched) Heard(m *sip.Message, _ int64) {
	if m.Status() != 401 && m.Status() != 407 {
		return
	}
	f, stale := challengeOf(m)
	w.stale = w.query.Proves && stale
	if m.Method() != sip.REGISTER || len(f.lines) == 0 {
		return
	}
	if !stale {
		w.b.challenges.learn(w.domain, f)
	}
	if w.veil != nil {
		w.veil.asks = f
	}
}

// Cancelled is of no interest.
func (w *watched) Cancelled(*sip.Message) {}

// Answered counts how it ended. Credentials of a nonce that is too old say nothing about the password, and whoever guesses learns nothing from such an answer.
func (w *watched) Answered(id string, status int, local bool, now int64) {
	w.b.Answered(id, status, local, now)
	if w.veil != nil && !local {
		w.veil.tell(w.b.cfg.Recorder, id, status)
		w.query.Asked = w.veil.challenged()
	}
	if !local && !w.exempt && !(w.stale && (status == 401 || status == 407)) {
		w.b.sentry.Answered(&w.query, status, now)
	}
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
