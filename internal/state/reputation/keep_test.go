package reputation

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"gatehouse.example/internal/state/keep"
	"gatehouse.example/internal/state/rate"
)

type drawer map[string][]byte

func (d drawer) LoadState(_ context.Context, name string) ([]byte, error) { return d[name], nil }

func (d drawer) PutState(_ context.Context, name string, state []byte) error {
	d[name] = state
	return nil
}

// A field that is added to a behaviour and not to what is stored of it is lost at a restart: every one has to come back.
func TestEveryFieldIsStored(t *testing.T) {
	var b behaviour
	n := int64(1)
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
		switch n++; {
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case v.Kind() == reflect.Array:
			for i := range v.Len() {
				fill(v.Index(i))
			}
		case v.Kind() == reflect.Bool:
			v.SetBool(true)
		case v.CanInt():
			v.SetInt(n)
		case v.CanUint():
			v.SetUint(uint64(n))
		default:
			v.SetFloat(float64(n))
		}
	}
	fill(reflect.ValueOf(&b).Elem())
	if s := b.stored(); s.behaviour() != b {
		t.Errorf("%+v came back as %+v", b, s.behaviour())
	}
}

// How a friend used to behave is known after a restart, so it is noticed then as well when somebody else has taken over its account.
func TestBehavioursOutliveARestart(t *testing.T) {
	d, now := drawer{}, time.Unix(1_795_000_200, 0)
	memory := func() *Memory {
		m, err := New(Config{Seed: rate.FixedSeed(3)})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := memory()
	friend := first.Behaviour(first.Key(Identity, "+15551230001"))
	for day := range 10 {
		for callee := range 2 {
			first.Behaved(friend, fmt.Sprint("sip:user", callee, "@example.test"), false, "", now.Add(time.Duration(day)*24*time.Hour), false)
		}
	}
	if err := first.Behaviours(d).Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := memory()
	if err := second.Behaviours(d).Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	var broken [2]float64
	for i := range 8 {
		for j, m := range []*Memory{first, second} {
			broken[j] = m.Behaved(friend, fmt.Sprint("sip:stranger", i, "@example.test"), false, "", now.Add(11*24*time.Hour+time.Duration(i)*time.Minute), false)
		}
	}
	if broken[0] != broken[1] || broken[0] < 0.5 || first.Stats().Behaviours != second.Stats().Behaviours {
		t.Errorf("broken by %v, after a restart by %v", broken[0], broken[1])
	}
	for _, b := range d {
		b[len(b)-1] ^= 1
	}
	if third := memory(); !errors.Is(third.Behaviours(d).Load(t.Context()), keep.ErrDamaged) || third.Stats().Behaviours != 0 {
		t.Errorf("damaged: %+v", third.Stats())
	}
}
