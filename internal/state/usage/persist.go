package usage

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gatehouse.example/internal/state/keep"
	"gatehouse.example/internal/state/slots"
)

// Storage keeps named states.
type Storage interface {
	// LoadState returns what was put last under a name; nil, nil where there is nothing.
	LoadState(ctx context.Context, name string) ([]byte, error)
	// PutState replaces it.
	PutState(ctx context.Context, name string, state []byte) error
}

// ErrDamaged is what Load returns where what is stored is not what was stored: that part is counted anew.
var ErrDamaged = errors.New("usage: some of what accounts have used is damaged in the storage and counted anew")

// worthKeeping is how many forms of a tail somebody must have dialled for that to be stored: one form is what everybody dials.
const worthKeeping = 2

// saveEvery is how often Run saves: what a crash loses at most.
const saveEvery = 10 * time.Second

// Keeper stores a ledger and tries between runs. Both have to be made with the same seed each time.
type Keeper struct {
	ledger  *Ledger
	tries   *Tries
	storage Storage
	now     func() time.Time
}

// NewKeeper returns a Keeper.
func NewKeeper(l *Ledger, t *Tries, storage Storage) *Keeper {
	return &Keeper{ledger: l, tries: t, storage: storage, now: time.Now}
}

// image is one part of both as it is stored. Keys are hashes: nothing in it tells who has called whom.
type image struct {
	Rows  []storedRow
	Tails []storedTail
}

type storedRow struct {
	Key       uint64
	Touched   int64
	Hour, Day []storedBucket
}

type storedBucket struct {
	Period, Cost   int64
	Calls, Seconds uint32
}

type storedTail struct {
	Key            uint64
	Since, Touched int64
	Seen           []uint32
}

// stateName is a part's name in the storage; the version of its form is part of it.
func stateName(part int) string { return "usage-1-" + strconv.Itoa(part) }

// Load fills both from the storage. With ErrDamaged the rest is there.
func (k *Keeper) Load(ctx context.Context) error {
	var damaged error
	for part := range slots.Parts {
		b, err := k.storage.LoadState(ctx, stateName(part))
		if err != nil {
			return fmt.Errorf("usage: load: %w", err)
		}
		if len(b) == 0 {
			continue
		}
		var img image
		if err := keep.Unseal(b, &img); err != nil {
			damaged = fmt.Errorf("%w: %w", ErrDamaged, err)
			continue
		}
		for i := range img.Rows {
			k.ledger.restore(&img.Rows[i])
		}
		for i := range img.Tails {
			k.tries.restore(&img.Tails[i])
		}
	}
	return damaged
}

// Save stores the parts that have changed. What could not be stored is for the next time.
func (k *Keeper) Save(ctx context.Context) error {
	for part := range slots.Parts {
		ledger, tries := k.ledger.dirty[part].Swap(false), k.tries.dirty[part].Swap(false)
		if !ledger && !tries {
			continue
		}
		b, err := keep.Seal(k.image(part))
		if err == nil {
			err = k.storage.PutState(ctx, stateName(part), b)
		}
		if err != nil {
			k.ledger.dirty[part].Store(true)
			return fmt.Errorf("usage: save: %w", err)
		}
	}
	return nil
}

// Run saves every ten seconds, and once more when ctx ends. Failures are told to complain, and tried again.
func (k *Keeper) Run(ctx context.Context, complain func(error)) error {
	return keep.Every(ctx, saveEvery, k.Save, complain)
}

// image copies what a part holds that still counts.
func (k *Keeper) image(part int) *image {
	img, now := new(image), k.now().UnixNano()
	k.ledger.rows.EachOf(part, func(key uint64, r *row) {
		s := storedRow{Key: key, Touched: r.touched, Hour: stored(r.hour[:], now/minutesEach), Day: stored(r.day[:], now/hoursEach)}
		if len(s.Hour)+len(s.Day) > 0 {
			img.Rows = append(img.Rows, s)
		}
	})
	k.tries.tails.EachOf(part, func(key uint64, t *tail) {
		if t.n >= worthKeeping && now-t.since <= k.tries.window {
			img.Tails = append(img.Tails, storedTail{key, t.since, t.touched, append([]uint32(nil), t.seen[:t.n]...)})
		}
	})
	return img
}

// stored are the buckets that are not too old and not empty.
func stored(buckets []bucket, period int64) (all []storedBucket) {
	for _, b := range buckets {
		if b.period > period-int64(len(buckets)) && (b.calls > 0 || b.seconds > 0 || b.cost > 0) {
			all = append(all, storedBucket{b.period, b.cost, b.calls, b.seconds})
		}
	}
	return all
}

func (l *Ledger) restore(s *storedRow) {
	l.rows.Lock(s.Key)
	defer l.rows.Unlock(s.Key)
	r := l.rows.Take(s.Key)
	r.touched = s.Touched
	fill(r.hour[:], s.Hour)
	fill(r.day[:], s.Day)
}

func fill(buckets []bucket, from []storedBucket) {
	for _, s := range from {
		if s.Period >= 0 {
			buckets[s.Period%int64(len(buckets))] = bucket{s.Period, s.Cost, s.Calls, s.Seconds}
		}
	}
}

func (t *Tries) restore(s *storedTail) {
	t.tails.Lock(s.Key)
	defer t.tails.Unlock(s.Key)
	r := t.tails.Take(s.Key)
	r.since, r.touched = s.Since, s.Touched
	r.n = uint8(copy(r.seen[:], s.Seen))
}
