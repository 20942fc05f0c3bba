package calls_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"gatehouse.example/internal/state/calls"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

const start = int64(1_795_000_000) * 1e9

func at(d time.Duration) int64 { return start + int64(d) }

// book is a table that writes down the endings.
type book struct {
	*calls.Table
	ends []screen.Ending
}

func newBook(cfg calls.Config) *book {
	b := new(book)
	cfg.Account = func(a *screen.Attempt) (string, int64) {
		if !a.Outbound {
			return "", 0
		}
		return a.From.Identity, 6_000_000
	}
	cfg.Learn = func(e *screen.Ending) {
		end := *e
		a := *e.Attempt
		end.Attempt = &a
		b.ends = append(b.ends, end)
	}
	b.Table = calls.New(cfg)
	return b
}

// only returns the one ending there is.
func (b *book) only(t *testing.T) screen.Ending {
	t.Helper()
	b.Deliver()
	if len(b.ends) != 1 {
		t.Fatalf("%d endings, want one: %+v", len(b.ends), b.ends)
	}
	return b.ends[0]
}

func call(id string) *screen.Attempt {
	return &screen.Attempt{ID: id, Kind: verdict.Call, Outbound: true, From: verdict.From{Identity: "sip:alice@example.test", Proof: verdict.Digest}}
}

func (b *book) key(id string) calls.Key { return b.Key([]byte(id+"@caller.test"), []byte("a-"+id)) }

// talking begins a call that was answered after 10 s, 6 of which it rang.
func (b *book) talking(id string, interval time.Duration) calls.Ref {
	r := b.Begin(b.key(id), call(id), verdict.Relay, at(0))
	b.Ringing(r, at(4*time.Second))
	b.Ringing(r, at(6*time.Second))
	b.Accepted(r, []byte("b1"), interval, at(10*time.Second))
	b.Answered(r, 200, false, at(10*time.Second))
	return r
}

func TestCallIsFollowedFromInviteToBye(t *testing.T) {
	b := newBook(calls.Config{})
	b.talking("1", 0)
	if l := b.Load("sip:alice@example.test", at(70*time.Second)); l.Open != 1 || l.Talking != 1 || l.Talk != time.Minute {
		t.Errorf("under way: %+v", l)
	}
	b.Bye(b.key("1"), []byte("b1"), true, 607, at(130*time.Second))
	b.ByeAnswered(b.key("1"), []byte("b1"), 200, at(131*time.Second))
	e := b.only(t)
	if !e.Answered || e.Status != 200 || e.Ring != 6*time.Second || e.Talk != 2*time.Minute || !e.ByCallee || e.Cause != 607 || e.Lost || e.Attempt.ID != "1" {
		t.Errorf("ending %+v", e)
	}
	if l := b.Load("sip:alice@example.test", at(time.Hour)); l != (calls.Load{}) {
		t.Errorf("still under way: %+v", l)
	}
}

func TestRefusedByeLetsTheCallGoOn(t *testing.T) {
	b := newBook(calls.Config{})
	b.talking("1", 0)
	b.Bye(b.key("1"), []byte("another"), false, 0, at(20*time.Second)) // for no dialog of this call
	b.Sweep(at(2 * time.Minute))
	b.Bye(b.key("1"), []byte("b1"), false, 0, at(20*time.Second))
	b.ByeAnswered(b.key("1"), []byte("b1"), 500, at(21*time.Second)) // CSeq out of order, RFC 3261 §12.2.2
	b.Sweep(at(3 * time.Minute))
	if l := b.Load("sip:alice@example.test", at(70*time.Second)); l.Open != 1 || l.Talk != time.Minute {
		t.Errorf("under way: %+v", l)
	}
	b.Bye(b.key("1"), []byte("b1"), false, 0, at(time.Hour))
	b.ByeAnswered(b.key("1"), []byte("b1"), 481, at(time.Hour))
	if e := b.only(t); e.Talk != time.Hour-10*time.Second || e.ByCallee {
		t.Errorf("ending %+v", e)
	}
}

func TestWhatNobodyEndsAges(t *testing.T) {
	for name, c := range map[string]struct {
		do       func(b *book)
		after    time.Duration // when it is gone; not a minute sooner
		talk     time.Duration
		lost     bool
		answered bool
	}{
		"never answered": {func(b *book) { b.Begin(b.key("1"), call("1"), verdict.Relay, at(0)) }, 5 * time.Minute, 0, true, false},
		"rings for ever": {func(b *book) { b.Ringing(b.Begin(b.key("1"), call("1"), verdict.Relay, at(0)), at(time.Minute)) }, 6 * time.Minute, 0, true, false},
		"BYE is lost":    {func(b *book) { b.talking("1", 0) }, 4*time.Hour + 10*time.Second, 0, true, true},
		"session expired": {func(b *book) {
			b.talking("1", 30*time.Minute)
			b.Refreshed(b.key("1"), []byte("b1"), 0, at(20*time.Minute))
		}, 50*time.Minute + 30*time.Second, 20*time.Minute - 10*time.Second, true, true},
		"BYE without an answer": {func(b *book) {
			b.talking("1", 0)
			b.Bye(b.key("1"), []byte("b1"), false, 0, at(time.Minute))
		}, time.Minute + 32*time.Second, 50 * time.Second, false, true},
	} {
		b := newBook(calls.Config{})
		c.do(b)
		if n := b.Sweep(at(c.after - time.Second)); n != 0 {
			t.Errorf("%s: gone too soon", name)
		}
		if n := b.Sweep(at(c.after)); n != 1 {
			t.Errorf("%s: not gone after %v", name, c.after)
			continue
		}
		if e := b.only(t); e.Talk != c.talk || e.Lost != c.lost || e.Answered != c.answered {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestRefusalsSayWhose(t *testing.T) {
	for _, c := range []struct {
		status   int
		local    bool
		byCallee bool
	}{{486, false, true}, {603, false, true}, {607, false, true}, {608, false, true}, {487, false, false}, {408, true, false}, {503, true, false}, {500, false, false}, {407, false, false}} {
		b := newBook(calls.Config{})
		r := b.Begin(b.key("1"), call("1"), verdict.Label, at(0))
		b.Ringing(r, at(time.Second))
		b.Cancelling(r, 0)
		b.Answered(r, c.status, c.local, at(3*time.Second))
		b.Answered(r, 200, false, at(4*time.Second))
		if e := b.only(t); e.Status != c.status || e.ByCallee != c.byCallee || e.Answered || e.Ring != 2*time.Second || e.Action != verdict.Label {
			t.Errorf("%d: %+v", c.status, e)
		}
	}
}

func TestCallsOfOneNameAreToldApart(t *testing.T) {
	b := newBook(calls.Config{})
	k := b.key("same")
	for i := range 3 {
		r := b.Begin(k, call(strconv.Itoa(i)), verdict.Relay, at(0))
		b.Accepted(r, []byte("b"+strconv.Itoa(i)), 0, at(0))
	}
	if l := b.Load("sip:alice@example.test", at(0)); l.Talking != 3 {
		t.Fatalf("under way: %+v", l)
	}
	b.Bye(k, []byte("b1"), false, 0, at(time.Second))
	b.ByeAnswered(k, []byte("b1"), 200, at(time.Second))
	if e := b.only(t); e.Attempt.ID != "1" {
		t.Errorf("ended %s", e.Attempt.ID)
	}
}

func TestFullTableKeepsRoomForAccounts(t *testing.T) {
	b := newBook(calls.Config{Max: 100})
	for i := range 200 {
		a := call(strconv.Itoa(i))
		a.Outbound = false
		b.Begin(b.key(a.ID), a, verdict.Relay, at(0))
	}
	if s := b.Stats(); s.Live != 75 || s.Untracked != 125 {
		t.Errorf("%+v", s)
	}
	if r := b.Begin(b.key("ours"), call("ours"), verdict.Relay, at(0)); !r.Tracked() {
		t.Error("strangers have hidden a call of our own")
	}
}

func TestRunLearnsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook(calls.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { b.Run(ctx, func() int64 { return at(24 * time.Hour) }) })
		b.talking("1", 0)
		a := call("2")
		b.Refused(a, verdict.Reject, at(0))
		time.Sleep(time.Minute)
		synctest.Wait()
		cancel()
		group.Wait()
		if len(b.ends) != 2 || b.Stats().Live != 0 {
			t.Errorf("%d endings, %+v", len(b.ends), b.Stats())
		}
	})
}

// Whatever comes, lost, repeated or out of order: each attempt ends once, what an account has under way is what has begun and not ended, and
// in the end nothing is left.
func TestNothingLeaksOrUnderflows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBook(calls.Config{Max: 40})
		accounts := []string{"sip:alice@example.test", "sip:bob@example.test", ""}
		open := map[string]map[string]bool{} // by account: ids
		for _, name := range accounts {
			open[name] = map[string]bool{}
		}
		refs := []calls.Ref{{}}
		now, n, began := at(0), 0, 0
		tags := [][]byte{nil, []byte("b1"), []byte("b2")}
		key := func(t *rapid.T) calls.Key { return b.key(strconv.Itoa(rapid.IntRange(0, 5).Draw(t, "key"))) }
		tag := func(t *rapid.T) []byte { return rapid.SampledFrom(tags).Draw(t, "tag") }
		status := func(t *rapid.T) int {
			return rapid.SampledFrom([]int{0, 100, 180, 200, 202, 401, 408, 481, 486, 487, 500, 607}).Draw(t, "status")
		}
		ref := func(t *rapid.T) calls.Ref { return rapid.SampledFrom(refs).Draw(t, "ref") }
		learn := func() {
			b.Deliver()
			for _, e := range b.ends {
				id := e.Attempt.ID
				who := e.Attempt.From.Identity
				if !open[who][id] {
					t.Fatalf("%s of %q ended twice, or was never begun", id, who)
				}
				if e.Talk < 0 || e.Ring < 0 || !e.Answered && e.Talk != 0 {
					t.Fatalf("ending %+v", e)
				}
				delete(open[who], id)
			}
			b.ends = b.ends[:0]
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				n++
				a := call(strconv.Itoa(n))
				a.From.Identity = rapid.SampledFrom(accounts).Draw(t, "account")
				a.Kind = rapid.SampledFrom([]verdict.Kind{verdict.Call, verdict.Call, verdict.Message}).Draw(t, "kind")
				if r := b.Begin(key(t), a, verdict.Relay, now); r.Tracked() {
					refs = append(refs, r)
					open[a.From.Identity][a.ID] = true
					began++
				}
			},
			"refused": func(t *rapid.T) {
				n++
				before := b.Stats().Begun
				a := call(strconv.Itoa(n))
				b.Refused(a, verdict.Reject, now)
				if b.Stats().Begun > before {
					open[a.From.Identity][a.ID] = true
					began++
				}
			},
			"ringing": func(t *rapid.T) { b.Ringing(ref(t), now) },
			"accepted": func(t *rapid.T) {
				b.Accepted(ref(t), tag(t), time.Duration(rapid.IntRange(0, 200).Draw(t, "se"))*time.Second, now)
			},
			"answered":    func(t *rapid.T) { b.Answered(ref(t), status(t), rapid.Bool().Draw(t, "local"), now) },
			"cancel":      func(t *rapid.T) { b.Cancelling(ref(t), status(t)) },
			"refreshed":   func(t *rapid.T) { b.Refreshed(key(t), tag(t), 0, now) },
			"bye":         func(t *rapid.T) { b.Bye(key(t), tag(t), rapid.Bool().Draw(t, "callee"), 0, now) },
			"byeAnswered": func(t *rapid.T) { b.ByeAnswered(key(t), tag(t), status(t), now) },
			"sweep":       func(*rapid.T) { b.Sweep(now) },
			"time":        func(t *rapid.T) { now += int64(rapid.IntRange(-5, 400).Draw(t, "seconds")) * 1e9 },
			"": func(t *rapid.T) {
				learn()
				for _, who := range accounts[:2] {
					l := b.Load(who, now)
					if l.Open > len(open[who]) || l.Open < l.Talking || l.Talking < 0 || l.Talk < 0 || l.Cost < 0 {
						t.Fatalf("%s: %+v with %d begun and not ended", who, l, len(open[who]))
					}
				}
				if s := b.Stats(); s.Live < 0 || s.Live > 40 || uint64(s.Live) != s.Begun-s.Ended {
					t.Fatalf("%+v", s)
				}
			},
		})
		b.Sweep(now + int64(24*time.Hour))
		learn()
		for _, who := range accounts {
			if len(open[who]) != 0 || b.Load(who, now) != (calls.Load{}) {
				t.Fatalf("%q: %v has not ended, %+v is left", who, open[who], b.Load(who, now))
			}
		}
		if s := b.Stats(); s.Live != 0 || s.Begun != s.Ended || s.Begun != uint64(began) {
			t.Fatalf("%+v, %d were begun", s, began)
		}
	})
}

func TestManyAtOnceLeaveNothing(t *testing.T) {
	b := newBook(calls.Config{})
	var group sync.WaitGroup
	for w := range 8 {
		group.Go(func() {
			for i := range 500 {
				id := strconv.Itoa(w/2*1000 + i) // two workers use the same names
				r := b.Begin(b.key(id), call(id), verdict.Relay, at(0))
				b.Ringing(r, at(1))
				b.Accepted(r, []byte("b1"), 0, at(2))
				b.Bye(b.key(id), []byte("b1"), false, 0, at(3))
				b.ByeAnswered(b.key(id), []byte("b1"), 200, at(4))
				b.Sweep(at(0))
			}
		})
	}
	group.Wait()
	b.Sweep(at(24 * time.Hour))
	b.Deliver()
	if s := b.Stats(); s.Live != 0 || len(b.ends) != 4000 || b.Load("sip:alice@example.test", at(0)) != (calls.Load{}) {
		t.Errorf("%d endings, %+v", len(b.ends), s)
	}
}

func whole(t *calls.Table, a *screen.Attempt, id, tag, to []byte) {
	k := t.Key(id, tag)
	r := t.Begin(k, a, verdict.Relay, at(0))
	t.Ringing(r, at(1))
	t.Accepted(r, to, 0, at(2))
	t.Answered(r, 200, false, at(2))
	t.Bye(k, to, false, 0, at(3))
	t.ByeAnswered(k, to, 200, at(4))
	t.Deliver()
}

func TestWholeCallAllocatesNothing(t *testing.T) {
	table := calls.New(calls.Config{
		Account: func(a *screen.Attempt) (string, int64) { return a.From.Identity, 1 },
		Learn:   func(*screen.Ending) {},
	})
	a, id, tag, to := call("1"), []byte("call-1@caller.test"), []byte("a1"), []byte("b1")
	if n := testing.AllocsPerRun(1000, func() { whole(table, a, id, tag, to) }); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

func BenchmarkWholeCall(b *testing.B) {
	table := calls.New(calls.Config{
		Account: func(a *screen.Attempt) (string, int64) { return a.From.Identity, 1 },
		Learn:   func(*screen.Ending) {},
	})
	a, id, tag, to := call("1"), []byte("call-1@caller.test"), []byte("a1"), []byte("b1")
	b.ReportAllocs()
	for b.Loop() {
		whole(table, a, id, tag, to)
	}
}
