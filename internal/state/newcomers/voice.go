package newcomers

import "time"

// voice counts what one of our users has said about callers today.
type voice struct {
	day  int32
	said uint32
}

func (v *voice) worth() int64 { return int64(v.day) }

// voices is how many people are remembered, 16 octets each; each forgotten one speaks once more in full.
const voices = 1 << 13

// Voice is how far what somebody says now counts for strangers of a kind: the first word of a day in full, the second half, the third a third, so that
// whoever reports everything weighs a few times what others do, and not a hundred times.
func (m *Memory) Voice(by string, now time.Time) float64 {
	key := m.seed.String(hashVoice, by)
	m.voices.Lock(key)
	defer m.voices.Unlock(key)
	v := m.voices.Take(key)
	if day := int32(now.Unix() / (24 * 3600)); v.day != day {
		*v = voice{day: day}
	}
	v.said++
	return 1 / float64(v.said)
}
