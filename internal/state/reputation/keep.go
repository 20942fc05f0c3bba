package reputation

import (
	"time"

	"gatehouse.example/internal/state/keep"
)

// SaveEvery is how often what [Memory.Behaviours] keeps is to be saved: what a crash loses at most.
const SaveEvery = 5 * time.Minute

// storedBehaviour is a behaviour as it is stored; a name never changes its meaning.
type storedBehaviour struct {
	Updated, Held          int64
	Usual                  [2]uint64
	Today                  uint64
	Widest                 float32
	Day                    int32
	Days, Returns, Strange uint16
	Friend                 bool
	Same, Next             uint8
	Text                   uint32
	Recent                 [recentCallees]storedReached
}

type storedReached struct {
	Callee, At uint32
	Fresh, Met bool
}

// Behaviours keeps how identities use to behave, and who is held, between runs with the same seed: a restart sets no zombie free. Keys are hashes.
func (m *Memory) Behaviours(storage keep.Storage) *keep.Keeper {
	return keep.NewKeeper(storage, keep.Rows("behaviours-1", m.behaviours,
		func(b *behaviour) (storedBehaviour, bool) { return b.stored(), true }, (*storedBehaviour).behaviour)...)
}

func (b *behaviour) stored() storedBehaviour {
	s := storedBehaviour{
		Updated: b.updated, Held: b.held, Usual: b.usual, Today: b.today, Widest: b.widest, Day: b.day, Days: b.days, Returns: b.returns,
		Strange: b.strange, Friend: b.friend, Same: b.same, Next: b.next, Text: b.text,
	}
	for i, r := range b.recent {
		s.Recent[i] = storedReached{r.callee, r.at, r.fresh, r.met}
	}
	return s
}

func (s *storedBehaviour) behaviour() behaviour {
	b := behaviour{
		updated: s.Updated, held: s.Held, usual: s.Usual, today: s.Today, widest: s.Widest, day: s.Day, days: s.Days, returns: s.Returns,
		strange: s.Strange, friend: s.Friend, same: s.Same, next: s.Next, text: s.Text,
	}
	for i, r := range s.Recent {
		b.recent[i] = reachedAt{r.Callee, r.At, r.Fresh, r.Met}
	}
	return b
}
