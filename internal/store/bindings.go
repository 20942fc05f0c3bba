package store

import (
	"context"
	"encoding/json"
	"fmt"

	"gatehouse.example/internal/state/binding"
)

// LoadBindings returns every binding, expired ones too.
func (s *Store) LoadBindings(ctx context.Context) ([]binding.Binding, error) {
	const query = `SELECT aor, contact, call_id, cseq, expires, path, received, q, instance, reg_id, user_agent FROM bindings ORDER BY aor, contact`
	return load(ctx, s, "load bindings", query, func(scan func(...any) error) (binding.Binding, error) {
		var b binding.Binding
		var expires int64
		var path []byte
		err := scan(&b.AoR, &b.Contact, &b.CallID, &b.CSeq, &expires, &path, &b.Received, &b.Q, &b.Instance, &b.RegID, &b.UserAgent)
		if err != nil {
			return b, err
		}
		if err := json.Unmarshal(path, &b.Path); err != nil {
			return b, fmt.Errorf("path of %s: %w", b.AoR, err)
		}
		b.Expires = fromMicros(expires)
		return b, nil
	})
}

// PutBinding adds a binding or replaces the one of the same AoR and contact.
func (s *Store) PutBinding(ctx context.Context, b binding.Binding) error {
	const query = `INSERT INTO bindings (aor, contact, call_id, cseq, expires, path, received, q, instance, reg_id, user_agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (aor, contact) DO UPDATE SET call_id = excluded.call_id, cseq = excluded.cseq, expires = excluded.expires, path = excluded.path,
			received = excluded.received, q = excluded.q, instance = excluded.instance, reg_id = excluded.reg_id, user_agent = excluded.user_agent`
	path, err := json.Marshal(b.Path)
	if err != nil {
		return fmt.Errorf("store: put a binding: %w", err)
	}
	_, err = s.exec(ctx, "put a binding", query, text(b.AoR), text(b.Contact), text(b.CallID), int64(b.CSeq), micros(b.Expires), string(path),
		text(b.Received), int64(b.Q), text(b.Instance), int64(b.RegID), text(b.UserAgent))
	return err
}

// DeleteBinding removes a binding; that there was none is no error.
func (s *Store) DeleteBinding(ctx context.Context, aor, contact string) error {
	_, err := s.exec(ctx, "delete a binding", `DELETE FROM bindings WHERE aor = $1 AND contact = $2`, text(aor), text(contact))
	return err
}

// DeleteBindings removes all bindings of a user.
func (s *Store) DeleteBindings(ctx context.Context, aor string) error {
	_, err := s.exec(ctx, "delete a user's bindings", `DELETE FROM bindings WHERE aor = $1`, text(aor))
	return err
}
