package config

import (
	"gatehouse.example/screen"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/sip/uri"
)

// Peer is the peer of a name, or nil.
func (c *Config) Peer(name string) *Peer {
	for i := range c.Peers {
		if c.Peers[i].Name == name {
			return &c.Peers[i]
		}
	}
	return nil
}

// PublicAddr is the address of the NAT in front of us, or the zero Addr.
func (c *Config) PublicAddr() netip.Addr {
	a, err := netip.ParseAddr(c.Public)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// PeerPrefixes are the addresses of those who are never limited or banned: all
// peers, and each host that `deliver` or `send` names by its address. Loopback is shared by
// all programs of this machine, so a PBX there has to be made a peer by name.
func (c *Config) PeerPrefixes() []netip.Prefix {
	var all []netip.Prefix
	for i := range c.Peers {
		for _, p := range c.Peers[i].Addresses {
			all = append(all, p.Prefix)
		}
	}
	for _, host := range slices.Concat(c.PBXHosts(), c.PeerHosts()) {
		all = appendHost(all, host)
	}
	return all
}

// PBXHosts are the hosts that `deliver` names.
func (c *Config) PBXHosts() (all []string) {
	for i := range c.Domains {
		for _, t := range c.Domains[i].Deliver.Targets {
			all = append(all, t.Host)
		}
	}
	return all
}

// PeerHosts are the hosts that `send` names.
func (c *Config) PeerHosts() (all []string) {
	for i := range c.Peers {
		if t := c.Peers[i].Send; t != nil {
			all = append(all, t.Host)
		}
	}
	return all
}

func appendHost(all []netip.Prefix, host string) []netip.Prefix {
	a, err := netip.ParseAddr(host)
	if err != nil || a.IsLoopback() {
		return all
	}
	return append(all, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
}

// Addresses are the DNS servers with their ports; Validate has checked them.
func (d *DNS) Addresses() []netip.AddrPort {
	var all []netip.AddrPort
	for _, s := range d.Servers {
		if a, err := parseAddress(s, 53); err == nil {
			all = append(all, a)
		}
	}
	return all
}

// Deadline is Timeout as time.Duration.
func (d *DNS) Deadline() time.Duration { return time.Duration(d.Timeout) }

// Plan is `numbers` as sip/uri takes it.
func (c *Config) Plan() uri.Plan {
	return uri.Plan{
		Country:       string(c.Numbers.Country),
		International: string(c.Numbers.International),
		Trunk:         string(c.Numbers.Trunk),
	}
}

// Folder is where files are kept: `data` when it is a folder, else the default
// folder, because the API token is a file whatever the storage.
func (c *Config) Folder() string {
	if strings.Contains(c.Data, "://") {
		return "./gatehouse-data"
	}
	return c.Data
}

// CheckSignals reports the first weight or composite that names a signal which
// is neither known nor a composite of the configuration.
func (c *Config) CheckSignals(known []string) error {
	layers, under := map[string]*Policy{"policy": &c.Policy}, map[string][]screen.Composite{}
	for i := range c.Domains {
		at := "domains[" + strconv.Itoa(i) + "]"
		layers[at+".policy"] = &c.Domains[i].Policy
		for name, u := range c.Domains[i].Users {
			layers[at+".users."+name+".policy"] = &u.Policy
			under[at+".users."+name+".policy"] = c.Domains[i].Policy.Composites
		}
	}
	for _, path := range slices.Sorted(maps.Keys(layers)) {
		p := layers[path]
		names := slices.Clone(known)
		for _, comp := range slices.Concat(c.Policy.Composites, under[path], p.Composites) {
			if !slices.Contains(names, comp.Name) {
				names = append(names, comp.Name)
			}
		}
		for _, name := range sortedKeys(p.Weights) {
			if !slices.Contains(names, name) {
				return c.Problem(path+".weights."+name, unknownSignal(name, names), nil)
			}
		}
		for i, comp := range p.Composites {
			for _, name := range slices.Concat(comp.All, comp.Any, comp.Not, comp.Cancels) {
				if !slices.Contains(names, name) {
					return c.Problem(path+".composites["+strconv.Itoa(i)+"]", unknownSignal(name, names), nil)
				}
			}
		}
	}
	return nil
}

func unknownSignal(name string, known []string) string {
	best, distance := "", 4
	for _, k := range known {
		if d := editDistance(name, k); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return "no check has a signal " + name + "; did you mean " + best + "?"
	}
	return "no check has a signal " + name + "; the known ones are " + strings.Join(known, ", ")
}

func pick(own, site *float64) float64 {
	switch {
	case own != nil:
		return *own
	case site != nil:
		return *site
	}
	return math.NaN()
}

func finite(all ...float64) bool {
	for _, f := range all {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// isHost is true of a domain name or an IP address.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return true
	}
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// isToken is true of a header field name (RFC 3261 §25.1 token).
func isToken(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~") == ""
}

// isSignal is true of UPPER_CASE names.
func isSignal(s string) bool {
	return s != "" && s[0] >= 'A' && s[0] <= 'Z' && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}
