package lists_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse.example/internal/state/lists"
	"gatehouse.example/sip/uri"
	"pgregory.net/rapid"
)

func now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func plan() uri.Plan { return uri.Plan{Country: "1", International: "011", Trunk: "1"} }

func newLists(s lists.Storage) *lists.Lists {
	return lists.New(lists.Config{Plan: plan(), Storage: s, Now: now})
}

// memory is a Storage.
type memory struct {
	mu      sync.Mutex
	entries map[[2]string]lists.Entry
	fail    error
}

func newMemory() *memory { return &memory{entries: map[[2]string]lists.Entry{}} }

func (m *memory) LoadLists(context.Context) ([]lists.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []lists.Entry
	for _, e := range m.entries {
		all = append(all, e)
	}
	return all, m.fail
}

func (m *memory) PutEntries(_ context.Context, entries []lists.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range entries {
		m.entries[[2]string{e.List, e.Value}] = e
	}
	return m.fail
}

func (m *memory) DeleteEntry(_ context.Context, list, value string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.entries[[2]string{list, value}]
	delete(m.entries, [2]string{list, value})
	return ok, m.fail
}

func add(t testing.TB, l *lists.Lists, kind lists.Kind, list string, values ...string) {
	t.Helper()
	for _, v := range values {
		if _, err := l.Add(context.Background(), lists.Entry{List: list, Value: v, Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAddedIsSeenAtOnceAndRemovedIsGone(t *testing.T) {
	l, at := newLists(nil), now().UnixNano()
	find := map[string]func() *lists.Match{
		"+15551230001":     func() *lists.Match { return l.FindNumber(lists.Block, "+15551230001", at) },
		"+1555123*":        func() *lists.Match { return l.FindNumber(lists.Block, "+15551239999", at) },
		"sip:bob@bad.test": func() *lists.Match { return l.FindAddress(lists.Block, "sips:BOB@bad.test", at) },
		"bad.test":         func() *lists.Match { return l.FindDomain(lists.Block, "bad.test", at) },
		"*.worse.test":     func() *lists.Match { return l.FindDomain(lists.Block, "a.worse.test", at) },
		"192.0.2.0/24":     func() *lists.Match { return l.FindSource(lists.Block, netip.MustParseAddr("::ffff:192.0.2.1"), at) },
		"ua:scanner":       func() *lists.Match { return l.FindAgent(lists.Block, "a SCANNER", at) },
	}
	for value, look := range find {
		if look() != nil {
			t.Errorf("%s was found before it was added", value)
		}
		add(t, l, lists.Block, "one", value)
		add(t, l, lists.Block, "two", value)
		if e := look(); e == nil || e.Value != value || e.List != "one" || !e.Added.Equal(now()) {
			t.Errorf("%s: found %+v", value, e)
		}
		for _, list := range []string{"one", "two"} {
			if ok, err := l.Remove(context.Background(), list, value); !ok || err != nil {
				t.Errorf("%s: removed %v, %v", value, ok, err)
			}
			if e := look(); (e == nil) != (list == "two") {
				t.Errorf("%s: after removal from %s found %+v", value, list, e)
			}
		}
		if ok, _ := l.Remove(context.Background(), "one", value); ok {
			t.Errorf("%s was removed twice", value)
		}
	}
	if l.Len() != 0 || len(l.Summaries()) != 0 {
		t.Errorf("left over: %+v", l.Summaries())
	}
}

func TestKindOfAnEntryCanChange(t *testing.T) {
	l, at := newLists(nil), now().UnixNano()
	add(t, l, lists.Block, "local", "+15551230001")
	add(t, l, lists.Allow, "local", "+1 555 123 0001")
	if l.FindNumber(lists.Block, "+15551230001", at) != nil || l.FindNumber(lists.Allow, "+15551230001", at) == nil || l.Len() != 1 {
		t.Errorf("got %+v", l.Entries("local"))
	}
}

func TestExpiredStopsMatchingAtOnceAndShorterPrefixTakesOver(t *testing.T) {
	l := newLists(newMemory())
	entries := []lists.Entry{
		{List: "a", Value: "+1555123*", Expires: now().Add(time.Minute)}, {List: "a", Value: "+15551*", Expires: now().Add(time.Second)}, {List: "a", Value: "+1*"},
		{List: "a", Value: "192.0.2.7", Expires: now().Add(time.Minute)}, {List: "b", Value: "192.0.2.7"},
	}
	if _, err := l.Add(context.Background(), entries...); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]string{time.Minute - 1: "+1555123*", time.Minute: "+1*"} {
		if e := l.FindNumber(lists.Block, "+15551239999", now().Add(after).UnixNano()); e == nil || e.Value != want {
			t.Errorf("after %s: %+v", after, e)
		}
	}
	if e := l.FindSource(lists.Block, netip.MustParseAddr("192.0.2.7"), now().Add(time.Hour).UnixNano()); e == nil || e.List != "b" {
		t.Errorf("got %+v", e)
	}
	if n, err := l.Expire(context.Background(), now().Add(time.Hour)); n != 3 || err != nil || l.Len() != 2 {
		t.Errorf("removed %d, %v; %d left", n, err, l.Len())
	}
}

func TestExpiryOutsideOfTheCenturies(t *testing.T) {
	for date, want := range map[string]bool{"9999-12-31": true, "2262-04-12": true, "1970-01-01": false, "1600-01-01": false} {
		l := newLists(nil)
		expires, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Add(context.Background(), lists.Entry{List: "a", Value: "+15551230001", Expires: expires}); err != nil {
			t.Fatal(err)
		}
		if got := l.FindNumber(lists.Block, "+15551230001", now().UnixNano()) != nil; got != want {
			t.Errorf("until %s: found %v, want %v", date, got, want)
		}
		if n, err := l.Expire(context.Background(), now()); (n == 0) != want || err != nil {
			t.Errorf("until %s: %d expired, %v", date, n, err)
		}
	}
}

func TestStorageKeepsWhatIsAdded(t *testing.T) {
	m := newMemory()
	add(t, newLists(m), lists.Block, "local", "+1 555 123 0001", "BAD.test", "sip:Bob@Bad.TEST;transport=tcp")
	l := newLists(m)
	if err := l.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, e := range l.Entries("local") {
		got += e.Value + " "
	}
	if got != "+15551230001 bad.test sip:Bob@bad.test " {
		t.Errorf("got %s", got)
	}
	m.fail = errors.New("disk full")
	if _, err := l.Add(context.Background(), lists.Entry{List: "local", Value: "other.test"}); !errors.Is(err, m.fail) {
		t.Errorf("got %v", err)
	}
	if l.FindDomain(lists.Block, "other.test", 0) != nil {
		t.Error("what could not be stored is on the list")
	}
}

func TestLoadLeavesOutWhatHasBecomeInvalid(t *testing.T) {
	m := newMemory()
	m.entries[[2]string{"x", "good.test"}] = lists.Entry{List: "x", Value: "good.test"}
	m.entries[[2]string{"x", "???"}] = lists.Entry{List: "x", Value: "???"}
	l := newLists(m)
	if err := l.Load(context.Background()); !errors.Is(err, lists.ErrValue) || l.Len() != 1 {
		t.Errorf("got %v, %d entries", err, l.Len())
	}
}

func TestParseValue(t *testing.T) {
	for _, c := range []struct {
		text, want string
		kind       lists.Type
	}{
		{"+1 (555) 123-0001", "+15551230001", lists.Number},
		{"0049 30/123456", "+4930123456", lists.Number},
		{"tel:+1-555-123-0001", "+15551230001", lists.Number},
		{"sip:+15551230001@any.test;user=phone", "+15551230001", lists.Number},
		{"555-123-0001", "+15551230001", lists.Number},
		{"112", "112", lists.Number},
		{"+1-555-123*", "+1555123*", lists.NumberPrefix},
		{"0044*", "+44*", lists.NumberPrefix},
		{"0900*", "0900*", lists.NumberPrefix},
		{"Bob@Example.TEST", "sip:Bob@example.test", lists.Address},
		{"sips:%62ob@example.test:5061", "sip:bob@example.test", lists.Address},
		{"sip:+15551230001@carrier.test", "sip:+15551230001@carrier.test", lists.Address},
		{"Example.COM.", "example.com", lists.Domain},
		{"sip:example.com", "example.com", lists.Domain},
		{"localhost", "localhost", lists.Domain},
		{"*.Example.com", "*.example.com", lists.Subdomains},
		{"192.0.2.7", "192.0.2.7", lists.Source},
		{"192.0.2.7/24", "192.0.2.0/24", lists.Source},
		{"192.0.2.7/32", "192.0.2.7", lists.Source},
		{"::ffff:192.0.2.7", "192.0.2.7", lists.Source},
		{"[2001:DB8::1]", "2001:db8::1", lists.Source},
		{"2001:db8::/32", "2001:db8::/32", lists.Source},
		{"UA:Friendly-Scanner", "ua:friendly-scanner", lists.Agent},
		{"ua:sipcli*", "ua:sipcli*", lists.AgentPrefix},
	} {
		v, err := lists.ParseValue(c.text, plan())
		if err != nil || v.Text != c.want || v.Type != c.kind {
			t.Errorf("%q: %q of type %d, %v; want %q of type %d", c.text, v.Text, v.Type, err, c.want, c.kind)
		}
	}
	for _, bad := range []string{"", "bob", "*", "+*", "+", "1*", "*.", "192.0.2.300", "192.0.2.0/33", "fe80::1%eth0", "a b.test", "bücher.test",
		"ua:", "ua:ab", "ua:a*b*", "-bad.test", "x..test", "sip:", "sip:@", "@example.test", "+1555abc", strings.Repeat("a", 300) + ".test"} {
		if v, err := lists.ParseValue(bad, plan()); !errors.Is(err, lists.ErrValue) {
			t.Errorf("%q became %q, %v", bad, v.Text, err)
		}
	}
}

func TestCanonicalTextIsStable(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`\+?[0-9 ()./-]{1,16}\*?`), rapid.StringMatching(`(\*\.)?[a-z0-9.-]{1,20}`),
		rapid.StringMatching(`(sips?:)?[a-zA-Z0-9%+;=._-]{1,12}@[a-z.]{1,12}`), rapid.StringMatching(`[0-9a-f:.]{2,12}/?[0-9]{0,3}`),
		rapid.StringMatching(`ua:[ -~]{1,10}\*?`))
	rapid.Check(t, func(t *rapid.T) {
		v, err := lists.ParseValue(text.Draw(t, "text"), plan())
		if err != nil {
			return
		}
		if again, err := lists.ParseValue(v.Text, plan()); err != nil || again != v {
			t.Fatalf("%+v became %+v, %v", v, again, err)
		}
	})
}

func TestNamesOfLists(t *testing.T) {
	for _, bad := range []string{"", "a b", "a'b", "ä", ".", "..", strings.Repeat("x", 65)} {
		if _, err := newLists(nil).Add(context.Background(), lists.Entry{List: bad, Value: "a.test"}); !errors.Is(err, lists.ErrList) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestIndexAgreesWithALinearSearch changes lists at random, by single entries and in bulk, and compares each look-up with going through all entries.
func TestIndexAgreesWithALinearSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLists(nil)
		prefix := rapid.StringMatching(`\+1[0-3]{1,4}`)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			value := prefix.Draw(t, "value") + rapid.SampledFrom([]string{"", "*"}).Draw(t, "star")
			list := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "list")
			if rapid.Bool().Draw(t, "add") {
				e := lists.Entry{List: list, Value: value, Expires: now().Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "expires")) * time.Hour)}
				if _, err := l.Add(context.Background(), e); err != nil {
					t.Fatal(err)
				}
			} else if _, err := l.Remove(context.Background(), list, value); err != nil {
				t.Fatal(err)
			}
		}
		number := prefix.Draw(t, "number") + "0"
		want := ""
		for _, e := range append(l.Entries("a"), l.Entries("b")...) {
			p, isPrefix := strings.CutSuffix(e.Value, "*")
			hit := e.Value == number || isPrefix && strings.HasPrefix(number, p)
			if hit && e.Expires.After(now()) && (want == "" || want != number && (e.Value == number || len(e.Value) > len(want))) {
				want = e.Value
			}
		}
		got := ""
		if e := l.FindNumber(lists.Block, number, now().UnixNano()); e != nil {
			got = e.Value
		}
		if got != want {
			t.Fatalf("%s: found %q, want %q", number, got, want)
		}
	})
}

func TestReadersNeverWaitForWriters(t *testing.T) {
	l := newLists(nil)
	add(t, l, lists.Block, "local", "+15551230001", "192.0.2.0/24", "ua:scanner")
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if l.FindNumber(lists.Block, "+15551230001", 0) == nil || l.FindSource(lists.Block, netip.MustParseAddr("192.0.2.9"), 0) == nil ||
					l.FindAgent(lists.Block, "scanner", 0) == nil {
					t.Error("an entry was lost while others changed")
					return
				}
			}
		})
	}
	bulk := make([]lists.Entry, 5000)
	for i := range bulk {
		bulk[i] = lists.Entry{List: "bulk", Value: fmt.Sprintf("+1666%07d", i)}
	}
	for i := range 200 {
		add(t, l, lists.Block, "more", fmt.Sprintf("+1777%07d", i), fmt.Sprintf("+1777%d*", i), fmt.Sprintf("198.51.100.%d", i), fmt.Sprintf("ua:agent%d", i))
	}
	if _, err := l.Add(context.Background(), bulk...); err != nil {
		t.Error(err)
	}
	close(stop)
	wg.Wait()
}
