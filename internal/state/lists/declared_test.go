package lists_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gatehouse.example/internal/state/lists"
)

// TestDeclaredCallersAreNotOnAWhiteList: they are found by a kind of their own, exactly as they are written, however many are changed at a time.
func TestDeclaredCallersAreNotOnAWhiteList(t *testing.T) {
	l, at := newLists(newMemory()), now().UnixNano()
	if l.Any(lists.Declaration) {
		t.Error("somebody is declared from the beginning")
	}
	add(t, l, lists.Allow, lists.Declared, "+15551230001", "+1555124*", "sip:Codes@bank.test", "*.airline.test")
	bulk := make([]lists.Entry, 5000)
	for i := range bulk {
		bulk[i] = lists.Entry{List: lists.Declared, Kind: lists.Allow, Value: fmt.Sprintf("+1666%07d", i)}
	}
	if _, err := l.Add(context.Background(), bulk...); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []lists.Kind{lists.Declaration, lists.Allow, lists.Block, lists.Trap} {
		want := kind == lists.Declaration
		for value, found := range map[string]*lists.Match{
			"number": l.FindNumber(kind, "+15551230001", at), "prefix": l.FindNumber(kind, "+15551249999", at), "many": l.FindNumber(kind, "+16660004999", at),
			"address": l.FindAddress(kind, "sip:Codes@bank.test", at), "domain": l.FindDomain(kind, "gate.airline.test", at),
		} {
			if (found != nil) != want || l.Any(kind) != want {
				t.Errorf("%s as kind %d: %v, any %v", value, kind, found, l.Any(kind))
			}
		}
	}
	if l.FindAddress(lists.Declaration, "sip:codes@bank.test", at) != nil {
		t.Error("an address is declared in another case than it is written")
	}
	if s := l.Summaries(); len(s) != 1 || s[0].Allow != 5004 || s[0].Block != 0 {
		t.Errorf("shown as %+v", s)
	}
	if gone, err := l.Remove(context.Background(), lists.Declared, "+15551230001"); !gone || err != nil || l.FindNumber(lists.Declaration, "+15551230001", at) != nil {
		t.Errorf("removed %v, %v", gone, err)
	}
}

// TestOnlyCallersAreDeclared: a network or a telephone's make says nothing about who calls, and what is to be blocked belongs on another list.
func TestOnlyCallersAreDeclared(t *testing.T) {
	for _, c := range []struct {
		value, want string
		kind        lists.Kind
	}{
		{"192.0.2.7", `"192.0.2.7" is a source, which says nothing about who calls`, lists.Allow},
		{"2001:db8::/48", `"2001:db8::/48" is a source`, lists.Allow},
		{"192.0.2.0-192.0.2.9", `"192.0.2.0/29" is a source`, lists.Allow},
		{"ua:pharmacy-dialer", `"ua:pharmacy-dialer" is a user agent`, lists.Allow},
		{"ua:dialer*", `"ua:dialer*" is a user agent`, lists.Allow},
		{"+15551230001", `"+15551230001" is to be blocked`, lists.Block},
		{"192.0.2.7", `"192.0.2.7" is to be blocked`, lists.Block},
	} {
		l := newLists(newMemory())
		_, err := l.Add(context.Background(), lists.Entry{List: lists.Declared, Value: "sip:good@example.test", Kind: lists.Allow}, lists.Entry{List: lists.Declared, Value: c.value, Kind: c.kind})
		if !errors.Is(err, lists.ErrDeclared) || !strings.Contains(err.Error(), "numbers, number prefixes, addresses and domains, of kind allow: "+c.want) || l.Len() != 0 {
			t.Errorf("%s: %v, %d entries", c.value, err, l.Len())
		}
	}
}

// TestARegisterOfVerifiedSendersIsImported: what is none of a caller's names is left out of it and named, as everything that is unfit.
func TestARegisterOfVerifiedSendersIsImported(t *testing.T) {
	l := newLists(nil)
	text := "value,kind,note\n+1 555 123 0001,,Elm Pharmacy\nschool.test,allow,\n192.0.2.7,,its server\nua:dialer,,\n+15551230002,block,a fraud\n"
	got, err := l.Import(context.Background(), lists.Declared, strings.NewReader(text), lists.ImportOptions{Kind: lists.Allow, Note: "register"})
	if err != nil || got.Entries != 2 || got.RefusedCount != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, want := range []struct {
		line   int
		reason string
	}{{4, "is a source, which says nothing about who calls"}, {5, "is a user agent, which says nothing about who calls"}, {6, "is to be blocked"}} {
		if r := got.Refused[i]; r.Line != want.line || r.Reason != want.reason {
			t.Errorf("%+v, want %+v", r, want)
		}
	}
	if e := l.FindNumber(lists.Declaration, "+15551230001", now().UnixNano()); e == nil || e.Note != "Elm Pharmacy" {
		t.Errorf("found %+v", e)
	}
}
