package config

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"gatehouse.example/sip"
)

// Validate checks what no key can tell alone and returns the first problem.
func (c *Config) Validate() error {
	if all := c.Problems(); len(all) > 0 {
		return all[0]
	}
	return nil
}

// Problems is everything that Validate finds, in the order in which it looks.
func (c *Config) Problems() []*Error {
	v := &validation{c: c}
	v.storage()
	v.listen()
	v.public()
	v.tls()
	v.websocket()
	v.policy("policy", &c.Policy, c.Policy.Thresholds) // before the domains', which stand on it
	v.domains()
	v.peers()
	v.checks()
	v.fraud()
	v.contentCheck()
	v.numbers()
	v.home()
	v.identity()
	v.dns()
	v.limits()
	v.traps()
	v.feeds()
	v.rest()
	return v.found
}

type validation struct {
	c     *Config
	found []*Error
}

func (v *validation) problem(path, format string, args ...any) {
	v.found = append(v.found, v.c.Problem(path, fmt.Sprintf(format, args...), nil))
}

func (v *validation) public() {
	if v.c.Public != "" && !v.c.PublicAddr().IsValid() {
		v.problem("public", "%q is not an IP address; write the address of the NAT, as 203.0.113.5", v.c.Public)
	}
}

func (v *validation) storage() {
	if v.c.Data == "" {
		v.problem("data", "data is empty; name a folder, or postgres://user@host/db")
	}
	if scheme, _, ok := strings.Cut(v.c.Data, "://"); ok && scheme != "postgres" && scheme != "postgresql" {
		v.problem("data", "unknown kind of storage %q; name a folder, or postgres://user@host/db", scheme)
	}
	if v.c.Hot != "memory" {
		v.problem("hot", "%q is not available; use memory", v.c.Hot)
	}
}

func (v *validation) listen() {
	if len(v.c.Listen) == 0 {
		v.problem("listen", "listen is empty; name at least one socket, as udp://127.0.0.1:5060")
	}
	type key struct {
		stream bool
		addr   netip.AddrPort
	}
	seen := map[key]bool{}
	for i, l := range v.c.Listen {
		path := fmt.Sprintf("listen[%d]", i)
		if l.Addr.Port() == 0 {
			continue // the system chooses: for tests
		}
		k := key{l.Transport != sip.UDP, l.Addr}
		if seen[k] {
			v.problem(path, "%s is listed twice; remove one", l)
		}
		seen[k] = true
		if l.Transport != sip.UDP && l.Addr == v.c.Console.AddrPort {
			v.problem(path, "%s is the console's address too; give one of them another port", l)
		}
	}
}

func (v *validation) tls() {
	t := v.c.TLS
	if (t.Cert == "") != (t.Key == "") {
		v.problem("tls", "tls needs cert and key together; add the one that is missing")
	}
	for i, l := range v.c.Listen {
		if l.Transport.Secure() && t.Cert == "" {
			v.problem(fmt.Sprintf("listen[%d]", i), "%s needs a certificate; set tls.cert and tls.key", l)
		}
	}
	if !v.c.Console.IsValid() {
		v.problem("console", "console is empty; write it as 127.0.0.1:8060")
	}
}

func (v *validation) domains() {
	seen := map[string]bool{}
	for i := range v.c.Domains {
		d := &v.c.Domains[i]
		path := fmt.Sprintf("domains[%d]", i)
		for j, name := range d.Names() {
			at := path + ".name"
			if j > 0 {
				at = fmt.Sprintf("%s.aliases[%d]", path, j-1)
			}
			switch {
			case !isHost(name):
				v.problem(at, "%q is not a domain name; write it as example.test", name)
			case seen[name]:
				v.problem(at, "domain %q is listed twice; remove one", name)
			}
			seen[name] = true
		}
		v.deliver(path, d)
		if d.Outbound != "" && v.c.Peer(d.Outbound) == nil {
			v.problem(path+".outbound", "no peer is called %q; add it to peers, or correct the name", d.Outbound)
		} else if d.Outbound != "" && v.c.Peer(d.Outbound).Send == nil {
			v.problem(path+".outbound", "peer %q has no `send`; say where requests to it go", d.Outbound)
		}
		v.policy(path+".policy", &d.Policy, v.c.Policy.Thresholds)
		v.users(path, d)
	}
}

func (v *validation) users(path string, d *Domain) {
	site, own := v.c.Policy.Thresholds, d.Policy.Thresholds
	label, introduce, reject := pick(own.Label, site.Label), pick(own.Introduce, site.Introduce), pick(own.Reject, site.Reject)
	seen := make(map[string]string)
	for _, name := range sortedKeys(d.Users) {
		at := path + ".users." + name
		if name == "" || strings.ContainsAny(name, "@: <>;?") {
			v.problem(at, "%q is not a user of %s; write what stands before the @, or a number", name, d.Name)
			continue
		}
		key := strings.ToLower(name)
		if other, taken := seen[key]; taken {
			v.problem(at, "%q and %q are one user: a PBX may take either for the other; remove one", other, name)
		}
		seen[key] = name
		u := d.Users[name]
		v.policy(at+".policy", &u.Policy, Thresholds{&label, &introduce, &reject})
	}
}

func (v *validation) deliver(path string, d *Domain) {
	if !d.Deliver.Home && len(d.Deliver.Targets) == 0 {
		v.problem(path, "domain %q has no `deliver`; name the PBX as sip:HOST:PORT, or write home", d.Name)
	}
	for j, t := range d.Deliver.Targets {
		if v.isOurs(t) {
			v.problem(fmt.Sprintf("%s.deliver[%d]", path, j), "%s is one of our own listen addresses: calls would go round in circles; name the PBX's address", t.Text)
		}
	}
}

// isOurs is true of a target that is literally one of our sockets.
func (v *validation) isOurs(t Target) bool {
	a, err := netip.ParseAddr(t.Host)
	if err != nil {
		return false
	}
	port := t.Port
	if port == 0 {
		port = 5060
	}
	return slices.ContainsFunc(v.c.Listen, func(l Listen) bool { return l.Addr == netip.AddrPortFrom(a, port) })
}

func (v *validation) peers() {
	seen := map[string]bool{}
	for i := range v.c.Peers {
		p := &v.c.Peers[i]
		path := fmt.Sprintf("peers[%d]", i)
		if p.Name == "" {
			v.problem(path, "a peer has no name; add `name: carrier`")
		}
		if seen[p.Name] {
			v.problem(path+".name", "peer %q is listed twice; give one of them another name", p.Name)
		}
		seen[p.Name] = true
		if len(p.Addresses) == 0 && len(p.TLSNames) == 0 && p.Send == nil {
			v.problem(path, "peer %q has no addresses; add `addresses: [203.0.113.0/24]`", p.Name)
		}
		for j, a := range p.Addresses {
			if a.Bits() == 0 {
				v.problem(fmt.Sprintf("%s.addresses[%d]", path, j), "%s would make everybody a peer; name the peer's own addresses", a.Prefix)
			}
		}
	}
}

// policy looks at one layer; under are the thresholds of those below it.
func (v *validation) policy(path string, p *Policy, under Thresholds) {
	t := p.Thresholds
	label, introduce, reject := pick(t.Label, under.Label), pick(t.Introduce, under.Introduce), pick(t.Reject, under.Reject)
	if !finite(label, introduce, reject) {
		v.problem(path+".thresholds", "a threshold is not a finite number; write it as 6 or 6.5")
	} else if label > introduce || introduce > reject {
		v.problem(path+".thresholds", "thresholds are out of order (label %g, introduce %g, reject %g); keep label ≤ introduce ≤ reject", label, introduce, reject)
	}
	for _, name := range sortedKeys(p.Weights) {
		if !isSignal(name) {
			v.problem(path+".weights."+name, "%q is not a signal's name; they are in capitals, as LISTS_BLOCKED", name)
		}
		if !finite(p.Weights[name]) || math.Abs(p.Weights[name]) > 1000 {
			v.problem(path+".weights."+name, "the weight of %s is out of range; keep it within -1000 and 1000", name)
		}
	}
	for i, c := range p.Composites {
		at := fmt.Sprintf("%s.composites[%d]", path, i)
		if !isSignal(c.Name) {
			v.problem(at, "a composite needs a name in capitals, as CALLER_KNOWN_ELSEWHERE")
		}
		if len(c.All)+len(c.Any) == 0 {
			v.problem(at, "composite %s names no signal that raises it; add `all: [...]` or `any: [...]`", c.Name)
		}
		if !finite(c.Weight) || math.Abs(c.Weight) > 1000 {
			v.problem(at+".weight", "the weight of %s is out of range; keep it within -1000 and 1000", c.Name)
		}
	}
	for i, way := range p.Introduce {
		if ways := []string{"consent", "turing", "puzzle", "deposit", "referral"}; !slices.Contains(ways, way) {
			v.problem(fmt.Sprintf("%s.introduce[%d]", path, i), "%q is no way to introduce oneself; use %s", way, strings.Join(ways, ", "))
		}
	}
	if d := p.LookupDeadline; d != nil && (*d <= 0 || *d > Duration(10*time.Second)) {
		v.problem(path+".lookup_deadline", "%s is out of range; keep it between 1ms and 10s", d)
	}
}

func (v *validation) checks() {
	v.known()
	v.stranger()
	v.numberCheck()
	v.displayCheck()
	v.harvestCheck()
	r := &v.c.Checks.Rate
	for _, f := range []struct {
		key  string
		rate Rate
	}{{"source", r.Source}, {"caller", r.Caller}, {"callee", r.Callee}, {"fan_out", r.FanOut}} {
		if f.rate.Count < 1 {
			v.problem("checks.rate."+f.key, "%s would stop every call; allow at least 1, or set checks.rate.enabled: false", f.rate)
		}
	}
}

func (v *validation) numbers() {
	if f := v.c.Checks.Rate.FanOut; f.Count > 70 {
		v.problem("checks.rate.fan_out", "%s is more than can be counted; keep it at 70 or below", f)
	}
	n := v.c.Numbers
	for _, f := range []struct {
		key  string
		text Text
		want string
	}{
		{"country", n.Country, "the digits of your country's calling code, as 1 or 44"},
		{"international", n.International, "the digits that are dialled before a country code, as 00 or 011"},
		{"trunk", n.Trunk, "the digits that are dialled before an area code, as 0 or 1"},
	} {
		if strings.Trim(string(f.text), "0123456789") != "" {
			v.problem("numbers."+f.key, "%q is not made of digits; write %s", f.text, f.want)
		}
	}
	for i, e := range v.c.Exempt {
		if e == "" {
			v.problem(fmt.Sprintf("exempt[%d]", i), "an exempt number is empty; remove it")
		}
	}
}

func (v *validation) home() {
	h := v.c.Home
	if h.MinExpires <= 0 || h.MinExpires > Duration(time.Hour) {
		// RFC 3261 §10.3 step 6: an interval of an hour or more is never too brief.
		v.problem("home.min_expires", "%s is out of range; keep it between 1s and 1h", h.MinExpires)
	}
	if h.MaxExpires < h.MinExpires {
		v.problem("home.max_expires", "max_expires (%s) is below min_expires (%s); raise it", h.MaxExpires, h.MinExpires)
	}
	if h.NonceTTL < Duration(10*time.Second) || h.NonceTTL > Duration(time.Hour) {
		v.problem("home.nonce_ttl", "%s is out of range; keep it between 10s and 1h", h.NonceTTL)
	}
	if h.MaxContacts < 1 || h.MaxContacts > 100 {
		v.problem("home.max_contacts", "%d is out of range; keep it between 1 and 100", h.MaxContacts)
	}
	if h.KeepAlive != 0 && (h.KeepAlive < Duration(time.Second) || h.KeepAlive > Duration(time.Hour)) {
		v.problem("home.keep_alive", "%s is out of range; keep it between 1s and 1h, or 0 for never", h.KeepAlive)
	}
}

func (v *validation) dns() {
	for i, s := range v.c.DNS.Servers {
		if _, err := parseAddress(s, 53); err != nil {
			v.problem(fmt.Sprintf("dns.servers[%d]", i), "%q is not an IP address; write it as 192.0.2.53 or 192.0.2.53:53", s)
		}
	}
	if v.c.DNS.Timeout <= 0 || v.c.DNS.Timeout > Duration(30*time.Second) {
		v.problem("dns.timeout", "%s is out of range; keep it between 1ms and 30s", v.c.DNS.Timeout)
	}
}

func (v *validation) limits() {
	const hour, day = int64(time.Hour), int64(24 * time.Hour)
	l := &v.c.Limits
	for _, f := range []struct {
		key     string
		n, most int64
	}{
		{"connections", int64(l.Connections), 1e6}, {"connections_per_source", int64(l.PerSource), 1e6},
		{"transactions", int64(l.Transactions), 1e7}, {"message", int64(l.Message), 65535},
		{"flood.v4_host", int64(l.Flood.V4Host.Count), 1e9}, {"flood.v4_net24", int64(l.Flood.V4Net24.Count), 1e9},
		{"flood.v4_net16", int64(l.Flood.V4Net16.Count), 1e9}, {"flood.v6_host", int64(l.Flood.V6Host.Count), 1e9},
		{"flood.v6_net64", int64(l.Flood.V6Net64.Count), 1e9}, {"flood.v6_net48", int64(l.Flood.V6Net48.Count), 1e9},
		{"flood.v6_net32", int64(l.Flood.V6Net32.Count), 1e9},
		{"failures.auth", int64(l.Failures.Auth.Count), 1e6}, {"failures.unknown_user", int64(l.Failures.UnknownUser.Count), 1e6},
		{"failures.malformed", int64(l.Failures.Malformed.Count), 1e6}, {"failures.scan", int64(l.Failures.Scan.Count), 1e6},
		{"failures.toll_fraud", int64(l.Failures.TollFraud.Count), 1e6}, {"failures.account", int64(l.Failures.Account.Count), 1e6},
		{"failures.network", int64(l.Failures.Network.Count), 1e6},
		{"idle", int64(l.Idle), day}, {"headers", int64(l.Headers), hour}, {"body", int64(l.Body), hour},
		{"ban.time", int64(l.Ban.Time), 365 * day}, {"ban.max_time", int64(l.Ban.MaxTime), 365 * day},
		{"ban.unproven", int64(l.Ban.Unproven), day}, {"ban.unproven_max", int64(l.Ban.UnprovenMax), day},
	} {
		if f.n < 1 || f.n > f.most {
			v.problem("limits."+f.key, "limits.%s is out of range; leave it out for the default", f.key)
		}
	}
	if l.Ban.MaxTime < l.Ban.Time {
		v.problem("limits.ban.max_time", "max_time (%s) is below time (%s); raise it", l.Ban.MaxTime, l.Ban.Time)
	}
}

func (v *validation) traps() {
	for i, t := range v.c.Traps {
		path := fmt.Sprintf("traps[%d]", i)
		switch {
		case t == "" || len(t) > 64 || strings.ContainsAny(string(t), "@:; <>\"") || strings.ContainsFunc(string(t), isControl):
			v.problem(path, "%q is not a user or number; write what stands before the @, or a number as +15551230001", t)
		case slices.Contains(v.c.Exempt, t):
			v.problem(path, "%q is in `exempt` too; nobody may be banned for calling it", t)
		}
	}
}

func (v *validation) rest() {
	if strings.ContainsFunc(v.c.Label.DisplayPrefix, isControl) || len(v.c.Label.DisplayPrefix) > 64 {
		v.problem("label.display_prefix", "the prefix is too long or holds control characters; keep it to 64 printable ones")
	}
	if h := v.c.Label.Header; h != "" && !isToken(h) {
		v.problem("label.header", "%q is not a header field name; write it as X-Gatehouse", h)
	} else if sip.ParseHeaderID([]byte(h)) != sip.HeaderUnknown {
		v.problem("label.header", "%q has a meaning in SIP of its own, and would be removed from what comes in; choose another, as X-Gatehouse", h)
	}
	r := v.c.Redress
	if strings.Trim(string(r.Tel), "+0123456789-.() ") != "" {
		v.problem("redress.tel", "%q is not a phone number; write it as +15551230100", r.Tel)
	}
	for _, f := range []struct{ key, text string }{{"jcard", r.JCard}, {"url", r.URL}} {
		if f.text == "" {
			continue
		}
		if u, err := url.Parse(f.text); err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(f.text, " <>\"\r\n") {
			v.problem("redress."+f.key, "%q is not an https URL; write it as https://HOST/PATH", f.text)
		}
	}
	for _, f := range []struct{ key, text string }{{"tel", string(r.Tel)}, {"email", r.Email}} {
		if strings.ContainsFunc(f.text, isControl) || strings.ContainsAny(f.text, "\";<> ") {
			v.problem("redress."+f.key, "%q holds characters that cannot stand in a header; remove them", f.text)
		}
	}
	if v.c.History.KeepDays < 0 {
		v.problem("history.keep_days", "keep_days is negative; 0 keeps for ever")
	}
}
