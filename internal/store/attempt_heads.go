package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// How many heads are read at once: few at first, because a page of the newest attempts needs a few, then many.
const (
	firstHeads = 16
	mostHeads  = 1024
)

// heads goes through the segments that may hold what is asked for, the highest last id first.
type heads struct {
	tx     *sql.Tx
	wanted []uint64 // what their filter has to hold
	before string   // only those with ids below; empty: all

	read   []readHead
	next   int
	size   int
	cursor string // the last id of the segment that was read last
	end    bool
}

type readHead struct {
	number      int64
	first, last string
}

// peek returns the next head, nil if there is none.
func (h *heads) peek(ctx context.Context) (*readHead, error) {
	for h.next == len(h.read) && !h.end {
		if err := h.more(ctx); err != nil {
			return nil, err
		}
	}
	if h.next == len(h.read) {
		return nil, nil
	}
	return &h.read[h.next], nil
}

func (h *heads) skip() { h.next++ }

func (h *heads) more(ctx context.Context) error {
	h.size = min(max(4*h.size, firstHeads), mostHeads)
	query, args := h.query()
	rows, err := h.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	h.read, h.next = h.read[:0], 0
	n := 0
	for ; rows.Next(); n++ {
		var one readHead
		var keys sql.RawBytes
		if err := rows.Scan(&one.number, &one.first, &one.last, &keys); err != nil {
			return err
		}
		h.cursor = one.last
		if filter(keys).mayHold(h.wanted, keyHashes) {
			h.read = append(h.read, one)
		}
	}
	h.end = n < h.size
	return rows.Err()
}

// query leaves the filter out where nothing is looked for in it: then the index has everything.
func (h *heads) query() (string, []any) {
	var conditions []string
	var args []any
	add := func(condition, arg string) {
		args = append(args, arg)
		conditions = append(conditions, condition+strconv.Itoa(len(args)))
	}
	switch {
	case h.cursor != "":
		add(`last < $`, h.cursor)
	case h.before != "":
		add(`last < $`, behind(h.before))
	}
	if h.before != "" {
		add(`first < $`, h.before)
	}
	query := `SELECT segment, first, last, `
	if len(h.wanted) == 0 {
		query += `NULL`
	} else {
		query += `keys`
	}
	query += ` FROM attempt_segments`
	if len(conditions) > 0 {
		query += ` WHERE ` + strings.Join(conditions, ` AND `)
	}
	return query + ` ORDER BY last DESC LIMIT ` + strconv.Itoa(h.size), args
}
