package telemetry

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Buffered is a writer for logs that never makes its callers wait: lines are
// collected and written by Run, at the latest after a moment. When the reader
// of the log is too slow, new lines are dropped and counted, for the calls go
// before the log.
type Buffered struct {
	w       io.Writer
	wake    chan struct{}
	dropped atomic.Uint64

	mu      sync.Mutex
	waiting []byte
	spare   []byte
}

const (
	flushDelay = 100 * time.Millisecond
	maxWaiting = 1 << 20
)

// NewBuffered makes a writer to w. Until Run is called lines only wait.
func NewBuffered(w io.Writer) *Buffered {
	return &Buffered{w: w, wake: make(chan struct{}, 1)}
}

// Write takes one or more whole lines. It never fails.
func (b *Buffered) Write(p []byte) (int, error) {
	b.mu.Lock()
	first := len(b.waiting) == 0
	fits := len(b.waiting)+len(p) <= maxWaiting
	if fits {
		b.waiting = append(b.waiting, p...)
	}
	b.mu.Unlock()
	if !fits {
		b.dropped.Add(1)
	}
	if first {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
	return len(p), nil
}

// Dropped returns the number of writes that found no room.
func (b *Buffered) Dropped() uint64 { return b.dropped.Load() }

// Run writes until ctx ends, and then what is left.
func (b *Buffered) Run(ctx context.Context) error {
	delay := time.NewTimer(0)
	defer delay.Stop()
	for {
		select {
		case <-ctx.Done():
			return b.Flush()
		case <-b.wake:
			delay.Reset(flushDelay)
			select {
			case <-ctx.Done():
			case <-delay.C:
			}
			if err := b.Flush(); err != nil {
				continue // a log that cannot be written cannot be told about either
			}
		}
	}
}

// Flush writes what waits.
func (b *Buffered) Flush() error {
	b.mu.Lock()
	out := b.waiting
	b.waiting = b.spare[:0]
	b.spare = nil
	b.mu.Unlock()
	var err error
	if len(out) > 0 {
		_, err = b.w.Write(out)
	}
	if cap(out) <= 64<<10 {
		b.mu.Lock()
		b.spare = out[:0]
		b.mu.Unlock()
	}
	return err
}
