package main

import (
	"time"

	"gatehouse.example/internal/border"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/wire"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// What a verdict says where the guard has dropped an attempt. Weights are of no account: it is dropped before anything is weighed.
const (
	guardBanned  = "GUARD_BANNED"
	guardFlood   = "GUARD_FLOOD"
	guardScanner = "GUARD_SCANNER"
	guardTrap    = "GUARD_TRAP"
)

// replayGuard is the guard of a server and its sentry, over events instead of requests.
type replayGuard struct {
	guard  *guard.Guard
	sentry *border.Sentry
	site   *border.Site
}

// newReplayGuard returns a guard that has seen nobody.
func newReplayGuard(cfg *config.Config, site *border.Site, traps *lists.Lists, seed uint64) (*replayGuard, error) {
	settings := guardConfig(cfg, nil, nil)
	settings.Seed = max(seed, 1)
	g, err := guard.New(settings)
	if err != nil {
		return nil, cfg.Problem("limits", err.Error(), err)
	}
	return &replayGuard{g, border.NewSentry(border.SentryConfig{Guard: g, Traps: traps, Accusing: accusing(), Posing: posing(), Storming: storming()}), site}, nil
}

// asked is a request as far as an event tells of it.
type asked struct {
	method   sip.Method
	to, from uri.URI
}

// Method, URI, ToURI and FromURI make it a border.Request.
func (r *asked) Method() sip.Method { return r.method }

// URI returns the Request-URI.
func (r *asked) URI() *uri.URI { return &r.to }

// ToURI returns who is asked for.
func (r *asked) ToURI() *uri.URI { return &r.to }

// FromURI returns who asks.
func (r *asked) FromURI() *uri.URI { return &r.from }

// askedBy makes the request of an attempt again.
func askedBy(a *screen.Attempt) (r asked, ok bool) {
	r.method = map[verdict.Kind]sip.Method{
		verdict.Call: sip.INVITE, verdict.Message: sip.MESSAGE, verdict.Subscription: sip.SUBSCRIBE,
		verdict.Registration: sip.REGISTER, verdict.Publication: sip.PUBLISH, verdict.Other: sip.OPTIONS,
	}[a.Kind]
	ok = r.to.Parse([]byte(a.To.Requested)) == nil && r.from.Parse([]byte(a.From.Claimed)) == nil
	return r, ok
}

// stranger tells whether an attempt is of somebody of whom nothing is known, and how it came.
func (g *replayGuard) stranger(a *screen.Attempt) (f wire.Flow, is bool) {
	f = wire.Flow{Transport: sip.ParseTransport([]byte(a.Transport)), Remote: a.Source}
	return f, a.Source.IsValid() && a.Peer == "" && !g.site.FromPBX(f.Remote, f.Transport)
}

// octets is about how large a request is without its body.
const octets = 700

// Admit implements replay.Guard.
func (g *replayGuard) Admit(ev *screen.Event, a *screen.Attempt) *verdict.Signal {
	f, stranger := g.stranger(a)
	if !stranger {
		return nil
	}
	now := a.Time.UnixNano()
	switch g.guard.Admit(f.Remote.Addr(), octets+len(ev.Text), now) {
	case guard.Banned:
		b, _ := g.guard.BannedAt(f.Remote.Addr(), now)
		return &verdict.Signal{Name: guardBanned, Strength: 1, Evidence: b.Source.String() + " is banned: " + b.Reason + "; " + b.Evidence}
	case guard.Flood:
		return &verdict.Signal{Name: guardFlood, Strength: 1, Evidence: "the source or its network is over its limit"}
	}
	if ev.Proof == verdict.Digest {
		g.guard.Success(f.Remote.Addr(), now)
		return nil
	}
	if tool := g.sentry.Admitted(f, []byte(a.UserAgent), now); tool != "" {
		return &verdict.Signal{Name: guardScanner, Strength: 1, Evidence: "user agent " + tool}
	}
	r, ok := askedBy(a)
	if !ok || !g.sentry.Suspected(f.Remote.Addr(), now) {
		return nil
	}
	switch trapped, silent := g.sentry.Probes(g.site, &r, f, now); {
	case trapped && a.Exempt == "":
		return &verdict.Signal{Name: guardTrap, Strength: 1, Evidence: "tries a trap"}
	case silent:
		return &verdict.Signal{Name: guardScanner, Strength: 1, Evidence: "asks for another's address"}
	}
	return nil
}

// Judged implements replay.Guard.
func (g *replayGuard) Judged(a *screen.Attempt, v *verdict.Verdict) {
	if f, stranger := g.stranger(a); stranger && a.From.Proof != verdict.Digest {
		g.sentry.Accuse(g.site, v, f, a.Time.UnixNano())
	}
}

// Ended implements replay.Guard. Who registers is challenged, unless the event says that he has proven himself or how it ended.
func (g *replayGuard) Ended(a *screen.Attempt, status int, refused bool, at time.Time) {
	f, stranger := g.stranger(a)
	r, ok := askedBy(a)
	proven := a.From.Proof == verdict.Digest
	if status == 0 && (refused || a.Kind == verdict.Registration && !proven) {
		status = 401
	}
	if !stranger || !ok || status == 0 || a.Exempt != "" {
		return
	}
	now := at.UnixNano()
	q := g.sentry.NewQuery(&r, f, a.To.Requested, proven || refused || r.method == sip.REGISTER && status/100 == 2, true, now)
	q.Caller(g.site, &a.From)
	g.sentry.Answered(&q, status, now)
}
