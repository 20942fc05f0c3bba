package lists_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/state/numbering"
	"pgregory.net/rapid"
)

func values(l *lists.Lists, list string) string {
	var all []string
	for _, e := range l.Entries(list) {
		all = append(all, e.Value)
	}
	return strings.Join(all, " ")
}

func TestRangesBecomePrefixes(t *testing.T) {
	for text, want := range map[string]string{
		"+15551230000..+15551239999":       "+1555123*",
		"+1 555 123 0098 - +15551230101":   "+15551230098 +15551230099 +15551230100 +15551230101",
		"+15551230000-+15551232499":        "+15551230* +15551231* +155512320* +155512321* +155512322* +155512323* +155512324*",
		"192.0.2.0-192.0.2.255":            "192.0.2.0/24",
		"192.0.2.10..192.0.2.12":           "192.0.2.10/31 192.0.2.12",
		"2001:db8::-2001:db8::ffff":        "2001:db8::/112",
		"+15551230001":                     "+15551230001",
		"my-company.test":                  "my-company.test",
		"+1-555-123-0001":                  "+15551230001",
		"192.0.2.255-192.0.2.255":          "192.0.2.255",
		"255.255.255.254..255.255.255.255": "255.255.255.254/31",
	} {
		l := newLists(nil)
		add(t, l, lists.Block, "x", text)
		if got := values(l, "x"); got != want {
			t.Errorf("%s became %s", text, got)
		}
	}
	for _, bad := range []string{"+15551239999..+15551230000", "+1555..+15551239999", "192.0.2.9-192.0.2.1", "192.0.2.1-::1", "+1a..+1b", "192.0.2.1-x"} {
		if _, err := newLists(nil).Add(context.Background(), lists.Entry{List: "x", Value: bad}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestRangeHoldsWhatLiesWithinAndNothingElse(t *testing.T) {
	digits := rapid.StringMatching(`\+1[0-9]{5}`)
	rapid.Check(t, func(t *rapid.T) {
		from, to, asked := digits.Draw(t, "from"), digits.Draw(t, "to"), digits.Draw(t, "asked")
		if from > to {
			from, to = to, from
		}
		l := newLists(nil)
		if _, err := l.Add(context.Background(), lists.Entry{List: "x", Value: from + ".." + to}); err != nil {
			t.Fatal(err)
		}
		if got := l.FindNumber(lists.Block, asked, 0) != nil; got != (asked >= from && asked <= to) {
			t.Fatalf("%s in %s..%s: %v, by %s", asked, from, to, got, values(l, "x"))
		}
	})
}

func TestAddressBook(t *testing.T) {
	book := "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Mum\\, at home\r\nTEL;TYPE=home:+1 555\r\n  123 0001\r\nitem1.TEL;VALUE=uri:tel:+1-555-123-0002\r\n" +
		"IMPP:sip:mum@example.test\r\nIMPP:xmpp:mum@example.test\r\nEMAIL:mum@mail.test\r\nTEL:ask her\r\nEND:VCARD\r\n" +
		"begin:vcard\nfn:Bob\ntel:(555) 123-0003\nend:vcard\n"
	l := newLists(nil)
	got, err := l.Import(context.Background(), "friends", strings.NewReader(book), lists.ImportOptions{Kind: lists.Allow})
	if err != nil || got.Entries != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	if v := values(l, "friends"); v != "+15551230001 +15551230002 +15551230003 sip:mum@example.test" {
		t.Errorf("got %s", v)
	}
	if e := l.FindNumber(lists.Allow, "+15551230001", 0); e == nil || e.Note != "Mum, at home" {
		t.Errorf("got %+v", e)
	}
}

// endless gives that many octets without an end of line.
type endless struct{ left int64 }

func (e *endless) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), e.left))
	for i := range b[:n] {
		b[i] = '5'
	}
	e.left -= int64(n)
	return n, nil
}

func TestLineWithoutEndIsRefusedInLittleMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l := newLists(nil)
	in := io.MultiReader(strings.NewReader("a.test\n"), &endless{1 << 30}, strings.NewReader("\nb.test\n"))
	got, err := l.Import(context.Background(), "x", in, lists.ImportOptions{})
	if err != nil || got.Entries != 2 || got.RefusedCount != 1 || got.Refused[0].Line != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, head := range []string{"value,kind\n\"", "BEGIN:VCARD\nFN:"} {
		_, _ = l.Import(context.Background(), "y", io.MultiReader(strings.NewReader(head), &endless{1 << 28}), lists.ImportOptions{})
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("%d MB were allocated", grown>>20)
	}
}

func TestPoisonIsLeftOutLineByLine(t *testing.T) {
	plans, err := numbering.New()
	if err != nil {
		t.Fatal(err)
	}
	peer := netip.MustParsePrefix("198.51.100.0/24")
	l := lists.New(lists.Config{Plan: plan(), Plans: plans, Now: now, Protected: func(v lists.Value) string {
		if v.Type == lists.Source {
			if p, err := netip.ParsePrefix(v.Text); err == nil && p.Overlaps(peer) {
				return "it holds addresses of peer 'carrier'"
			}
		}
		return ""
	}})
	text := "0.0.0.0/0\n198.51.0.0/16\n+353*\n+1876*\n+49*\n+1212*\n192.0.2.7\nthis is nothing\n::/0\n"
	lenient := lists.ImportOptions{Lenient: true}
	got, err := l.Import(context.Background(), "x", strings.NewReader(text), lenient)
	if err != nil || got.Entries != 2 || got.RefusedCount != 7 || values(l, "x") != "+1212* 192.0.2.7" {
		t.Errorf("%+v, %v; %s", got, err, values(l, "x"))
	}
	for i, want := range []string{"carrier", "carrier", "code +353", "area code 876", "three digits"} {
		if i < len(got.Refused) && !strings.Contains(got.Refused[i].Reason, want) {
			t.Errorf("%+v: no %q", got.Refused[i], want)
		}
	}
	lenient.MaxRefused = 0.2
	if _, err := l.Import(context.Background(), "y", strings.NewReader(text), lenient); !errors.Is(err, lists.ErrRefused) || len(l.Entries("y")) != 0 {
		t.Errorf("got %v", err)
	}
}

// TestRangeIsTakenWholeOrNotAtAll: what a prefix may not be, a range that is most of it may not be either, and of a range with an unfit part nothing is taken.
func TestRangeIsTakenWholeOrNotAtAll(t *testing.T) {
	plans, err := numbering.New()
	if err != nil {
		t.Fatal(err)
	}
	l := lists.New(lists.Config{Plan: plan(), Plans: plans, Now: now})
	for value, want := range map[string]bool{
		"+353100000..+353999999": false, "+49100000..+49999999": false, "+4400000..+4999999": false, "+4130000..+4219999": false, "+1000000..+9999999": false,
		"+4915000000..+4917999999": true, "+353800000..+353899999": true, "+15551230000..+15551232499": true,
		"3.0.0.0..6.255.255.254": false, "9.255.255.0..10.0.0.255": false, "8.0.0.0..9.0.0.255": true,
	} {
		name := strings.ReplaceAll(value, "+", "n")
		got, err := l.Import(context.Background(), name, strings.NewReader(value+"\n"), lists.ImportOptions{})
		if err != nil || (got.Entries > 0) != want || (got.RefusedCount == 1) == want || (values(l, name) != "") != want {
			t.Errorf("%s: %+v, %v: %s", value, got, err, values(l, name))
		}
	}
	got, err := l.Import(context.Background(), "w", strings.NewReader("+353100000..+353999999\n"), lists.ImportOptions{AllowWide: true})
	if err != nil || got.Entries != 9 {
		t.Errorf("asked for: %+v, %v", got, err)
	}
}

func TestNobodyAddsHalfTheWorldByHand(t *testing.T) {
	l := newLists(nil)
	for value, want := range map[string]bool{
		"0.0.0.0/0": false, "::/0": false, "8.0.0.0/7": false, "0.0.0.0..255.255.255.255": false, "8.0.0.0/8": true, "10.1.2.3": true, "2001:db8::/32": true, "+49*": true,
	} {
		_, err := l.Add(context.Background(), lists.Entry{List: "x", Value: value, Kind: lists.Block})
		if (err == nil) != want || err != nil && !errors.Is(err, lists.ErrValue) {
			t.Errorf("%s: %v", value, err)
		}
	}
}
