package guard

import (
	"fmt"
	"net/netip"
	"time"
)

// Rate is a flood limit: Burst packets at once and PerSecond in the long run.
// A packet of more than 2 KiB counts once for each 2 KiB begun. The zero Rate
// is no limit.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Limits are the flood limits of a host and of the networks around it. A
// packet has to be within each of them. Zero fields do not limit.
type Limits struct {
	V4Host  Rate // each IPv4 address
	V4Net24 Rate // each IPv4 /24
	V4Net16 Rate // each IPv4 /16
	V6Host  Rate // each IPv6 address; off by default, since whoever has one has its /64
	V6Net64 Rate // each IPv6 /64: usually one LAN or one host
	V6Net48 Rate // each IPv6 /48: usually one site
	V6Net32 Rate // each IPv6 /32: usually one provider
}

// FailureLimit says how many failures of one kind a source is allowed: Count
// at once, and Count per Window in the long run. A zero Count never bans.
type FailureLimit struct {
	Count  int
	Window time.Duration
}

// Failures are the limits by kind.
type Failures struct {
	Auth        FailureLimit // wrong credentials
	UnknownUser FailureLimit // requests for users that do not exist
	Malformed   FailureLimit // messages that no parser accepts
	Scan        FailureLimit // what only scanners send
	TollFraud   FailureLimit // calls to destinations that are not allowed
}

// Config is what a guard is made from. Zero durations and sizes take the
// values of Default; zero limits are no limits.
type Config struct {
	// Peers are never limited or banned: trunks, the PBX, the monitoring.
	Peers []netip.Prefix
	// Limits are the flood limits. Default().Limits suits strangers on the
	// internet: an office of some hundred phones behind one address stays
	// within them even when all of its phones restart at once. Whoever sends
	// more is a peer, or needs higher limits.
	Limits Limits
	// Failures are the limits that lead to bans.
	Failures Failures
	// AccountFailures and NetworkFailures say how many failures of different
	// sources at one account, and of one network at different accounts, are
	// usual. Above that strangers who fail there are banned sooner, and a
	// network that proven evidence puts at twice its limit is banned as a whole
	// unless somebody in it has proven a credential lately. A zero Count
	// watches neither.
	AccountFailures FailureLimit
	NetworkFailures FailureLimit
	// GoodFactor divides what a failure counts of a source that has proven a
	// credential within GoodFor, and it may hold twice as many: one wrong phone
	// among a hundred right ones behind the same address must not lock all of
	// them out. It is finite, so that holding one account does not allow guessing
	// at the others.
	GoodFactor int
	// GoodFor is how long a proven credential speaks for its source.
	GoodFor time.Duration
	// Ban is the length of a first ban on proven evidence. It doubles with
	// each further ban up to BanMax; after RepeatMemory without a ban the
	// source starts afresh.
	Ban          time.Duration
	BanMax       time.Duration
	RepeatMemory time.Duration
	// UnprovenBan and UnprovenBanMax are the same for evidence that a forged
	// source address could have produced, floods included. See the package
	// comment.
	UnprovenBan    time.Duration
	UnprovenBanMax time.Duration
	// FloodSeconds is how many seconds a source has to be over its own limit,
	// without a break of more than 5 s, to be banned for it.
	FloodSeconds int
	// CreditFor is how long unused reply credit lasts: longer than a call may ring
	// (RFC 3261 §16.6 step 11: three minutes), since its answer is paid with it.
	CreditFor time.Duration
	// MaxBans caps the number of bans. When it is reached, the ban that
	// expires soonest makes room.
	MaxBans int
	// TableBits sets the size of every table: 1<<TableBits cells a row for
	// the flood limits, a fraction of it for the rest. 16 makes about 11 MB.
	TableBits int
	// Seed makes the hashes the same each time, for a replay and for what is kept over a restart (Memories); it is secret, so that nobody outside can
	// choose who collides. 0: at random.
	Seed uint64
	// Clock tells the time that Admit and Report are given, in Unix nanoseconds.
	// It may differ from the wall's, which is set at times and goes on while a
	// machine sleeps; people and the storage know bans by the wall's. Nil: the
	// wall's.
	Clock func() int64
	// Storage keeps bans over a restart. Nil: they are forgotten.
	Storage Storage
	// Events receives what belongs into the security log. It is called on the
	// goroutine that noticed, with no lock held; it has to be quick and must
	// not block. Nil: nobody is told.
	Events func(Event)
}

// Default returns the values that the server starts with.
func Default() Config {
	return Config{
		Limits: Limits{
			V4Host: Rate{200, 2000}, V4Net24: Rate{1000, 5000}, V4Net16: Rate{5000, 20000},
			V6Net64: Rate{200, 2000}, V6Net48: Rate{1000, 5000}, V6Net32: Rate{5000, 20000},
		},
		Failures: Failures{
			Auth:        FailureLimit{5, 24 * time.Hour},
			UnknownUser: FailureLimit{5, 6 * time.Hour},
			Malformed:   FailureLimit{100, 10 * time.Minute},
			Scan:        FailureLimit{5, 6 * time.Hour},
			TollFraud:   FailureLimit{3, 6 * time.Hour},
		},
		AccountFailures: FailureLimit{20, 24 * time.Hour},
		NetworkFailures: FailureLimit{30, 24 * time.Hour},
		GoodFactor:      20, GoodFor: 2 * time.Hour,
		Ban: 10 * time.Minute, BanMax: 24 * time.Hour, RepeatMemory: 48 * time.Hour,
		UnprovenBan: time.Minute, UnprovenBanMax: 10 * time.Minute,
		FloodSeconds: 10,
		CreditFor:    4 * time.Minute,
		MaxBans:      100_000,
		TableBits:    16,
	}
}

// withDefaults fills zero durations and sizes and checks the rest.
func (c Config) withDefaults() (Config, error) {
	d := Default()
	for _, f := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"good_for", &c.GoodFor, d.GoodFor}, {"ban", &c.Ban, d.Ban}, {"ban_max", &c.BanMax, d.BanMax},
		{"repeat_memory", &c.RepeatMemory, d.RepeatMemory}, {"unproven_ban", &c.UnprovenBan, d.UnprovenBan},
		{"unproven_ban_max", &c.UnprovenBanMax, d.UnprovenBanMax}, {"credit_for", &c.CreditFor, d.CreditFor},
	} {
		if *f.value < 0 {
			return c, fmt.Errorf("guard: %s: %v is negative", f.name, *f.value)
		}
		if *f.value == 0 {
			*f.value = f.def
		}
	}
	for _, f := range []struct {
		name          string
		value         *int
		def, min, max int
	}{
		{"good_factor", &c.GoodFactor, d.GoodFactor, 1, 1000}, {"flood_seconds", &c.FloodSeconds, d.FloodSeconds, 1, 3600},
		{"max_bans", &c.MaxBans, d.MaxBans, 1, 10_000_000}, {"table_bits", &c.TableBits, d.TableBits, 8, 24},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < f.min || *f.value > f.max {
			return c, fmt.Errorf("guard: %s: %d is not within %d to %d", f.name, *f.value, f.min, f.max)
		}
	}
	if c.CreditFor < time.Second || c.CreditFor > 1000*time.Second {
		return c, fmt.Errorf("guard: credit_for: %v is not within 1s to 1000s", c.CreditFor)
	}
	c.BanMax = max(c.BanMax, c.Ban)
	c.UnprovenBanMax = max(c.UnprovenBanMax, c.UnprovenBan)
	return c, c.validate()
}

func (c *Config) validate() error {
	l := &c.Limits
	for i, r := range [...]Rate{l.V4Host, l.V4Net24, l.V4Net16, l.V6Host, l.V6Net64, l.V6Net48, l.V6Net32} {
		name := [...]string{"v4_host", "v4_net24", "v4_net16", "v6_host", "v6_net64", "v6_net48", "v6_net32"}[i]
		if r.PerSecond < 0 || r.PerSecond > 1e6 {
			return fmt.Errorf("guard: limits.%s: %g per second is not within 0 to 1000000", name, r.PerSecond)
		}
		if r.PerSecond > 0 && (r.Burst < 1 || float64(r.Burst) > r.PerSecond*3600) {
			return fmt.Errorf("guard: limits.%s: burst %d is not within 1 and an hour's worth of the rate", name, r.Burst)
		}
	}
	for i, f := range c.Failures.byKind() {
		if f.Count < 0 || f.Count > 0 && (f.Window < time.Second || f.Window > 30*24*time.Hour) {
			return fmt.Errorf("guard: failures.%s: %d per %v: want a count of 0 or more and a window of a second to 30 days",
				FailureKind(i), f.Count, f.Window)
		}
	}
	for i, f := range [...]FailureLimit{c.AccountFailures, c.NetworkFailures} {
		if f.Count < 0 || f.Count > 0 && (f.Window < time.Second || f.Window > 30*24*time.Hour) {
			return fmt.Errorf("guard: failures.%s: %d per %v: want a count of 0 or more and a window of a second to 30 days",
				[...]string{"account", "network"}[i], f.Count, f.Window)
		}
	}
	return nil
}

// byKind returns the limits in the order of the FailureKind constants.
func (f *Failures) byKind() [kinds]FailureLimit {
	return [kinds]FailureLimit{f.Auth, f.UnknownUser, f.Malformed, f.Scan, f.TollFraud}
}
