// Package effect measures whether the screening stops spam without harming anyone: a simulation of the calls of some thousand users over
// weeks, with the actors that the literature describes, played through `gatehouse replay`.
//
// A [World] is made from a seed: people with contacts, first callers, wanted automated callers, emergency call-backs, and beside them
// telemarketers, robocall campaigns, snowshoe identities, hijacked friends, one-ring callers, mafias, traitors, scanners and message
// spammers. What each does follows published figures, named where they are used. The world is written as an event file that says nothing
// about who is who; that is kept apart ([World.Truth]) and meets the verdicts only in the [Score].
//
// The package knows no check and no signal by name: it sees events going in and verdicts coming out, as anybody else would.
package effect

import "fmt"

// Actor is what stands behind an event.
type Actor uint8

// The actors. Those up to Emergency are wanted.
const (
	Contact      Actor = iota // people who know each other
	Colleague                 // users of the same domain
	FirstCall                 // a person who calls for the first time
	Automated                 // reminders, alerts, deliveries: wanted, and made by machines
	Emergency                 // call-backs of emergency services and hospitals
	Chat                      // messages between people
	Telemarket                // people who sell, from numbers of their own
	Robocall                  // campaigns with a new spoofed number for each call
	Snowshoe                  // many identities of their own, few calls each
	Hijacked                  // the account of a friend in the hands of somebody else
	OneRing                   // wangiri: rings once, hopes for a call back
	Mafia                     // spammers whom accomplices praise
	Traitor                   // behaves for weeks, then spams
	Scanner                   // sweeps extensions, guesses passwords
	MessageSpam               // unwanted messages
	PresenceSpam              // unwanted subscriptions
	Actors
)

var actorWords = [...]string{"contacts", "colleagues", "first-contact people", "wanted automated callers", "emergency call-backs", "messages of people",
	"telemarketers", "robocall campaigns", "snowshoe identities", "hijacked friends", "one-ring (wangiri)", "reputation mafias", "milk and betray",
	"scanners, brute force", "message spam", "presence spam"}

// String returns what people call the actor.
func (a Actor) String() string {
	if int(a) < len(actorWords) {
		return actorWords[a]
	}
	return fmt.Sprintf("actor %d", uint8(a))
}

// Wanted tells whether a callee wants what the actor does.
func (a Actor) Wanted() bool { return a <= Chat }

// Options say which world is made.
type Options struct {
	// Seed is what all chance comes from.
	Seed uint64
	// Users is how many users the domain has, Days how long they are watched.
	Users, Days int
	// Spam multiplies all that is unwanted; 0 is 1.
	Spam float64
	// Robots pass the voice test, as often as people do, and all their numbers rotate.
	Robots bool
	// Redial has robots call again, under the same number, where they were not let through.
	Redial bool
	// Liars is the share of users whose feedback says the opposite of what they think.
	Liars float64
	// Reasons collects why things went wrong, which takes longer.
	Reasons bool
	// Only limits the world to one unwanted actor, Without leaves one out; nil: all are there.
	Only, Without *Actor
}

// Default is the size that the targets are measured at.
func Default() Options { return Options{Seed: 1, Users: 5000, Days: 60} }

// Quick is a small world for tests.
func Quick() Options { return Options{Seed: 1, Users: 200, Days: 10} }

// has tells whether an unwanted actor is part of the world.
func (o *Options) has(a Actor) bool {
	return (o.Only == nil || *o.Only == a) && (o.Without == nil || *o.Without != a)
}

// times is a volume of unwanted events, scaled to the size of the world: n is for 5,000 users and one day.
func (o *Options) times(n float64) float64 {
	spam := o.Spam
	if spam == 0 {
		spam = 1
	}
	return n * spam * float64(o.Users) / 5000
}
