package config

import (
	"fmt"
	"strings"
)

// NumberCheck judges the calling number itself.
type NumberCheck struct {
	// Enabled is false to switch the check off.
	Enabled bool `yaml:"enabled"`
	// Own are numbers (+15551230001) and beginnings (+1555123*) of our users,
	// beside those in identity.users and those that users prove by password.
	Own []Text `yaml:"own"`
	// Peers says which countries a peer's callers present: the beginnings of
	// their numbers, carrier: ["+1"]. A peer that is not named presents all.
	Peers map[string][]Text `yaml:"peers,omitempty"`
	// NeverCalls are registers (gatehouse list register) of numbers that never
	// call, DoNotCall of those that local users should not call.
	NeverCalls []string `yaml:"never_calls"`
	DoNotCall  []string `yaml:"do_not_call"`
}

func defaultNumberCheck() NumberCheck {
	return NumberCheck{Enabled: true, Own: []Text{}, NeverCalls: []string{"do-not-originate"}, DoNotCall: []string{"do-not-call"}}
}

// numberCheck checks what is written about numbers.
func (v *validation) numberCheck() {
	n := &v.c.Checks.Number
	for i, own := range n.Own {
		if !isNumberStart(strings.TrimSuffix(string(own), "*"), 3) {
			v.problem(fmt.Sprintf("checks.number.own[%d]", i), "%q is neither a number (+15551230001) nor the beginning of numbers (+1555123*)", own)
		}
	}
	for _, name := range sortedKeys(n.Peers) {
		path := "checks.number.peers." + name
		if v.c.Peer(name) == nil {
			v.problem(path, "no peer is called %q; add it to peers, or correct the name", name)
		}
		for _, p := range n.Peers[name] {
			if !isNumberStart(string(p), 2) {
				v.problem(path, "%q is not the beginning of international numbers; write it as +49", p)
			}
		}
	}
	for key, names := range map[string][]string{"never_calls": n.NeverCalls, "do_not_call": n.DoNotCall} {
		for i, name := range names {
			if !IsListName(name) {
				v.problem(fmt.Sprintf("checks.number.%s[%d]", key, i), "%q is no register's name: letters, digits, '.', '_' and '-', at most 64", name)
			}
		}
	}
}

func isNumberStart(s string, least int) bool {
	return len(s) >= least && len(s) <= 16 && s[0] == '+' && s[1] != '0' && strings.Trim(s[1:], "0123456789") == ""
}

// IsListName says whether a list or a register may be called so.
func IsListName(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '.' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}
