package telemetry

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestBufferedWritesLateAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out shared
		b := NewBuffered(&out)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.Run(ctx) }()
		b.Write([]byte("one\n"))
		b.Write([]byte("two\n"))
		synctest.Wait()
		if out.String() != "" {
			t.Error("written at once")
		}
		time.Sleep(2 * flushDelay)
		synctest.Wait()
		if out.String() != "one\ntwo\n" {
			t.Errorf("got %q", out.String())
		}
		b.Write([]byte("three\n"))
		cancel()
		if err := <-done; err != nil || !strings.HasSuffix(out.String(), "three\n") {
			t.Errorf("the end is lost: %v, %q", err, out.String())
		}
	})
}

// shared is a buffer that two goroutines may use.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func TestBufferedDropsRatherThanWaits(t *testing.T) {
	b := NewBuffered(&bytes.Buffer{})
	line := bytes.Repeat([]byte("x"), 1<<16)
	for range 20 {
		b.Write(line)
	}
	if n := b.Dropped(); n != 4 {
		t.Errorf("%d dropped, want 4", n)
	}
}
