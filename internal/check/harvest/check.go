// Package harvest is the check that notices who searches for our users: by dialling through numbers one after the other, by going through a
// dictionary, or by guessing and missing (RFC 5039 §3.6, address harvesting). What a network (/24, /48) does counts together.
//
// It reports; the guard (internal/guard) bans what is a search beyond doubt. Cost: a third of a microsecond, no allocation when nothing is found.
// It cannot see ENUM walking (RFC 6116): those questions go to the DNS servers of the number range and never pass a SIP server. Who calls a trap that stands
// in ENUM is told by the check lists. Nor can it see a search in random order that finds only users who exist.
package harvest

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"gatehouse.example/internal/state/harvest"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalSequence   = "HARVEST_SEQUENCE"
	signalDictionary = "HARVEST_DICTIONARY"
	signalMisses     = "HARVEST_MISSES"
	signalAddress    = "HARVEST_BARE_ADDRESS"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "harvest", Stage: screen.Cheap, RFC: "5039 §3.6",
		Signals: []screen.SignalInfo{
			{Name: signalSequence, Weight: 3.5,
				Description: "The caller's network dials through our numbers by equal steps; full strength at eight in a row."},
			{Name: signalDictionary, Weight: 3.5,
				Description: "The caller's network goes through names in the order of the alphabet; full strength at twelve in a row."},
			{Name: signalMisses, Weight: 3,
				Description: "Of the calls of the caller's network half or more reach nobody; full strength at twelve such calls."},
			{Name: signalAddress, Weight: 0.5,
				Description: "A caller whom nothing proves names this server by its IP address, as scanners do that know nothing else of it."},
		},
	}
}

// Config is empty: there is nothing to choose but the weights.
type Config struct{}

// Check reports searches.
type Check struct{ networks *harvest.Networks }

// New returns the check over what it remembers.
func New(_ Config, networks *harvest.Networks) (*Check, error) {
	if networks == nil {
		return nil, errors.New("harvest: no memory")
	}
	return &Check{networks: networks}, nil
}

// Octets is the memory that the networks take.
func (c *Check) Octets() int { return c.networks.Octets() }

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Where a run begins to be more than chance, and how many more make it certain.
const (
	stepsFrom, stepsMore   = 3, 5
	climbsFrom, climbsMore = 6, 6
	missesFrom, missesMore = 4, 8
)

// Run implements screen.Check.
func (c *Check) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if !watched(a) || a.Kind == verdict.Other || a.Kind == verdict.Registration {
		return
	}
	if a.From.Proof == verdict.None && bare(a.ToDomain) {
		r.Signal(signalAddress, 1, "calls us by the address "+a.ToDomain)
	}
	user := a.ToNumber
	if user == "" {
		user = userOf(a.To.Requested)
	}
	if user == "" {
		return
	}
	f := c.networks.Seen(a.Source.Addr(), user, a.Time.UnixNano(), a.Probe)
	if f.Steps > stepsFrom {
		r.Signal(signalSequence, share(f.Steps-stepsFrom, stepsMore), "the network of "+a.Source.Addr().String()+" dials "+
			strconv.Itoa(f.Steps+1)+" numbers in equal steps")
	}
	if f.Climbs > climbsFrom {
		r.Signal(signalDictionary, share(f.Climbs-climbsFrom, climbsMore), "the network of "+a.Source.Addr().String()+" tries "+
			strconv.Itoa(f.Climbs+1)+" names in the order of the alphabet")
	}
	if f.Misses > missesFrom && 2*f.Misses >= f.Calls {
		r.Signal(signalMisses, share(f.Misses-missesFrom, missesMore), strconv.Itoa(f.Misses)+" of "+strconv.Itoa(f.Calls)+
			" calls from the network of "+a.Source.Addr().String()+" reach nobody")
	}
}

// Learn implements screen.Learner: it counts calls at nobody.
func (c *Check) Learn(e *screen.Ending) {
	if a := e.Attempt; watched(a) && e.Status != 0 && a.Kind != verdict.Other && a.Kind != verdict.Registration {
		c.networks.Ended(a.Source.Addr(), missed(e.Status), e.Time.UnixNano())
	}
}

// Judge implements screen.Learner. What people say about one call says nothing about a search.
func (c *Check) Judge(*screen.Attempt, string, string) {}

// missed knows the answers that mean that there is no such user (RFC 3261 §21). 480 is not among them: a phone may be switched off.
func missed(status int) bool {
	return status == 404 || status == 410 || status == 484 || status == 604
}

// watched tells whether a search could be behind an attempt: what peers and our own users send is no stranger's.
func watched(a *screen.Attempt) bool {
	return !a.Outbound && a.Peer == "" && a.Exempt == "" && a.Source.IsValid() &&
		a.From.Proof != verdict.Digest && a.From.Proof != verdict.Trunk
}

func share(n, of int) float64 { return min(1, float64(n)/float64(of)) }

// bare tells whether a domain is an IP address.
func bare(domain string) bool {
	if domain == "" || domain[0] != '[' && (domain[0] < '0' || domain[0] > '9') && !strings.Contains(domain, ":") {
		return false
	}
	_, err := netip.ParseAddr(strings.Trim(domain, "[]"))
	return err == nil
}

// userOf is the user part of an address of record, "" if there is none.
func userOf(aor string) string {
	_, rest, _ := strings.Cut(aor, ":")
	user, _, ok := strings.Cut(rest, "@")
	if !ok {
		return ""
	}
	return user
}
