package store

import (
	"context"
	"database/sql"
	"time"

	"gatehouse.example/verdict"
)

// Why segments. A row per attempt costs 9 to 12 µs of CPU, most of it SQLite's work for each row and each argument of it, and an index
// for finding callers costs more than the row. A verdict's text costs a fraction of that. So the attempts of one commit become one row:
// a blob with all of them in the order of their ids, and Bloom filters of what can be asked for. A search reads the filters, the
// newest first, and looks only into the segments that may hold what it asks for; five million attempts have some 15 MB of filters.
//
// Segments may overlap in their ids: what takes long to screen is recorded late, and several nodes write into one PostgreSQL.
// Readers merge. A busy server fills its segments; an idle one commits attempts one by one, and compact joins them afterwards.
//
// All attempts of a segment came in the same hour, so that removing whole segments keeps the history's age exact to an hour, and their
// ids begin alike, so that what may lie around an id is found without looking at everything behind it.
const (
	segmentRows  = 512       // attempts in a segment as it is written
	mergedRows   = 1024      // attempts in a segment that compact makes
	segmentBytes = 256 << 10 // blob, about: an attempt may have 30 kB of text
	runPrefix    = 5         // characters that all ids of a segment share: 9.3 hours of ULIDs
)

// segment is a row of attempt_segments.
type segment struct {
	number int64
	head
	keys filter // of callers, called ones, kinds and actions
	ids  filter
	rows []byte // see attempt_encode.go
}

// head is what is known of a segment without its contents.
type head struct {
	first, last string // ids
	newest      int64  // Unix microseconds
	count       int64
	bytes       int64 // what the row takes on the disk, about
}

// rowBytes is what a segment takes beyond its blobs: its ids and numbers in the row and in the index.
const rowBytes = 200

// entry is an attempt to be stored.
type entry struct {
	id      string
	verdict *verdict.Verdict
}

// run is what all attempts of one segment share.
type run struct {
	prefix string
	hour   int64
}

func runOf(id string, at int64) run { return run{cut(id, runPrefix), floorHour(at)} }

func (h *head) run() run { return runOf(h.last, h.newest) }

func floorHour(at int64) int64 {
	const hour = int64(time.Hour / time.Microsecond)
	if at < 0 {
		return (at+1)/hour - 1
	}
	return at / hour
}

// behind returns a text behind every id that may be in one segment with id.
func behind(id string) string { return cut(id, runPrefix) + "\U0010FFFF" }

const insertSegment = `INSERT INTO attempt_segments (first, last, newest, count, bytes, keys, ids, attempts)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

// insert writes the segment with the prepared insertSegment.
func (s *segment) insert(ctx context.Context, stmt *sql.Stmt) error {
	_, err := stmt.ExecContext(ctx, s.first, s.last, s.newest, s.count, s.bytes, []byte(s.keys), []byte(s.ids), s.rows)
	return err
}
