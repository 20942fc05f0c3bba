package effect

import "gatehouse.example/verdict"

// wanted makes all that people want.
func (w *World) wanted() {
	w.contacts(newChance(w.Options.Seed, Contact))
	w.firstCalls(newChance(w.Options.Seed, FirstCall))
	w.automated(newChance(w.Options.Seed, Automated))
	w.emergencies(newChance(w.Options.Seed, Emergency))
	w.chats(newChance(w.Options.Seed, Chat))
}

// contacts lets people call whom they know.
func (w *World) contacts(c chance) {
	for _, u := range w.users {
		for _, p := range u.contacts {
			if p.user != u {
				continue
			}
			for range c.poisson(p.rate * float64(w.Options.Days-p.from)) {
				w.meet(c, p, c.awake(p.from+c.IntN(w.Options.Days-p.from)))
			}
		}
	}
}

// meet is one call of a pair.
func (w *World) meet(c chance, p *pair, at int64) {
	inside := p.other.proof == verdict.Digest
	if !c.is(p.inbound) {
		if inside {
			w.internal(c, at, p.user, p.other)
			return
		}
		e := w.add(w.outgoing(at, Contact, p.user, p.other.uri))
		if c.answer(e, .85); !e.answered && c.is(.41) {
			w.back(c, e, p.other, p.user)
		}
		return
	}
	if inside {
		w.internal(c, at, p.other, p.user)
		return
	}
	e := w.add(w.incoming(c, at, Contact, p.other, p.user))
	c.answer(e, .8)
	c.voice(e, peoplePass)
	w.say(c, e, p.user, .0001, .01)
	w.persist(c, e, p.other, p.user)
}

// back is a call back of somebody outside who was not reached.
func (w *World) back(c chance, e *event, from, to *person) {
	b := w.add(w.incoming(c, e.at+int64(c.between(60, 3600))*second, Contact, from, to))
	c.answer(b, .85)
	c.voice(b, peoplePass)
}

// internal is a call between two users.
func (w *World) internal(c chance, at int64, from, to *person) {
	e := w.add(&event{at: at, actor: Colleague, kind: verdict.Call, from: from.uri, display: from.name, to: to.uri, proof: verdict.Digest,
		source: "10.0.0.20:5060", transport: "tls", agent: from.agent})
	c.answer(e, .8)
	c.voice(e, peoplePass)
}

// firstCalls are people whom a user does not know yet: a plumber, a practice, a delivery. One in ten days for a user; half have been
// called first by somebody else of the domain or belong to a firm that was, and some become contacts.
func (w *World) firstCalls(c chance) {
	for range c.poisson(float64(w.Options.Users*w.Options.Days) / 12) {
		to, d := pick(c, w.users), c.IntN(w.Options.Days)
		from := w.outsider(c)
		e := w.add(w.incoming(c, c.awake(d), FirstCall, from, to))
		e.first = true
		c.answer(e, .6)
		c.voice(e, peoplePass)
		w.say(c, e, to, .002, .02)
		w.persist(c, e, from, to)
		if !c.is(.3) {
			continue
		}
		p := &pair{user: to, other: from, rate: .1, inbound: .5}
		for range c.poisson(p.rate * float64(w.Options.Days-d)) {
			w.meet(c, p, e.at+int64(float64(w.Options.Days-d)*c.Float64()*day)+hour)
		}
	}
}

// machine is an institution whose machine calls people who want that.
type machine struct {
	who    *person
	fans   []*person
	from   int
	daily  float64 // calls on an ordinary day
	bursts float64 // a month
}

// automated are reminders, alerts and notices: 45 % of all robocalls are such. They call fans only, some of them all at once (a school that
// closes), cannot press keys, and are mostly signed. Some begin in the middle of the time with nobody knowing them.
func (w *World) automated(c chance) {
	n := max(4, w.Options.Users/60)
	for i := range n {
		m := &machine{who: w.outsider(c), daily: c.lognormal(.27*float64(w.Options.Users)/float64(n)*.6, .5), bursts: .5}
		if c.is(.5) {
			m.who.proof = verdict.StirA
		}
		m.who.name = pick(c, w.names) + " " + pick(c, []string{"Pharmacy", "School District", "Dental", "Airlines", "Power & Light", "Clinic", "Bank", "Delivery"})
		for range max(3, int(c.lognormal(float64(w.Options.Users)/25, .8))) {
			m.fans = append(m.fans, pick(c, w.users))
		}
		if i%4 == 0 {
			m.from = c.IntN(w.Options.Days)
		}
		w.run(c, m)
	}
}

func (w *World) run(c chance, m *machine) {
	for d := m.from; d < w.Options.Days; d++ {
		if !weekend(d) {
			for range c.poisson(min(m.daily, float64(len(m.fans)))) {
				w.remind(c, m, c.office(d), pick(c, m.fans))
			}
		}
		if c.is(m.bursts / 30) {
			begin := c.office(d)
			for i, f := range m.fans { // all in ten minutes
				w.remind(c, m, begin+int64(i)*600*second/int64(len(m.fans)), f)
			}
		}
	}
}

// remind is one call of a machine. Where it is not let through it tries once more, as such systems do.
func (w *World) remind(c chance, m *machine, at int64, to *person) {
	e := w.add(w.incoming(c, at, Automated, m.who, to))
	e.first = true
	e.turing = fail
	if e.answered = c.is(.65); e.answered {
		e.ring, e.talk = float32(c.lognormal(8, .4)), float32(c.lognormal(18, .5))
	} else {
		e.ring = 25
	}
	w.say(c, e, to, .002, .02)
	if c.is(.7) {
		again := *e
		again.at += int64(c.between(10, 60)) * minute
		again.again, again.afterFailure, again.feedback = true, e, unsaid
		w.add(&again)
	}
}

// emergencies: .73 emergency calls a person and year; of every eighth the control room loses the caller and calls back (RFC 7090), from a line
// that nobody knows and few sign. Hospitals and police call likewise, unasked.
func (w *World) emergencies(c chance) {
	rooms := []*person{w.outsider(c), w.outsider(c)}
	for _, r := range rooms {
		r.proof = verdict.None
	}
	for range c.poisson(max(20, .73/365*float64(w.Options.Users*w.Options.Days))) {
		u := pick(c, w.users)
		at := int64(c.Float64() * float64(w.Options.Days) * day)
		call := w.add(w.outgoing(at, Emergency, u, "sip:911@"+w.home))
		call.answered, call.ring, call.talk = true, 3, float32(c.lognormal(90, .6))
		if !c.is(.125) {
			continue
		}
		room := pick(c, rooms)
		line := *room // each desk has a line of its own
		line.number = room.number[:len(room.number)-2] + string(rune('0'+c.IntN(10))) + string(rune('0'+c.IntN(10)))
		line.uri = "sip:" + line.number + "@" + w.carrier[line.carrier].domain
		e := w.add(w.incoming(c, at+int64(call.talk)*second+int64(c.between(30, 900))*second, Emergency, &line, u))
		e.answered, e.ring, e.talk, e.turing = true, 5, 60, fail // nobody there has time for a test
	}
}

// chats are messages between colleagues and with people at other domains.
func (w *World) chats(c chance) {
	for _, u := range w.users {
		for range c.poisson(.1 * float64(w.Options.Days)) {
			if len(u.contacts) == 0 {
				continue
			}
			p := pick(c, u.contacts)
			from, to := p.other, p.user
			if c.is(.5) {
				from, to = to, from
			}
			e := &event{at: c.awake(c.IntN(w.Options.Days)), actor: Chat, kind: verdict.Message, from: from.uri, to: to.uri, proof: from.proof,
				transport: "tls", text: smallTalk(c), answered: true, turing: unsaid, consent: pass}
			switch {
			case to.proof != verdict.Digest:
				e.out, e.source = true, "10.0.0.20:5060"
			case from.proof == verdict.Digest:
				e.source = "10.0.0.20:5060"
			default:
				t := &w.carrier[from.carrier]
				e.source, e.peer = pick(c, t.sources), t.name
			}
			w.add(e)
		}
	}
}
