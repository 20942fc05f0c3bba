// Package tollfraud is the check of calls that somebody else is to pay for: a stolen account or a hacked PBX that calls expensive numbers, and strangers
// who look for a server that lets them. RFC 5039 does not treat it; it is what SIP servers are attacked for most.
//
// It sees three things. Where a call of ours goes: countries and kinds of number that an account may not call. How much an account uses: calls, minutes,
// calls at a time and cost, within the hour and the day. And who dials one number under many prefixes (9011972…, 7011972…, 00972…): that is a search for
// the way out, and by the third form a stranger is told apart from anybody who means well.
//
// Cost: below a microsecond, no allocation unless something is found. It cannot see what a carrier really charges, nor fraud that stays below every
// ceiling in countries that are allowed. Emergency and other short numbers always pass.
package tollfraud

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/state/calls"
	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/internal/state/usage"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalPrefixes = "TOLLFRAUD_PREFIXES"
	signalCountry  = "TOLLFRAUD_COUNTRY"
	signalRange    = "TOLLFRAUD_RANGE"
	signalCeiling  = "TOLLFRAUD_CEILING"
	signalHours    = "TOLLFRAUD_HOURS"
)

// Searching is the signal that tells a stranger who searches for the way out: he is to be banned.
const Searching = signalPrefixes

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "tollfraud", Stage: screen.Cheap, RFC: "5039 §6",
		Signals: []screen.SignalInfo{
			{Name: signalPrefixes, Weight: 12,
				Description: "One number is dialled under three or more different prefixes: a search for the way out. In full at the third from a stranger or his " +
					"network; of an account of ours half as strong, and in full at the fifth."},
			{Name: signalCountry, Weight: 12,
				Description: "A call of ours goes to a country that this account may not call."},
			{Name: signalRange, Weight: 12,
				Description: "A call of ours goes to a kind of number that this account may not call: premium rate, satellite, shared cost. Shared cost of one's own " +
					"country counts a quarter."},
			{Name: signalCeiling, Weight: 12,
				Description: "The account has used up its calls, minutes, calls at a time or cost of this hour or day."},
			{Name: signalHours, Weight: 4,
				Description: "A call abroad outside of the hours in which this account makes such calls."},
		},
	}
}

// Live knows what is under way; a *calls.Table is one.
type Live interface {
	Load(account string, now int64) calls.Load
}

// State is what the check reads and writes.
type State struct {
	// Plans knows where a number is.
	Plans *numbering.Table
	// Ledger counts what accounts use, Tries who dials under which prefixes.
	Ledger *usage.Ledger
	Tries  *usage.Tries
	// Live knows which calls are under way; nil where only the ledger does (replay).
	Live Live
}

// Check judges where calls go and what they cost. It is safe for concurrent use.
type Check struct {
	State
	rules *rules
}

// New returns the check.
func New(cfg Config, s State) (*Check, error) {
	if s.Plans == nil || s.Ledger == nil || s.Tries == nil {
		return nil, errors.New("tollfraud: the check needs numbering plans, a ledger and a memory of tries")
	}
	r, err := newRules(cfg)
	if err != nil {
		return nil, err
	}
	return &Check{State: s, rules: r}, nil
}

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Run implements screen.Check.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if a.Kind != verdict.Call {
		return
	}
	if a.Outbound {
		c.ours(a, r)
		return
	}
	if a.Peer == "" && a.From.Proof == verdict.None && a.Source.IsValid() {
		c.stranger(a, r)
	}
}

// ours judges a call of ours to elsewhere.
func (c *Check) ours(a *screen.Attempt, r *screen.Report) {
	d, ok := c.rules.destination(c.Plans, a)
	if !ok {
		return
	}
	who, now := Account(a), a.Time.UnixNano()
	rule := c.rules.of(a)
	denied := false
	if !rule.countries.allows(d.region) && !d.home {
		denied = true
		r.Signal(signalCountry, 1, "call to "+d.number()+" in "+name(d.region)+", which "+screen.Quote(who)+" may not call")
	}
	if strength := rule.denied(&d); strength > 0 {
		denied = denied || strength == 1
		r.Signal(signalRange, strength, "call to "+d.number()+", a "+d.class.String()+" number, which "+screen.Quote(who)+" may not call")
	}
	if !d.home && rule.closed(a.Time) {
		r.Signal(signalHours, 1, "call abroad at "+a.Time.In(rule.zone).Format("Mon 15:04")+", outside of "+rule.hours)
	}
	if who == "" {
		return
	}
	if !c.exhausted(a, rule, who, now, r) && !denied && !a.Probe {
		c.Ledger.Dialled(c.Ledger.Account(who), a.ID, now)
	}
	if tried, ok := c.Tries.Parse(User(a.To.Requested), canonical(a)); ok {
		if n := c.Tries.Count(c.Tries.Account(who), tried, now, a.Probe); n >= suspicious {
			r.Signal(signalPrefixes, min(1, 0.5+0.25*float64(n-suspicious)), screen.Quote(who)+" dials "+screen.Quote(User(a.To.Requested))+
				": the same number under "+strconv.Itoa(n)+" prefixes")
		}
	}
}

// suspicious is how many forms of one number tell a search.
const suspicious = 3

// stranger judges a stranger's call to a number.
func (c *Check) stranger(a *screen.Attempt, r *screen.Report) {
	user := User(a.To.Requested)
	form := "" // what leads abroad is compared as it was dialled
	if c.rules.isHome(c.Plans, a.ToNumber) {
		form = a.ToNumber
	}
	tried, ok := c.Tries.Parse(user, form)
	if !ok {
		return
	}
	addr := a.Source.Addr()
	n, what := c.count(addr, tried, a.Time.UnixNano(), a.Probe)
	if n >= suspicious {
		r.Signal(signalPrefixes, 1, what+" dials "+screen.Quote(user)+": the same number under "+strconv.Itoa(n)+" prefixes")
	}
}

// Probed counts a stranger's call to elsewhere that was refused without screening, and says what it shows, "" where it shows nothing yet.
func (c *Check) Probed(source netip.Addr, user string, now time.Time) string {
	tried, ok := c.Tries.Parse(user, "")
	if !ok {
		return ""
	}
	n, what := c.count(source, tried, now.UnixNano(), false)
	if n < suspicious {
		return ""
	}
	return what + " dials " + screen.Quote(user) + ": the same number under " + strconv.Itoa(n) + " prefixes"
}

// count counts for a source and its network and says for which of the two it is more.
func (c *Check) count(addr netip.Addr, tried usage.Dialled, now int64, look bool) (n int, what string) {
	addr = addr.Unmap()
	host, network := 64, 48
	if addr.Is4() {
		host, network = 32, 24
	}
	hi, lo := bits(addr, host)
	n = c.Tries.Count(c.Tries.Source(hi, lo, host), tried, now, look)
	hi, lo = bits(addr, network)
	wide := c.Tries.Count(c.Tries.Source(hi, lo, network), tried, now, look)
	switch {
	case max(n, wide) < suspicious:
		return 0, ""
	case wide > n:
		p, _ := addr.Prefix(network)
		return wide, "network " + p.String()
	}
	return n, "source " + addr.String()
}

// bits returns the first n bits of an address.
func bits(addr netip.Addr, n int) (hi, lo uint64) {
	b := addr.As16()
	for i := range 8 {
		hi, lo = hi<<8|uint64(b[i]), lo<<8|uint64(b[8+i])
	}
	if addr.Is4() {
		return 0, lo >> (32 - n) << (32 - n)
	}
	return hi >> (64 - n) << (64 - n), 0
}

// Learn implements screen.Learner: what a call has cost is known when it has ended.
func (c *Check) Learn(e *screen.Ending) {
	a := e.Attempt
	if !a.Outbound || a.Kind != verdict.Call {
		return
	}
	who := Account(a)
	d, ok := c.rules.destination(c.Plans, a)
	if !ok || who == "" {
		return
	}
	cost := int64(0)
	if e.Answered {
		cost = c.rules.cost(&d, e.Talk)
	}
	c.Ledger.Ended(c.Ledger.Account(who), a.ID, e.Talk, cost, e.Time.UnixNano())
}

// Judge implements screen.Learner: what people say about a call changes nothing here.
func (c *Check) Judge(*screen.Attempt, string, string) {}

// Price says for whom a call counts, "" for nobody, and what a minute of it costs in millionths: for the table of calls under way.
func (c *Check) Price(a *screen.Attempt) (account string, price int64) {
	if !a.Outbound || a.Kind != verdict.Call {
		return "", 0
	}
	d, ok := c.rules.destination(c.Plans, a)
	if !ok {
		return "", 0
	}
	return Account(a), c.rules.price(&d)
}

// Account is whose call it is: the proven account, else whom our PBX shows as the caller.
func Account(a *screen.Attempt) string {
	if a.From.Identity != "" {
		return a.From.Identity
	}
	return a.From.Claimed
}

// User is the user part of an address of record, or the number of a tel: address.
func User(aor string) string {
	aor = aor[strings.IndexByte(aor, ':')+1:]
	if at := strings.LastIndexByte(aor, '@'); at >= 0 {
		return aor[:at]
	}
	return aor
}

// canonical is the number where the numbering plan knows it, so that a user who writes it in different ways is not taken for one who searches.
func canonical(a *screen.Attempt) string {
	if strings.HasPrefix(a.ToNumber, "+") {
		return a.ToNumber
	}
	return ""
}
