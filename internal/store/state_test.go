package store

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/internal/state/binding"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/sip/digest"
)

func check(t *testing.T, what string, got, want any, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func TestLists(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a := lists.Entry{List: "local", Value: "+1555123*", Kind: lists.Block, Note: "calls at night", Added: noon}
		b := lists.Entry{List: "local", Value: "sip:aunt@example.test", Kind: lists.Allow, Added: noon, Expires: noon.Add(time.Hour)}
		again := a
		again.Note = "said again"
		if err := s.PutEntries(ctx, []lists.Entry{a, b, again}); err != nil {
			t.Fatal(err)
		}
		got, err := s.LoadLists(ctx)
		check(t, "entries", got, []lists.Entry{again, b}, err)
		found, err := s.DeleteEntry(ctx, "local", a.Value)
		check(t, "delete", found, true, err)
		found, err = s.DeleteEntry(ctx, "local", a.Value)
		check(t, "delete again", found, false, err)
		got, err = s.LoadLists(ctx)
		check(t, "entries left", got, []lists.Entry{b}, err)
	})
}

func TestManyListEntriesAtOnce(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		entries := make([]lists.Entry, 5000)
		for i := range entries {
			entries[i] = lists.Entry{List: "import", Value: fmt.Sprintf("+1555%07d", i), Added: noon}
		}
		if err := s.PutEntries(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		got, err := s.LoadLists(t.Context())
		check(t, "entries", got, entries, err)
	})
}

func TestBans(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a := guard.Ban{Source: netip.MustParsePrefix("192.0.2.7/32"), Reason: "wrong passwords", Evidence: "\"bob\"", Created: noon, Expires: noon.Add(time.Hour)}
		b := guard.Ban{Source: netip.MustParsePrefix("2001:db8::/64"), Reason: "by hand", Created: noon.Add(time.Second)}
		for _, ban := range []guard.Ban{b, a, a} {
			if err := s.SaveBan(ctx, ban); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.LoadBans(ctx)
		check(t, "bans", got, []guard.Ban{a, b}, err)
		for range 2 {
			if err := s.DeleteBan(ctx, a.Source); err != nil {
				t.Fatal(err)
			}
		}
		got, err = s.LoadBans(ctx)
		check(t, "bans left", got, []guard.Ban{b}, err)
	})
}

func TestUsers(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		keys := map[digest.Algorithm]string{digest.SHA256: "aa", digest.SHA512_256: "bb"}
		u := account.User{AoR: "sip:alice@example.test", HA1: map[digest.Algorithm]string{digest.MD5: "cc"}, Created: noon}
		if err := s.PutUser(ctx, u); err != nil {
			t.Fatal(err)
		}
		u.HA1, u.HA1Full = keys, keys
		if err := s.PutUser(ctx, u); err != nil {
			t.Fatal(err)
		}
		got, err := s.LoadUsers(ctx)
		check(t, "users", got, []account.User{u}, err)
		found, err := s.DeleteUser(ctx, u.AoR)
		check(t, "delete", found, true, err)
		found, err = s.DeleteUser(ctx, u.AoR)
		check(t, "delete again", found, false, err)
	})
}

func TestBindings(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		b := binding.Binding{AoR: "sip:alice@example.test", Contact: "sip:alice@192.0.2.9:5062;ob", CallID: "x\x01@y", CSeq: 1<<32 - 1, Expires: noon,
			Path: []string{"<sip:a;lr>", "<sip:b;lr>"}, Received: "udp 192.0.2.9:5062", Q: -1, Instance: "<urn:uuid:1>", RegID: 1, UserAgent: "phone"}
		second := b
		second.Contact = "sip:alice@192.0.2.10"
		for _, x := range []binding.Binding{b, second, b} {
			if err := s.PutBinding(ctx, x); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.LoadBindings(ctx)
		check(t, "bindings", got, []binding.Binding{second, b}, err)
		if err := s.DeleteBinding(ctx, b.AoR, b.Contact); err != nil {
			t.Fatal(err)
		}
		got, err = s.LoadBindings(ctx)
		check(t, "bindings left", got, []binding.Binding{second}, err)
	})
}
