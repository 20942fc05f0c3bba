package store

import (
	"bytes"
	"testing"
)

func TestStates(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		if b, err := s.LoadState(ctx, "tokens"); err != nil || len(b) != 0 {
			t.Fatalf("before anything was put: %d octets, %v", len(b), err)
		}
		large := bytes.Repeat([]byte{0, 1, 2, 255}, statePart/2)
		for _, want := range [][]byte{large, []byte("small"), {}} {
			if err := s.PutState(ctx, "tokens", want); err != nil {
				t.Fatal(err)
			}
			if err := s.PutState(ctx, "other", []byte("x")); err != nil {
				t.Fatal(err)
			}
			got, err := s.LoadState(ctx, "tokens")
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d octets came back as %d: %v", len(want), len(got), err)
			}
		}
	})
}
