package guard

import (
	"net/netip"
	"strconv"
	"time"
)

// A charge is one failure on its way into the counts.
type charge struct {
	kind   FailureKind
	proven bool
	flood  bool // not a failure but too many packets
	times  int
	known  bool // the source has proven a credential lately
	again  bool // the source has failed at this account before
	once   bool // to do so again is nothing new
	strict bool // many fail at this account, or from this network
}

// pairMemory is how long it is remembered that a source failed at an account.
const pairMemory = 24 * time.Hour

// seen reports whether a source has failed at an account before, and remembers
// it.
func (g *Guard) seen(source key, kind FailureKind, account string, now int64) bool {
	if account == "" {
		return false
	}
	return mark(&g.pairs, source.with(g.names.text(uint64(kind), account)), pairMemory, now)
}

// mark sets a mark that lasts for a time and reports whether it was set.
func mark(t *table, k key, life time.Duration, now int64) bool {
	for range updateTries {
		cell, old, tag, v := t.slot(k, now)
		if cell.CompareAndSwap(old, tag|uint64(notZero(serial(now+int64(life))))) {
			return v != 0 && until(v, now) > 0
		}
	}
	return false
}

// weight is what a charge adds, in steps of its limit as a fraction.
//
// A user who is not there, asked for again, is a wrong entry in a phone book,
// not a search: that adds nothing. A wrong password at one account again is
// guessing; but from where others have proven theirs it is more likely one
// phone that has not been told its new one, and must not lock all of them out.
func (c *charge) weight(goodFactor int) (times, of int64) {
	switch {
	case c.again && (c.once || c.kind == UnknownUser):
		return 0, 1
	case c.known && c.again && c.kind == AuthFailure:
		return int64(c.times), int64(goodFactor) * onePhone
	case c.known:
		return int64(c.times), int64(goodFactor)
	}
	return int64(c.times), 1
}

// onePhone is how much less a known source is charged for one more failure at
// the same account: with the default limits, a phone may try every 20 seconds
// for ever.
const onePhone = 50

// count adds a failure to the source's account and says how many there are
// now and whether that is too many. The account is a GCRA cell: it fills with
// each failure and drains Count in each Window.
func (g *Guard) count(host key, c *charge, now int64) (n int, over bool) {
	limit := g.cfg.Failures.byKind()[c.kind]
	if limit.Count == 0 {
		return 1, false
	}
	allowed := limit.Count
	switch {
	case c.known:
		allowed *= 2 // what it was charged before it was known is no reason
	case c.strict:
		allowed = (allowed + 2) / 3
	}
	times, of := c.weight(g.cfg.GoodFactor)
	n = g.fill(&g.failures[c.kind][index(c.proven)], host, limit, allowed+1, times, of, now)
	return n, n >= allowed && times > 0
}

// fill adds times/of failures to a cell and returns how many it holds. It never
// holds more than most, so that what it takes to drain is bounded.
func (g *Guard) fill(t *table, k key, limit FailureLimit, most int, times, of, now int64) int {
	step := max(1, int64(limit.Window)/int64(limit.Count)/tick)
	for range updateTries {
		cell, old, tag, v := t.slot(k, now)
		ahead := int64(0)
		if v != 0 {
			ahead = min(max(until(v, now), 0), step*int64(most))
		}
		if times > 0 {
			ahead = min(ahead+max(1, step*times/of), step*int64(most))
		}
		if ahead == 0 {
			return 0
		}
		next := notZero(serial(now) + uint32(ahead))
		if cell.CompareAndSwap(old, tag|uint64(next)) {
			return int((ahead + step - 1) / step)
		}
	}
	return 1
}

// drain takes one failure out of a cell, as far as there is one.
func (g *Guard) drain(t *table, k key, limit FailureLimit, now int64) {
	if limit.Count == 0 {
		return
	}
	step := max(1, int64(limit.Window)/int64(limit.Count)/tick)
	for range updateTries {
		cell, old, tag, v := t.slot(k, now)
		if v == 0 {
			return
		}
		next := uint64(0)
		if ahead := until(v, now) - step; ahead > 0 {
			next = tag | uint64(notZero(serial(now)+uint32(ahead)))
		}
		if cell.CompareAndSwap(old, next) {
			return
		}
	}
}

// Answered notes that a call of a to a callee was taken: whoever reaches people
// misdials now and then. One unknown user of a source is forgiven for each
// callee who has answered it, once a day.
func (g *Guard) Answered(a netip.Addr, callee string, now int64) {
	host := hostKey(a.Unmap())
	mark(&g.pairs, host.with(reaches), pairMemory, now)
	if g.seen(host, answered, callee, now) {
		return
	}
	for i := range g.failures[UnknownUser] {
		g.drain(&g.failures[UnknownUser][i], host, g.cfg.Failures.UnknownUser, now)
		g.drain(&g.networks[UnknownUser][i], netKey(a.Unmap()), g.cfg.NetworkFailures, now)
	}
}

// Reaches tells whether somebody has taken a call of a within a day.
func (g *Guard) Reaches(a netip.Addr, now int64) bool {
	v := g.pairs.get(hostKey(a.Unmap()).with(reaches), now)
	return v != 0 && until(v, now) > 0
}

// What keeps the pairs of sources and those who have answered apart from failures.
const (
	answered = FailureKind(0x40)
	reaches  = 0x40
)

// spread counts a failure against the account and against the network, each
// source with each account once, and reports whether there are many of either.
func (g *Guard) spread(a netip.Addr, c *charge, account string, now int64) bool {
	if c.known || c.again || account == "" {
		return g.isSpread(a, c, account, now)
	}
	if l := g.cfg.AccountFailures; l.Count > 0 && c.kind == AuthFailure {
		k := g.accountKey(account)
		if n := g.fill(&g.accounts, k, l, 2*l.Count, 1, 1, now); n == l.Count {
			g.emitEach(Event{Kind: EventAuthFailure, Time: time.Unix(0, now), Source: hostPrefix(a), Remote: netip.AddrPortFrom(a, 0),
				Account: account, Reason: "many sources guess at this account", Count: n, Proven: c.proven}, now)
		}
	}
	if l := g.cfg.NetworkFailures; l.Count > 0 {
		g.fill(&g.networks[c.kind][index(c.proven)], netKey(a), l, 2*l.Count, 1, 1, now)
	}
	return g.isSpread(a, c, account, now)
}

func (g *Guard) isSpread(a netip.Addr, c *charge, account string, now int64) bool {
	many := c.kind == AuthFailure && account != "" && holds(&g.accounts, g.accountKey(account), g.cfg.AccountFailures, now) ||
		holds(&g.networks[c.kind][0], netKey(a), g.cfg.NetworkFailures, now) ||
		holds(&g.networks[c.kind][1], netKey(a), g.cfg.NetworkFailures, now)
	if many {
		g.many.Add(1)
	}
	return many
}

func (g *Guard) accountKey(account string) key {
	return key{hi: g.names.text(0xacc0, account), lo: 2}
}

// holds reports whether a cell holds its limit.
func holds(t *table, k key, l FailureLimit, now int64) bool {
	return l.Count > 0 && inCell(t, k, l, now) >= l.Count
}

func inCell(t *table, k key, l FailureLimit, now int64) int {
	step := max(1, int64(l.Window)/int64(l.Count)/tick)
	v := t.get(k, now)
	if v == 0 {
		return 0
	}
	return int((max(until(v, now), 0) + step - 1) / step)
}

// banNetwork bans the network around a source when proven evidence from many of
// its hosts, or at many accounts, has filled twice its limit, and nobody in it
// has proven a credential lately.
func (g *Guard) banNetwork(a netip.Addr, in *Incident, now int64) bool {
	l, k := g.cfg.NetworkFailures, netKey(a)
	kind := in.Kind &^ Proven
	if l.Count == 0 || kind == Malformed || inCell(&g.networks[kind][1], k, l, now) < 2*l.Count || g.isGood(k, now) {
		return false
	}
	g.court.Lock()
	defer g.court.Unlock()
	source := netPrefix(a)
	if g.bans.covers(source, now) {
		return true
	}
	return g.sendDown(Ban{
		Source: source, Reason: kind.reason() + " all over a network",
		Evidence: strconv.Itoa(2*l.Count) + " counted in " + l.Window.String() + ", last: " + in.Evidence,
		Created:  time.Unix(0, now), Expires: time.Unix(0, now+int64(g.cfg.Ban)),
	}, now)
}
