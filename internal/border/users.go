package border

import (
	"hash/maphash"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/home"
	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/proxy"
	"gatehouse.example/internal/txn"
	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// hostedCaller returns the hosted domain that From names, nil if it names none.
func (v *visit) hostedCaller() *Domain {
	u := v.in.Msg.FromURI()
	if u.Scheme != uri.SIP && u.Scheme != uri.SIPS {
		return nil
	}
	return v.site.domain(u.Host)
}

// claimedDomain is hostedCaller for who says to be one of us: a stranger's name at one of our addresses is one of the first domain's, as everywhere; at
// another port it is that of another program there. Trunks write numbers of others that way.
func (v *visit) claimedDomain() *Domain {
	if d := v.hostedCaller(); d != nil {
		return d
	}
	if u := v.in.Msg.FromURI(); v.from.stranger() && (u.Scheme == uri.SIP || u.Scheme == uri.SIPS) && len(u.User) > 0 && v.isUs(u) {
		return v.site.first
	}
	return nil
}

// claimsHostedUser tells whether From names a user of a domain that we host:
// nobody speaks in such a name without its password.
func (v *visit) claimsHostedUser() bool {
	d := v.claimedDomain()
	return d != nil && d.Home
}

// mustProve tells whether a request into one of our domains has to prove that its sender is the hosted user in From. What a peer brings to a PBX may be a
// call of such a user that was forwarded outside.
func (v *visit) mustProve() bool {
	return v.claimsHostedUser() && (v.domain.Home || v.from.stranger())
}

// proveUser wants the credentials of the user that From names, for calls and
// whatever else is passed on.
func (v *visit) proveUser() bool {
	d := v.claimedDomain()
	if d == nil || !d.Home {
		return false
	}
	return v.prove(d, home.Calls)
}

// prove checks credentials, and challenges without state where they are missing
// (RFC 3261 §22). What an unknown user gets differs in nothing.
func (v *visit) prove(d *Domain, svc home.Service) bool {
	now := time.Unix(0, v.in.Packet.Now) // a nonce does not age by the wall clock being set
	res := v.b.cfg.Auth.Check(v.in.Msg, d.Name, svc, now)
	if res.Outcome == home.OK {
		v.from.user = res.AoR
		v.from.metered = false
		v.b.cfg.Guard.Success(addrOf(v.in), v.in.Packet.Now)
		return true
	}
	if res.Outcome.Failure() {
		// A nonce that came back proves no address: it may have been fetched
		// for another. So on UDP the failure counts as unproven (see guard).
		v.b.incident(v.in, guard.AuthFailure, res.Username, res.Outcome.String())
	} else if res.Outcome.Suspicious() {
		v.b.cfg.Log.Warn("credentials", "outcome", res.Outcome.String(), "user", cut(res.Username), "source", addrOf(v.in).String())
	}
	v.takenUp(res.Outcome)
	if res.Outcome == home.Absent && v.from.stranger() {
		v.searchesUnproven()
		aor, ok := v.b.hosted(v.account())
		v.asked(aor, ok && v.b.knows(aor), "asked for without credentials")
	}
	challenge, stale := res.Outcome.Challenge()
	switch {
	case challenge:
		v.b.stats.challenged.Add(1)
		lines := v.b.cfg.Auth.AppendRetry(nil, d.Name, svc, stale, now, res.Retry)
		v.refuse(svc.Status(), "", string(lines))
		v.distrusted(&res, svc.Status())
	case res.Outcome == home.Malformed:
		v.refuse(400, "Bad Credentials", "")
	default:
		v.refuse(403, "", "")
		v.distrusted(&res, 403)
	}
	return false
}

// registration handles REGISTER: by our registrar for hosted domains, else it
// is screened and passed to the PBX. What the PBX itself registers elsewhere is
// its trunk, at a carrier that wants that: it goes where its calls go.
func (v *visit) registration() bool {
	d := v.domain
	if d == nil && (v.from.pbx || v.from.inside) {
		return v.elsewhere()
	}
	if d == nil {
		return v.noRelay("REGISTER for another domain")
	}
	if v.searchesFast() {
		if aor, ok := v.b.hosted(v.account()); d.Home && !(ok && v.b.knows(aor)) {
			v.asked(aor, false, "asked for without credentials")
		}
		return false
	}
	if !d.Home {
		return v.toPBX()
	}
	if !v.prove(d, home.Registration) {
		return false
	}
	if !v.mayBePath() {
		v.deny(403, "Path Leads Elsewhere", "", "the Path names somebody else than who sent the REGISTER, and that is no peer")
		return false
	}
	r := v.b.cfg.Registrar.Register(v.in.Msg, sourceOf(v.in.Packet.Flow), v.from.user, time.Now())
	v.recordRegistration(&r)
	if !v.in.Packet.Flow.Transport.Reliable() {
		// RFC 3261 §17.2.2: what comes again gets this answer again. It would be a second use of its credentials.
		v.server = v.sh.NewServer(v.in, nil, txn.ToTag(v.key), false)
	}
	v.refuse(r.Status, r.Reason, string(r.Headers))
	return false
}

// mayBePath tells whether the proxy that a REGISTER names in its Path may be sent
// this user's calls: it is the very host that the REGISTER came from, or a peer has
// sent it. A user could have us send his calls to anybody otherwise, each of them
// to ten at a time (RFC 3327 §6).
func (v *visit) mayBePath() bool {
	values := v.in.Msg.Values(sip.HeaderPath)
	if v.from.peer != nil || v.from.pbx || !values.Next() {
		return true
	}
	var a sip.Address
	var u uri.URI
	if a.Parse(values.Text()) != nil || u.Parse(a.URI) != nil {
		return true // the registrar says what is wrong with it
	}
	at, ok := addrOfURI(&u)
	return ok && at.Addr() == addrOf(v.in).Unmap()
}

// recordRegistration puts what became of a registration whose user is proven
// into the history.
func (v *visit) recordRegistration(r *sip.Response) {
	reason := r.Reason
	if reason == "" {
		reason = sip.ReasonPhrase(r.Status)
	}
	if r.Status >= 300 {
		v.denied(r.Status, reason, reason)
		return
	}
	v.describe()
	v.verdict.Mode, v.verdict.Signals = v.policy().Mode, v.verdict.Signals[:0]
	v.verdict.Action = verdict.Relay
	v.verdict.Response = &verdict.Response{Code: r.Status, Reason: reason}
	v.record()
}

// toUser delivers to the phones of a hosted user.
func (v *visit) toUser() bool {
	aor, contacts := v.called()
	if aor == "" {
		return v.noUser()
	}
	if len(contacts) == 0 {
		if v.from.user != "" && v.domain.Outbound != nil && !v.b.knows(aor) && dials(aor) {
			return v.outbound(v.domain) // a number that is nobody's here
		}
		return v.noUser()
	}
	v.targets = v.targets[:0]
	group, q := -1, -1
	for i := range contacts {
		c := &contacts[i]
		if c.Q != q {
			group, q = group+1, c.Q
		}
		t := proxy.Target{URI: c.Target, Path: c.Path, Group: group, Phone: true}
		switch {
		case len(c.Path) > 0:
			t.Next = pathTarget(c.Path[0])
		case c.Source.Known():
			t.Flow = flowOf(c.Source)
			t.Only = t.Flow.Conn != 0 // what it calls itself in a dialog may be another address (RFC 5626 §4.3)
		default:
			if cu, err := uri.Parse([]byte(c.Target)); err == nil {
				t.Next = proxy.TargetOf(&cu)
			}
		}
		v.targets = append(v.targets, t)
	}
	return true
}

// called returns the hosted user whom the Request-URI names, "" where it names none, and where he is reached: by
// all his telephones, or by the one that it names.
func (v *visit) called() (aor string, at []home.Contact) {
	u, r, now := &v.routing.URI, v.b.cfg.Registrar, time.Now()
	if v.owner != "" {
		return v.owner, r.At(u, now)
	}
	aor, ok := v.b.hosted(u)
	if !ok {
		return "", nil
	}
	return aor, r.Contacts(aor, now)
}

// dials tells whether the user of an address of record is what telephones dial: digits, and the star and hash of services. A name that is nobody's here is
// nobody's elsewhere.
func dials(aor string) bool {
	return strings.Trim(strings.ReplaceAll(UserKey(aor), "%23", "#"), "+0123456789*#-.()") == ""
}

// noUser lets a request to a user who is not there be screened like any other;
// in the end it gets the answer of nobody.
func (v *visit) noUser() bool {
	v.targets = v.targets[:0]
	v.nobody = true
	return true
}

// answerNobody answers for a user who is not there. A stranger cannot tell one
// who is unknown from one who is not registered (STANDARDS 5.14).
func (v *visit) answerNobody() {
	if aor := v.missed(); aor != "" && v.fast(aor) {
		v.terminate() // he may ask again
		return
	}
	v.verdict.Response = &verdict.Response{Code: 480, Reason: sip.ReasonPhrase(480)}
	v.refuse(480, "", "")
	v.remember(codeNobody)
}

// missed notes that a stranger asks for a user who is not there, whatever the answer
// is: whoever is refused for all he does would otherwise search unseen. It returns
// that user, "" where there is nothing to note.
func (v *visit) missed() string {
	if !v.nobody || !v.from.stranger() || !v.domain.Home || v.trapped {
		return ""
	}
	aor, ok := v.b.hosted(&v.routing.URI)
	if !ok {
		aor = v.attempt.To.Requested
	}
	v.asked(aor, ok && v.b.knows(aor), "called, and not there")
	return aor
}

// hosted returns the address of record that u names in a hosted domain.
func (b *Border) hosted(u *uri.URI) (string, bool) { return home.Domain(b.Hosted).AoR(u) }

func (b *Border) knows(aor string) bool { return b.cfg.HasUser != nil && b.cfg.HasUser(aor) }

// Hosted tells which hosted domain a host names: by its name, or by one of our
// addresses, which stands for the first domain.
func (b *Border) Hosted(host []byte) (string, bool) {
	s := b.site.Load()
	if d := s.domain(host); d != nil {
		return d.Name, d.Home
	}
	u := uri.URI{Scheme: uri.SIP, Host: host}
	if s.first != nil && s.first.Home && b.cfg.Self.IsHost(&u) {
		return s.first.Name, true
	}
	return "", false
}

func flowOf(s home.Source) wire.Flow {
	return wire.Flow{Transport: s.Transport, Socket: s.Socket, Conn: wire.ConnID(s.Conn), Remote: s.Remote}
}

func sourceOf(f wire.Flow) home.Source {
	return home.Source{Transport: f.Transport, Socket: f.Socket, Conn: uint64(f.Conn), Remote: f.Remote}
}

// refusals remembers who was refused last, in fixed memory.
type refusals struct {
	seed  maphash.Seed
	cells [4096]atomic.Uint64
}

func (f *refusals) cell(a netip.Addr, account string) (*atomic.Uint64, uint64) {
	h := maphash.String(f.seed, account) ^ maphash.Comparable(f.seed, a)
	return &f.cells[h>>1%uint64(len(f.cells))], h &^ 1
}

// again returns how many refusals to count: none for the first, which it
// remembers, two for the second, one for each further one.
func (f *refusals) again(a netip.Addr, account string) int {
	c, h := f.cell(a, account)
	switch old := c.Swap(h | 1); old {
	case h:
		return 2
	case h | 1:
		return 1
	}
	c.Store(h)
	return 0
}

func (f *refusals) forget(a netip.Addr, account string) {
	c, h := f.cell(a, account)
	if old := c.Load(); old&^1 == h {
		c.CompareAndSwap(old, 0)
	}
}

var _ txn.ServerUser = (*waiting)(nil)

func appendUint(b []byte, n uint64) []byte { return strconv.AppendUint(b, n, 10) }

// pathTarget is the next hop that a Path value names.
func pathTarget(path string) (t locate.Target) {
	var a sip.Address
	var u uri.URI
	if a.Parse([]byte(path)) == nil && u.Parse(a.URI) == nil {
		t = proxy.TargetOf(&u)
	}
	return t
}
