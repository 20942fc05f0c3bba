package config

// StrangerCheck is the check of first contacts.
type StrangerCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Trial is how many different users a caller must have tried before he is let through on trial, as long as hardly anybody objects.
	Trial int `yaml:"trial"`
	// Pairs and Callers are how many acquaintances and callers are remembered, about 32 and 64 octets each.
	Pairs   int `yaml:"pairs"`
	Callers int `yaml:"callers"`
}

func defaultStranger() StrangerCheck {
	return StrangerCheck{Enabled: true, Trial: 12, Pairs: 262144, Callers: 65536}
}

// stranger checks the sizes.
func (v *validation) stranger() {
	s := &v.c.Checks.Stranger
	if s.Trial < 1 || s.Trial > 100 {
		v.problem("checks.stranger.trial", "%d is not within 1 and 100", s.Trial)
	}
	if s.Pairs < 1 || s.Pairs > 1<<26 {
		v.problem("checks.stranger.pairs", "%d is not within 1 and 67108864", s.Pairs)
	}
	if s.Callers < 1 || s.Callers > 1<<26 {
		v.problem("checks.stranger.callers", "%d is not within 1 and 67108864", s.Callers)
	}
}
