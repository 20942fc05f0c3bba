package main

import (
	"slices"

	"gatehouse.example/screen"
)

// shipped are the composites below every policy: facts that take others away. A policy replaces one by its name.
func shipped(engine *screen.Engine) screen.Layer {
	l := screen.Layer{Name: "defaults"}
	there := reported(engine.Infos())
	for _, c := range composites() {
		if c, fires := there.of(c); fires {
			l.Composites = append(l.Composites, c)
		}
	}
	return l
}

func composites() []screen.Composite {
	return []screen.Composite{
		{Name: "FRIEND_IS_ZOMBIE", All: []string{"REPUTATION_ZOMBIE"},
			Description: "An account whose behaviour has broken has no privileges, whoever has listed it.",
			Cancels: []string{"LISTS_ALLOWED", "LISTS_ALLOWED_DOMAIN", "IDENTITY_PROVEN", "KNOWN_PEER", "KNOWN_CLAIMED", "KNOWN_TALKED", "KNOWN_WANTED", "KNOWN_COLLEAGUES", "KNOWN_REPEAT",
				"REPUTATION_GOOD", "REPUTATION_WANTED_SENDER", "REPUTATION_TRUSTED", "CONTENT_HAM", "CONTENT_SENDER_HAM"}},
		{Name: "FRIEND_IN_A_RUSH", All: []string{"STRANGER_RUSH"}, Not: []string{"LISTS_DECLARED"}, Weight: 4,
			Description: "Who dials one stranger after the other may be somebody else at a friend's telephone, or under a friend's number. A machine is in no rush.",
			Cancels:     []string{"IDENTITY_PROVEN", "KNOWN_PEER", "KNOWN_CLAIMED", "KNOWN_TALKED", "KNOWN_COLLEAGUES", "KNOWN_REPEAT", "REPUTATION_GOOD", "CONTENT_HAM"}},
		{Name: "FRIEND_SENDS_CAMPAIGN", All: []string{"CONTENT_CAMPAIGN"}, Any: []string{"KNOWN_PEER", "KNOWN_TALKED", "LISTS_DECLARED"}, Weight: 6,
			Description: "What others have reported comes from a friend, or a declared machine, whose account somebody has stolen, or who has fallen for it.",
			Cancels:     []string{"IDENTITY_PROVEN", "KNOWN_COLLEAGUES", "REPUTATION_GOOD", "CONTENT_HAM"}},
		{Name: "MANY_ARE_NO_FRIENDS", All: []string{"STRANGER_MANY"},
			Description: "Who dials many people and is not wanted has no credit with those who have not said that they want it.",
			Cancels:     []string{"LISTS_DECLARED", "IDENTITY_PROVEN", "KNOWN_TALKED", "KNOWN_REPEAT", "REPUTATION_GOOD", "REPUTATION_TRUSTED", "CONTENT_HAM"}},
		{Name: "WELCOME_IN_BURSTS", Any: []string{"STRANGER_WELCOME", "REPUTATION_WANTED_SENDER"}, Not: []string{"REPUTATION_ZOMBIE"},
			Description: "Who sends notices to many sends some of them at once.", Cancels: []string{"RATE_FANOUT", "RATE_CALLER", "STRANGER_RUSH", "CONTENT_SPAM"}},
		{Name: "STRANGER_IS_ASKED", All: []string{"STRANGER_RISK"}, Not: []string{"STRANGER_MANY"},
			Description: "That a stranger dials many, and quickly, is part of its risk: it is asked for it, not refused. Its name speaks neither for it nor for anybody.",
			Cancels:     []string{"RATE_FANOUT", "RATE_CALLER", "CONTENT_HAM"}},
		{Name: "DECLARED_STRANGER", All: []string{"LISTS_DECLARED", "STRANGER_RISK"}, Not: []string{"STRANGER_MANY", "REPUTATION_BAD", "KNOWN_UNWANTED"}, Weight: -10,
			Description: "A declared machine cannot say who it is: it is not asked for its kind, however risky that is, as long as people here do not object to it. With attestation B the half is taken away."},
		{Name: "DECLARED_MACHINE", All: []string{"LISTS_DECLARED"}, Not: []string{"STRANGER_MANY", "REPUTATION_BAD", "KNOWN_UNWANTED"},
			Description: "A declared machine calls many, all at once or in the order of a list, and its texts are like others of its kind; that is no reason to suspect it as long as people here do not object to it.",
			Cancels: []string{"RATE_SOURCE", "RATE_CALLER", "RATE_FANOUT", "FLOOD_CALLEE", "HARVEST_SEQUENCE", "HARVEST_DICTIONARY", "STRANGER_RUSH", "REPUTATION_ZOMBIE",
				"CONTENT_SENDER_KIND"}},
		{Name: "EXPECTED_FROM_ANYBODY", All: []string{"KNOWN_EXPECTED"},
			Description: "Who expects a call, and who has called for help, is called by strangers of any kind: control rooms call back from lines that nobody knows.",
			Cancels:     []string{"STRANGER_RISK"}},
		{Name: "RETURNED_ONCE", All: []string{"KNOWN_REPEAT", "STRANGER_RETURNED"},
			Description: "To try again counts once.", Cancels: []string{"STRANGER_RETURNED"}},
		{Name: "SAID_ALREADY", All: []string{"KNOWN_UNWANTED"}, Not: []string{"CONTENT_CAMPAIGN", "CONTENT_SENDER"},
			Description: "What the called user has said of a caller is not said again by the words that it was said of, nor is the caller new to him, nor declared for him.",
			Cancels:     []string{"LISTS_DECLARED", "CONTENT_SPAM", "STRANGER_UNPROVEN", "STRANGER_PARTIAL", "STRANGER_PROVEN"}},
		{Name: "WELCOME_WHATEVER_IT_SAYS", Any: []string{"REPUTATION_WANTED_SENDER", "REPUTATION_GOOD", "KNOWN_PEER", "KNOWN_TALKED", "LISTS_DECLARED"},
			Not:         []string{"REPUTATION_ZOMBIE", "CONTENT_CAMPAIGN", "CONTENT_SENDER"},
			Description: "Of those who are known to be welcome the words do not count: who sends tells more than what is sent.", Cancels: []string{"CONTENT_SPAM"}},
	}
}

// signals are those that there are.
type signals []string

func reported(infos []screen.Info) (all signals) {
	for i := range infos {
		for _, s := range infos[i].Signals {
			all = append(all, s.Name)
		}
	}
	return all
}

// of is what is left of a composite where only these signals are there, and false where it cannot fire: a check that is switched off takes with it what needs its signals.
func (s signals) of(c screen.Composite) (left screen.Composite, fires bool) {
	missing := func(name string) bool { return !slices.Contains(s, name) }
	one := len(c.Any) > 0
	c.Any, c.Not, c.Cancels = slices.DeleteFunc(c.Any, missing), slices.DeleteFunc(c.Not, missing), slices.DeleteFunc(c.Cancels, missing)
	return c, !slices.ContainsFunc(c.All, missing) && one == (len(c.Any) > 0)
}
