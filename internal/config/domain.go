package config

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Domain is a SIP domain that we answer for.
type Domain struct {
	// Name is the domain in Request-URI, To and From: example.test.
	Name string `yaml:"name"`
	// Aliases are further names of the same domain.
	Aliases []string `yaml:"aliases,omitempty"`
	// Deliver is where its calls go: the SIP URI of the PBX, a list of them
	// (tried in order when one fails), or `home`: phones register here.
	Deliver Deliver `yaml:"deliver"`
	// Mode is monitor (score and record, relay everything) or enforce.
	Mode Mode `yaml:"mode"`
	// Outbound is the name of the peer that takes this domain's calls to
	// elsewhere. Empty: such calls are refused.
	Outbound string `yaml:"outbound,omitempty"`
	// Policy changes the site's policy for calls to this domain.
	Policy Policy `yaml:"policy,omitempty"`
	// Users are called users for whom something else holds, by what stands
	// before the @ or by number: bob, "+15551230100".
	Users map[string]User `yaml:"users,omitempty"`
}

// User is the uppermost layer of the policy: what leaves it unset is as in the
// domain.
type User struct {
	// Mode is monitor or enforce.
	Mode *Mode `yaml:"mode,omitempty"`
	// Policy changes the domain's policy for calls to this user.
	Policy Policy `yaml:"policy,omitempty"`
}

// Names is the domain's name and aliases.
func (d *Domain) Names() []string { return append([]string{d.Name}, d.Aliases...) }

// Peer is a source that we know.
type Peer struct {
	// Name is how rules, history and `outbound` call it.
	Name string `yaml:"name"`
	// Addresses are where it sends from: addresses and prefixes.
	Addresses []Prefix `yaml:"addresses,omitempty"`
	// TLSNames are names in a client certificate that prove this peer.
	TLSNames []string `yaml:"tls_names,omitempty"`
	// Trust is what is believed of it: pai (its P-Asserted-Identity and
	// Remote-Party-ID), verstat (its verification result), headers (any other
	// header that would be removed when it comes from a stranger).
	Trust []Trust `yaml:"trust,omitempty"`
	// Send is where requests to it go: a SIP URI.
	Send *Target `yaml:"send,omitempty"`
}

// Trust is one thing that is believed of a peer.
type Trust string

// What can be believed of a peer.
const (
	TrustPAI     Trust = "pai"
	TrustVerstat Trust = "verstat"
	TrustHeaders Trust = "headers"
)

// UnmarshalYAML reads pai, verstat or headers.
func (t *Trust) UnmarshalYAML(n ast.Node) error {
	return oneOf(n, (*string)(t), string(TrustPAI), string(TrustVerstat), string(TrustHeaders))
}

// Trusts reports whether t is believed of the peer.
func (p *Peer) Trusts(t Trust) bool {
	for _, have := range p.Trust {
		if have == t {
			return true
		}
	}
	return false
}

// Deliver is where a domain's calls go.
type Deliver struct {
	// Home says that phones register here; Targets is then empty.
	Home bool
	// Targets are tried in order.
	Targets []Target
}

// UnmarshalYAML reads `home`, one SIP URI or a list of them.
func (d *Deliver) UnmarshalYAML(n ast.Node) error {
	*d = Deliver{}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		s, err := scalar(n)
		if err != nil {
			return err
		}
		if s == "home" {
			d.Home = true
			return nil
		}
		d.Targets = make([]Target, 1)
		return d.Targets[0].UnmarshalYAML(n)
	}
	if len(seq.Values) == 0 {
		return bad(n, "deliver has no target; write the PBX as sip:HOST:PORT, or `home`")
	}
	d.Targets = make([]Target, len(seq.Values))
	for i, v := range seq.Values {
		if err := d.Targets[i].UnmarshalYAML(v); err != nil {
			return err
		}
	}
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (d Deliver) MarshalYAML() (any, error) {
	switch {
	case d.Home:
		return "home", nil
	case len(d.Targets) == 1:
		return d.Targets[0].Text, nil
	}
	all := make([]string, len(d.Targets))
	for i := range d.Targets {
		all[i] = d.Targets[i].Text
	}
	return all, nil
}

// Target is the SIP URI of a next hop, taken apart.
type Target struct {
	// Text is the URI as it stands in the file.
	Text string
	// Host is a name or an IP address without brackets.
	Host string
	// Port is 0 when the URI names none.
	Port uint16
	// Transport is sip.UnknownTransport when the URI names none.
	Transport sip.Transport
	// Secure says that the URI is a sips: one.
	Secure bool
}

// ParseTarget reads sip:HOST[:PORT][;transport=…] or the same with sips:.
func ParseTarget(s string) (Target, error) {
	u, err := uri.Parse([]byte(s))
	if err != nil {
		return Target{}, fmt.Errorf("config: %q is not a SIP URI: %w", s, err)
	}
	if u.Scheme != uri.SIP && u.Scheme != uri.SIPS {
		return Target{}, fmt.Errorf("config: %q is not a SIP URI", s)
	}
	if len(u.Host) == 0 {
		return Target{}, fmt.Errorf("config: %q names no host", s)
	}
	t := Target{Text: s, Host: strings.Trim(string(u.Host), "[]"), Port: u.Port, Secure: u.Scheme == uri.SIPS}
	if p, ok := u.Param("transport"); ok {
		t.Transport = sip.ParseTransport(p)
		if t.Transport == sip.UnknownTransport {
			return Target{}, fmt.Errorf("config: %q names the unknown transport %q", s, p)
		}
	}
	return t, nil
}

// UnmarshalYAML reads a SIP URI.
func (t *Target) UnmarshalYAML(n ast.Node) error {
	s, err := scalar(n)
	if err != nil {
		return err
	}
	if *t, err = ParseTarget(s); err != nil {
		return bad(n, "%s; write it as sip:HOST:PORT or sip:HOST;transport=tcp", trimPrefix(err))
	}
	return nil
}

// MarshalYAML writes the URI as it was read.
func (t Target) MarshalYAML() (any, error) { return t.Text, nil }
