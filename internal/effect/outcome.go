package effect

import "gatehouse.example/verdict"

// incoming is a call from outside by a trunk.
func (w *World) incoming(c chance, at int64, actor Actor, p *person, to *person) *event {
	t := &w.carrier[p.carrier]
	return &event{at: at, actor: actor, kind: verdict.Call, from: p.uri, display: p.name, to: to.uri, proof: p.proof,
		source: pick(c, t.sources), transport: "udp", peer: t.name, agent: "SBC/9.2"}
}

// outgoing is a call of a user.
func (w *World) outgoing(at int64, actor Actor, from *person, to string) *event {
	return &event{at: at, actor: actor, kind: verdict.Call, out: true, from: from.uri, display: from.name, to: to, proof: verdict.Digest,
		source: "10.0.0.20:5060", transport: "tls", agent: from.agent}
}

// answer decides whether a person takes a call, and how long they talk: 45 % of answered calls last at most 10 s. Of the calls in the
// Copenhagen study 11 % were missed and another 15 % lasted no second; a stranger's call is missed more often.
func (c chance) answer(e *event, p float64) {
	if e.answered = c.is(p); !e.answered {
		e.ring = float32(5 + 20*c.Float64())
		return
	}
	e.ring = float32(min(30, c.lognormal(7, .5)))
	e.talk = float32(min(7200, 1+c.lognormal(13, 1.6)))
}

// voice decides what comes of the voice test: people fail it now and then.
func (c chance) voice(e *event, p float64) {
	if e.turing = fail; c.is(p) {
		e.turing = pass
	}
}

// say decides what the callee says about the call. People say little: of most attempts nothing.
func (w *World) say(c chance, e *event, to *person, spamShare, hamShare float64) {
	x := c.Float64()
	switch {
	case x < spamShare:
		e.feedback = spam
	case x < spamShare+hamShare:
		e.feedback = ham
	}
	if to.liar && e.feedback != unsaid {
		e.feedback = spam + ham - e.feedback
	}
}

// How well people pass the voice test, the first time and the second.
const (
	peoplePass      = .93
	peoplePassAgain = .97
)

// persist lets an honest caller try again. Who was not let through tries once more; who was, and was not answered, retries within ten
// minutes in 33 % of cases, and 41 % of callees call back within the hour.
func (w *World) persist(c chance, e *event, caller, to *person) {
	again := *e
	again.at += int64(c.between(25, 600)) * second
	again.again, again.afterFailure, again.feedback = true, e, unsaid
	c.answer(&again, .85)
	c.voice(&again, peoplePassAgain)
	w.add(&again)
	if e.answered {
		return
	}
	if c.is(.33) {
		retry := *e
		retry.at += int64(e.ring)*second + int64(c.between(20, 600))*second
		retry.afterSuccess, retry.feedback, retry.first = e, unsaid, false
		c.answer(&retry, .7)
		w.add(&retry)
	} else if c.is(.41) && caller != nil {
		back := w.outgoing(e.at+int64(c.between(60, 3600))*second, e.actor, to, caller.uri)
		back.afterSuccess = e
		c.answer(back, .8)
		w.add(back)
	}
}
