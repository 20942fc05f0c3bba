package store

import (
	"testing"
	"time"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/reputation"
)

func TestKnownPeers(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		friend := known.Entry{
			Owner: "sip:bob@example.test", Peer: "+15551230001", Called: 3, Answered: 2, Messaged: 1, CallBacks: 4, Talked: 65535, Imported: true,
			Ham: 1.5, Spam: 0.25, First: noon.Add(-time.Hour), Last: noon,
		}
		older, forgotten := friend, friend
		older.Peer, older.Imported, older.Last = "sip:carol@far.test", false, noon.Add(-time.Minute)
		forgotten.Peer, forgotten.Last = "sip:old@far.test", noon.Add(-48*time.Hour)
		if err := s.PutKnown(ctx, []known.Entry{friend, older, forgotten}, nil, noon.Add(-72*time.Hour)); err != nil {
			t.Fatal(err)
		}
		friend.Called = 4
		if err := s.PutKnown(ctx, []known.Entry{friend}, nil, noon.Add(-24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		got, err := s.LoadKnown(ctx, 10)
		check(t, "known peers", got, []known.Entry{friend, older}, err)
		got, err = s.LoadKnown(ctx, 1)
		check(t, "the last known peer", got, []known.Entry{friend}, err)
		got, err = s.KnownOf(ctx, friend.Owner)
		check(t, "whom bob knows", got, []known.Entry{friend, older}, err)
		got, err = s.KnownOf(ctx, "sip:nobody@example.test")
		check(t, "whom nobody knows", got, []known.Entry(nil), err)
		for range 2 { // the second time there is none
			if err := s.PutKnown(ctx, nil, []known.Pair{{Owner: friend.Owner, Peer: friend.Peer}}, noon.Add(-24*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		got, err = s.KnownOf(ctx, friend.Owner)
		check(t, "after one is gone", got, []known.Entry{older}, err)
	})
}

func TestReputations(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a := reputation.Entry{Kind: reputation.Signer, Name: "1234", Good: 1.5, Bad: 0.25, Updated: noon, Reached: 1<<32 - 1, Callees: 1<<63 | 1, Complaints: 2.5}
		b, c := a, a
		b.Kind, b.Updated = reputation.Domain, noon.Add(-time.Minute)
		c.Name, c.Updated = "old", noon.Add(-48*time.Hour)
		if err := s.PutReputation(ctx, []reputation.Entry{a, b, c}, noon.Add(-72*time.Hour)); err != nil {
			t.Fatal(err)
		}
		a.Bad = 0.5
		if err := s.PutReputation(ctx, []reputation.Entry{a}, noon.Add(-24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		got, err := s.LoadReputation(ctx, 10)
		check(t, "reputations", got, []reputation.Entry{a, b}, err)
	})
}
