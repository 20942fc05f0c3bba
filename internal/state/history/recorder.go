package history

import (
	"log/slog"
	"sync"
	"time"

	"gatehouse.example/verdict"
)

// Config is how a Recorder works. The zero Config works.
type Config struct {
	// Queue is how many verdicts may wait for the storage. Default 8192: two seconds at 4000 attempts a second.
	Queue int
	// QueueBytes is how much text they may hold. Default 16 MiB.
	QueueBytes int
	// Batch is how many verdicts are committed at once. Default 512.
	Batch int
	// Delay is how long the first verdict of a batch waits for others. Default 250 ms.
	Delay time.Duration
	// Timeout is how long the storage may take for a batch before it counts as failed. Default 10 s.
	Timeout time.Duration
	// KeepAge is how long attempts are kept. 0: for ever.
	KeepAge time.Duration
	// KeepBytes is how much room they may take in the storage. 0: no limit.
	KeepBytes int64
	// PruneEvery is how often older ones are looked for. Default 1 minute.
	PruneEvery time.Duration
	// Log hears when the storage fails and when it works again. Default: nobody.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Queue <= 0 {
		c.Queue = 8192
	}
	if c.QueueBytes <= 0 {
		c.QueueBytes = 16 << 20
	}
	if c.Batch <= 0 {
		c.Batch = 512
	}
	c.Batch = min(c.Batch, c.Queue)
	if c.Delay <= 0 {
		c.Delay = 250 * time.Millisecond
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	if c.PruneEvery <= 0 {
		c.PruneEvery = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Stats are a Recorder's counters since it was made.
type Stats struct {
	Queued    int    // waiting now
	Held      int    // of the batch that could not be stored and is tried again
	Written   uint64 // stored
	Lost      uint64 // fell out of the full queue, or could not be stored before the end
	Retries   uint64 // batches that had to be tried again
	Pruned    uint64 // removed because of their age or for room
	LastError error  // why the storage does not work now; nil: it does

	LostOutcomes uint64 // outcomes that came for nothing: too many waited, or their attempt was lost or forgotten
}

// Recorder stores verdicts without making callers wait. Record may be called by many goroutines; Run is called once.
type Recorder struct {
	storage Storage
	cfg     Config
	wake    chan struct{} // there is something in an empty queue
	full    chan struct{} // there is a batch

	mu       sync.Mutex
	ring     ring
	stats    Stats
	pushed   uint64    // verdicts recorded so far
	outcomes []outcome // at most cfg.Queue

	batch    []slot            // Run's: taken from the ring
	verdicts []verdict.Verdict // Run's: the same, as the storage takes them
	later    <-chan time.Time  // Run's: when outcomes are tried again; nil: they can be stored, as far as we know
}

// NewRecorder makes a recorder; it stores nothing until Run.
func NewRecorder(s Storage, c Config) *Recorder {
	c = c.withDefaults()
	return &Recorder{
		storage: s, cfg: c,
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1),
		ring:  newRing(c.Queue, c.QueueBytes),
		batch: make([]slot, c.Batch), verdicts: make([]verdict.Verdict, 0, c.Batch),
	}
}

// Record takes a copy of v to be stored soon. It never waits for the storage: when the queue is full, the oldest in it is lost and counted.
func (r *Recorder) Record(v *verdict.Verdict) {
	r.mu.Lock()
	r.stats.Lost += uint64(r.ring.push(v))
	r.pushed++
	n := r.ring.n
	r.mu.Unlock()
	if n == 1 {
		signal(r.wake)
	}
	if n == r.cfg.Batch {
		signal(r.full)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Stats returns the counters.
func (r *Recorder) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Queued = r.ring.n
	return s
}

// Healthy tells whether the storage took what it was given last. Why not is in Stats().LastError.
func (r *Recorder) Healthy() bool { return r.Stats().LastError == nil }

// queued returns how many wait.
func (r *Recorder) queued() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ring.n
}

// take moves the oldest verdicts, up to a batch, into r.verdicts. The lock is given back between small portions,
// so that Record waits for microseconds at most.
func (r *Recorder) take() int {
	const portion = 32
	n := 0
	for more := true; more && n < len(r.batch); {
		r.mu.Lock()
		for i := 0; i < portion && n < len(r.batch); i++ {
			if more = r.ring.pop(&r.batch[n]); !more {
				break
			}
			n++
		}
		r.mu.Unlock()
	}
	r.verdicts = r.verdicts[:0]
	for i := range r.batch[:n] {
		r.verdicts = append(r.verdicts, r.batch[i].verdict)
	}
	return n
}

// release empties what take took.
func (r *Recorder) release() {
	for i := range r.verdicts {
		r.batch[i].clear()
		r.batch[i].bytes = 0
	}
	clear(r.verdicts)
	r.verdicts = r.verdicts[:0]
}
