package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// oldBody is what schema 3 had as the body of a row.
func oldBody(t *testing.T, v *verdict.Verdict) string {
	t.Helper()
	signals := [][]any{}
	for _, s := range v.Signals {
		signals = append(signals, []any{s.Name, s.Strength, s.Weight, s.Score, s.Evidence})
	}
	response := verdict.Response{}
	if v.Response != nil {
		response = *v.Response
	}
	body, err := json.Marshal([]any{int(v.Mode), int(v.Would), v.Score, int(v.From.Proof), v.From.Claimed, v.From.Display, v.From.Identity,
		v.To.Requested, v.To.User, v.To.Alias, v.Source.Address, v.Source.Transport, v.Source.Peer, v.Source.UserAgent, v.Introduction, v.ElapsedUS,
		response.Code, response.Reason, signals})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// openOld makes a database of schema 3 with rows in it.
func openOld(t *testing.T, dsn string, all []verdict.Verdict) *Store {
	t.Helper()
	connect := openSQLite
	if IsPostgres(dsn) {
		connect = openPostgres
	}
	s, err := connect(dsn)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := s.steps()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps.UpTo(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	const query = `INSERT INTO attempts (id, at, kind, action, from_key, claimed_key, to_key, requested_key, body)
		VALUES ($1, $2, $3, $4, '', '', '', '', $5)`
	for i := range all {
		v := &all[i]
		if _, err := s.exec(t.Context(), "old row", query, v.ID, v.Time.UnixMicro(), int64(v.Kind), int64(v.Action), oldBody(t, v)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestRowsBecomeSegments converts a history of schema 3; the first start is broken off on the way.
func TestRowsBecomeSegments(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": t.TempDir(), "postgres": newDatabase(t)} {
		t.Run(name, func(t *testing.T) {
			all := relayed(2*segmentRows + 100)
			for i := range all {
				if all[i].From.Display = fmt.Sprintf("Bänk \"%d\"\t", i); i%3 == 0 {
					all[i].Response = &verdict.Response{Code: 603, Reason: "Network Blocked"}
				}
			}
			old := openOld(t, dsn, all)
			rows := []string{
				`UPDATE attempts SET feedback = 'spam', feedback_at = 1800000000000000 WHERE id = '` + all[700].ID + `'`,
				`UPDATE attempts SET body = 'x' WHERE id = '` + all[701].ID + `'`,
			}
			for _, query := range rows {
				if _, err := old.exec(t.Context(), "change", query); err != nil {
					t.Fatal(err)
				}
			}
			moveOnce(t, old)
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			all[700].Feedback = history.Spam
			bad := &all[701]
			*bad = verdict.Verdict{ID: bad.ID, Time: bad.Time, Kind: bad.Kind, Action: bad.Action, Signals: verdict.Signals{}}
			compareAll(t, open(t, dsn), all)
		})
	}
}

// moveOnce does the step up to its first transaction.
func moveOnce(t *testing.T, s *Store) {
	t.Helper()
	steps, err := s.steps()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := steps.UpTo(t.Context(), segmentsVersion-1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if s.appender.stmt, err = s.writer.PrepareContext(ctx, insertSegment); err != nil {
		t.Fatal(err)
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if more, err := s.moveSome(ctx, tx); err != nil || !more {
		t.Fatal(more, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func compareAll(t *testing.T, s *Store, want []verdict.Verdict) {
	t.Helper()
	var got []verdict.Verdict
	for f := (history.Filter{Limit: 500}); ; {
		page, next, err := s.Query(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if f.Before = next; next == "" {
			break
		}
	}
	slices.Reverse(got)
	if len(got) != len(want) {
		t.Fatalf("%d attempts, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("attempt %d:\ngot  %+v\nwant %+v", i, got[i], want[i])
		}
	}
	var said int64
	err := s.reader.QueryRowContext(t.Context(), `SELECT feedback_at FROM attempt_notes WHERE id = $1`, want[700].ID).Scan(&said)
	if err != nil || said != time.Unix(1_800_000_000, 0).UnixMicro() {
		t.Errorf("feedback was given at %d, %v", said, err)
	}
}
