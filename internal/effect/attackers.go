package effect

import (
	"fmt"

	"gatehouse.example/verdict"
)

// direct is an event of a stranger on the Internet.
func direct(at int64, actor Actor, kind verdict.Kind, from, to, source, agent string) *event {
	return &event{at: at, actor: actor, kind: kind, from: from, to: to, source: source, transport: "udp", agent: agent, turing: fail, consent: fail}
}

func address(c chance) string {
	return fmt.Sprintf("%d.%d.%d.%d", pick(c, []int{45, 77, 91, 103, 141, 185, 193, 212}), c.IntN(256), c.IntN(256), c.between(1, 254))
}

// scanners sweep extensions and numbers with OPTIONS, REGISTER and INVITE from one address each, some with the name of their tool in every request and
// some with that of a telephone; others guess passwords. What they reach now and then is a telephone that rings at night.
func (w *World) scanners(c chance) {
	for d := range w.Options.Days {
		for range max(1, c.poisson(w.Options.times(6))) {
			source := address(c) + ":" + fmt.Sprint(c.between(5060, 5090))
			tool := pick(c, []string{"friendly-scanner", "sipcli/v1.8", "VaxSIPUserAgent/3.1", "PolycomVVX-VVX_401-UA/5.9", agent(c), ""})
			at := int64(d)*day + int64(c.Float64()*float64(20*hour))
			w.sweep(c, at, source, tool, c.between(0, 3))
		}
	}
}

func (w *World) sweep(c chance, at int64, source, tool string, how int) {
	base, step := c.between(100, 900), int64(c.between(300, 20000))
	w.sweeps++
	for i := range c.between(20, 60) {
		ext := fmt.Sprint(base + i)
		to := "sip:" + ext + "@" + w.home
		kind, from := verdict.Other, "sip:100@"+w.home
		switch how {
		case 1:
			kind, from = verdict.Registration, to
		case 2:
			kind = verdict.Call
		case 3:
			kind = verdict.Call
			to = fmt.Sprintf("sip:%s9720592%06d@%s", [...]string{"00", "011", "9011", "7011", "+"}[i%5], 277000+base, w.home)
		}
		e := w.add(direct(at+int64(i)*step, Scanner, kind, from, to, source, tool))
		e.status, e.group = 404, int32(w.sweeps)
		if kind == verdict.Registration {
			e.status = 403
		}
		if kind == verdict.Call && c.is(.05) { // one that exists
			e.to, e.status, e.ring = pick(c, w.users).uri, 0, 20
		}
	}
}

// messages are campaigns of a text with small changes, from accounts at domains made for it or taken over.
func (w *World) messages(c chance) {
	for d := range w.Options.Days {
		if !c.is(.6) {
			continue
		}
		domain, theme := word(c)+".example", c.IntN(len(pitches))
		var from []string
		for range 12 {
			from = append(from, "sip:"+word(c)+fmt.Sprint(c.IntN(100))+"@"+domain)
		}
		source, proof := address(c)+":5061", pick(c, []verdict.Proof{verdict.None, verdict.TLS, verdict.StirURI})
		for range c.poisson(w.Options.times(150) / .6) {
			to := pick(c, w.users)
			e := w.add(direct(c.awake(d), MessageSpam, verdict.Message, pick(c, from), to.uri, source, ""))
			e.transport, e.proof, e.text, e.answered = "tls", proof, spamText(c, theme), true
			w.say(c, e, to, .1, .002)
		}
	}
}

// presences are subscriptions whose only purpose is the name that stands in the question "may … see when you are there?" RFC 5039 §2.3.
func (w *World) presences(c chance) {
	for d := range w.Options.Days {
		if !c.is(.3) {
			continue
		}
		domain, source := word(c)+".example", address(c)+":5060"
		for range c.poisson(w.Options.times(30) / .3) {
			to := pick(c, w.users)
			e := w.add(direct(c.awake(d), PresenceSpam, verdict.Subscription, "sip:"+word(c)+"@"+domain, to.uri, source, ""))
			e.display = pick(c, []string{"FREE iPhone visit " + domain, "Hot deals " + domain, "Your parcel waits"})
			w.say(c, e, to, .1, 0)
		}
	}
}
