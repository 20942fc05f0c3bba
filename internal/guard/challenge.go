package guard

import (
	"net/netip"
	"sync"
)

// Whoever has a password takes up the challenge that he is given, within a
// second. A search for users asks for one after the other and takes up none.
const (
	openWays    = 8 // sources that share a lock
	openMost    = 8 // users remembered for each source
	openPatient = 1_000_000_000
	openTaken   = 60 * 1_000_000_000 // whoever takes one up within a minute may be slow with others
	openFor     = 6 * 3600 * 1_000_000_000
)

// challenges remembers, for a fixed number of sources, which users each was
// challenged for and has not proven to be.
type challenges struct {
	sets []openSet
	seed seed
}

type openSet struct {
	mu      sync.Mutex
	sources [openWays]openSource
}

type openSource struct {
	host  uint64
	last  int64
	taken int64 // when one was taken up last
	users [openMost]openUser
}

type openUser struct {
	name  uint64
	asked int64 // when somebody asked for him without credentials, and has had no answer; 0: nobody
	since int64 // when the source was challenged for him; 0: it was not
}

// user returns the place of a user: his own, or a free one, nil where there is none.
func (o *openSource) user(name uint64, now int64) (place *openUser) {
	for i := range o.users {
		u := &o.users[i]
		if u.since != 0 && now-u.since > openFor {
			*u = openUser{}
		}
		switch {
		case u.name == name:
			return u
		case u.since == 0 && !u.pending(now):
			place = u
		}
	}
	return place
}

func (u *openUser) pending(now int64) bool { return u.asked != 0 && now-u.asked <= openPatient }

// slow tells whether the source has taken up a challenge lately, and may be slow with others.
func (o *openSource) slow(now int64) bool { return o.taken != 0 && now-o.taken < openTaken }

func (c *challenges) init(bits int) {
	c.sets = make([]openSet, 1<<bits)
	c.seed = newSeed()
}

func (c *challenges) bytes() int { return len(c.sets) * openWays * (24 + openMost*24) }

// set returns the set of a host, locked, and the host's place in it: its own, or
// with grab that of the one that has been silent for longest.
func (c *challenges) set(host key, grab bool) (*openSet, *openSource) {
	h := c.seed.hash(host.hi, host.lo) | 1
	s := &c.sets[h>>32&uint64(len(c.sets)-1)]
	s.mu.Lock()
	oldest := &s.sources[0]
	for i := range s.sources {
		o := &s.sources[i]
		if o.host == h {
			return s, o
		}
		if o.last < oldest.last {
			oldest = o
		}
	}
	if !grab {
		return s, nil
	}
	*oldest = openSource{host: h}
	return s, oldest
}

// add notes a challenge and returns how many have waited for too long.
func (c *challenges) add(host key, name uint64, now int64) (waiting int) {
	s, o := c.set(host, true)
	defer s.mu.Unlock()
	o.last = now
	u := o.user(name, now)
	for i := range o.users {
		if since := o.users[i].since; since != 0 && now-since > openPatient {
			waiting++
		}
	}
	if u != nil && u.since == 0 {
		u.name, u.since = name, now
	}
	if o.slow(now) {
		return 0
	}
	return waiting
}

// ask notes that somebody is asked for without credentials, unless that is done
// for as many others already as a source may leave unanswered.
func (c *challenges) ask(host key, name uint64, most int, now int64) bool {
	s, o := c.set(host, true)
	defer s.mu.Unlock()
	o.last = now
	u := o.user(name, now)
	if o.slow(now) || u != nil && u.name == name {
		return true
	}
	for i := range o.users {
		if o.users[i].pending(now) {
			most--
		}
	}
	if most > 0 && u != nil {
		*u = openUser{name: name, asked: now}
	}
	return most > 0
}

// answered notes that who was asked for is answered for, and not by a challenge.
func (c *challenges) answered(host key, name uint64) {
	s, o := c.set(host, false)
	defer s.mu.Unlock()
	if o == nil {
		return
	}
	for i := range o.users {
		if u := &o.users[i]; u.name == name {
			u.asked = 0
		}
	}
}

// take removes a challenge that was taken up.
func (c *challenges) take(host key, name uint64, now int64) {
	s, o := c.set(host, false)
	defer s.mu.Unlock()
	if o == nil {
		return
	}
	o.taken = now
	for i := range o.users {
		if o.users[i].name == name {
			o.users[i] = openUser{}
		}
	}
}

func (c *challenges) forget(host key) {
	s, o := c.set(host, false)
	defer s.mu.Unlock()
	if o != nil {
		*o = openSource{}
	}
}

// Challenged notes that a was challenged for a user, whether there is such a
// user or not. A source that leaves challenges for as many users as the limit
// of unknown users unanswered, each for more than a second, is searching:
// unless it takes some up, as an office does that comes back after an outage
// and is slow. Sources that have proven a credential lately are not watched.
func (g *Guard) Challenged(in *Incident, now int64) (banned bool) {
	a := in.Remote.Addr().Unmap()
	host := hostKey(a)
	limit := g.cfg.Failures.UnknownUser.Count
	if limit == 0 || !a.IsValid() || g.isGood(host, now) || g.bans.lookup(a, now) == standingPeer {
		return false
	}
	if g.open.add(host, g.names.text(0, in.Account), now)+1 < min(limit, openMost) {
		return false
	}
	all := *in
	all.Kind = UnknownUser | in.Kind&Proven
	all.Outright = limit <= openMost // whoever allows more unknown users allows more of these
	all.Evidence = "challenges for many users left unanswered"
	return g.Report(&all, now)
}

// Asks notes that a asks for a user and shows no credentials, and tells whether it
// is to be answered. A source that has asked for all but one of as many users as the
// limit of unknown ones, and has shown credentials for none, is told no more until
// it does, or a second has passed: what it asks for comes again (RFC 3261
// §17.1.2.2). However fast a search is, it learns no more before it is banned.
// Whoever allows more unknown users than are remembered allows it all.
func (g *Guard) Asks(a netip.Addr, user string, now int64) bool {
	a = a.Unmap()
	limit := g.cfg.Failures.UnknownUser.Count
	if limit <= 1 || limit > openMost || !a.IsValid() || g.bans.lookup(a, now) == standingPeer {
		return true
	}
	return g.open.ask(hostKey(a), g.names.text(0, user), limit-1, now)
}

// AnsweredFor notes that a was answered for a user it had asked for, and not challenged.
func (g *Guard) AnsweredFor(a netip.Addr, user string) {
	g.open.answered(hostKey(a.Unmap()), g.names.text(0, user))
}

// TakenUp notes that a sent credentials, right or wrong, for a user.
func (g *Guard) TakenUp(a netip.Addr, user string, now int64) {
	g.open.take(hostKey(a.Unmap()), g.names.text(0, user), now)
}
