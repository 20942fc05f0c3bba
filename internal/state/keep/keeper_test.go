package keep_test

import (
	"context"
	"errors"
	"testing"

	"gatehouse.example/internal/state/keep"
	"gatehouse.example/internal/state/slots"
)

// shelf is a storage that may refuse.
type shelf struct {
	kept map[string][]byte
	puts int
	err  error
}

func (s *shelf) LoadState(_ context.Context, name string) ([]byte, error) { return s.kept[name], s.err }

func (s *shelf) PutState(_ context.Context, name string, state []byte) error {
	if s.err == nil {
		s.puts++
		s.kept[name] = state
	}
	return s.err
}

type row struct{ n int }

func pieces(t *slots.Table[row]) []keep.Piece {
	return keep.Rows("rows-1", t, func(r *row) (int, bool) { return r.n, r.n > 0 }, func(n *int) row { return row{*n} })
}

func table() *slots.Table[row] { return slots.New(1<<12, func(r *row) int64 { return int64(r.n) }) }

func set(t *slots.Table[row], key uint64, n int) {
	t.Lock(key)
	t.Take(key).n = n
	t.Unlock(key)
}

// Rows come back, into a table of another size as well, and only parts that have changed are written.
func TestTableOutlivesARestart(t *testing.T) {
	s, first := &shelf{kept: map[string][]byte{}}, table()
	k := keep.NewKeeper(s, pieces(first)...)
	for key := range uint64(1000) {
		set(first, key*7919, int(key))
	}
	s.err = errors.New("the disk is full")
	if err := k.Save(t.Context()); err == nil || err.Error() != "keep: save rows-1-0: the disk is full" {
		t.Fatal(err)
	}
	s.err = nil
	for range 2 {
		if err := k.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	set(first, 7919, 5000)
	if err := k.Save(t.Context()); err != nil || s.puts != slots.Parts+1 {
		t.Fatalf("%v, stored %d times", err, s.puts)
	}
	second := slots.New(1<<15, func(r *row) int64 { return int64(r.n) })
	again := keep.NewKeeper(s, pieces(second)...)
	if err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for key := range uint64(1000) {
		want := int(key)
		if key == 1 {
			want = 5000
		}
		if r, ok := second.Get(key * 7919); r.n != want || ok != (want > 0) {
			t.Fatalf("row %d: %+v, %v", key, r, ok)
		}
	}
	set(second, 7919, 0)
	set(second, 7919+64*7919, 0)
	puts := s.puts
	if err := again.Save(t.Context()); err != nil || s.puts == puts {
		t.Errorf("%v: what is worth nothing any more stays", err)
	}
}

// A piece that is damaged is lost, is told of by its name, and is written anew; the others stay.
func TestDamagedPiece(t *testing.T) {
	s, first := &shelf{kept: map[string][]byte{}}, table()
	for key := range uint64(1000) {
		set(first, key, 1)
	}
	if err := keep.NewKeeper(s, pieces(first)...).Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.kept["rows-1-3"][40] ^= 1
	second := table()
	k := keep.NewKeeper(s, pieces(second)...)
	err := k.Load(t.Context())
	if !errors.Is(err, keep.ErrDamaged) || err.Error() != "rows-1-3: keep: what is stored is damaged" {
		t.Error(err)
	}
	if n, want := second.Stats().Rows, first.Stats().Rows; n >= want || n < want-want/32 {
		t.Errorf("%d of %d rows are left", n, want)
	}
	set(second, 3, 1)
	if err := k.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := keep.NewKeeper(s, pieces(table())...).Load(t.Context()); err != nil {
		t.Errorf("after it was written anew: %v", err)
	}
	s.err = errors.New("no database")
	if err := keep.NewKeeper(s, pieces(table())...).Load(t.Context()); err == nil || errors.Is(err, keep.ErrDamaged) {
		t.Error(err)
	}
	if none := keep.NewKeeper(nil, pieces(first)...); none.Load(t.Context()) != nil || none.Save(t.Context()) != nil {
		t.Error("no storage")
	}
}
