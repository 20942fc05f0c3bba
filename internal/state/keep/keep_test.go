package keep_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/internal/state/keep"
)

// What changes is written again and again, and once more at the end, when the first context is over.
func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		broken := errors.New("the disk is full")
		written, failed, alive := 0, 0, true
		done := make(chan error)
		go func() {
			done <- keep.Every(ctx, time.Minute, func(ctx context.Context) error {
				if written++; ctx.Err() != nil {
					alive = false
				}
				if written == 2 {
					return broken
				}
				return nil
			}, func(err error) {
				if errors.Is(err, broken) {
					failed++
				}
			})
		}()
		time.Sleep(3*time.Minute + time.Second)
		stop()
		if err := <-done; err != nil || written != 4 || failed != 1 || !alive {
			t.Errorf("%v, written %d times, failed %d times, with a context that lives: %v", err, written, failed, alive)
		}
	})
}

// Any changed octet, and any cut, is noticed.
func TestUnseal(t *testing.T) {
	sealed, err := keep.Seal(map[string]int{"a": 1, "b": 2})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]int
	if err := keep.Unseal(sealed, &got); err != nil || got["b"] != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range sealed {
		bad := append([]byte(nil), sealed...)
		bad[i] ^= 1
		if err := keep.Unseal(bad, &got); !errors.Is(err, keep.ErrDamaged) {
			t.Errorf("octet %d changed: %v", i, err)
		}
		if err := keep.Unseal(sealed[:i], &got); !errors.Is(err, keep.ErrDamaged) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	if err := keep.Unseal(sealed, new(int)); !errors.Is(err, keep.ErrDamaged) {
		t.Errorf("of another type: %v", err)
	}
}
