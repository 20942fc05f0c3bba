package tokens

import "time"

// What it says for a sender's kind that his texts were delivered and nobody has said anything about him, in parts of what one word says. Few people report what they did not want,
// so that silence says little: a kind stays suspect where there is one report for eight silent senders. That a user has written to the sender says more.
const (
	word     = 32
	silence  = 1
	answered = 8
)

// mostQuiet is how much silence is counted for a kind before it is halved, and with it what was said, so that what is new weighs more.
const mostQuiet = 256 * word

// Quiet is what speaks for a kind of senders although nobody has said it: how many have delivered texts without a word about any of them, and as how many words that counts.
type Quiet struct {
	Senders int
	Words   float64
}

// Delivered notes that a text of a sender has reached somebody who may object to it. Each sender counts once for the kinds to which it belongs, and not at all where something was said about
// it. Address is how one writes to it.
func (m *Memory) Delivered(sender, address string, now time.Time, kinds ...string) {
	key, day := keyOf("heard", sender), dayOf(now)
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.senders.find(keyOf("sender", sender)); e != nil && e.spam+e.ham > 0 {
		return
	}
	weight := uint16(silence)
	if m.quiet.find(keyOf("wrote", address)) != nil {
		weight = answered
	}
	mark := m.quiet.put(key, day)
	before := mark.ham
	if before >= weight {
		return
	}
	mark.ham = weight
	m.dirty = true
	for _, kind := range kinds {
		if kind == "" {
			continue
		}
		e := m.quiet.put(keyOf("kind", kind), day)
		if e.ham += weight - before; before == 0 {
			e.spam++
		}
		if e.ham > mostQuiet {
			e.spam, e.ham = e.spam/2, e.ham/2
			if said := m.senders.find(keyOf("sender", kind)); said != nil {
				said.spam, said.ham = said.spam/2, said.ham/2
			}
		}
	}
}

// Wrote notes that a user of ours has written to an address.
func (m *Memory) Wrote(address string, now time.Time) {
	if address == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.quiet.put(keyOf("wrote", address), dayOf(now)).ham = 1
}

// Spoken notes that something was said about a sender: its silence no longer counts.
func (m *Memory) Spoken(sender string, kinds ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mark := m.quiet.find(keyOf("heard", sender))
	if mark == nil || mark.ham == 0 {
		return
	}
	for _, kind := range kinds {
		if e := m.quiet.find(keyOf("kind", kind)); e != nil && kind != "" {
			e.spam, e.ham = e.spam-min(e.spam, 1), e.ham-min(e.ham, mark.ham)
		}
	}
	mark.ham = 0
}

// Quiet returns what silence says for a kind.
func (m *Memory) Quiet(kind string) (q Quiet) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if e := m.quiet.find(keyOf("kind", kind)); e != nil && kind != "" {
		q.Senders, q.Words = int(e.spam), float64(e.ham)/word
	}
	return q
}
