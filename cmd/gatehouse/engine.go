package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/api"
	"gatehouse.example/internal/border"
	contentcheck "gatehouse.example/internal/check/content"
	displaycheck "gatehouse.example/internal/check/display"
	floodcheck "gatehouse.example/internal/check/flood"
	harvestcheck "gatehouse.example/internal/check/harvest"
	identitycheck "gatehouse.example/internal/check/identity"
	policycheck "gatehouse.example/internal/check/identity_policy"
	knowncheck "gatehouse.example/internal/check/known"
	listcheck "gatehouse.example/internal/check/lists"
	numbercheck "gatehouse.example/internal/check/number"
	ratecheck "gatehouse.example/internal/check/rate"
	reputationcheck "gatehouse.example/internal/check/reputation"
	strangercheck "gatehouse.example/internal/check/stranger"
	fraudcheck "gatehouse.example/internal/check/tollfraud"
	wangiricheck "gatehouse.example/internal/check/wangiri"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/state/harvest"
	"gatehouse.example/internal/state/history"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/state/newcomers"
	"gatehouse.example/internal/state/proof"
	"gatehouse.example/internal/state/rate"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// known is what the checks read.
type known struct {
	lists    *lists.Lists
	memory   *proof.Memory
	policies *proof.Policies
	texts    *texts            // nil: nothing was learned
	fraud    *fraud            // nil: made for these checks alone
	people   *knowncheck.Check // nil: made for these checks alone, unless it is off
	// acquainted tells whether a callee knows his caller; nil: nobody knows anybody.
	acquainted func(*screen.Attempt) bool
	chosen     func(*screen.Attempt) bool // whether by what he has done himself
	friends    func(*screen.Attempt) int  // how many of a domain have called the caller
	strangers  *strangercheck.Check       // nil: made for these checks alone, unless it is off
	social     *social                    // nil: made for these checks alone
	registers  *registers                 // nil: made for these checks alone
	newcomers  *newcomers.Memory          // nil: made for these checks alone
	// seed is what all chance in the checks comes from, for a replay; 0: they choose for themselves.
	seed uint64
}

// newChecks builds every check that the configuration leaves on, in the order
// in which the engine is to run them: what counts attempts stands first.
func newChecks(cfg *config.Config, k *known) ([]screen.Check, error) {
	if err := k.introduce(cfg); err != nil {
		return nil, err
	}
	var checks []screen.Check
	if c := &cfg.Checks.Rate; c.Enabled {
		check, err := ratecheck.New(rateConfig(c, k.seed))
		if err != nil {
			return nil, cfg.Problem("checks.rate", err.Error(), err)
		}
		checks = append(checks, check)
	}
	more, err := fraudChecks(cfg, k)
	if err != nil {
		return nil, err
	}
	checks = append(checks, more...)
	if c := &cfg.Checks.Harvest; c.Enabled {
		check, err := newHarvestCheck(c, k.seed)
		if err != nil {
			return nil, cfg.Problem("checks.harvest", err.Error(), err)
		}
		checks = append(checks, check)
	}
	if more, err = socialChecks(cfg, k); err != nil {
		return nil, err
	}
	checks = append(checks, more...)
	if more, err = factChecks(cfg, k); err != nil {
		return nil, err
	}
	checks = append(checks, more...)
	if k.strangers != nil {
		checks = append(checks, k.strangers)
	}
	if cfg.Checks.Identity.Enabled {
		check, err := identitycheck.New(identitycheck.Config{}, k.memory)
		if err != nil {
			return nil, cfg.Problem("checks.identity", err.Error(), err)
		}
		checks = append(checks, check)
	}
	if cfg.Checks.IdentityPolicy.Enabled {
		check, err := policycheck.New(policycheck.Config{Seed: k.seed}, k.policies)
		if err != nil {
			return nil, cfg.Problem("checks.identity_policy", err.Error(), err)
		}
		checks = append(checks, check)
	}
	if cfg.Checks.Lists.Enabled {
		check, err := listcheck.New(listcheck.Config{}, k.lists)
		if err != nil {
			return nil, cfg.Problem("checks.lists", err.Error(), err)
		}
		checks = append(checks, check)
	}
	if cfg.Checks.Content.Enabled {
		check, err := newContentCheck(cfg, k)
		if err != nil {
			return nil, err
		}
		checks = append(checks, check)
	}
	return checks, nil
}

func rateConfig(c *config.RateCheck, seed uint64) ratecheck.Config {
	limit := func(r config.Rate) rate.Limit { return rate.Limit{Count: r.Count, Per: r.Per} }
	return ratecheck.Config{
		Source: limit(c.Source), Caller: limit(c.Caller), Callee: limit(c.Callee),
		Fanout: ratecheck.Fanout{Callees: c.FanOut.Count, Window: c.FanOut.Per},
		Keys:   c.Keys, Seed: seedOf(seed),
	}
}

func newHarvestCheck(c *config.HarvestCheck, seed uint64) (*harvestcheck.Check, error) {
	s := seedOf(seed)
	if seed == 0 {
		s = rate.NewSeed()
	}
	return harvestcheck.New(harvestcheck.Config{}, harvest.New(c.Networks, s))
}

// seedOf is a seed of hashes; 0 lets the check choose.
func seedOf(n uint64) rate.Seed {
	if n == 0 {
		return rate.Seed{}
	}
	return rate.FixedSeed(n)
}

// checkInfos describes every check there is, switched on or off.
func checkInfos() []screen.Info {
	return []screen.Info{knowncheck.Info(), strangercheck.Info(), reputationcheck.Info(), contentcheck.Info(), ratecheck.Info(), floodcheck.Info(), fraudcheck.Info(), wangiricheck.Info(), harvestcheck.Info(), identitycheck.Info(), policycheck.Info(), listcheck.Info(), numbercheck.Info(), displaycheck.Info()}
}

// checkSignals refuses weights of signals that no check has.
func checkSignals(cfg *config.Config) error {
	var names []string
	for _, info := range checkInfos() {
		for _, s := range info.Signals {
			names = append(names, s.Name)
		}
		prefix := strings.ToUpper(strings.ReplaceAll(info.Name, "-", "_"))
		names = append(names, prefix+"_TIMEOUT", prefix+"_FAILED")
	}
	return cfg.CheckSignals(names)
}

// policies are the resolved policies: the site's, one per domain name, and those
// of users for whom others hold, by domain name and border.UserKeys.
type policies struct {
	site   *screen.Policy
	domain map[string]*screen.Policy
	user   map[string]map[string]*screen.Policy
}

// called is the policy for calls to a user.
func (p *policies) called(a *screen.Attempt) *screen.Policy {
	if users := p.user[a.ToDomain]; users != nil && !a.Outbound {
		if u := users[border.UserKey(a.To.Requested)]; u != nil {
			return u
		}
		if u := users[a.ToNumber]; u != nil {
			return u
		}
	}
	return p.at(a.ToDomain)
}

// of is the policy for calls to a domain.
func (p *policies) of(domain string) *screen.Policy { return p.at(strings.ToLower(domain)) }

// at is of where the domain is in lower case, as an attempt's is.
func (p *policies) at(domain string) *screen.Policy {
	if d, ok := p.domain[domain]; ok {
		return d
	}
	return p.site
}

func resolvePolicies(cfg *config.Config, engine *screen.Engine) (*policies, error) {
	site := cfg.Policy.Layer("policy")
	base := shipped(engine)
	resolved, err := engine.Resolve(base, site)
	if err != nil {
		return nil, cfg.Problem("policy", err.Error(), err)
	}
	p := &policies{site: resolved, domain: map[string]*screen.Policy{}, user: map[string]map[string]*screen.Policy{}}
	for i := range cfg.Domains {
		d := &cfg.Domains[i]
		policy, err := engine.Resolve(base, site, d.Layer())
		if err != nil {
			return nil, cfg.Problem(fmt.Sprintf("domains[%d].policy", i), err.Error(), err)
		}
		users, err := userPolicies(cfg, engine, i)
		if err != nil {
			return nil, err
		}
		for _, name := range d.Names() {
			p.domain[strings.ToLower(name)] = policy
			if len(users) > 0 {
				p.user[strings.ToLower(name)] = users
			}
		}
	}
	return p, nil
}

// userPolicies are the policies of the users of domain i for whom others hold.
func userPolicies(cfg *config.Config, engine *screen.Engine, i int) (map[string]*screen.Policy, error) {
	d, all, numbers := &cfg.Domains[i], map[string]*screen.Policy{}, map[string]*screen.Policy{}
	for _, name := range slices.Sorted(maps.Keys(d.Users)) {
		u := d.Users[name]
		policy, err := engine.Resolve(shipped(engine), cfg.Policy.Layer("policy"), d.Layer(), u.Layer(name))
		if err != nil {
			return nil, cfg.Problem(fmt.Sprintf("domains[%d].users.%s.policy", i, name), err.Error(), err)
		}
		dialled, number := border.UserKeys(name, cfg.Plan())
		all[dialled] = policy
		if number != "" && numbers[number] == nil {
			numbers[number] = policy
		}
	}
	maps.Copy(numbers, all) // what is dialled stands above the number that it is
	return numbers, nil
}

// newScreener answers POST /screen and `gatehouse screen` without a server.
func newScreener(cfg *config.Config, k *known) (api.Screener, error) {
	checks, err := newChecks(cfg, k)
	if err != nil {
		return nil, err
	}
	engine, err := screen.New(checks)
	if err != nil {
		return nil, err
	}
	p, err := resolvePolicies(cfg, engine)
	if err != nil {
		return nil, err
	}
	ids := new(history.IDs)
	return func(ctx context.Context, ev *screen.Event) (*verdict.Verdict, error) {
		return probe(ctx, cfg, engine, p, ids, ev)
	}, nil
}

// probe judges an event with all its reasons and without counting it.
func probe(ctx context.Context, cfg *config.Config, engine *screen.Engine, p *policies, ids *history.IDs, ev *screen.Event) (*verdict.Verdict, error) {
	a, err := ev.Attempt(cfg.Plan())
	if err != nil {
		return nil, err
	}
	a.Probe = true
	if a.Time.IsZero() {
		a.Time = time.Now().UTC().Truncate(time.Microsecond)
	}
	if !a.Outbound {
		a.To.User = a.To.Requested
	}
	if a.ID == "" {
		a.ID = ids.New(a.Time)
	}
	site := newSite(cfg, p)
	if a.Peer == "" && a.Source.IsValid() {
		a.Peer = site.PeerAt(a.Source.Addr())
	}
	a.Exempt, a.Emergency = site.Exemption(ev.To)
	policy := *p.called(a)
	policy.Exhaustive = true
	v := new(verdict.Verdict)
	a.Describe(v)
	start := time.Now()
	if !engine.Cheap(a, &policy, v) {
		engine.Lookup(ctx, a, &policy, v)
	}
	if v.Action == verdict.Reject {
		r := action.NewRejection(policy.Rejection, redress(cfg))
		v.Response = r.Response()
	}
	v.ElapsedUS = time.Since(start).Microseconds()
	return v, nil
}

// redress is whom a rejected caller may turn to.
func redress(cfg *config.Config) action.Redress {
	r := cfg.Redress
	return action.Redress{JCard: r.JCard, URL: r.URL, Tel: string(r.Tel), Email: r.Email}
}
