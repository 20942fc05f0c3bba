package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// TollFraudCheck says what calls of ours to elsewhere are allowed (docs/operating.md, "Toll fraud").
type TollFraudCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Countries may be called besides one's own (`numbers.country`): ISO 3166 codes, as DE. Empty: all.
	Countries []string `yaml:"countries"`
	// Deny are kinds of number that may not be called: premium, satellite, shared-cost, personal, toll-free, unknown, abroad, home.
	Deny []string `yaml:"deny"`
	// Limits are the ceilings of each account.
	Limits TollFraudLimits `yaml:"limits"`
	// PBX are those of each number that our PBX shows as the caller: one number may stand for everybody.
	PBX TollFraudLimits `yaml:"pbx"`
	// Hours are those in which calls abroad are made: "08:00-18:00" or "weekdays 08:00-18:00". Empty: always.
	Hours string `yaml:"hours,omitempty"`
	// Zone is the time zone of the hours, as Europe/Berlin.
	Zone string `yaml:"zone"`
	// Rates are what a minute costs, by kind of number, country (FR) or prefix ("+88213"); what is left out stays as shipped.
	Rates map[string]float64 `yaml:"rates,omitempty"`
	// Accounts have rules of their own: users (alice@example.test), calling numbers ("+15551230001") and domains (example.test).
	Accounts map[string]TollFraudRule `yaml:"accounts,omitempty"`
	// Ledger is how many accounts are remembered with what they have used, 1.4 KB each.
	Ledger int `yaml:"ledger"`
	// Tails is how many numbers are remembered that were tried under a prefix, 56 octets each.
	Tails int `yaml:"tails"`
}

// TollFraudRule is what one account may do. What is left out is as for all.
type TollFraudRule struct {
	// Countries is as for all; [any] are all countries.
	Countries []string `yaml:"countries,omitempty"`
	// Deny is as for all; [none] denies nothing.
	Deny []string `yaml:"deny,omitempty"`
	// Limits is as for all, each by itself.
	Limits TollFraudLimits `yaml:"limits,omitempty"`
	// Hours is as for all; "always" is no limit.
	Hours string `yaml:"hours,omitempty"`
}

// TollFraudLimits are ceilings; 0 is none, and in `accounts` as for all.
type TollFraudLimits struct {
	// CallsHour and CallsDay bound calls, answered or not.
	CallsHour int `yaml:"calls_hour"`
	CallsDay  int `yaml:"calls_day"`
	// MinutesHour and MinutesDay bound the minutes of answered calls.
	MinutesHour int `yaml:"minutes_hour"`
	MinutesDay  int `yaml:"minutes_day"`
	// AtOnce bounds the calls under way at a time.
	AtOnce int `yaml:"at_once"`
	// CostHour and CostDay bound the estimated cost, in the currency of the rates.
	CostHour float64 `yaml:"cost_hour"`
	CostDay  float64 `yaml:"cost_day"`
}

// WangiriCheck is the check of calls that ring once.
type WangiriCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Ring is the longest ring that counts as one.
	Ring Duration `yaml:"ring"`
	// Numbers is how many numbers and blocks are remembered, 56 octets each.
	Numbers int `yaml:"numbers"`
}

// FloodCheck is the check of many callers at one callee.
type FloodCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Callers is how many different callers one callee may have, at most 70.
	Callers Rate `yaml:"callers"`
	// Hotlines are callees that many call: addresses and numbers.
	Hotlines []string `yaml:"hotlines"`
	// Keys is how many callees are remembered, 40 octets each.
	Keys int `yaml:"keys"`
}

func defaultTollFraud() TollFraudCheck {
	return TollFraudCheck{
		Enabled: true, Countries: []string{}, Deny: []string{"premium", "satellite", "shared-cost"}, Zone: "UTC", Ledger: 1 << 13, Tails: 1 << 16,
		Limits: TollFraudLimits{CallsHour: 120, CallsDay: 600, MinutesHour: 600, MinutesDay: 2400, AtOnce: 10, CostHour: 30, CostDay: 100},
		PBX:    TollFraudLimits{CallsHour: 1200, CallsDay: 6000, MinutesHour: 6000, MinutesDay: 24000, AtOnce: 100, CostHour: 300, CostDay: 1000},
	}
}

func defaultWangiri() WangiriCheck {
	return WangiriCheck{Enabled: true, Ring: Duration(3 * time.Second), Numbers: 1 << 16}
}

func defaultFlood() FloodCheck {
	return FloodCheck{Enabled: true, Callers: Rate{20, time.Minute}, Hotlines: []string{}, Keys: 1 << 16}
}

// Hours is a part of the day.
type Hours struct {
	// From and To are times of day; equal: always.
	From, To time.Duration
	// Weekdays leaves Saturday and Sunday out.
	Weekdays bool
}

// ParseHours reads "08:00-18:00" or "weekdays 08:00-18:00"; "" and "always" are no limit.
func ParseHours(s string) (h Hours, ok bool) {
	if s == "" || s == "always" {
		return h, true
	}
	s, h.Weekdays = strings.CutPrefix(s, "weekdays ")
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return h, false
	}
	var ok1, ok2 bool
	h.From, ok1 = clock(from)
	h.To, ok2 = clock(to)
	return h, ok1 && ok2 && (h.Weekdays || h.From != h.To)
}

// clock reads a time of day, up to 24:00.
func clock(s string) (time.Duration, bool) {
	hour, minute, ok := strings.Cut(s, ":")
	h, err1 := strconv.ParseUint(hour, 10, 8)
	m, err2 := strconv.ParseUint(minute, 10, 8)
	at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	return at, ok && err1 == nil && err2 == nil && m < 60 && at <= 24*time.Hour
}

// tollFraudClasses are the kinds of number that cost differently.
var tollFraudClasses = [...]string{"home", "abroad", "toll-free", "premium", "shared-cost", "personal", "satellite", "unknown"}

// fraud checks the settings of tollfraud, wangiri and flood.
func (v *validation) fraud() {
	c := &v.c.Checks.TollFraud
	const path = "checks.tollfraud"
	v.tollRule(path, TollFraudRule{c.Countries, c.Deny, c.Limits, c.Hours})
	v.tollLimits(path+".pbx", &c.PBX)
	if _, err := time.LoadLocation(c.Zone); err != nil {
		v.problem(path+".zone", "%q is no time zone; write it as Europe/Berlin", c.Zone)
	}
	for what, price := range c.Rates {
		digits, prefix := strings.CutPrefix(what, "+")
		known := slices.Contains(tollFraudClasses[:], what) || prefix && digits != "" && strings.Trim(digits, "0123456789") == "" || country(what)
		if !known || !(price >= 0 && price <= 1e6) {
			v.problem(path+".rates", "%s: %v means nothing; write the price of a minute for a kind of number, a country or a prefix", what, price)
		}
	}
	for who, rule := range c.Accounts {
		if len(rule.Countries) == 1 && rule.Countries[0] == "any" {
			rule.Countries = nil
		}
		if len(rule.Deny) == 1 && rule.Deny[0] == "none" {
			rule.Deny = nil
		}
		v.tollRule(path+".accounts."+who, rule)
	}
	if l := &v.c.Limits; l.Calls < 1 || l.CallAge < Duration(time.Minute) {
		v.problem("limits.calls", "calls that are not followed cannot be counted; keep calls at 1 and call_age at 1m or more")
	}
	if r := v.c.Checks.Wangiri.Ring; r <= 0 || time.Duration(r) > 10*time.Second {
		v.problem("checks.wangiri.ring", "%s is no single ring; write it as 3s", time.Duration(r))
	}
	if r := v.c.Checks.Flood.Callers; r.Count < 2 || r.Count > 70 || r.Per <= 0 {
		v.problem("checks.flood.callers", "%d callers are not within 2 and 70; write it as 20/m", r.Count)
	}
}

func (v *validation) tollRule(path string, r TollFraudRule) {
	for _, c := range r.Countries {
		if !country(c) {
			v.problem(path+".countries", "%q is no country; write its ISO 3166 code, as DE", c)
		}
	}
	for _, d := range r.Deny {
		if !slices.Contains(tollFraudClasses[:], d) {
			v.problem(path+".deny", "%q is no kind of number; use %s", d, strings.Join(tollFraudClasses[:], ", "))
		}
	}
	if _, ok := ParseHours(r.Hours); !ok {
		v.problem(path+".hours", "%q are no hours; write them as 08:00-18:00 or weekdays 08:00-18:00", r.Hours)
	}
	v.tollLimits(path+".limits", &r.Limits)
}

func (v *validation) tollLimits(path string, l *TollFraudLimits) {
	if min(l.CallsHour, l.CallsDay, l.MinutesHour, l.MinutesDay, l.AtOnce) < 0 || !(l.CostHour >= 0 && l.CostDay >= 0) {
		v.problem(path, "a ceiling is negative; 0 is none")
	}
}

// country tells whether a text has the form of an ISO 3166 code.
func country(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}
