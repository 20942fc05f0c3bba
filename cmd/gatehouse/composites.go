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
		if there.all(c) {
			c.Cancels = slices.DeleteFunc(c.Cancels, func(name string) bool { return !slices.Contains(there, name) })
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
		{Name: "FRIEND_IN_A_RUSH", All: []string{"STRANGER_RUSH"}, Weight: 4,
			Description: "Who dials one stranger after the other may be somebody else at a friend's telephone, or under a friend's number.",
			Cancels:     []string{"IDENTITY_PROVEN", "KNOWN_PEER", "KNOWN_CLAIMED", "KNOWN_TALKED", "KNOWN_COLLEAGUES", "KNOWN_REPEAT", "REPUTATION_GOOD", "CONTENT_HAM"}},
		{Name: "FRIEND_SENDS_CAMPAIGN", All: []string{"CONTENT_CAMPAIGN"}, Any: []string{"KNOWN_PEER", "KNOWN_TALKED"}, Weight: 6,
			Description: "What others have reported comes from a friend whose account somebody has stolen, or who has fallen for it.",
			Cancels:     []string{"IDENTITY_PROVEN", "KNOWN_COLLEAGUES", "REPUTATION_GOOD", "CONTENT_HAM"}},
		{Name: "MANY_ARE_NO_FRIENDS", All: []string{"STRANGER_MANY"},
			Description: "Who dials many people and is not wanted has no credit with those who have not said that they want it.",
			Cancels:     []string{"IDENTITY_PROVEN", "KNOWN_TALKED", "KNOWN_REPEAT", "REPUTATION_GOOD", "REPUTATION_TRUSTED", "CONTENT_HAM"}},
		{Name: "WELCOME_IN_BURSTS", Any: []string{"STRANGER_WELCOME", "REPUTATION_WANTED_SENDER"}, Not: []string{"REPUTATION_ZOMBIE"},
			Description: "Who sends notices to many sends some of them at once.", Cancels: []string{"RATE_FANOUT", "RATE_CALLER", "STRANGER_RUSH", "CONTENT_SPAM"}},
		{Name: "STRANGER_IS_ASKED", All: []string{"STRANGER_RISK"}, Not: []string{"STRANGER_MANY"},
			Description: "That a stranger dials many, and quickly, is part of its risk: it is asked for it, not refused. Its name speaks neither for it nor for anybody.",
			Cancels:     []string{"RATE_FANOUT", "RATE_CALLER", "CONTENT_HAM"}},
		{Name: "EXPECTED_FROM_ANYBODY", All: []string{"KNOWN_EXPECTED"},
			Description: "Who expects a call, and who has called for help, is called by strangers of any kind: control rooms call back from lines that nobody knows.",
			Cancels:     []string{"STRANGER_RISK"}},
		{Name: "RETURNED_ONCE", All: []string{"KNOWN_REPEAT", "STRANGER_RETURNED"},
			Description: "To try again counts once.", Cancels: []string{"STRANGER_RETURNED"}},
		{Name: "SAID_ALREADY", All: []string{"KNOWN_UNWANTED"}, Not: []string{"CONTENT_CAMPAIGN", "CONTENT_SENDER"},
			Description: "What the called user has said of a caller is not said again by the words that it was said of, nor is the caller new to him.",
			Cancels:     []string{"CONTENT_SPAM", "STRANGER_UNPROVEN", "STRANGER_PARTIAL", "STRANGER_PROVEN"}},
		{Name: "WELCOME_WHATEVER_IT_SAYS", Any: []string{"REPUTATION_WANTED_SENDER", "REPUTATION_GOOD", "KNOWN_PEER", "KNOWN_TALKED"},
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

// all tells whether all signals of a composite are there: a check that is switched off takes its composites with it.
func (s signals) all(c screen.Composite) bool {
	for _, name := range slices.Concat(c.All, c.Any, c.Not, nil) {
		if !slices.Contains(s, name) {
			return false
		}
	}
	return true
}
