package main

import (
	"net/netip"
	"strings"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/border"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/locate"
)

// newSite gives the border what the configuration says about domains and peers.
func newSite(cfg *config.Config, p *policies) *border.Site {
	site := &border.Site{
		Plan:  cfg.Plan(),
		Label: action.LabelStyle{Prefix: cfg.Label.DisplayPrefix, Header: cfg.Label.Header},
	}
	for _, t := range cfg.Traps {
		site.AddTrap(string(t))
	}
	for _, e := range cfg.Exempt {
		site.Exempt = append(site.Exempt, string(e))
	}
	peers := make(map[string]*border.Peer)
	for i := range cfg.Peers {
		peer := newPeer(&cfg.Peers[i], uint16(i+1))
		peers[peer.Name] = peer
	}
	redress := action.Redress{JCard: cfg.Redress.JCard, URL: cfg.Redress.URL, Tel: string(cfg.Redress.Tel), Email: cfg.Redress.Email}
	for i := range cfg.Domains {
		d := &cfg.Domains[i]
		policy := p.of(d.Name)
		domain := &border.Domain{
			Name: strings.ToLower(d.Name), Home: d.Deliver.Home, Policy: policy,
			Rejection: action.NewRejection(policy.Rejection, redress), Outbound: peers[d.Outbound],
		}
		for key, policy := range p.user[domain.Name] {
			if domain.Users == nil {
				domain.Users = make(map[string]*border.Rules)
			}
			domain.Users[key] = &border.Rules{Policy: policy, Rejection: action.NewRejection(policy.Rejection, redress)}
		}
		for _, t := range d.Deliver.Targets {
			domain.Targets = append(domain.Targets, target(t))
		}
		site.AddDomain(domain, d.Aliases...)
	}
	for i := range cfg.Peers {
		site.AddPeer(peers[cfg.Peers[i].Name])
	}
	site.Seal()
	return site
}

func newPeer(p *config.Peer, number uint16) *border.Peer {
	peer := &border.Peer{
		Name: p.Name, Number: number, TLSNames: p.TLSNames,
		Trust: action.Trust{
			Identity: p.Trusts(config.TrustPAI), Verification: p.Trusts(config.TrustVerstat), Others: p.Trusts(config.TrustHeaders), Ringing: p.Trusts(config.TrustHeaders),
		},
	}
	for _, a := range p.Addresses {
		peer.Prefixes = append(peer.Prefixes, netip.Prefix(a.Prefix))
	}
	if p.Send != nil {
		peer.Send = target(*p.Send)
	}
	return peer
}

func target(t config.Target) locate.Target {
	return locate.Target{Host: t.Host, Port: t.Port, Transport: t.Transport, Secure: t.Secure, Trusted: true}
}
