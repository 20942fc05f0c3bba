package store

import (
	"context"
	"database/sql"
	"time"

	"gatehouse.example/internal/state/known"
	"gatehouse.example/internal/state/reputation"
)

var (
	_ known.Storage      = (*Store)(nil)
	_ reputation.Storage = (*Store)(nil)
)

// LoadKnown returns at most that many relations of our users, those used last first.
func (s *Store) LoadKnown(ctx context.Context, most int) ([]known.Entry, error) {
	return load(ctx, s, "load known peers", selectKnown+` ORDER BY last DESC, owner, peer LIMIT $1`, knownEntry, most)
}

// KnownOf returns all relations of one of our users.
func (s *Store) KnownOf(ctx context.Context, owner string) ([]known.Entry, error) {
	return load(ctx, s, "load whom a user knows", selectKnown+` WHERE owner = $1 ORDER BY peer`, knownEntry, text(owner))
}

const selectKnown = `SELECT owner, peer, called, answered, messaged, call_backs, talked, imported, ham, spam, first, last FROM known_peers`

func knownEntry(scan func(...any) error) (known.Entry, error) {
	var e known.Entry
	var imported, first, last int64
	err := scan(&e.Owner, &e.Peer, &e.Called, &e.Answered, &e.Messaged, &e.CallBacks, &e.Talked, &imported, &e.Ham, &e.Spam, &first, &last)
	e.Imported, e.First, e.Last = imported != 0, fromMicros(first), fromMicros(last)
	return e, err
}

// PutKnown stores relations and deletes those that are gone, and those that were not used since before.
func (s *Store) PutKnown(ctx context.Context, put []known.Entry, gone []known.Pair, before time.Time) error {
	const query = `INSERT INTO known_peers (owner, peer, called, answered, messaged, call_backs, talked, imported, ham, spam, first, last)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (owner, peer) DO UPDATE SET called = excluded.called, answered = excluded.answered, messaged = excluded.messaged,
			call_backs = excluded.call_backs, talked = excluded.talked, imported = excluded.imported, ham = excluded.ham,
			spam = excluded.spam, first = excluded.first, last = excluded.last`
	return s.write(ctx, "put known peers", func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer insert.Close()
		for i := range put {
			e := &put[i]
			imported := 0
			if e.Imported {
				imported = 1
			}
			if _, err := insert.ExecContext(ctx, text(e.Owner), text(e.Peer), int64(e.Called), int64(e.Answered), int64(e.Messaged), int64(e.CallBacks),
				int64(e.Talked), imported, float64(e.Ham), float64(e.Spam), micros(e.First), micros(e.Last)); err != nil {
				return err
			}
		}
		for _, p := range gone {
			if _, err := tx.ExecContext(ctx, `DELETE FROM known_peers WHERE owner = $1 AND peer = $2`, text(p.Owner), text(p.Peer)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM known_peers WHERE last < $1`, micros(before))
		return err
	})
}

// LoadReputation returns at most that many subjects, those that changed last first.
func (s *Store) LoadReputation(ctx context.Context, most int) ([]reputation.Entry, error) {
	const query = `SELECT kind, name, good, bad, updated, reached, callees, complaints FROM reputations ORDER BY updated DESC, kind, name LIMIT $1`
	return load(ctx, s, "load reputations", query, func(scan func(...any) error) (reputation.Entry, error) {
		var e reputation.Entry
		var updated, callees int64
		err := scan(&e.Kind, &e.Name, &e.Good, &e.Bad, &updated, &e.Reached, &callees, &e.Complaints)
		e.Updated, e.Callees = fromMicros(updated), uint64(callees)
		return e, err
	}, most)
}

// PutReputation stores subjects and deletes those that did not change since before.
func (s *Store) PutReputation(ctx context.Context, put []reputation.Entry, before time.Time) error {
	const query = `INSERT INTO reputations (kind, name, good, bad, updated, reached, callees, complaints) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (kind, name) DO UPDATE SET good = excluded.good, bad = excluded.bad, updated = excluded.updated, reached = excluded.reached,
			callees = excluded.callees, complaints = excluded.complaints`
	return s.write(ctx, "put reputations", func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer insert.Close()
		for i := range put {
			e := &put[i]
			if _, err := insert.ExecContext(ctx, int64(e.Kind), text(e.Name), float64(e.Good), float64(e.Bad), micros(e.Updated), int64(e.Reached),
				int64(e.Callees), float64(e.Complaints)); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM reputations WHERE updated < $1`, micros(before))
		return err
	})
}
