package lists_test

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"gatehouse.example/internal/cputime"
	"gatehouse.example/internal/state/lists"
)

// many returns n entries: mostly numbers, with number prefixes, addresses, domains and sources.
func many(n int) []lists.Entry {
	entries := make([]lists.Entry, 0, n)
	for i := range n {
		value := fmt.Sprintf("+1555%07d", i)
		switch i % 10 {
		case 5, 6:
			value = fmt.Sprintf("%d.%d.%d.0/24", 20+i>>16&63, i>>8&255, i&255)
		case 7:
			value = fmt.Sprintf("sip:spammer%d@bad.test", i)
		case 8:
			value = fmt.Sprintf("bad%d.test", i)
		case 9:
			value = fmt.Sprintf("+44%06d*", i)
		}
		entries = append(entries, lists.Entry{List: "all", Value: value})
	}
	for i := range 50 {
		entries = append(entries, lists.Entry{List: "agents", Value: fmt.Sprintf("ua:scanner-%d", i)})
	}
	return entries
}

func loaded(tb testing.TB, n int) *lists.Lists {
	l := newLists(nil)
	if _, err := l.Add(context.Background(), many(n)...); err != nil {
		tb.Fatal(err)
	}
	return l
}

// TestHundredThousandEntriesLoadAsTenTimesTenThousand: what has become quadratic takes ten times as much; BenchmarkLoad100k has the figure.
func TestHundredThousandEntriesLoadAsTenTimesTenThousand(t *testing.T) {
	least, took := cost(t, 10_000), cost(t, 100_000)
	t.Logf("10000 entries take %s of processor time, 100000 %s", least, took)
	if took > 4*10*least {
		t.Errorf("100000 entries take %s of processor time, 10000 %s", took, least)
	}
}

// cost is the processor time that n entries take to load: whoever else is busy on the machine has no part in it.
func cost(t *testing.T, n int) time.Duration {
	t.Helper()
	m := newMemory()
	for _, e := range many(n) {
		m.entries[[2]string{e.List, e.Value}] = e
	}
	l := newLists(m)
	runtime.GC()
	start := cputime.Used()
	if err := l.Load(context.Background()); err != nil {
		t.Fatal(err)
	}
	return cputime.Used() - start
}

func lookups(l *lists.Lists) map[string]func() *lists.Match {
	source, strange := netip.MustParseAddr("21.2.3.4"), netip.MustParseAddr("2001:db8::1")
	return map[string]func() *lists.Match{
		"number":         func() *lists.Match { return l.FindNumber(lists.Block, "+15550000010", 1) },
		"number-prefix":  func() *lists.Match { return l.FindNumber(lists.Block, "+4400000912345", 1) },
		"number-miss":    func() *lists.Match { return l.FindNumber(lists.Block, "+4930123456789", 1) },
		"address-miss":   func() *lists.Match { return l.FindAddress(lists.Block, "sip:Alice.Somebody@carrier.example.net", 1) },
		"domain-miss":    func() *lists.Match { return l.FindDomain(lists.Block, "sip.carrier.example.net", 1) },
		"source":         func() *lists.Match { return l.FindSource(lists.Block, source, 1) },
		"source-miss":    func() *lists.Match { return l.FindSource(lists.Block, strange, 1) },
		"agent-miss":     func() *lists.Match { return l.FindAgent(lists.Block, "Grandstream GXP2170 1.0.11.48 c074ad123456", 1) },
		"agent-scanning": func() *lists.Match { return l.FindAgent(lists.Block, "Asterisk PBX scanner-x scanner-y", 1) },
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	l := loaded(t, 10_000)
	for name, look := range lookups(l) {
		if n := testing.AllocsPerRun(100, func() { look() }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	l := loaded(b, 100_000)
	for name, look := range lookups(l) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				look()
			}
		})
	}
}

func BenchmarkLoad100k(b *testing.B) {
	m := newMemory()
	for _, e := range many(100_000) {
		m.entries[[2]string{e.List, e.Value}] = e
	}
	for b.Loop() {
		if err := newLists(m).Load(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddOneTo100k(b *testing.B) {
	l := loaded(b, 100_000)
	for _, value := range []string{"+19990000001", "+1999*", "sip:new@bad.test", "203.0.113.0/24", "ua:new-agent"} {
		b.Run(value[:4], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.Add(context.Background(), lists.Entry{List: "new", Value: value}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
