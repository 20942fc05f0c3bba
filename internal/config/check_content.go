package config

// ContentCheck reads what messages, and the headers of calls, say (RFC 5039 §3.1).
type ContentCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Floor is how many messages must have been judged by people in a domain
	// before the check has an opinion about others there, at least 16.
	Floor int `yaml:"floor"`
	// Full is how many must have been judged until it is as sure as it will be.
	Full int `yaml:"full"`
	// Words is how many words and parts of words are remembered, 14 octets each.
	Words int `yaml:"words"`
	// Reports is how many reported texts are remembered, to recognise others
	// like them; about 2500 octets each.
	Reports int `yaml:"reports"`
	// Recent is the memory for the features of messages that came lately, so that
	// feedback teaches what they said; 2 KB each.
	Recent Size `yaml:"recent"`
}

func defaultContentCheck() ContentCheck {
	return ContentCheck{Enabled: true, Floor: 30, Full: 200, Words: 1 << 19, Reports: 4096, Recent: 16 << 20}
}

func (v *validation) contentCheck() {
	c := &v.c.Checks.Content
	if c.Floor < 16 {
		v.problem("checks.content.floor", "%d is less than 16: with fewer messages everything looks alike", c.Floor)
	}
	if c.Full < c.Floor {
		v.problem("checks.content.full", "%d is less than floor, %d", c.Full, c.Floor)
	}
	if c.Words < 1024 || c.Words > 1<<26 {
		v.problem("checks.content.words", "%d is not within 1024 and %d", c.Words, 1<<26)
	}
	if c.Recent < 1<<16 || c.Recent > 1<<33 {
		v.problem("checks.content.recent", "%d octets are not within 64KB and 8GB", c.Recent)
	}
	if c.Reports < 1 || c.Reports > 1<<20 {
		v.problem("checks.content.reports", "%d is not within 1 and %d", c.Reports, 1<<20)
	}
}
