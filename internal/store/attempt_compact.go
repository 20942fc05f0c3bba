package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/bits"
	"time"
)

// How segments are joined. A step reads the heads of the small ones, which have an index of their own, and joins neighbours of the
// same hour: of the hour that is under way runs of eight of about the same size, or what fills a segment; of past hours
// all that there is. So an attempt is written anew three times or four, and an hour ends as one segment, or as full ones.
const (
	smallRows    = 256 // the index attempt_segments_small has the same numbers
	smallBytes   = segmentBytes / 2
	joinAtLeast  = 8
	lateRecords  = 10 * time.Minute // an hour is past when that long is over after it
	compactHeads = 20_000           // the newest small segments that a step looks at
	compactRows  = 2 * mergedRows   // the attempts that a step writes anew, about: 5 ms during which no batch is stored
)

// Compact joins small segments, one step's worth; see history.Storage.
func (s *Store) Compact(ctx context.Context) (rows int64, err error) {
	return s.compact(ctx, time.Now())
}

func (s *Store) compact(ctx context.Context, now time.Time) (rows int64, err error) {
	err = s.upkeep(ctx, "join segments", func(tx *sql.Tx) error {
		const query = `SELECT segment, first, last, newest, count, bytes FROM attempt_segments
			WHERE count < 256 AND bytes < 131072 ORDER BY last DESC LIMIT $1`
		small, err := readSegments(ctx, tx, query, compactHeads)
		if err != nil {
			return err
		}
		for _, group := range plan(small, now.Add(-lateRecords)) {
			n, err := s.join(ctx, tx, group)
			if err != nil {
				return err
			}
			if rows += n; rows >= compactRows {
				break
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// plan returns what is worth joining of segments, which are in the order of their last ids. Hours before the one of a time are past.
func plan(small []segment, until time.Time) (groups [][]segment) {
	under := floorHour(until.UnixMicro())
	for len(small) > 0 {
		run := small[0].run()
		past := run.hour < under
		n, rows, bytes := 0, int64(0), int64(0)
		for n < len(small) {
			g := &small[n]
			if g.run() != run || !past && level(g) != level(&small[0]) || rows+g.count > mergedRows || bytes+g.bytes > segmentBytes {
				break
			}
			rows += g.count
			bytes += g.bytes
			n++
		}
		if n >= joinAtLeast || n > 1 && (past || rows >= segmentRows) {
			groups = append(groups, small[:n])
		}
		small = small[n:]
	}
	return groups
}

// level is the size of a segment, in powers of eight.
func level(g *segment) int { return (bits.Len64(uint64(g.count)) - 1) / 3 }

// join makes one segment of several, and returns how many attempts it has. What is damaged is left alone.
func (s *Store) join(ctx context.Context, tx *sql.Tx, group []segment) (rows int64, err error) {
	var entries []entry
	var whole []segment
	for i := len(group) - 1; i >= 0; i-- {
		all, err := readAll(ctx, tx, group[i].number)
		if errors.Is(err, errDamaged) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("segment %d: %w", group[i].number, err)
		}
		entries = append(entries, all...)
		whole = append(whole, group[i])
	}
	if len(whole) < 2 {
		return 0, nil
	}
	for i := range whole { // first, so that its room is there: the disk may be full
		if err := s.remove(ctx, tx, &whole[i]); err != nil {
			return 0, err
		}
	}
	entries = inOrder(entries)
	defer s.appender.builder.release()
	return int64(len(entries)), s.appender.write(ctx, tx, entries, mergedRows)
}

// readAll returns the attempts of a segment.
func readAll(ctx context.Context, tx *sql.Tx, number int64) (all []entry, err error) {
	d, err := openSegment(ctx, tx, number)
	if err != nil {
		return nil, err
	}
	for d.next() {
		v := d.v.Clone()
		all = append(all, entry{v.ID, v})
	}
	return all, d.err()
}
