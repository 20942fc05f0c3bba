// Package keep is how the memories of internal/state outlive a process: what has changed is written now and then and once more at the end ([Every]), and a
// memory that is stored as a whole is sealed, so that damage is noticed ([Seal], [Unseal]). What is written, and where, is each memory's own; a [Keeper] stores
// one that consists of tables ([Rows]) and other pieces.
package keep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"time"
)

// grace is how long the last writing may take.
const grace = 10 * time.Second

// Every calls write each time that pause has passed until ctx is done, and once more then, for at most ten seconds. report is told of each failure; what could
// not be written is for the next time. It returns nil.
func Every(ctx context.Context, pause time.Duration, write func(context.Context) error, report func(error)) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	once := func(ctx context.Context) {
		if err := write(ctx); err != nil {
			report(err)
		}
	}
	for {
		select {
		case <-tick.C:
			once(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
			defer cancel()
			once(last)
			return nil
		}
	}
}

// ErrDamaged says that what is stored is not what Seal made.
var ErrDamaged = errors.New("keep: what is stored is damaged")

// Seal encodes a value behind its SHA-256.
func Seal(value any) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, sha256.Size, 1<<16))
	if err := gob.NewEncoder(b).Encode(value); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b.Bytes()[sha256.Size:])
	copy(b.Bytes(), sum[:])
	return b.Bytes(), nil
}

// Unseal reads what Seal made into value; the error is ErrDamaged for anything else.
func Unseal(sealed []byte, value any) error {
	if len(sealed) < sha256.Size || sha256.Sum256(sealed[sha256.Size:]) != [sha256.Size]byte(sealed[:sha256.Size]) {
		return ErrDamaged
	}
	if err := gob.NewDecoder(bytes.NewReader(sealed[sha256.Size:])).Decode(value); err != nil {
		return errors.Join(ErrDamaged, err)
	}
	return nil
}
