package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/stirtest"
)

// until waits for something that another goroutine is about to do.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick, end := time.NewTicker(time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// TestHundredCallersOneFetch: and those who go away do not end it for the others.
func TestHundredCallersOneFetch(t *testing.T) {
	w := newWorld(t)
	chain := w.leaf().ChainPEM()
	answer := make(chan struct{})
	w.mux.HandleFunc("/a.pem", func(rw http.ResponseWriter, _ *http.Request) { <-answer; _, _ = rw.Write(chain) })
	f := w.fetcher(w.config())
	impatient, leave := context.WithCancel(t.Context())
	var callers, leavers sync.WaitGroup
	paths := make([]*certificate.Path, 100)
	for i := range paths {
		ctx, group := t.Context(), &callers
		if i < 10 {
			ctx, group = impatient, &leavers
		}
		group.Go(func() {
			path, err := f.Path(CausedBy(ctx, Cause{Name: fmt.Sprint(i)}), u("/a.pem"))
			if paths[i] = path; i < 10 && (!errors.Is(err, context.Canceled) || !errors.Is(err, stir.ErrUnreachable)) || i >= 10 && err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
	}
	until(t, "all wait", func() bool { return f.Stats().Joined == 99 && w.hits.Load() == 1 })
	leave()
	leavers.Wait()
	close(answer)
	callers.Wait()
	for _, p := range paths[11:] {
		if p == nil || p != paths[10] {
			t.Error("another path")
		}
	}
	if n := w.hits.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestDeadHostIsAskedOncePerPeriod: however many of its addresses are asked for, at once and one after the other.
func TestDeadHostIsAskedOncePerPeriod(t *testing.T) {
	w := newWorld(t)
	w.places[netip.AddrPortFrom(public, 443)] = ""
	f := w.fetcher(w.config())
	for period := range 3 {
		var callers sync.WaitGroup
		for i := range 50 {
			callers.Go(func() {
				ctx := CausedBy(t.Context(), Cause{Name: fmt.Sprint("peer ", i%10), Known: true})
				if _, err := f.Path(ctx, u(fmt.Sprintf("/%d.pem", i))); reasonOf(err) != NoConnection {
					t.Errorf("%v", err)
				}
			})
		}
		callers.Wait()
		if _, err := f.Path(t.Context(), u("/one-more.pem")); reasonOf(err) != NoConnection {
			t.Errorf("%v", err)
		}
		if n := w.dials.Load(); n != int64(period+1) {
			t.Errorf("period %d: dialled %d times", period, n)
		}
		w.pass(f.cfg.NegativeTTL)
	}
	if s := f.Stats(); s.Fetches != 3 || s.Failed != 1 {
		t.Errorf("%+v", s)
	}
}

// TestSeveralAddressesOfALivingHost: the other addresses of a host need not wait for anything but the first answer.
func TestSeveralAddressesOfALivingHost(t *testing.T) {
	w := newWorld(t)
	chain := w.leaf().ChainPEM()
	w.mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(chain) })
	f := w.fetcher(w.config())
	var callers sync.WaitGroup
	for i := range 30 {
		callers.Go(func() {
			if _, err := f.Path(CausedBy(t.Context(), Cause{Name: "carrier", Known: true}), u(fmt.Sprintf("/%d.pem", i))); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	callers.Wait()
	if n := w.hits.Load(); n != 30 {
		t.Errorf("asked %d times", n)
	}
}

// TestNonsenseDoesNotCloseAHost: failures of addresses stand against these alone.
func TestNonsenseDoesNotCloseAHost(t *testing.T) {
	w := newWorld(t)
	w.serve("/good.pem", w.leaf().ChainPEM())
	f := w.fetcher(w.config())
	for i := range 10 {
		if _, err := f.Path(t.Context(), u(fmt.Sprintf("/nonsense/%d", i))); reasonOf(err) != BadStatus {
			t.Errorf("%v", err)
		}
	}
	if _, err := f.Path(t.Context(), u("/good.pem")); err != nil {
		t.Error(err)
	}
}

func TestBudgetOfOneDoesNotStarveAnother(t *testing.T) {
	w := newWorld(t)
	w.serve("/good.pem", w.leaf().ChainPEM())
	c := w.config()
	c.Stranger, c.Strangers = Budget{3, 6}, Budget{8, 60}
	f := w.fetcher(c)
	ask := func(cause Cause, path string) Reason {
		_, err := f.Path(CausedBy(t.Context(), cause), u(path))
		return reasonOf(err)
	}
	bad := Cause{Name: "192.0.2.7"}
	for i := range 10 {
		want := BadStatus
		if i >= 3 {
			want = NoBudget
		}
		if got := ask(bad, fmt.Sprintf("/x%d", i)); got != want {
			t.Errorf("try %d: %v, want %v", i, got, want)
		}
	}
	if got := ask(Cause{Name: "198.51.100.1"}, "/y"); got != BadStatus {
		t.Errorf("another stranger: %v", got)
	}
	for i := range 20 { // many strangers: together they have a budget too
		ask(Cause{Name: fmt.Sprint("network ", i)}, fmt.Sprintf("/z%d", i))
	}
	if got := ask(Cause{Name: "203.0.113.9"}, "/y2"); got != NoBudget {
		t.Errorf("one stranger too many: %v", got)
	}
	if got := ask(Cause{Name: "carrier", Known: true}, "/good.pem"); got != 0 {
		t.Errorf("a peer: %v", got)
	}
	if got := ask(bad, "/good.pem"); got != 0 {
		t.Errorf("what is in the cache costs no budget: %v", got)
	}
	w.pass(10 * time.Second)
	if got := ask(bad, "/again"); got != BadStatus {
		t.Errorf("after ten seconds: %v", got)
	}
	if n := w.hits.Load(); n > 10 {
		t.Errorf("the host was asked %d times", n)
	}
}

// TestStrangersCannotTakeEverySlot: with hosts that never answer.
func TestStrangersCannotTakeEverySlot(t *testing.T) {
	w := newWorld(t)
	w.serve("/good.pem", w.leaf().ChainPEM())
	for i := range 8 {
		w.names[fmt.Sprintf("tar%d.example.", i)] = []netip.Addr{netip.MustParseAddr("9.9.9.10")}
	}
	end := make(chan struct{})
	c := w.config()
	c.Concurrent = 4
	c.Resolver = slowFor{w, host + ".", end}
	f := w.fetcher(c)
	short, cancel := context.WithCancel(t.Context())
	cancel()
	got := make(map[Reason]int)
	for i := range 8 {
		_, err := f.Path(CausedBy(short, Cause{Name: fmt.Sprint(i)}), fmt.Sprintf("https://tar%d.example/", i))
		got[reasonOf(err)]++
	}
	if got[Waited] != 3 || got[Busy] != 5 {
		t.Errorf("%v", got)
	}
	if _, err := f.Path(CausedBy(t.Context(), Cause{Name: "carrier", Known: true}), u("/good.pem")); err != nil {
		t.Errorf("a peer: %v", err)
	}
	close(end)
}

// slowFor is DNS that answers for one name only, and for the others in the end not.
type slowFor struct {
	*world
	name string
	end  chan struct{}
}

func (d slowFor) LookupNetIP(ctx context.Context, network, name string) ([]netip.Addr, error) {
	if name != d.name {
		<-d.end
		return nil, errors.New("no answer")
	}
	return d.world.LookupNetIP(ctx, network, name)
}

func TestStaleChainStandsInForADeadHost(t *testing.T) {
	for _, test := range []struct {
		name, control string
		after         time.Duration
		withdrawn     bool
		want          Reason
	}{
		{"fresh", "max-age=600", 9 * time.Minute, false, 0},
		{"stale", "max-age=600", 11 * time.Minute, false, 0},
		{"too stale", "max-age=600", 25 * time.Hour, false, NoConnection},
		{"not to be used stale", "max-age=600, must-revalidate", 11 * time.Minute, false, NoConnection},
		{"within the least time", "no-store", 30 * time.Second, false, 0},
		{"after the least time", "no-store", 2 * time.Minute, false, NoConnection},
		{"beyond the longest time", "max-age=999999999", 49 * time.Hour, false, NoConnection},
		{"withdrawn", "max-age=600", 11 * time.Minute, true, BadStatus},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			gone := false
			chain := w.leaf(stirtest.Validity(w.now.Add(-time.Hour), w.now.Add(1000*time.Hour))).ChainPEM()
			w.mux.HandleFunc("/a.pem", func(rw http.ResponseWriter, r *http.Request) {
				if gone {
					http.NotFound(rw, r)
					return
				}
				rw.Header().Set("Cache-Control", test.control)
				_, _ = rw.Write(chain)
			})
			f := w.fetcher(w.config())
			if _, err := f.Path(t.Context(), u("/a.pem")); err != nil {
				t.Fatal(err)
			}
			w.pass(test.after)
			if gone = test.withdrawn; !gone {
				w.mu.Lock()
				w.places[netip.AddrPortFrom(public, 443)] = ""
				w.mu.Unlock()
			}
			if _, err := f.Path(t.Context(), u("/a.pem")); reasonOf(err) != test.want {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

func TestClosedFetcherSaysSo(t *testing.T) {
	w := newWorld(t)
	waiting := make(chan struct{})
	w.mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { close(waiting); <-r.Context().Done() })
	f := New(w.config())
	var caller sync.WaitGroup
	caller.Go(func() {
		if _, err := f.Path(t.Context(), u("/a.pem")); reasonOf(err) != Stopped {
			t.Errorf("under way: %v", err)
		}
	})
	<-waiting
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	caller.Wait()
	if _, err := f.Path(t.Context(), u("/b.pem")); reasonOf(err) != Stopped {
		t.Errorf("after Close: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestHostThatHangsTakesOneSlot: however many of its addresses are asked for, so that other hosts are still asked.
func TestHostThatHangsTakesOneSlot(t *testing.T) {
	w := newWorld(t)
	w.serve("/good.pem", w.leaf().ChainPEM())
	end := make(chan struct{})
	c := w.config()
	c.Concurrent, c.Resolver = 4, slowFor{w, host + ".", end}
	f := w.fetcher(c)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	got := make(map[Reason]int)
	for i := range 30 {
		_, err := f.Path(CausedBy(gone, Cause{Name: fmt.Sprint(i)}), fmt.Sprintf("https://tar.example/%d", i))
		got[reasonOf(err)]++
	}
	if got[Waited] != queued*4-queued || got[Busy] != 30-got[Waited] {
		t.Errorf("%v", got)
	}
	if _, err := f.Path(CausedBy(t.Context(), Cause{Name: "another"}), u("/good.pem")); err != nil {
		t.Errorf("another host: %v", err)
	}
	close(end)
	until(t, "the end of all fetches", func() bool { return f.Stats().UnderWay == 0 })
	if s := f.Stats(); s.Fetches != 2 || s.Failures[NoName] != 1 {
		t.Errorf("%+v", s)
	}
}
