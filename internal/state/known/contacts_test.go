package known_test

import (
	"errors"
	"testing"
	"time"

	"gatehouse.example/internal/state/known"
)

// Contacts are shown by name; who is removed is unknown again, here and after a restart, and his objection alone stays.
func TestContacts(t *testing.T) {
	s := &shelf{kept: map[string]known.Entry{}}
	m, now := memory(t, known.Config{Storage: s}), start()
	m.Import(bob, "+15551230001", now)
	m.Dialled(bob, carol, now)
	m.Placed(bob, carol, true, now)
	m.Judge(bob, carol, false, now)
	m.Judge(bob, "+15551230009", false, now)
	m.Import("sip:anna@example.test", "+15551230002", now)
	names := func(m *known.Memory, after string, most int) (all []string) {
		entries, err := m.Contacts(t.Context(), bob, after, most)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			all = append(all, e.Peer)
		}
		return all
	}
	for _, c := range []struct {
		after string
		most  int
		want  []string
	}{{"", 0, []string{"+15551230001", carol}}, {"", 1, []string{"+15551230001"}}, {"+15551230001", 5, []string{carol}}, {carol, 0, nil}} {
		if got := names(m, c.after, c.most); len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] {
			t.Errorf("after %q: %q, want %q", c.after, got, c.want)
		}
	}
	for _, c := range []struct {
		peer string
		want bool
	}{{"+15551230001", true}, {"+15551230001", false}, {carol, true}, {"+15551230009", false}, {"+15551230002", false}} {
		if found, err := m.Forget(t.Context(), bob, c.peer, now.Add(time.Minute)); found != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.peer, found, err)
		}
	}
	again := memory(t, known.Config{Storage: s})
	if err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*known.Memory{m, again} {
		if got := names(m, "", 0); got != nil {
			t.Errorf("still known: %q", got)
		}
		if r := look(m, bob, "+15551230001", now); r.Strength != 0 || r.Imported || r.Colleagues > 1 {
			t.Errorf("%+v", r)
		}
		if r := look(m, bob, carol, now); r.Strength != 0 || r.Verdict >= 0 {
			t.Errorf("%+v", r)
		}
	}
	if m.Expected(m.Subject(bob, "example.test", carol, now), now) == known.Peer {
		t.Error("who was removed is expected")
	}
	if r := look(m, "sip:anna@example.test", "+15551230002", now); !r.Imported {
		t.Error("another user has lost his contact")
	}
	// One that the storage alone has, because the memory was full.
	s.kept[bob+"+15551230005"] = known.Entry{Owner: bob, Peer: "+15551230005", Imported: true, First: now, Last: now}
	if found, err := m.Forget(t.Context(), bob, "+15551230005", now); !found || err != nil || len(names(m, "", 0)) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	s.err = errors.New("the disk is full")
	if _, err := m.Forget(t.Context(), bob, carol, now); err == nil || err.Error() != "known: the disk is full" {
		t.Error(err)
	}
	if all, err := memory(t, known.Config{}).Contacts(t.Context(), bob, "", 0); all != nil || err != nil {
		t.Error(all, err)
	}
}
