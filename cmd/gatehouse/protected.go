package main

import (
	"fmt"
	"net/netip"
	"strings"

	"gatehouse.example/internal/config"
	"gatehouse.example/internal/state/lists"
)

// protectedValue says why an imported list must not block a value: it would cut us off from ourselves or from those that we know.
func protectedValue(cfg *config.Config, v lists.Value) string {
	switch v.Type {
	case lists.Source:
		return protectedSource(cfg, v.Text)
	case lists.Domain, lists.Subdomains:
		name := strings.TrimPrefix(v.Text, "*.")
		for own := range ownDomains(cfg) {
			if own == name && v.Type == lists.Domain || v.Type == lists.Subdomains && strings.HasSuffix(own, "."+name) {
				return "it is our domain " + own
			}
		}
	case lists.Address:
		_, domain, _ := strings.Cut(v.Text, "@")
		if ownDomains(cfg)[domain] {
			return "it is an address in our domain " + domain
		}
	case lists.Number, lists.NumberPrefix:
		return protectedNumber(cfg, v)
	}
	return ""
}

// protectedSource looks for peers and PBXs of ours among the addresses of a prefix.
func protectedSource(cfg *config.Config, text string) string {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, aerr := netip.ParseAddr(text)
		if aerr != nil {
			return ""
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	holds := func(t *config.Target) bool {
		a, err := netip.ParseAddr(t.Host)
		return err == nil && p.Contains(a.Unmap())
	}
	for i := range cfg.Peers {
		peer := &cfg.Peers[i]
		for _, own := range peer.Addresses {
			if own.Overlaps(p) {
				return fmt.Sprintf("it holds addresses of our peer '%s'", peer.Name)
			}
		}
		if peer.Send != nil && holds(peer.Send) {
			return fmt.Sprintf("it holds the address that calls to our peer '%s' go to", peer.Name)
		}
	}
	for i := range cfg.Domains {
		for j := range cfg.Domains[i].Deliver.Targets {
			if holds(&cfg.Domains[i].Deliver.Targets[j]) {
				return "it holds the PBX of our domain " + cfg.Domains[i].Name
			}
		}
	}
	return ""
}

// protectedNumber looks for numbers of our users, and for those that are never screened: who was called for help calls back.
func protectedNumber(cfg *config.Config, v lists.Value) string {
	begins := strings.TrimSuffix(v.Text, "*")
	for _, own := range ownNumbers(cfg) {
		first, all := strings.CutSuffix(own, "*")
		if v.Text == own || v.Type == lists.NumberPrefix && strings.HasPrefix(first, begins) || all && strings.HasPrefix(begins, first) {
			return "it holds numbers of our users (" + own + ")"
		}
	}
	for _, e := range cfg.Exempt {
		if v.Type == lists.Number && v.Text == string(e) {
			return "it is never screened"
		}
	}
	return ""
}

// ownDomains are the names of the domains that we serve, in lower case.
func ownDomains(cfg *config.Config) map[string]bool {
	own := make(map[string]bool)
	for i := range cfg.Domains {
		for _, name := range cfg.Domains[i].Names() {
			own[strings.ToLower(name)] = true
		}
	}
	return own
}
