package main

import (
	"context"
	"os"
	"runtime"

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

// shareProcessors gives the runtime half as many processors more as there are cores,
// and returns the number of cores, which is how many UDP readers there may be. A
// reader keeps its processor while it sleeps (see wire), so what runs on workers, such
// as the verification of signatures, would wait for the history's writes on those that
// are left. On two cores the delay of 2,000 signed calls a second was 16–28 ms (p99)
// with two, 6–9 ms with three, and 5–14 ms with four, which cost a tenth more CPU at
// 8,000 calls a second. Whoever sets GOMAXPROCS keeps what he has set.
func shareProcessors() (cores int) {
	cores = min(runtime.NumCPU(), runtime.GOMAXPROCS(0))
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(cores + (cores+1)/2)
	}
	return cores
}
