package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Limits bound what the network can make us do.
type Limits struct {
	// Connections is how many stream connections may be open in all, and
	// PerSource how many from one IPv4 address or IPv6 /64.
	Connections int `yaml:"connections"`
	PerSource   int `yaml:"connections_per_source"`
	// Message is the largest message accepted on a stream, at most 65535.
	Message Size `yaml:"message"`
	// Idle is when a silent connection is closed, later than any registration ends: a
	// phone behind a NAT is reached by it alone. One whose other end is gone is found
	// within three minutes. Headers and Body are how long the parts of one message may
	// take to arrive.
	Idle    Duration `yaml:"idle"`
	Headers Duration `yaml:"headers"`
	Body    Duration `yaml:"body"`
	// Transactions is how many transactions may be open, each of about 4 KB: above it strangers are turned away, above twice that everybody.
	Transactions int `yaml:"transactions"`
	// Calls is how many calls are followed to their end at a time, CallAge how
	// long one may last whose end nobody sees.
	Calls   int      `yaml:"calls"`
	CallAge Duration `yaml:"call_age"`
	// Flood is how much strangers may send before their packets are dropped.
	Flood Flood `yaml:"flood"`
	// Failures is how many failures of one source lead to a ban.
	Failures Failures `yaml:"failures"`
	// Ban is how long a source is banned.
	Ban Ban `yaml:"ban"`
}

// Flood limits the packets of strangers; peers are never limited. The wider
// networks guard against one attacker with many addresses. Each is a rate with
// a burst: "200/s burst 2000".
type Flood struct {
	V4Host  Burst `yaml:"v4_host"`
	V4Net24 Burst `yaml:"v4_net24"`
	V4Net16 Burst `yaml:"v4_net16"`
	V6Host  Burst `yaml:"v6_host"`
	V6Net64 Burst `yaml:"v6_net64"`
	V6Net48 Burst `yaml:"v6_net48"`
	V6Net32 Burst `yaml:"v6_net32"`
}

// Failures are what bans a source: so many within so long.
type Failures struct {
	// Auth counts wrong credentials.
	Auth Rate `yaml:"auth"`
	// UnknownUser counts requests for users that do not exist.
	UnknownUser Rate `yaml:"unknown_user"`
	// Malformed counts messages that no parser accepts.
	Malformed Rate `yaml:"malformed"`
	// Scan counts what only scanners send.
	Scan Rate `yaml:"scan"`
	// TollFraud counts calls to destinations that are not allowed.
	TollFraud Rate `yaml:"toll_fraud"`
	// Account is how many sources may fail at one account, and Network how many
	// failures may come from one /24 or /48, before strangers who fail there are
	// banned sooner.
	Account Rate `yaml:"account"`
	Network Rate `yaml:"network"`
}

// Ban is the length of bans. Each further ban of a source is twice as long.
type Ban struct {
	// Time is the first ban, MaxTime the longest.
	Time    Duration `yaml:"time"`
	MaxTime Duration `yaml:"max_time"`
	// Unproven and UnprovenMax are the same where the source address could be
	// forged: floods and other evidence that came over UDP without a handshake.
	Unproven    Duration `yaml:"unproven"`
	UnprovenMax Duration `yaml:"unproven_max"`
	// Kernel has the kernel drop what banned sources send to our ports, by an
	// nftables table of our own. It needs the capability CAP_NET_ADMIN.
	Kernel bool `yaml:"kernel"`
}

// Rate is so many in a time span, written as 100/s, 30/m, 500/h or 20/10s.
type Rate struct {
	Count int
	Per   time.Duration
}

// ParseRate reads a rate.
func ParseRate(s string) (Rate, bool) {
	count, per, ok := strings.Cut(s, "/")
	if !ok {
		return Rate{}, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil || n < 0 || n > 1e9 {
		return Rate{}, false
	}
	per = strings.TrimSpace(per)
	if per != "" && (per[0] < '0' || per[0] > '9') {
		per = "1" + per
	}
	d, err := ParseDuration(per)
	if err != nil || d <= 0 {
		return Rate{}, false
	}
	return Rate{Count: n, Per: d}, true
}

// String is the rate as it is written in the file.
func (r Rate) String() string {
	per := Duration(r.Per).String()
	if len(per) == 2 && per[0] == '1' {
		per = per[1:]
	}
	return strconv.Itoa(r.Count) + "/" + per
}

// UnmarshalYAML reads a rate.
func (r *Rate) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	v, ok := ParseRate(s)
	if !ok {
		return bad(n, "%q is not a rate; write it as 100/s, 30/m, 500/h or 20/10s", s)
	}
	*r = v
	return nil
}

// MarshalText writes the rate.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Burst is a rate with the number that may come at once.
type Burst struct {
	Rate
	Burst int
}

// UnmarshalYAML reads "200/s burst 2000"; without a burst it is five times the
// count.
func (b *Burst) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	rate, burst, ok := strings.Cut(s, " burst ")
	r, good := ParseRate(strings.TrimSpace(rate))
	size := r.Count * 5
	if ok {
		size, err = strconv.Atoi(strings.TrimSpace(burst))
	}
	if !good || err != nil || size < 1 || size > 1e9 {
		return bad(n, "%q is not a flood limit; write it as 200/s burst 2000", s)
	}
	*b = Burst{Rate: r, Burst: size}
	return nil
}

// MarshalText writes what UnmarshalYAML reads.
func (b Burst) MarshalText() ([]byte, error) {
	return []byte(b.Rate.String() + " burst " + strconv.Itoa(b.Burst)), nil
}

func perSecond(count, burst int) Burst { return Burst{Rate{count, time.Second}, burst} }

func defaultLimits() Limits {
	return Limits{
		Connections: 10000, PerSource: 100, Message: 65535,
		Idle: Duration(130 * time.Minute), Headers: Duration(10 * time.Second), Body: Duration(10 * time.Second),
		Transactions: 50000, Calls: 65536, CallAge: Duration(4 * time.Hour),
		Flood: Flood{
			V4Host: perSecond(200, 2000), V4Net24: perSecond(1000, 5000), V4Net16: perSecond(5000, 20000),
			V6Host: perSecond(200, 2000), V6Net64: perSecond(400, 4000), V6Net48: perSecond(1000, 5000),
			V6Net32: perSecond(5000, 20000),
		},
		Failures: Failures{
			Auth: Rate{5, 24 * time.Hour}, UnknownUser: Rate{5, 6 * time.Hour},
			Malformed: Rate{100, 10 * time.Minute}, Scan: Rate{5, 6 * time.Hour}, TollFraud: Rate{3, 6 * time.Hour},
			Account: Rate{20, 24 * time.Hour}, Network: Rate{30, 24 * time.Hour},
		},
		Ban: Ban{
			Time: Duration(10 * time.Minute), MaxTime: Duration(24 * time.Hour),
			Unproven: Duration(time.Minute), UnprovenMax: Duration(10 * time.Minute),
		},
	}
}
