package main

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// workerCount bounds the look-ups that go on at one time, workerQueue those
// that wait; beyond that the work is refused at once.
const (
	workerCount = 64
	workerQueue = 1024
)

// workers is a bounded set of goroutines for what may wait: DNS, look-ups.
type workers struct {
	n     int
	queue chan func(context.Context)
}

func newWorkers(n, queue int) *workers {
	return &workers{n: n, queue: make(chan func(context.Context), queue)}
}

// Go has f run on a worker, or reports false when all are busy and as many wait
// as may.
func (w *workers) Go(f func(context.Context)) bool {
	select {
	case w.queue <- f:
		return true
	default:
		return false
	}
}

// Run works until ctx ends.
func (w *workers) Run(ctx context.Context) error {
	var group errgroup.Group
	for range w.n {
		group.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case f := <-w.queue:
					f(ctx)
				}
			}
		})
	}
	return group.Wait()
}
