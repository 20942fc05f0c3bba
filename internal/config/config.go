// Package config reads gatehouse.yaml into typed values.
//
// The file is strict: an unknown key, a bad value or a port in use is an
// [Error] that names file, line and column, says how to mend it and shows the
// source line. Every key has a default, set in one place ([Default]); the
// comment of each field below is its manual. [Config.Validate] checks what one
// key alone cannot tell; [Live] reloads the file on SIGHUP and on change and
// keeps the old configuration whenever the new one is wrong.
//
// A *Config is read-only once loaded and may be shared by goroutines.
package config

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/goccy/go-yaml/ast"

	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// Config is the whole of gatehouse.yaml.
type Config struct {
	// Data is where everything that lasts is kept: a folder (SQLite inside) or
	// postgres://user@host/db. The API token is kept in the folder; with
	// PostgreSQL it is in ./gatehouse-data. Needs a restart.
	Data string `yaml:"data"`

	// Hot is where counters shared by a cluster are kept. Only "memory" for
	// now. Needs a restart.
	Hot string `yaml:"hot"`

	// Listen names the SIP sockets: udp://, tcp://, tls://, ws:// or
	// wss://ADDRESS:PORT. ADDRESS is an IP address; 0.0.0.0 or [::] is all of
	// them. tls and wss take their certificate from `tls`. Needs a restart.
	Listen []Listen `yaml:"listen"`

	// Public is the address by which the outside reaches us when a NAT stands in
	// front: it names us towards addresses on the public internet, with the ports
	// of `listen`. Empty: there is no NAT. Needs a restart.
	Public string `yaml:"public,omitempty"`

	// Console is the address of the HTTP API (/api/v1), /metrics, /healthz and
	// /readyz. Keep it on a loopback address or behind a TLS proxy: the API
	// token travels on it. Needs a restart.
	Console Address `yaml:"console"`

	// TLS is our certificate for tls: and wss: listeners and for tls: peers.
	TLS TLS `yaml:"tls,omitempty"`

	// WebSocket is whom ws: and wss: sockets take.
	WebSocket WebSocket `yaml:"websocket"`

	// Domains are the SIP domains that we answer for. Anything else in a
	// Request-URI is "elsewhere", which strangers cannot reach through us.
	Domains []Domain `yaml:"domains"`

	// Peers are the sources we know: trunks, the PBX itself, circle members.
	// They are never limited or banned.
	Peers []Peer `yaml:"peers"`

	// Exempt names called numbers and URNs that are never screened and never
	// challenged: emergency and short internal numbers. A list of your own
	// replaces the default one, but 112, 911 and urn:service:sos always stay.
	Exempt []Text `yaml:"exempt"`

	// Traps are users and numbers that nobody was ever told of, as they stand
	// before the @ or as a canonical number. Whoever tries one is searching.
	Traps []Text `yaml:"traps"`

	// Policy says what signals weigh and what a score leads to.
	Policy Policy `yaml:"policy"`

	// Checks are the settings of each check, by its name.
	Checks Checks `yaml:"checks"`

	// Feeds are lists that are fetched from elsewhere. Needs a restart.
	Feeds []Feed `yaml:"feeds"`

	// Label is what the action `label` puts on a call that it lets through.
	Label Label `yaml:"label"`

	// Redress tells a blocked caller where to complain (RFC 8688 §3.2).
	Redress Redress `yaml:"redress,omitempty"`

	// Numbers is the dialling plan by which numbers are made comparable.
	Numbers Numbers `yaml:"numbers"`

	// Home is for domains with `deliver: home`, whose phones register here.
	Home Home `yaml:"home"`

	// Identity is how it is proven who calls, and how we prove it.
	Identity Identity `yaml:"identity"`

	// DNS is how names are looked up.
	DNS DNS `yaml:"dns"`

	// Limits bound what the network can make us do.
	Limits Limits `yaml:"limits"`

	// History is how long attempts are remembered.
	History History `yaml:"history"`

	// Log is what is written to stderr.
	Log Log `yaml:"log"`

	file source
}

// TLS is a certificate with its key, both PEM files.
type TLS struct {
	// Cert is the file of the certificate chain, ours first.
	Cert string `yaml:"cert,omitempty"`
	// Key is the file of the private key.
	Key string `yaml:"key,omitempty"`
	// ClientCA is a file of CA certificates. When set, a client may present a
	// certificate of theirs, and the names in it identify a peer.
	ClientCA string `yaml:"client_ca,omitempty"`
}

// Label is how a suspicious but relayed call is marked for the callee.
type Label struct {
	// DisplayPrefix stands before the caller's display name. Empty: unchanged.
	DisplayPrefix string `yaml:"display_prefix"`
	// Header is a header field name that carries score and reasons to the PBX.
	// One of this name that comes from outside is removed. Empty: none.
	Header string `yaml:"header"`
}

// Redress is the contact that rejections carry.
type Redress struct {
	// JCard is an https URL of a jCard or signed jCard (jwscard) with the
	// contact; it goes into Call-Info of 607 and 608 answers.
	JCard string `yaml:"jcard,omitempty"`
	// URL, Tel and Email go into the Reason header of 603+ answers.
	URL   string `yaml:"url,omitempty"`
	Tel   Text   `yaml:"tel,omitempty"`
	Email string `yaml:"email,omitempty"`
}

// Numbers is a dialling plan: {country: 1, international: 011, trunk: 1}.
type Numbers struct {
	// Country is the country code that national numbers belong to. Empty:
	// only numbers with + or 00 are made international.
	Country Text `yaml:"country"`
	// International is the prefix dialled before a country code. Empty: that
	// of the country, where there is one.
	International Text `yaml:"international"`
	// Trunk is the prefix dialled before a national number. Empty: that of the
	// country, if it has any.
	Trunk Text `yaml:"trunk"`
}

// Home is the registrar of domains that we host.
type Home struct {
	// MD5 offers MD5 in digest challenges too, behind the others, for phones
	// that know nothing newer (RFC 8760 prefers SHA-256). `only` offers nothing
	// but MD5: many of these phones look at the first challenge alone, and some
	// give up when there is one that they do not know. Users whose password was
	// set while this was off need a new password.
	MD5 MD5 `yaml:"md5"`
	// UserHash tells phones that they may hide the user name (RFC 7616 §3.4.4).
	// Those that do are understood in any case.
	UserHash bool `yaml:"userhash"`
	// MinExpires and MaxExpires bound a registration's life; a shorter wish is
	// answered 423, a longer one is cut (RFC 3261 §10.3).
	MinExpires Duration `yaml:"min_expires"`
	MaxExpires Duration `yaml:"max_expires"`
	// NonceTTL is how long a digest nonce is good.
	NonceTTL Duration `yaml:"nonce_ttl"`
	// MaxContacts is how many phones one user may register.
	MaxContacts int `yaml:"max_contacts"`
	// KeepAlive is how often phones on UDP behind a NAT are sent an empty line, so
	// that most NATs do not forget them; 0 never does.
	KeepAlive Duration `yaml:"keep_alive"`
}

// MD5 says whether MD5 is offered: false, true or only.
type MD5 string

// The values of MD5.
const (
	MD5Off  MD5 = "false"
	MD5On   MD5 = "true"
	MD5Only MD5 = "only"
)

// UnmarshalYAML reads false, true or only.
func (m *MD5) UnmarshalYAML(n ast.Node) error {
	return oneOf(n, (*string)(m), string(MD5Off), string(MD5On), string(MD5Only))
}

// MarshalYAML writes what UnmarshalYAML reads.
func (m MD5) MarshalYAML() (any, error) {
	if m == MD5Only {
		return string(m), nil
	}
	return m == MD5On, nil
}

// DNS is the resolver's settings.
type DNS struct {
	// Servers are ADDRESS or ADDRESS:PORT. Empty: those of /etc/resolv.conf.
	Servers []string `yaml:"servers"`
	// Allow names private address ranges that a name from outside may resolve
	// to. All others are refused (DNS rebinding). Names of `deliver` and `send`
	// are yours and may resolve to anything.
	Allow []Prefix `yaml:"allow"`
	// Timeout is the deadline of one look-up with all its steps.
	Timeout Duration `yaml:"timeout"`
}

// History is the retention of attempts; both bounds hold.
type History struct {
	// KeepDays is the age in days at which an attempt is forgotten, exact to an
	// hour. 0: no bound.
	KeepDays int `yaml:"keep_days"`
	// MaxSize is how large the history may grow, as 500MB or 2GB; the oldest
	// attempts go first. 0: no bound.
	MaxSize Size `yaml:"max_size"`
}

// Log is the program's own log.
type Log struct {
	// Level is debug, info, warn or error.
	Level Level `yaml:"level"`
	// Format is text or json. The security lines have a format of their own.
	Format LogFormat `yaml:"format"`
}

// alwaysExempt can be reached whatever the file says: a screening that stands
// between a person and help has failed (RFC 5031 §4.2 for the URN).
func alwaysExempt() []Text { return []Text{"112", "911", "urn:service:sos"} }

// Default is the configuration of a start without a file.
func Default() *Config {
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	port := func(p uint16) netip.AddrPort { return netip.AddrPortFrom(loopback, p) }
	return &Config{
		Data:    "./gatehouse-data",
		Hot:     "memory",
		Listen:  []Listen{{sip.UDP, port(5060)}, {sip.TCP, port(5060)}},
		Console: Address{port(8060)},
		Domains: []Domain{{Name: "localhost", Deliver: Deliver{Home: true}, Mode: Mode(verdict.Monitor)}},
		Peers:   []Peer{},
		Exempt:  append(alwaysExempt(), "999", "000"),
		Traps:   []Text{},
		Policy:  defaultPolicy(),
		Checks:  defaultChecks(),
		Feeds:   []Feed{},
		Label:   Label{DisplayPrefix: "[SPAM?] ", Header: "X-Gatehouse"},
		Numbers: Numbers{},
		Home: Home{
			MD5:        MD5Off,
			MinExpires: Duration(time.Minute), MaxExpires: Duration(time.Hour),
			NonceTTL: Duration(2 * time.Minute), MaxContacts: 10, KeepAlive: Duration(20 * time.Second),
		},
		Identity: defaultIdentity(),
		DNS:      DNS{Servers: []string{}, Allow: []Prefix{}, Timeout: Duration(4 * time.Second)},
		Limits:   defaultLimits(),
		History:  History{KeepDays: 90, MaxSize: 2 << 30},
		Log:      Log{Level: Level(slog.LevelInfo), Format: "text"},

		WebSocket: WebSocket{Origins: []string{}},
	}
}
