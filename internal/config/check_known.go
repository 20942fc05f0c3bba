package config

// KnownCheck is the check of white lists that fill themselves.
type KnownCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Peers is how many relations of our users are remembered, about 80 octets each.
	Peers int `yaml:"peers"`
	// Recent is how many attempts of the last hours are remembered, about 60 octets each.
	Recent int `yaml:"recent"`
}

func defaultKnown() KnownCheck { return KnownCheck{Enabled: true, Peers: 262144, Recent: 65536} }

// ReputationCheck is the check of what became of callers, and of the web of trust.
type ReputationCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Subjects is how many identities, domains, signers, networks and user agents are remembered, about 190 octets each.
	Subjects int `yaml:"subjects"`
	// Behaviours is how many identities' behaviour is remembered, about 180 octets each.
	Behaviours int `yaml:"behaviours"`
	// Web is how many relations the web of trust holds, about 24 octets each.
	Web int `yaml:"web"`
}

func defaultReputation() ReputationCheck {
	return ReputationCheck{Enabled: true, Subjects: 131072, Behaviours: 65536, Web: 2097152}
}

// known checks the sizes of what checks remember.
func (v *validation) known() {
	all := &v.c.Checks
	k, r := &all.Known, &all.Reputation
	for _, s := range []struct {
		key string
		n   int
	}{
		{"known.peers", k.Peers}, {"known.recent", k.Recent},
		{"reputation.subjects", r.Subjects}, {"reputation.behaviours", r.Behaviours}, {"reputation.web", r.Web},
		{"rate.keys", all.Rate.Keys}, {"flood.keys", all.Flood.Keys}, {"wangiri.numbers", all.Wangiri.Numbers},
		{"tollfraud.ledger", all.TollFraud.Ledger}, {"tollfraud.tails", all.TollFraud.Tails},
	} {
		if s.n < 1024 || s.n > 1<<26 {
			v.problem("checks."+s.key, "%d is not within 1024 and %d", s.n, 1<<26)
		}
	}
}
