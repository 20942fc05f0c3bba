package reputation

import (
	"math/bits"
	"time"
)

// behaviour is how an identity uses to behave, and what it has done lately.
type behaviour struct {
	updated int64     // Unix seconds
	held    int64     // until when it is taken for a zombie
	usual   [2]uint64 // a Bloom filter of the callees of earlier days
	today   uint64    // a bit for each callee of today, by hash
	widest  float32   // the most different callees of a day, decaying
	day     int32
	days    uint16 // on which it was active
	returns uint16 // callees of a day that were usual ones
	strange uint16 // and those that were not
	friend  bool   // one of our users has called it
	same    uint8  // messages with the last text
	next    uint8
	text    uint32 // hash of the last text
	recent  [recentCallees]reachedAt
}

const recentCallees = 8

type reachedAt struct {
	callee uint32 // hash; 0: none
	at     uint32 // Unix seconds
	fresh  bool   // was not among the usual ones
	met    bool   // the caller has introduced himself
}

func (b *behaviour) worth() int64 { return max(b.updated, b.held) + int64(min(b.days, 30))*24*3600 }

const (
	personDays   = 2              // active days after which a behaviour is known
	personWidest = 4              // callees a day above which it is not that of a person
	fewStrange   = 6              // callees that were none of the usual ones
	sameText     = 3              // messages in a row
	mostGuests   = 12             // callees of a day to whom a person introduces himself
	holdFor      = 24 * time.Hour // a zombie stays one that long after the last sign
)

// Behaved counts an attempt of an identity at a callee, who knows it or not, and says how far its behaviour has broken, from 0 to 1. text is a message's
// body. With look set nothing is counted.
func (m *Memory) Behaved(identity Behaviour, callee string, known bool, text string, now time.Time, look bool) float64 {
	key := uint64(identity)
	to := m.seed.String(hashCallee, callee)
	m.behaviours.Lock(key)
	defer m.behaviours.Unlock(key)
	if look {
		b := m.behaviours.Find(key)
		if b == nil {
			return 0
		}
		ahead := *b
		return ahead.attempt(to, known, m.textHash(text), now.Unix())
	}
	b := m.behaviours.Take(key)
	before := b.held
	broken := b.attempt(to, known, m.textHash(text), now.Unix())
	if b.held > 0 && before < now.Unix() && b.held > now.Unix() {
		m.zombies.Add(1)
	}
	return broken
}

// Behaviour is an identity whose behaviour is asked for, in short.
type Behaviour uint64

// Behaviour returns that of a subject of kind Identity.
func (m *Memory) Behaviour(identity Key) Behaviour {
	return Behaviour(m.seed.Pair(hashBehaviour, uint64(identity), 0))
}

func (m *Memory) behaviourKey(identity string) uint64 {
	return uint64(m.Behaviour(m.Key(Identity, identity)))
}

func (m *Memory) textHash(text string) uint32 {
	if text == "" {
		return 0
	}
	return uint32(m.seed.String(hashText, text)) | 1
}

// Befriended tells that one of our users has called the identity, and was answered.
func (m *Memory) Befriended(identity string, now time.Time) {
	key := m.behaviourKey(identity)
	m.behaviours.Lock(key)
	b := m.behaviours.Take(key)
	b.friend, b.updated = true, max(b.updated, now.Unix())
	m.behaviours.Unlock(key)
}

// Introduced tells that the identity has introduced itself to a callee. That is no sign of somebody else at its telephone, for as many as come to a party.
func (m *Memory) Introduced(identity, callee string) {
	key, to := m.behaviourKey(identity), uint32(m.seed.String(hashCallee, callee))|1
	m.behaviours.Lock(key)
	defer m.behaviours.Unlock(key)
	b := m.behaviours.Find(key)
	if b == nil || bits.OnesCount64(b.today) > mostGuests {
		return
	}
	for i := range b.recent {
		if r := &b.recent[i]; r.callee == to {
			r.met = true
		}
	}
}

// Broken says how far the behaviour of an identity is broken now, from 0 to 1. It counts nothing.
func (m *Memory) Broken(identity string, now time.Time) float64 {
	return m.Level(Behaviour(m.behaviourKey(identity)), now)
}

// Level is Broken of a behaviour.
func (m *Memory) Level(identity Behaviour, now time.Time) float64 {
	key := uint64(identity)
	m.behaviours.Lock(key)
	defer m.behaviours.Unlock(key)
	b := m.behaviours.Find(key)
	if b == nil {
		return 0
	}
	return b.level(now.Unix())
}

// Flagged tells that a person has called an attempt of the identity unwanted. With two new callees within the hour that makes a zombie of a person's account.
func (m *Memory) Flagged(identity string, now time.Time) {
	key := m.behaviourKey(identity)
	m.behaviours.Lock(key)
	defer m.behaviours.Unlock(key)
	b := m.behaviours.Find(key)
	if b == nil || !b.person() {
		return
	}
	if _, fresh := b.within(now.Unix(), 3600); fresh >= 2 {
		b.held = now.Add(holdFor).Unix()
	}
}

// Cleared tells that a person has called an attempt of the identity wanted: what was held against its behaviour is dropped.
func (m *Memory) Cleared(identity string) {
	key := m.behaviourKey(identity)
	m.behaviours.Lock(key)
	if b := m.behaviours.Find(key); b != nil {
		b.held = 0
	}
	m.behaviours.Unlock(key)
}

// Machine tells that a behaviour is none of a person's: what was held against it is dropped.
func (m *Memory) Machine(identity Behaviour) {
	key := uint64(identity)
	m.behaviours.Lock(key)
	defer m.behaviours.Unlock(key)
	if b := m.behaviours.Find(key); b != nil {
		b.held, b.widest = 0, max(b.widest, recentCallees)
	}
}

// attempt counts one and returns the level after it. Who knows the caller is none of those new callees that people do not try one after the other. A hold is as
// long as its reason: what shows nothing new does not prolong it.
func (b *behaviour) attempt(to uint64, known bool, text uint32, now int64) float64 {
	b.turn(now)
	b.updated = now
	b.today |= 1 << (to >> 58)
	fresh := !known && !b.knows(to)
	b.note(uint32(to)|1, uint32(now), fresh)
	if text != 0 {
		if text != b.text {
			b.text, b.same = text, 0
		}
		if b.same < 255 {
			b.same++
		}
	}
	if (fresh || text != 0 && b.same >= sameText) && b.breaks(now) >= 0.5 {
		b.held = max(b.held, now+int64(holdFor/time.Second))
	}
	return b.level(now)
}

// turn closes the days before today: their callees become the usual ones, unless they were a zombie's.
func (b *behaviour) turn(now int64) {
	day := int32(now / 86400)
	if b.day == day {
		return
	}
	if b.today != 0 && b.held < now-86400 {
		b.widest = max(b.widest*0.98, float32(bits.OnesCount64(b.today)))
		for i := range b.recent {
			if r := &b.recent[i]; r.callee != 0 && int32(r.at/86400) == b.day {
				b.learn(r.callee)
			}
		}
		if b.days < 1<<15 {
			b.days++
		}
	}
	b.day, b.today = day, 0
}

func (b *behaviour) learn(callee uint32) {
	seen, bit := &b.usual[callee>>8&1], uint64(1)<<(callee>>26)
	count := &b.strange
	if *seen&bit != 0 {
		count = &b.returns
	}
	if *count < 1<<15 {
		*count++
	}
	*seen |= bit
}

func (b *behaviour) knows(to uint64) bool {
	callee := uint32(to) | 1
	return b.usual[callee>>8&1]&(1<<(callee>>26)) != 0
}

// note enters a callee, the latest time for one that stands there already.
func (b *behaviour) note(callee, at uint32, fresh bool) {
	for i := range b.recent {
		if b.recent[i].callee == callee {
			b.recent[i].at, b.recent[i].fresh = at, b.recent[i].fresh && fresh
			return
		}
	}
	b.recent[b.next%recentCallees] = reachedAt{callee: callee, at: at, fresh: fresh}
	b.next++
}

// within counts the callees of the last seconds, and the new ones among them.
func (b *behaviour) within(now, seconds int64) (all, fresh int) {
	for i := range b.recent {
		if r := &b.recent[i]; r.callee != 0 && !r.met && int64(r.at) > now-seconds {
			all++
			if r.fresh {
				fresh++
			}
		}
	}
	return all, fresh
}

// person says whether the identity has behaved like a person so far: one calls two others in a month, and 18 at most; and the same ones again, or is called
// by them. A machine that reminds people does neither, however few they are; nor does an organisation that calls others each day, although some call it.
func (b *behaviour) person() bool {
	return b.days >= personDays && b.widest <= personWidest && (b.friend && b.strange <= fewStrange || b.returns >= b.strange)
}

// level says how far its behaviour is broken: in full while it is held.
func (b *behaviour) level(now int64) float64 {
	if b.held > now {
		return 1
	}
	return b.breaks(now)
}

// breaks says how far what it does now is from what a person does who has behaved as this one has.
func (b *behaviour) breaks(now int64) float64 {
	if !b.person() {
		return 0
	}
	hour, freshHour := b.within(now, 3600)
	day, freshDay := b.within(now, 86400)
	most := float64(b.widest)
	// Five callees in an hour are much for who never had more than one a day, six for everybody who was a person before, and some of them must be new.
	level := 0.0
	if freshHour >= 2 {
		level = (float64(hour) - min(max(1.25*most, 1.5), 2.5) - 2) / 2
	}
	if freshDay >= 3 {
		level = max(level, (float64(day)-4.5)/2)
	}
	// The same text again and again, to new callees, is no conversation.
	if b.same >= sameText && freshHour >= 2 {
		level = max(level, 1)
	}
	return min(max(level, 0), 1)
}
