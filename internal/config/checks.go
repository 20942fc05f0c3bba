package config

import "time"

// Checks are the settings of each check. A check that is off reports nothing.
type Checks struct {
	// Lists are black and white lists (RFC 5039 §3.2, §3.3).
	Lists ListsCheck `yaml:"lists"`
	// Rate counts attempts (RFC 5039 §3.13).
	Rate RateCheck `yaml:"rate"`
	// Number judges the calling number itself (RFC 5039 §3.2).
	Number NumberCheck `yaml:"number"`
	// Display judges display names.
	Display DisplayCheck `yaml:"display"`
	// TollFraud watches calls of ours to elsewhere, and who searches for a way out.
	TollFraud TollFraudCheck `yaml:"tollfraud"`
	// Wangiri notices calls that ring once, to be called back.
	Wangiri WangiriCheck `yaml:"wangiri"`
	// Flood notices many callers at one callee.
	Flood FloodCheck `yaml:"flood"`
	// Harvest notices who searches for users (RFC 5039 §3.6).
	Harvest HarvestCheck `yaml:"harvest"`
	// Identity weighs proofs, and notices when one was taken away (RFC 5039 §7).
	Identity IdentityCheck `yaml:"identity"`
	// IdentityPolicy looks up what a domain publishes about its signatures.
	IdentityPolicy IdentityPolicyCheck `yaml:"identity_policy"`
	// Content reads messages (RFC 5039 §3.1).
	Content ContentCheck `yaml:"content"`
	// Stranger notices first contacts (RFC 5039 §3.3, the introduction problem).
	Stranger StrangerCheck `yaml:"stranger"`
	// Known are white lists that fill themselves (RFC 5039 §3.3).
	Known KnownCheck `yaml:"known"`
	// Reputation is what became of callers, and the web of trust (RFC 5039 §3.5).
	Reputation ReputationCheck `yaml:"reputation"`
}

// IdentityCheck weighs proofs.
type IdentityCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
}

// IdentityPolicyCheck looks for _sip-identity records (docs/identity-policy.md).
type IdentityPolicyCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
}

// ListsCheck is the check of black and white lists.
type ListsCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
}

// RateCheck counts attempts per source, caller and callee.
type RateCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Source is how many attempts one source address may make.
	Source Rate `yaml:"source"`
	// Caller is how many attempts one calling number or URI may make.
	Caller Rate `yaml:"caller"`
	// Callee is how many attempts one called user may get from strangers.
	Callee Rate `yaml:"callee"`
	// FanOut is how many different users one caller may try, at most 70.
	FanOut Rate `yaml:"fan_out"`
	// Keys is how many sources, callers and callees are remembered, 80 octets each.
	Keys int `yaml:"keys"`
}

func defaultChecks() Checks {
	return Checks{Number: defaultNumberCheck(), Display: defaultDisplayCheck(), Content: defaultContentCheck(), Known: defaultKnown(), Stranger: defaultStranger(), Reputation: defaultReputation(), Lists: ListsCheck{Enabled: true}, Identity: IdentityCheck{Enabled: true}, IdentityPolicy: IdentityPolicyCheck{Enabled: true},
		TollFraud: defaultTollFraud(), Wangiri: defaultWangiri(), Harvest: defaultHarvest(), Flood: defaultFlood(), Rate: RateCheck{
			Enabled: true,
			Source:  Rate{120, time.Minute},
			Caller:  Rate{20, time.Minute},
			Callee:  Rate{60, time.Minute},
			FanOut:  Rate{30, time.Hour},
			Keys:    1 << 16,
		}}
}
