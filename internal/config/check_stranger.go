package config

// StrangerCheck is the check of first contacts.
type StrangerCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Trial is how many calls of a caller must have come through before its record can make it welcome.
	Trial int `yaml:"trial"`
	// Risk is the share of unwanted callers among strangers of a kind from which on they are asked for an introduction.
	Risk float64 `yaml:"risk"`
	// Patience is the share of attempts let through that may have been asked for an introduction.
	Patience float64 `yaml:"patience"`
	// Pairs and Callers are how many acquaintances and callers are remembered, about 32 and 64 octets each.
	Pairs   int `yaml:"pairs"`
	Callers int `yaml:"callers"`
}

func defaultStranger() StrangerCheck {
	return StrangerCheck{Enabled: true, Trial: 7, Risk: 0.25, Patience: 0.037, Pairs: 262144, Callers: 65536}
}

// stranger checks the sizes.
func (v *validation) stranger() {
	s := &v.c.Checks.Stranger
	if s.Trial < 1 || s.Trial > 100 {
		v.problem("checks.stranger.trial", "%d is not within 1 and 100", s.Trial)
	}
	if !(s.Risk > 0 && s.Risk < 1) {
		v.problem("checks.stranger.risk", "%v is not between 0 and 1", s.Risk)
	}
	if !(s.Patience > 0 && s.Patience <= 1) {
		v.problem("checks.stranger.patience", "%v is not between 0 and 1", s.Patience)
	}
	if s.Pairs < 1 || s.Pairs > 1<<26 {
		v.problem("checks.stranger.pairs", "%d is not within 1 and 67108864", s.Pairs)
	}
	if s.Callers < 1 || s.Callers > 1<<26 {
		v.problem("checks.stranger.callers", "%d is not within 1 and 67108864", s.Callers)
	}
}
