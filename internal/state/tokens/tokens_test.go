package tokens

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"gatehouse.example/internal/state/keep"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// lesson makes a message of features from one of two worlds, which share a few.
func lesson(r *rand.Rand, spam bool, by string) *Lesson {
	base := uint64(0)
	if spam {
		base = 1000
	}
	set := map[uint64]bool{}
	for range 120 {
		if r.IntN(4) == 0 {
			set[mix(5000+uint64(r.IntN(300)))] = true
		} else {
			set[mix(base+uint64(r.IntN(300)))] = true
		}
	}
	var features []uint64
	for f := range set {
		features = append(features, f)
	}
	slices.Sort(features)
	return &Lesson{Features: features, Place: Place{"example.test", "sip:bob@example.test"}, Spam: spam, By: by, Trusted: by == "admin", Time: noon}
}

func taught(t testing.TB, cfg Config, n int) *Memory {
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		m.Learn(lesson(r, i%3 == 0, "admin"))
	}
	return m
}

func small() Config { return Config{Entries: 1 << 14, Examples: 200} }

func TestLearnsWhatItIsTold(t *testing.T) {
	m := taught(t, small(), 300)
	r := rand.New(rand.NewPCG(2, 2))
	wrong := 0
	for i := range 200 {
		l := lesson(r, i%2 == 0, "")
		o := m.Judge(l.Features, l.Place, noon)
		if !o.Ready {
			t.Fatalf("no opinion: %s", o.Why)
		}
		if (o.Score > 0) != l.Spam {
			wrong++
		}
	}
	if wrong > 4 {
		t.Errorf("%d of 200 wrong", wrong)
	}
}

func TestSaysHowFarItIs(t *testing.T) {
	m := taught(t, small(), 29)
	l := lesson(rand.New(rand.NewPCG(3, 3)), true, "")
	if o := m.Judge(l.Features, l.Place, noon); o.Ready || o.Why != "learning 29/200" {
		t.Errorf("%+v", o)
	}
	if o := m.Judge(l.Features, Place{Domain: "other.test"}, noon); o.Ready || o.Why != "learning 0/200" {
		t.Errorf("elsewhere: %+v", o)
	}
}

func TestOneKindAloneIsNoOpinion(t *testing.T) {
	m, err := New(small())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(4, 4))
	for range 100 {
		m.Learn(lesson(r, true, "admin"))
	}
	l := lesson(r, false, "")
	if o := m.Judge(l.Features, l.Place, noon); o.Ready {
		t.Errorf("%+v", o)
	}
}

func TestTheSameWordTwiceTeachesOnce(t *testing.T) {
	m := taught(t, small(), 50)
	l := lesson(rand.New(rand.NewPCG(5, 5)), true, "sip:bob@example.test")
	if learned, _ := m.Learn(l); !learned {
		t.Fatal("not learned")
	}
	before := m.Stats()
	if learned, _ := m.Learn(l); learned || !reflect.DeepEqual(before, m.Stats()) {
		t.Error("learned twice")
	}
	l.Spam = false
	if learned, reversed := m.Learn(l); !learned || !reversed {
		t.Error("a changed mind teaches nothing")
	}
	if spam, ok := m.Unlearn(l.ID, l.Features, l.By); spam || !ok {
		t.Error("what was said cannot be taken back")
	}
	if s := m.Stats(); s.Spam != before.Spam-1 || s.Ham != before.Ham {
		t.Errorf("counts after all was taken back: %+v, before it was said %+v", s, before)
	}
}

func TestAccountsHaveTheirShare(t *testing.T) {
	m, err := New(small())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(6, 6))
	for i := range 100 {
		m.Learn(lesson(r, i%2 == 0, fmt.Sprintf("user%d", i%10)))
	}
	for range 500 {
		m.Learn(lesson(r, true, "mallory"))
	}
	if n := m.accounts.of("mallory").total(); n > grace+share*10 {
		t.Errorf("%d lessons of one account counted, of others 10 each", n)
	}
	if m.Stats().Refused < 400 {
		t.Errorf("%+v", m.Stats())
	}
}

// TestWhatIsTakenBackWasNeverSaid: counts know no order, so that nothing stays of a lesson.
func TestWhatIsTakenBackWasNeverSaid(t *testing.T) {
	with, without := taught(t, small(), 300), taught(t, small(), 300)
	r := rand.New(rand.NewPCG(10, 10))
	said := make([]*Lesson, 40)
	for i := range said {
		said[i] = lesson(r, i%2 == 0, "admin")
		said[i].Spam = !said[i].Spam
		with.Learn(said[i])
	}
	for _, l := range said {
		if _, ok := with.Unlearn(l.ID, l.Features, l.By); !ok {
			t.Fatal("a lesson is not remembered")
		}
	}
	for i := range 100 {
		l := lesson(r, i%2 == 0, "")
		none := layerSet{}
		a, _ := with.score(l.Features, &none, dayOf(noon))
		b, _ := without.score(l.Features, &none, dayOf(noon))
		if math.Abs(a-b) > 1e-9 {
			t.Fatalf("score %v, without the lessons %v", a, b)
		}
	}
}

// TestOldLessonsCountLess: a memory that has learned much can still change its mind.
func TestOldLessonsCountLess(t *testing.T) {
	m := taught(t, small(), 300)
	before := m.Stats()
	m.halve()
	after := m.Stats()
	if after.Spam != before.Spam/2 || after.Ham != before.Ham/2 || after.Entries > before.Entries {
		t.Errorf("%+v became %+v", before, after)
	}
	l := lesson(rand.New(rand.NewPCG(11, 11)), true, "")
	if o := m.Judge(l.Features, l.Place, noon); !o.Ready || o.Score <= 0 {
		t.Errorf("forgotten: %+v", o)
	}
}

// TestThresholdLeavesWantedMessagesAlone: of what people wanted next to nothing lies above, whatever the scores are like.
func TestThresholdLeavesWantedMessagesAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		n, spread := rapid.IntRange(20, 3000).Draw(t, "n"), rapid.Float64Range(0.01, 5).Draw(t, "spread")
		var all []example
		for i := range n {
			spam := i%5 == 0
			score := r.NormFloat64()*spread - 2
			if spam {
				score += 4
			}
			all = append(all, example{spam: spam, counted: true, judged: true, held: float32(score)})
		}
		var c calibration
		c.fit(all)
		above := 0
		for i := range all {
			if !all[i].spam && float64(all[i].held) > c.fitted.high {
				above++
			}
		}
		if above > 1+n/300 || c.fitted.low > c.fitted.high || c.fitted.low < 0 {
			t.Fatalf("%d of %d wanted messages lie above %+v", above, n, c.fitted)
		}
	})
}

// TestUsersDiffer: what one user wants others may not.
func TestUsersDiffer(t *testing.T) {
	m := taught(t, small(), 300)
	r := rand.New(rand.NewPCG(7, 7))
	alice := Place{"example.test", "sip:alice@example.test"}
	before, after := 0.0, 0.0
	probe := lesson(r, true, "")
	before = m.Judge(probe.Features, alice, noon).Score
	for range 15 {
		l := lesson(r, true, alice.User)
		l.Spam, l.Place = false, alice
		m.Learn(l)
	}
	after = m.Judge(probe.Features, alice, noon).Score
	bob := m.Judge(probe.Features, probe.Place, noon).Score
	if after >= before-1 || bob-after < 0.3 {
		t.Errorf("alice before %.2f, after %.2f; bob %.2f", before, after, bob)
	}
}

func TestSendersAreCountedByUserAndForAll(t *testing.T) {
	m := taught(t, small(), 0)
	bob, carol := Place{"example.test", "bob"}, Place{"example.test", "carol"}
	for range 9 {
		m.Tell("claimed 799", bob, "bob", true, 1, noon)
	}
	if s := m.Sender("claimed 799", bob); s.OwnSpam != 9 || s.AllSpam != 2 {
		t.Errorf("bob: %+v", s)
	}
	if s := m.Sender("claimed 799", carol); s.OwnSpam != 0 || s.AllSpam != 2 {
		t.Errorf("carol: %+v", s)
	}
}

type disk map[string][]byte

func (d disk) LoadState(_ context.Context, name string) ([]byte, error) { return d[name], nil }
func (d disk) PutState(_ context.Context, name string, b []byte) error {
	d[name] = slices.Clone(b)
	return nil
}

func TestComesBackAsItWas(t *testing.T) {
	d, cfg := disk{}, small()
	cfg.Storage = d
	m := taught(t, cfg, 300)
	m.Tell("x", Place{User: "bob"}, "bob", true, 1, noon)
	m.Delivered("y", "", noon, "kind")
	if err := m.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(8, 8))
	for i := range 50 {
		l := lesson(r, i%2 == 0, "")
		a, b := m.Judge(l.Features, l.Place, noon), again.Judge(l.Features, l.Place, noon)
		if (a.Score > 0) != (b.Score > 0) || a.Known != b.Known || a.Learned != b.Learned {
			t.Fatalf("%+v became %+v", a, b)
		}
	}
	if s := again.Sender("x", Place{User: "bob"}); s.OwnSpam != 1 {
		t.Errorf("%+v", s)
	}
	if again.Delivered("y", "", noon, "kind"); again.Quiet("kind") != (Quiet{Senders: 1, Words: 1. / word}) {
		t.Errorf("%+v", again.Quiet("kind"))
	}
	d[stateName][len(d[stateName])/2] ^= 1
	if err := again.Load(t.Context()); !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged: %v", err)
	}
}

// TestWhatWasStoredBeforeThereWasSilenceIsRead: the older image has no such fields.
func TestWhatWasStoredBeforeThereWasSilenceIsRead(t *testing.T) {
	b, err := keep.Seal(struct {
		SenderKeys []uint64
		Senders    []stored
		Spam, Ham  int
	}{[]uint64{keyOf("sender", "x") | 1}, []stored{{Spam: 2}}, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	cfg := small()
	cfg.Storage = disk{stateName: b}
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := m.Sender("x", Place{}); s.AllSpam != 2 || m.Stats().Ham != 4 || m.Quiet("kind") != (Quiet{}) {
		t.Errorf("%+v, %+v", s, m.Stats())
	}
}

// TestSilenceIsBounded: what counts is lately, and what was said is halved with it.
func TestSilenceIsBounded(t *testing.T) {
	m := taught(t, Config{Entries: 1 << 20, Examples: 200}, 0)
	for i := range 100 {
		m.Tell("kind", Place{}, fmt.Sprint("account", i), true, 1, noon)
	}
	for i := range 20_000 {
		m.Delivered(fmt.Sprint("sender", i), "", noon, "kind", "")
	}
	q, s := m.Quiet("kind"), m.Sender("kind", Place{})
	if q.Words > mostQuiet/word || q.Words < mostQuiet/word/2 || q.Senders != int(q.Words*word) {
		t.Errorf("%+v", q)
	}
	if s.AllSpam < 12 || s.AllSpam > 25 {
		t.Errorf("%d reports left of a hundred", s.AllSpam)
	}
}

// TestBoundsHold: whatever is told in whatever order, the memory stays within its bounds and counts stay right.
func TestBoundsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := New(Config{Entries: 1024, Examples: 16})
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var said []*Lesson
		for range rapid.IntRange(1, 60).Draw(t, "lessons") {
			if len(said) > 0 && r.IntN(4) == 0 {
				l := said[r.IntN(len(said))]
				m.Unlearn(l.ID, l.Features, l.By)
				continue
			}
			l := lesson(r, r.IntN(2) == 0, fmt.Sprint("user", r.IntN(4)))
			said = append(said, l)
			m.Learn(l)
		}
		s := m.Stats()
		if s.Examples > 16 || s.Entries > s.Capacity || s.Spam < 0 || s.Ham < 0 || int(s.Spam+s.Ham) != m.domains.sum || m.domains.sum != m.accounts.sum {
			t.Fatalf("%+v, domains %d, accounts %d", s, m.domains.sum, m.accounts.sum)
		}
		for id, i := range m.examples.index {
			if m.examples.all[i].id != id {
				t.Fatal("the index of examples leads elsewhere")
			}
		}
	})
}

func TestOldWeightsFade(t *testing.T) {
	if fade(100, 100) != 1 || fade(100, 500) != 0.5 || fade(500, 100) != 1 {
		t.Error("a year halves, a clock set back does nothing")
	}
}

func TestRecentForgetsTheOldest(t *testing.T) {
	r := NewRecent[string](3 * (recentCost + 8))
	for _, id := range []string{"a", "b", "c", "d"} {
		r.Put(id, []uint64{1})
	}
	if r.Get("a") != nil || r.Get("d") == nil || r.Len() != 3 {
		t.Errorf("%d remembered", r.Len())
	}
}

func BenchmarkJudge(b *testing.B) {
	m := taught(b, Config{}, 2000)
	l := lesson(rand.New(rand.NewPCG(9, 9)), true, "")
	b.ReportAllocs()
	for b.Loop() {
		m.Judge(l.Features, l.Place, noon)
	}
}

func BenchmarkLearn(b *testing.B) {
	m := taught(b, Config{}, 2000)
	r := rand.New(rand.NewPCG(9, 9))
	b.ReportAllocs()
	for b.Loop() {
		m.Learn(lesson(r, r.IntN(2) == 0, "admin"))
	}
}

// mixed is a wanted text of which a part is of a world that nobody here has judged.
func mixed(r *rand.Rand, foreign int) []uint64 {
	features := lesson(r, false, "").Features
	for i := range foreign {
		features[r.IntN(len(features))] = mix(900_000 + uint64(i) + uint64(r.IntN(1<<20)))
	}
	slices.Sort(features)
	return slices.Compact(features)
}

func TestTextsOfAnotherWorldAreNoticedTogether(t *testing.T) {
	m := taught(t, small(), 300)
	r := rand.New(rand.NewPCG(4, 4))
	home, away := Place{"example.test", "sip:alice@example.test"}, Place{"example.test", "sip:bob@example.test"}
	noticed := 0
	for i := range 40 {
		if o := m.Judge(mixed(r, 0), home, noon); o.Elsewhere {
			t.Fatalf("text %d of this world: %+v", i, o)
		} else {
			m.Met(home, o.Known)
		}
		o := m.Judge(mixed(r, 4), away, noon)
		if !o.Ready {
			t.Fatalf("text %d alone is strange: %+v", i, o)
		}
		m.Met(away, o.Known)
		if o.Elsewhere && noticed == 0 {
			noticed = i
		}
	}
	if noticed < fewest || noticed > 2*fewest {
		t.Errorf("noticed at text %d", noticed)
	}
	for range 3 * lately {
		m.Met(away, m.Judge(mixed(r, 0), away, noon).Known)
	}
	if m.Judge(mixed(r, 0), away, noon).Elsewhere {
		t.Error("it does not end")
	}
}
