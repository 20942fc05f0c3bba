package effect

import (
	"fmt"

	"gatehouse.example/verdict"
)

// unwanted makes all that nobody wants: about a third of a call a day for each user (US 2022: some 4.5 thousand million robocalls a month, of
// which 55 % are unwanted, and as many telemarketers by hand as robots by number).
func (w *World) unwanted() {
	for _, a := range []struct {
		actor Actor
		play  func(chance)
	}{
		{Telemarket, w.telemarketers}, {Robocall, w.robocalls}, {Snowshoe, w.snowshoes}, {Hijacked, w.hijacks}, {OneRing, w.oneRings},
		{Mafia, w.mafias}, {Traitor, w.traitors}, {Scanner, w.scanners}, {MessageSpam, w.messages}, {PresenceSpam, w.presences},
	} {
		if w.Options.has(a.actor) {
			a.play(newChance(w.Options.Seed, a.actor))
		}
	}
}

// pitch is an unwanted call. It is answered less often than others, and short; few people report it.
func (w *World) pitch(c chance, at int64, actor Actor, from, to *person, passes float64) *event {
	e := w.add(w.incoming(c, at, actor, from, to))
	c.answer(e, .35)
	e.talk = min(e.talk, 90)
	if w.Options.Robots {
		passes = max(passes, .9)
	}
	c.voice(e, passes)
	if e.answered {
		w.say(c, e, to, .12, .002)
	} else {
		w.say(c, e, to, .02, 0)
	}
	if w.Options.Redial {
		again := *e
		again.at += int64(c.between(25, 600)) * second
		again.again, again.afterFailure = true, e
		c.voice(&again, passes)
		w.add(&again)
	}
	return e
}

// spammer is a caller with a number of his own.
func (w *World) spammer(c chance) *person {
	p := w.outsider(c)
	p.proof = pick(c, []verdict.Proof{verdict.StirA, verdict.StirB, verdict.StirB, verdict.None})
	return p
}

// telemarketers are people: they can talk to a voice test, and some do.
func (w *World) telemarketers(c chance) {
	n := max(1, int(w.Options.times(12)))
	for range n {
		lines := []*person{w.spammer(c)}
		for range c.IntN(3) {
			lines = append(lines, w.spammer(c))
		}
		daily := w.Options.times(350) / float64(n)
		for d := range w.Options.Days {
			if weekend(d) {
				continue
			}
			for range c.poisson(daily * 7 / 5) {
				w.pitch(c, c.office(d), Telemarket, pick(c, lines), pick(c, w.users), .5)
			}
		}
	}
}

// robocalls are campaigns of some days, with a number for each call: most at random, a third near the callee's (neighbour spoofing), some the
// callee's own, some of people who have nothing to do with it.
func (w *World) robocalls(c chance) {
	for d := range w.Options.Days {
		carrier := c.IntN(len(w.carrier)) // most campaigns come in through one gateway
		for range c.poisson(w.Options.times(700)) {
			to := pick(c, w.users)
			p := &person{proof: spamProof(c), carrier: carrier, number: w.spoofed(c, to)}
			if c.is(.1) {
				p.carrier = c.IntN(len(w.carrier))
			}
			if c.is(.2) {
				p.name = w.name(c)
			}
			p.uri = "sip:" + p.number + "@" + w.carrier[p.carrier].domain
			w.pitch(c, c.office(d), Robocall, p, to, .02)
		}
	}
}

// spoofed is a number that a campaign claims towards a callee.
func (w *World) spoofed(c chance, to *person) string {
	switch x := c.Float64(); {
	case x < .33:
		return fmt.Sprintf("%s%04d", to.number[:8], c.IntN(10000))
	case x < .38:
		return to.number
	case x < .45:
		return pick(c, w.people).number
	case x < .52:
		return "+1" + area(c) + fmt.Sprintf("%03d%04d", c.IntN(200), c.IntN(10000)) // no such exchange
	}
	return fmt.Sprintf("+1%s%s%04d", area(c), exchange(c), c.IntN(10000))
}

// snowshoes spread a campaign over identities of their own, signed, each with at most 5 calls a day and gone after some days.
func (w *World) snowshoes(c chance) {
	for range max(2, int(w.Options.times(50))) {
		for d := 0; d < w.Options.Days; {
			p, life := w.spammer(c), c.between(5, 15)
			if w.Options.Robots {
				life = c.between(1, 3)
			}
			for end := min(d+life, w.Options.Days); d < end; d++ {
				for range c.between(3, 5) {
					w.pitch(c, c.office(d), Snowshoe, p, pick(c, w.users), .2)
				}
			}
		}
	}
}

// hijacks are accounts of friends in the hands of others for some hours: their identity is proven, and their contacts know them.
func (w *World) hijacks(c chance) {
	for i := range max(3, int(w.Options.times(20))) {
		p := pick(c, w.people)
		d := min(w.Options.Days-1, w.Options.Days/4+c.IntN(w.Options.Days*3/4))
		begin, length := c.awake(d), int64(c.between(2, 8))*hour
		for range c.between(80, 250) {
			to := pick(c, w.users)
			if c.is(.2) && len(p.contacts) > 0 {
				to = pick(c, p.contacts).user
			}
			e := w.pitch(c, begin+int64(c.Float64()*float64(length)), Hijacked, p, to, .1)
			e.group = int32(i)
		}
	}
}

// oneRings ring once from numbers abroad that cost money, and hope for a call back: 3 % of people do.
func (w *World) oneRings(c chance) {
	for d := range w.Options.Days {
		if !c.is(.4) {
			continue
		}
		begin := pick(c, []string{"+23276", "+25261", "+5354", "+67570", "+222", "+21698", "+37069", "+68869"})
		at := c.awake(d)
		for range c.poisson(w.Options.times(120) / .4) {
			p := &person{number: fmt.Sprintf("%s%05d", begin, c.IntN(100000)), carrier: c.IntN(len(w.carrier)), proof: verdict.None}
			p.uri = "sip:" + p.number + "@" + w.carrier[p.carrier].domain
			to := pick(c, w.users)
			e := w.add(w.incoming(c, at+int64(c.Float64()*4*hour), OneRing, p, to))
			e.ring, e.turing = float32(1+1.5*c.Float64()), fail
			w.say(c, e, to, .02, 0)
			if c.is(.03) {
				back := w.outgoing(e.at+int64(c.between(1, 180))*minute, OneRing, to, p.uri)
				back.afterSuccess, back.answered, back.ring, back.talk = e, true, 2, float32(c.lognormal(40, .8))
				w.add(back)
			}
		}
	}
}

// mafias are spammers whom accomplices inside praise: every accomplice is called now and then, talks long and says that it was welcome.
func (w *World) mafias(c chance) {
	gang := max(2, int(w.Options.times(50)))
	var boys, friends []*person
	for range gang {
		boys = append(boys, w.spammer(c))
	}
	for range 5 {
		friends = append(friends, pick(c, w.users))
	}
	for d := range w.Options.Days {
		for range c.poisson(w.Options.times(50)) {
			p, to := pick(c, boys), pick(c, friends)
			e := w.pitch(c, c.awake(d), Mafia, p, to, .9)
			e.answered, e.talk, e.feedback, e.turing = true, float32(c.lognormal(200, .5)), ham, pass
			e.status, e.group = 0, -1 // wanted by the accomplice: not counted
		}
		for range c.poisson(w.Options.times(100)) {
			w.pitch(c, c.office(d), Mafia, pick(c, boys), pick(c, w.users), .3)
		}
	}
}

// traitors are welcome for weeks and spam then.
func (w *World) traitors(c chance) {
	n := max(2, int(w.Options.times(15)))
	for range n {
		p := w.spammer(c)
		var fans []*person
		for range 12 {
			fans = append(fans, pick(c, w.users))
		}
		turn := w.Options.Days/3 + c.IntN(max(1, w.Options.Days/3))
		for d := range turn {
			for range c.poisson(2) {
				to := pick(c, fans)
				e := w.pitch(c, c.awake(d), Traitor, p, to, .9)
				e.answered, e.talk, e.feedback, e.group = true, float32(c.lognormal(80, .5)), unsaid, -1 // not counted
				w.say(c, e, to, 0, .05)
			}
		}
		for d := turn; d < min(w.Options.Days, turn+10); d++ {
			for range c.poisson(w.Options.times(80*15) / float64(n)) {
				w.pitch(c, c.office(d), Traitor, p, pick(c, w.users), .3)
			}
		}
	}
}
