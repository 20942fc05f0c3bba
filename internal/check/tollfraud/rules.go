package tollfraud

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/state/usage"
	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// Config says what calls of ours to elsewhere are allowed.
type Config struct {
	// Plan is the site's numbering plan; its country is home.
	Plan uri.Plan
	// Rule holds for every account that Accounts does not name.
	Rule
	// PBX are the ceilings of callers that only our PBX vouches for: it may show one number for everybody.
	PBX Limits
	// Accounts are rules of accounts ("alice@example.test"), calling numbers ("+15551230001") and domains ("example.test"). An account's goes before
	// its number's, and that before its domain's; each holds as a whole.
	Accounts map[string]Rule
	// Rates are what a minute costs, by class ("abroad"), country ("FR") or prefix ("+88213"), the most exact one.
	Rates map[string]float64
}

// Rule is what one account may do.
type Rule struct {
	// Countries are those that may be called besides one's own, by ISO 3166 code; empty: all.
	Countries []string
	// Deny are classes of numbers that may not be called.
	Deny []string
	// Limits are the ceilings.
	Limits Limits
	// From and To are the hours of the day for calls abroad; equal: always. Weekdays leaves Saturday and Sunday out.
	From, To time.Duration
	Weekdays bool
	// Zone is the time zone of the hours; nil = UTC.
	Zone *time.Location
}

// Limits are ceilings; 0 is none.
type Limits struct {
	CallsHour, CallsDay     int
	MinutesHour, MinutesDay int
	AtOnce                  int
	CostHour, CostDay       float64
}

// Defaults returns the shipped settings: any country, no numbers that somebody earns by, and ceilings far above what one person uses.
func Defaults() Config {
	return Config{
		Rule: Rule{
			Deny:   []string{Premium.String(), Satellite.String(), SharedCost.String()},
			Limits: Limits{CallsHour: 120, CallsDay: 600, MinutesHour: 600, MinutesDay: 2400, AtOnce: 10, CostHour: 30, CostDay: 100},
		},
		PBX: Limits{CallsHour: 1200, CallsDay: 6000, MinutesHour: 6000, MinutesDay: 24000, AtOnce: 100, CostHour: 300, CostDay: 1000},
		Rates: map[string]float64{
			Home.String(): 0.02, Abroad.String(): 0.1, TollFree.String(): 0, Premium.String(): 2, SharedCost.String(): 0.2, Personal.String(): 0.5,
			Satellite.String(): 6, Unknown.String(): 0.1,
		},
	}
}

// rules are a Config made ready.
type rules struct {
	plan     uri.Plan
	site     *rule
	pbx      *rule
	accounts map[string]*rule
	class    [Unknown + 1]int64
	country  map[string]int64
	prefix   map[string]int64
	longest  int
}

// rule is a Rule made ready.
type rule struct {
	countries countries
	deny      [Unknown + 1]bool
	limits    Limits
	from, to  time.Duration
	weekdays  bool
	zone      *time.Location
	hours     string
}

// countries are those that are allowed; nil: all.
type countries map[string]bool

func (c countries) allows(region string) bool { return c == nil || c[region] }

const million = 1_000_000

func newRules(cfg Config) (*rules, error) {
	r := &rules{plan: cfg.Plan, accounts: map[string]*rule{}, country: map[string]int64{}, prefix: map[string]int64{}}
	var err error
	if r.site, err = newRule(&cfg.Rule); err != nil {
		return nil, fmt.Errorf("tollfraud: %w", err)
	}
	pbx := *r.site
	pbx.limits = cfg.PBX
	r.pbx = &pbx
	for who, rule := range cfg.Accounts {
		if r.accounts[strings.ToLower(who)], err = newRule(&rule); err != nil {
			return nil, fmt.Errorf("tollfraud: accounts: %s: %w", who, err)
		}
	}
	for what, price := range cfg.Rates {
		if err := r.setRate(what, price); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func newRule(in *Rule) (*rule, error) {
	r := &rule{limits: in.Limits, from: in.From, to: in.To, weekdays: in.Weekdays, zone: in.Zone}
	if r.zone == nil {
		r.zone = time.UTC
	}
	r.hours = clock(in.From) + "-" + clock(in.To)
	if in.Weekdays {
		r.hours = "weekdays " + r.hours
	}
	for _, c := range in.Countries {
		if len(c) != 2 {
			return nil, fmt.Errorf("countries: %q is no ISO 3166 code of two letters", c)
		}
		if r.countries == nil {
			r.countries = countries{}
		}
		r.countries[strings.ToUpper(c)] = true
	}
	for _, word := range in.Deny {
		i := slices.Index(classWords[:], word)
		if i < 0 {
			return nil, fmt.Errorf("deny: %q is none of %s", word, strings.Join(classWords[:], ", "))
		}
		r.deny[i] = true
	}
	return r, nil
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

func (r *rules) setRate(what string, price float64) error {
	micros := int64(price * million)
	if !(price >= 0) || price > 1e6 {
		return fmt.Errorf("tollfraud: rates: %s: %v is no price of a minute", what, price)
	}
	prefix, isPrefix := strings.CutPrefix(what, "+")
	switch i := slices.Index(classWords[:], what); {
	case i >= 0:
		r.class[i] = micros
	case isPrefix && prefix != "" && strings.Trim(prefix, "0123456789") == "" && len(prefix) <= 15:
		r.prefix[what] = micros
		r.longest = max(r.longest, len(what))
	case len(what) == 2:
		r.country[strings.ToUpper(what)] = micros
	default:
		return fmt.Errorf("tollfraud: rates: %q is no class, country or prefix", what)
	}
	return nil
}

// of returns the rule for an attempt's account.
func (r *rules) of(a *screen.Attempt) *rule {
	if len(r.accounts) > 0 {
		who := Account(a)
		if rule := r.accounts[who[strings.IndexByte(who, ':')+1:]]; rule != nil {
			return rule
		}
		for _, name := range [...]string{a.IdentityNumber, a.FromNumber, a.IdentityDomain, a.FromDomain} {
			if rule := r.accounts[name]; name != "" && rule != nil {
				return rule
			}
		}
	}
	if a.From.Proof < verdict.Digest {
		return r.pbx
	}
	return r.site
}

// homeShared is how strongly a number of shared cost in one's own country counts: many companies' ordinary numbers are such.
const homeShared = 0.25

// denied says how strongly a destination's class is denied.
func (r *rule) denied(d *destination) float64 {
	switch {
	case !r.deny[d.class]:
		return 0
	case d.class == SharedCost && d.home:
		return homeShared
	}
	return 1
}

// closed tells whether no calls abroad are made at that time.
func (r *rule) closed(at time.Time) bool {
	if r.from == r.to && !r.weekdays {
		return false
	}
	at = at.In(r.zone)
	if day := at.Weekday(); r.weekdays && (day == time.Saturday || day == time.Sunday) {
		return true
	}
	since := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	switch {
	case r.from < r.to:
		return since < r.from || since >= r.to
	case r.from > r.to: // over midnight
		return since < r.from && since >= r.to
	}
	return false
}

// price is what a minute costs, in millionths.
func (r *rules) price(d *destination) int64 {
	for n := min(r.longest, d.n); n > 1; n-- {
		if p, ok := r.prefix[string(d.text[:n])]; ok {
			return p
		}
	}
	if p, ok := r.country[d.region]; ok && (d.class == Home || d.class == Abroad) {
		return p
	}
	return r.class[d.class]
}

// cost is what a call costs: by the minute begun.
func (r *rules) cost(d *destination, talk time.Duration) int64 {
	minutes := int64((talk + time.Minute - 1) / time.Minute)
	return r.price(d) * max(minutes, 0)
}

// exhausted reports the first ceiling that the account has reached.
func (c *Check) exhausted(a *screen.Attempt, r *rule, who string, now int64, rep *screen.Report) bool {
	hour, day, open := c.Ledger.Used(c.Ledger.Account(who), now)
	if c.Live != nil {
		load := c.Live.Load(who, now)
		open = load.Open
		for _, s := range [...]*usage.Sum{&hour, &day} {
			s.Talk += load.Talk
			s.Cost += load.Cost
		}
	}
	l := &r.limits
	for _, m := range [...]struct {
		used, most float64
		what       string
	}{
		{float64(open), float64(l.AtOnce), "calls at a time"},
		{float64(hour.Calls), float64(l.CallsHour), "calls within an hour"},
		{float64(day.Calls), float64(l.CallsDay), "calls within a day"},
		{hour.Talk.Minutes(), float64(l.MinutesHour), "minutes within an hour"},
		{day.Talk.Minutes(), float64(l.MinutesDay), "minutes within a day"},
		{float64(hour.Cost) / million, l.CostHour, "of cost within an hour"},
		{float64(day.Cost) / million, l.CostDay, "of cost within a day"},
	} {
		if m.most > 0 && m.used >= m.most {
			rep.Signal(signalCeiling, 1, screen.Quote(who)+" has used "+number(m.used)+" "+m.what+", its ceiling is "+number(m.most))
			return true
		}
	}
	return false
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 32) }
