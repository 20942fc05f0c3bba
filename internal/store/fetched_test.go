package store

import (
	"testing"
	"time"

	"gatehouse.example/internal/fetch"
)

func TestFetched(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a := fetch.Entry{Kind: fetch.Chain, URL: "https://cert.example.test/a.pem", Body: []byte("PEM\x00\xFF"),
			Fetched: noon, Fresh: noon.Add(time.Hour), Used: noon.Add(time.Minute), Strict: true, Proven: true}
		list := a
		list.Kind, list.Body, list.Pinned = fetch.CRL, []byte{0x30, 0}, true
		again := a
		again.Body, again.Strict = []byte("renewed"), false
		for _, e := range []fetch.Entry{a, list, again} {
			if err := s.SaveFetched(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.LoadFetched(ctx)
		check(t, "fetched", got, []fetch.Entry{again, list}, err)
		for range 2 {
			if err := s.DeleteFetched(ctx, fetch.Chain, a.URL); err != nil {
				t.Fatal(err)
			}
		}
		got, err = s.LoadFetched(ctx)
		check(t, "fetched left", got, []fetch.Entry{list}, err)
	})
}
