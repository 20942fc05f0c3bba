package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// lastID is behind every id: they are made of digits and capital letters.
const lastID = "~"

const attemptColumns = `id, at, kind, action, body, feedback`

// Get returns the attempt of that id, or history.ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (verdict.Verdict, error) {
	const query = `SELECT ` + attemptColumns + ` FROM attempts WHERE id = $1`
	v, err := readAttempt(s.reader.QueryRowContext(ctx, query, text(id)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return verdict.Verdict{}, history.ErrNotFound
	}
	if err != nil {
		return verdict.Verdict{}, fmt.Errorf("store: get an attempt: %w", err)
	}
	return v, nil
}

// Query returns attempts, the newest first; see history.Storage.
func (s *Store) Query(ctx context.Context, f history.Filter) (page []verdict.Verdict, next string, err error) {
	limit := f.Page()
	before := lastID
	if f.Before != "" {
		before = text(f.Before)
	}
	err = s.spans(ctx, before, hashes(&f), func(from, to string) (more bool, err error) {
		found, err := s.queryRange(ctx, &f, from, to, limit+1-len(page))
		page = append(page, found...)
		return len(page) <= limit, err
	})
	if err != nil {
		return nil, "", err
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// queryRange returns what f asks for among the ids in [from, to), the newest first.
func (s *Store) queryRange(ctx context.Context, f *history.Filter, from, to string, limit int) ([]verdict.Verdict, error) {
	q := conditions{query: `SELECT ` + attemptColumns + ` FROM attempts`}
	q.add(`id >= $`, from)
	q.add(`id < $`, to)
	if f.Kind != nil {
		q.add(`kind = $`, int64(*f.Kind))
	}
	if f.Action != nil {
		q.add(`action = $`, int64(*f.Action))
	}
	if f.From != "" {
		q.addEither(`from_key`, `claimed_key`, history.Key(f.From))
	}
	if f.To != "" {
		q.addEither(`to_key`, `requested_key`, history.Key(f.To))
	}
	q.query += ` ORDER BY id DESC LIMIT ` + strconv.Itoa(limit)
	return load(ctx, s, "query attempts", q.query, readAttempt, q.args...)
}

// conditions is a query that grows a WHERE.
type conditions struct {
	query string
	args  []any
}

// add appends a condition that ends in $, the placeholder of arg.
func (q *conditions) add(condition string, arg any) {
	q.join()
	q.args = append(q.args, arg)
	q.query += condition + strconv.Itoa(len(q.args))
}

// addEither appends that one of two columns equals arg. An empty second column means "as the first".
func (q *conditions) addEither(a, b, arg string) {
	q.join()
	q.args = append(q.args, arg)
	n := strconv.Itoa(len(q.args))
	q.query += `(` + a + ` = $` + n + ` OR ` + b + ` <> '' AND ` + b + ` = $` + n + `)`
}

func (q *conditions) join() {
	if len(q.args) == 0 {
		q.query += ` WHERE `
	} else {
		q.query += ` AND `
	}
}

// spans calls do with ranges of ids [from, to), the newest first, that together hold every attempt below before that the hashes may
// stand for, until do wants no more. Without hashes, and with PostgreSQL, that is one range.
func (s *Store) spans(ctx context.Context, before string, hashes []uint64, do func(from, to string) (more bool, err error)) error {
	if len(hashes) == 0 || s.dialect == postgresDialect {
		_, err := do("", before)
		return err
	}
	for to := before; ; {
		blocks, last, err := s.blocksBelow(ctx, to)
		if err != nil {
			return err
		}
		for i := range blocks {
			from := blocks[i].first
			if last && i == len(blocks)-1 {
				from = "" // the oldest block covers all before it
			}
			if mayHold(blocks[i].filter, hashes) {
				if more, err := do(from, to); err != nil || !more {
					return err
				}
			}
			to = from
		}
		if last {
			return nil
		}
	}
}

// blocksPage is how many filters are in memory at once: 4 kB each.
const blocksPage = 64

type blockFilter struct {
	first  string
	filter []byte
}

// blocksBelow returns up to blocksPage blocks that start before id, and whether these are the last.
func (s *Store) blocksBelow(ctx context.Context, id string) (blocks []blockFilter, last bool, err error) {
	query := `SELECT first, filter FROM attempt_blocks WHERE first < $1 ORDER BY first DESC LIMIT ` + strconv.Itoa(blocksPage+1)
	blocks, err = load(ctx, s, "query blocks", query, func(scan func(...any) error) (blockFilter, error) {
		var b blockFilter
		err := scan(&b.first, &b.filter)
		return b, err
	}, id)
	if len(blocks) > blocksPage {
		return blocks[:blocksPage], false, err
	}
	return blocks, true, err
}

func readAttempt(scan func(...any) error) (verdict.Verdict, error) {
	var v verdict.Verdict
	var at int64
	var kind, action uint8
	var body []byte
	if err := scan(&v.ID, &at, &kind, &action, &body, &v.Feedback); err != nil {
		return v, err
	}
	v.Time, v.Kind, v.Action = time.UnixMicro(at).UTC(), verdict.Kind(kind), verdict.Action(action)
	if err := readBody(body, &v); err != nil {
		return v, fmt.Errorf("attempt %s: %w", v.ID, err)
	}
	return v, nil
}

// Feedback sets what a person says about an attempt and notes when; see history.Storage.
func (s *Store) Feedback(ctx context.Context, id, label string) error {
	if err := history.CheckLabel(label); err != nil {
		return err
	}
	n, err := s.exec(ctx, "set feedback", feedbackQuery, label, micros(time.Now()), text(id))
	if err == nil && n == 0 {
		err = history.ErrNotFound
	}
	return err
}

const feedbackQuery = `UPDATE attempts SET feedback = $1, feedback_at = $2 WHERE id = $3`

// setFeedback keeps the feedback that verdicts bring along, as imported ones do; new ones have none.
func setFeedback(ctx context.Context, tx *sql.Tx, verdicts []verdict.Verdict) error {
	for i := range verdicts {
		v := &verdicts[i]
		if v.Feedback == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, feedbackQuery, strings.ToValidUTF8(text(v.Feedback), ""), micros(v.Time), cut(text(v.ID), idLimit)); err != nil {
			return err
		}
	}
	return nil
}
