package newcomers

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"gatehouse.example/internal/state/keep"
	"gatehouse.example/internal/state/rate"
)

type shelf map[string][]byte

func (s shelf) LoadState(_ context.Context, name string) ([]byte, error) { return s[name], nil }

func (s shelf) PutState(_ context.Context, name string, state []byte) error {
	s[name] = state
	return nil
}

// A field that is added to a row and not to what is stored of it is lost at a restart: every one has to come back.
func TestEveryFieldIsStored(t *testing.T) {
	var p pair
	fill(&p)
	if s := p.stored(); s.pair() != p {
		t.Errorf("%+v came back as %+v", p, s.pair())
	}
	var c caller
	fill(&c)
	if s := c.stored(); s.caller() != c {
		t.Errorf("%+v came back as %+v", c, s.caller())
	}
}

// fill gives every field of a struct a value of its own.
func fill[T any](row *T) {
	v, n := reflect.ValueOf(row).Elem(), int64(1)
	var set func(v reflect.Value)
	set = func(v reflect.Value) {
		v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
		switch n++; {
		case v.Kind() == reflect.Array:
			for i := range v.Len() {
				set(v.Index(i))
			}
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				set(v.Field(i))
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
	for i := range v.NumField() {
		set(v.Field(i))
	}
}

// Who has met, what is known of callers and how each kind turns out are the same after a restart; a damaged part is lost, and told of.
func TestMemoryOutlivesARestart(t *testing.T) {
	s, now := shelf{}, time.Unix(1_795_000_200, 0)
	memory := func() *Memory {
		return New(Config{Pairs: 1 << 12, Callers: 1 << 12, Traits: 1 << 12, Seed: rate.FixedSeed(7)})
	}
	first := memory()
	subject := first.Subject("+15551230001", true, "sip:bob@example.test")
	first.Tried(subject, now, false)
	first.Heard(subject, Came{Answered: true, Introduced: true, Talk: time.Minute, Judged: true}, now)
	first.Meet(subject, now)
	first.Objected(subject, "sip:bob@example.test")
	first.Admitted(0.5, false, 0.25)
	traits := []Trait{first.Number(1, 0, 1), first.Word(2, "trunk", 1), first.Word(3, "hour", 1).Lately()}
	for range 50 {
		first.Teach(traits, false, 1, now)
	}
	if err := first.Keeper(s).Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := memory()
	if err := second.Keeper(s).Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := now.Add(time.Hour)
	if a, b := first.Standing(subject, later), second.Standing(subject, later); a != b || !b.Met || b.Lean == 0 {
		t.Errorf("%+v came back as %+v", a, b)
	}
	if a, b := first.Odds(traits, later), second.Odds(traits, later); math.Abs(a-b) > 1e-9 || b < 1 {
		t.Errorf("odds %v came back as %v", a, b)
	}
	if a, b := first.Worth(begin), second.Worth(begin); a != b || first.Patience() != second.Patience() || b == memory().Worth(begin) {
		t.Errorf("tests are worth %v, came back as %v", a, b)
	}
	for name, b := range s {
		b[len(b)-1] ^= 1
		s[name] = b
	}
	third := memory()
	if err := third.Keeper(s).Load(t.Context()); !errors.Is(err, keep.ErrDamaged) || third.Stats().Callers.Rows != 0 {
		t.Errorf("%v, %+v", err, third.Stats())
	}
}
