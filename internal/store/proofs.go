package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"gatehouse.example/internal/state/proof"
)

var _ proof.Storage = (*Store)(nil)

// LoadProofs returns what is known about everyone who proves to be who he says.
func (s *Store) LoadProofs(ctx context.Context) ([]proof.Entry, error) {
	const query = `SELECT kind, method, name, proven, missing, updated, first, last, numbers, established, signer, repository, paths
		FROM proofs ORDER BY kind, method, name`
	return load(ctx, s, "load proofs", query, func(scan func(...any) error) (proof.Entry, error) {
		var e proof.Entry
		var updated, first, last, numbers, established int64
		var paths []byte
		err := scan(&e.Kind, &e.Method, &e.Name, &e.Proven, &e.Missing, &updated, &first, &last, &numbers, &established, &e.Signer, &e.Repository, &paths)
		if err != nil {
			return e, err
		}
		if err := json.Unmarshal(paths, &e.Paths); err != nil {
			return e, fmt.Errorf("paths of %q: %w", e.Name, err)
		}
		e.Updated, e.First, e.Last = fromMicros(updated), fromMicros(first), fromMicros(last)
		e.Numbers, e.Established = uint64(numbers), established != 0
		return e, nil
	})
}

// PutProofs stores entries and deletes others; one of the same subject is replaced.
func (s *Store) PutProofs(ctx context.Context, put []proof.Entry, gone []proof.Subject) error {
	const query = `INSERT INTO proofs (kind, method, name, proven, missing, updated, first, last, numbers, established, signer, repository, paths)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (kind, method, name) DO UPDATE SET proven = excluded.proven, missing = excluded.missing, updated = excluded.updated,
			first = excluded.first, last = excluded.last, numbers = excluded.numbers, established = excluded.established,
			signer = excluded.signer, repository = excluded.repository, paths = excluded.paths`
	return s.write(ctx, "put proofs", func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer insert.Close()
		for i := range put {
			if err := putProof(ctx, insert, &put[i]); err != nil {
				return err
			}
		}
		for _, g := range gone {
			const query = `DELETE FROM proofs WHERE kind = $1 AND method = $2 AND name = $3`
			if _, err := tx.ExecContext(ctx, query, int64(g.Kind), int64(g.Method), text(g.Name)); err != nil {
				return err
			}
		}
		return nil
	})
}

func putProof(ctx context.Context, insert *sql.Stmt, e *proof.Entry) error {
	paths, err := json.Marshal(e.Paths)
	if err != nil {
		return err
	}
	established := int64(0)
	if e.Established {
		established = 1
	}
	_, err = insert.ExecContext(ctx, int64(e.Kind), int64(e.Method), text(e.Name), e.Proven, e.Missing, micros(e.Updated), micros(e.First), micros(e.Last),
		int64(e.Numbers), established, text(e.Signer), text(e.Repository), string(paths))
	return err
}

// LoadPolicies returns the policies that are remembered.
func (s *Store) LoadPolicies(ctx context.Context) ([]proof.Remembered, error) {
	const query = `SELECT domain, record, seen, until FROM identity_policies ORDER BY domain`
	return load(ctx, s, "load identity policies", query, func(scan func(...any) error) (proof.Remembered, error) {
		var p proof.Remembered
		var seen, until int64
		err := scan(&p.Domain, &p.Record, &seen, &until)
		p.Seen, p.Until = fromMicros(seen), fromMicros(until)
		return p, err
	})
}

// PutPolicies stores policies and deletes others; one of the same domain is replaced.
func (s *Store) PutPolicies(ctx context.Context, put []proof.Remembered, gone []string) error {
	const query = `INSERT INTO identity_policies (domain, record, seen, until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (domain) DO UPDATE SET record = excluded.record, seen = excluded.seen, until = excluded.until`
	return s.write(ctx, "put identity policies", func(tx *sql.Tx) error {
		for i := range put {
			p := &put[i]
			if _, err := tx.ExecContext(ctx, query, text(p.Domain), text(p.Record), micros(p.Seen), micros(p.Until)); err != nil {
				return err
			}
		}
		for _, domain := range gone {
			if _, err := tx.ExecContext(ctx, `DELETE FROM identity_policies WHERE domain = $1`, text(domain)); err != nil {
				return err
			}
		}
		return nil
	})
}
