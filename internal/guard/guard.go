// Package guard decides who may talk at all. It is asked before anything is
// parsed, so what it knows of a source is its address and nothing else.
//
// # What it does
//
//   - Bans: prefixes with a reason, evidence and an expiry; the longest match
//     counts. Operators set them, and failures set them (wrong passwords,
//     scans, malformed messages, toll fraud, sustained floods).
//   - Failures are counted by source, by account and by network (/24, /48), so
//     guessing that is slow or spread over many sources is seen too. Failures
//     are counted, never requests; an account is never locked: what many
//     failures at one account or from one network change is how few more a
//     stranger is allowed who fails there.
//   - Peers: prefixes that are never limited and never banned.
//   - Flood limits: GCRA per host and per network around it.
//   - The reply budget for strangers on UDP (RFC 5393 and RFC 3261 §26.1.5
//     describe the amplification that it rules out): whatever is sent to an
//     address, retransmissions included, never exceeds three times what came
//     from it.
//
// # What it guarantees
//
// Memory is fixed when New returns, except for the bans, whose number is
// capped: ten million spoofed sources change numbers in tables, never the size
// of one. Admit and MayReply allocate nothing and are safe for any number of
// readers; they use atomics only, and every retry loop is bounded. All hashes
// are seeded at random, so nobody outside can choose who collides with whom.
// Addresses are compared unmapped (::ffff:192.0.2.7 is 192.0.2.7) and without
// a zone.
//
// # What a spoofer can do with it
//
// A UDP source address proves nothing, so whoever can forge one could try to
// have a victim banned. Therefore evidence comes in two classes. Proven: the
// other side has echoed something that only the holder of the address could
// have seen (a valid nonce of ours, or a TCP handshake). Unproven: all else,
// floods included. Unproven evidence
//
//   - is counted apart and never adds to proven evidence,
//   - bans one host only, for a short time (Config.UnprovenBan), doubling to a
//     cap of minutes (Config.UnprovenBanMax), where proven evidence may reach
//     a day,
//   - bans neither peers nor sources that have proven a credential lately
//     (Success), so a phone that is registered cannot be framed.
//
// What is left: packets that are forged in the name of a victim use up the
// victim's own flood allowance, and those forged in the name of its network
// that of the network, for as long as they come. Sources with a recent Success
// are exempt from the network limits, and peers from all. Whoever must be
// reachable under such an attack belongs in the list of peers or on TCP or
// TLS with a client certificate.
//
// # What it leaves out
//
// It does not see messages. Dropping in the kernel is package kernel's, which
// follows the bans here. It does not share its state between nodes.
package guard

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// A Verdict is the guard's answer about one packet or connection.
type Verdict uint8

const (
	Pass   Verdict = iota // go on
	Banned                // the source is banned: drop it unread
	Flood                 // the source or its network is over its limit: drop it unread
)

// String returns "pass", "banned" or "flood".
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Banned:
		return "banned"
	case Flood:
		return "flood"
	}
	return "unknown"
}

// Guard holds what is known of sources. Make one with New; all methods are
// safe for concurrent use.
type Guard struct {
	cfg  Config
	bans *banList

	court sync.Mutex // held from the question whether a source is banned to its ban

	v4 [3]level // /32 /24 /16
	v6 [4]level // /128 /64 /48 /32

	failures [kinds][2]table // by kind; 0 unproven, 1 proven
	floods   table           // seconds of flood in a row
	repeat   [2]table        // bans so far, for escalation; 0 unproven, 1 proven
	good     table           // hosts and networks that proved a credential lately
	pairs    table           // hosts and networks with the accounts that they failed at
	accounts table           // failures at an account, from whichever source
	networks [kinds][2]table // failures of a network; 0 unproven, 1 proven
	open     challenges      // challenges that nobody has taken up yet
	names    seed            // of accounts
	budget   table           // reply credit

	events  limiter
	banned  atomic.Uint64
	flooded atomic.Uint64
	refused atomic.Uint64 // replies over budget
	muted   atomic.Uint64 // events over the limit
	many    atomic.Uint64 // failures among many at one account or from one network

	store pending
}

// New makes a guard. It fails when the configuration is wrong; the error names
// the field.
func New(cfg Config) (*Guard, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &Guard{cfg: cfg, bans: newBanList(cfg.MaxBans)}
	g.store.init(cfg.Storage != nil)
	for i, r := range [...]Rate{cfg.Limits.V4Host, cfg.Limits.V4Net24, cfg.Limits.V4Net16} {
		g.v4[i].init(r, cfg.TableBits)
	}
	for i, r := range [...]Rate{cfg.Limits.V6Host, cfg.Limits.V6Net64, cfg.Limits.V6Net48, cfg.Limits.V6Net32} {
		g.v6[i].init(r, cfg.TableBits)
	}
	for k := range g.failures {
		g.failures[k][0].init(cfg.TableBits-2, serialWorth)
		g.failures[k][1].init(cfg.TableBits-2, serialWorth)
	}
	g.floods.init(cfg.TableBits-2, floodWorth)
	g.repeat[0].init(cfg.TableBits-2, repeatWorth)
	g.repeat[1].init(cfg.TableBits-2, repeatWorth)
	g.good.init(cfg.TableBits-1, serialWorth)
	g.pairs.init(cfg.TableBits-1, serialWorth)
	g.accounts.init(cfg.TableBits-2, serialWorth)
	for k := range g.networks {
		g.networks[k][0].init(max(cfg.TableBits-4, 5), serialWorth)
		g.networks[k][1].init(max(cfg.TableBits-4, 5), serialWorth)
	}
	g.open.init(max(cfg.TableBits-6, 4))
	g.names = newSeed()
	g.budget.init(cfg.TableBits, budgetWorth)
	g.events.init(eventsPerSecond, eventsBurst)
	if cfg.Seed != 0 {
		g.reseed(cfg.Seed)
	}
	if err := g.Peers(cfg.Peers); err != nil {
		return nil, err
	}
	return g, nil
}

// Admit says whether a packet of size octets from a, or a connection (size 0),
// goes on. now is in Unix nanoseconds. It allocates nothing.
func (g *Guard) Admit(a netip.Addr, size int, now int64) Verdict {
	a = a.Unmap()
	switch g.bans.lookup(a, now) {
	case standingPeer:
		return Pass
	case standingBanned:
		g.banned.Add(1)
		return Banned
	}
	var over int
	if a.Is4() {
		over = g.charge4(v4Bits(a), cost(size), now)
	} else if a.Is6() {
		hi, lo := v6Bits(a)
		over = g.charge6(hi, lo, cost(size), now)
	}
	if over == within {
		return Pass
	}
	return g.overLimit(a, over, size, now)
}

// overLimit is the uncommon end of Admit. A source that has proven itself
// lately answers for its own rate only, not for its network's.
func (g *Guard) overLimit(a netip.Addr, over, size int, now int64) Verdict {
	host := hostKey(a)
	known := g.isGood(host, now)
	if known && over != overHost {
		return Pass
	}
	g.flooded.Add(1)
	if !known && over == overHost {
		g.strike(a, host, now)
	}
	return Flood
}

// Stats are counts since start, and sizes.
type Stats struct {
	Bans       int    // bans in force, expired ones that are not swept yet included
	Banned     uint64 // packets and connections of banned sources
	Flooded    uint64 // packets and connections over a limit
	Refused    uint64 // replies that the budget did not allow
	Spread     uint64 // failures at accounts, or from networks, where many fail together
	Muted      uint64 // events not reported because there were too many
	Overflow   uint64 // bans evicted or refused because of Config.MaxBans
	StoreLost  uint64 // changes that were not stored because too many waited
	StoreError string // the last error of the storage, "" when the last write went well
	TableBytes int    // the fixed size of all tables
}

// Stats returns the present counts.
func (g *Guard) Stats() Stats {
	s := Stats{
		Bans: g.bans.len(), Banned: g.banned.Load(), Flooded: g.flooded.Load(),
		Refused: g.refused.Load(), Spread: g.many.Load(), Muted: g.muted.Load(), Overflow: g.bans.overflow.Load(),
		TableBytes: g.tableBytes(),
	}
	s.StoreLost, s.StoreError = g.store.stats()
	return s
}

func (g *Guard) tableBytes() int {
	n := g.floods.bytes() + g.repeat[0].bytes() + g.repeat[1].bytes() + g.good.bytes() + g.budget.bytes()
	for k := range g.failures {
		n += g.failures[k][0].bytes() + g.failures[k][1].bytes()
	}
	n += g.pairs.bytes() + g.accounts.bytes() + g.open.bytes()
	for k := range g.networks {
		n += g.networks[k][0].bytes() + g.networks[k][1].bytes()
	}
	for i := range g.v4 {
		n += g.v4[i].bytes()
	}
	for i := range g.v6 {
		n += g.v6[i].bytes()
	}
	return n
}

// unix turns a time into the guard's nanoseconds. The zero time is "never", and
// so is what they cannot hold, such as the year 9999.
func unix(t time.Time) int64 {
	if t.IsZero() || t.Year() > 2261 {
		return never
	}
	return t.UnixNano()
}
