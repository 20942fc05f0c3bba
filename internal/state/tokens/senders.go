package tokens

import "time"

// Sender is what people here have said about one sender's texts.
type Sender struct {
	// Own is what the user himself has said, and All what everyone has.
	OwnSpam, OwnHam, AllSpam, AllHam int
}

// Sender returns what was said about a sender: by the user at p, and by all.
func (m *Memory) Sender(sender string, p Place) (s Sender) {
	if sender == "" {
		return s
	}
	key := keyOf("sender", sender)
	m.mu.RLock()
	defer m.mu.RUnlock()
	if e := m.senders.find(key); e != nil {
		s.AllSpam, s.AllHam = int(e.spam), int(e.ham)
	}
	if e := m.senders.find(mix(key ^ keyOf("user", p.User))); e != nil && p.User != "" {
		s.OwnSpam, s.OwnHam = int(e.spam), int(e.ham)
	}
	return s
}

// Tell notes what an account has said about a sender; by is 1, or -1 to take it back. Of one account two lessons about one sender count for all: who
// says it ten times says no more.
func (m *Memory) Tell(sender string, p Place, account string, spam bool, by int, now time.Time) {
	if sender == "" {
		return
	}
	key, day := keyOf("sender", sender), dayOf(now)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dirty = true
	mine := m.senders.put(mix(key^keyOf("account", account)), day)
	before := mine.ham
	if spam {
		before = mine.spam
	}
	mine.count(spam, by)
	if p.User != "" && account == p.User {
		m.senders.put(mix(key^keyOf("user", p.User)), day).count(spam, by)
	}
	if by > 0 && before < 2 || by < 0 && before <= 2 && before > 0 {
		m.senders.put(key, day).count(spam, by)
	}
}
