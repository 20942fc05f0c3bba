package newcomers

// burst is what is kept of a caller who tries strangers faster than anybody dials. A machine does that: a school's that closes, or that of a thief who has
// somebody's account. Neither can say who it is; how those take it who are reached tells the two apart.
type burst struct {
	at   uint32  // Unix seconds: when it last had tried rushMost strangers within fastest
	tell float32 // the logarithm of how much likelier it is wanted, by how those of this rush have taken it
	turn uint8   // counts the strangers tried since
}

const (
	fastest     = 90 // seconds for rushMost strangers
	sampleFor   = 45 // seconds for which it may be slower: a thief who dials by hand is as fast by chance, now and then
	sampleEvery = 3  // one stranger in so many is let through to tell

	tellsFor     = 2.0  // from which on all are: seven to one
	tellsAgainst = -3.5 // from which on none is

	tellsListened = 1.0 // to a notice people listen, and most of them hang up on a seller
	tellsHungUp   = -1.0
	tellsMissed   = -leanMissed
	tellsObjected = -4.0
	tellsMost     = 4.0 // more is not kept: how the next ones take it counts as well
)

// Burst is what becomes of a caller who tries strangers faster than anybody dials.
type Burst uint8

const (
	NoBurst     Burst = iota // it does not, or those whom it has reached did not take it well
	BurstSample              // nobody can tell yet, and this one is let through to tell
	BurstHeeded              // those whom it has reached listen
)

// heeded says what is to become of the next stranger that is tried.
func (c *caller) heeded(at int64) Burst {
	b := &c.burst
	switch {
	case int64(b.at) <= at-hour || b.tell <= tellsAgainst:
		return NoBurst
	case b.tell >= tellsFor:
		return BurstHeeded
	case int64(b.at) > at-sampleFor && b.turn%sampleEvery == sampleEvery-1:
		return BurstSample
	}
	return NoBurst
}

// hurries notes that a stranger was tried, who stands in the rush already.
func (c *caller) hurries(at int64) {
	c.burst.turn++
	if oldest := int64(c.rush[c.next%rushMost]); oldest > at-fastest {
		c.burst.at = uint32(at)
	}
}

// taken puts down how somebody took it.
func (b *burst) taken(tells float32) { b.tell = min(max(b.tell+tells, -tellsMost), tellsMost) }
