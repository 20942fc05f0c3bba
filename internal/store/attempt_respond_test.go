package store

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

// relayed returns n attempts that have no response yet.
func relayed(n int) []verdict.Verdict {
	var ids history.IDs
	all := make([]verdict.Verdict, n)
	for i := range all {
		all[i] = attempt(&ids, noon.Add(time.Duration(i)*time.Second), "+15551230001")
		all[i].Action, all[i].Response = verdict.Relay, nil
	}
	return all
}

func TestRespondChangesTheResponseAndNothingElse(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		all := relayed(2*noteRows + 10)
		appendAll(t, s, all...)
		if err := s.Feedback(t.Context(), all[0].ID, history.Spam); err != nil {
			t.Fatal(err)
		}
		all[0].Feedback = history.Spam
		unavailable := verdict.Response{Code: 503, Reason: "Service Unavailable"}
		odd := verdict.Response{Code: 480, Reason: "a \"quoted\" \x00\xff\x1b[31m reason"}
		outcomes := []history.Outcome{{ID: "nobody", Response: unavailable}, {ID: "some\x00body", Response: odd}}
		for i := len(all) - 1; i > 0; i-- { // not in the order of the ids
			outcomes = append(outcomes, history.Outcome{ID: all[i].ID, Response: unavailable})
			all[i].Response = &unavailable
		}
		all[1].Response = &odd
		outcomes = append(outcomes, history.Outcome{ID: all[1].ID, Response: odd})
		missing, err := s.Respond(t.Context(), outcomes)
		if slices.Sort(missing); err != nil || !slices.Equal(missing, []string{"nobody", "somebody"}) {
			t.Fatalf("missing %q, %v", missing, err)
		}
		odd.Reason = strings.ReplaceAll(odd.Reason, "\xff", "\uFFFD")
		page, _, err := s.Query(t.Context(), history.Filter{From: "+15551230001", Limit: history.MaxLimit})
		if err != nil || len(page) != len(all) {
			t.Fatalf("%d found, %v", len(page), err)
		}
		slices.Reverse(page)
		for i := range all {
			if !reflect.DeepEqual(page[i], all[i]) {
				t.Fatalf("attempt %d:\ngot  %+v %+v\nwant %+v %+v", i, page[i], page[i].Response, all[i], all[i].Response)
			}
		}
	})
}

func TestRespondIsAllOrNothing(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		all := relayed(1)
		appendAll(t, s, all...)
		outcomes := []history.Outcome{{ID: all[0].ID, Response: verdict.Response{Code: 503}}}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Respond(ctx, outcomes); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: %v", err)
		}
		if v, err := s.Get(t.Context(), all[0].ID); err != nil || v.Response != nil {
			t.Errorf("%+v, %v", v.Response, err)
		}
		if missing, err := s.Respond(t.Context(), nil); missing != nil || err != nil {
			t.Errorf("nothing: %q, %v", missing, err)
		}
	})
}

// TestDamagedSegmentsKeepNothingBack: one segment that cannot be read does not cost the others their response.
func TestDamagedSegmentsKeepNothingBack(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		all := relayed(2)
		appendAll(t, s, all[0])
		appendAll(t, s, all[1])
		damage(t, s, all[0].ID)
		missing, err := s.Respond(t.Context(), []history.Outcome{{ID: all[0].ID, Response: verdict.Response{Code: 503}}, {ID: all[1].ID, Response: verdict.Response{Code: 504}}})
		if err != nil || !slices.Equal(missing, []string{all[0].ID}) {
			t.Errorf("missing %q, %v", missing, err)
		}
		if v, err := s.Get(t.Context(), all[1].ID); err != nil || v.Response == nil || v.Response.Code != 504 {
			t.Errorf("%+v, %v", v.Response, err)
		}
	})
}

func TestTwoNodesRespondAtOnce(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		all := relayed(600)
		appendAll(t, s, all...)
		outcomes := make([]history.Outcome, len(all))
		for i := range all {
			outcomes[i] = history.Outcome{ID: all[i].ID, Response: verdict.Response{Code: 503}}
		}
		backwards := slices.Clone(outcomes)
		slices.Reverse(backwards)
		done := make(chan error)
		for _, order := range [][]history.Outcome{outcomes, backwards} {
			go func() {
				var errs error
				for range 10 {
					_, err := s.Respond(t.Context(), order)
					errs = errors.Join(errs, err)
				}
				done <- errs
			}()
		}
		if err := errors.Join(<-done, <-done); err != nil {
			t.Error(err)
		}
	})
}

// BenchmarkRespond sets the responses of a thousand attempts: a second of a dead PBX at 1000 calls a second, at worst.
func BenchmarkRespond(b *testing.B) {
	for name, dsn := range map[string]string{"sqlite": b.TempDir(), "postgres": newDatabase(b)} {
		b.Run(name, func(b *testing.B) {
			s, err := Open(b.Context(), dsn)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			all := relayed(20_000)
			for part := range slices.Chunk(all, 512) {
				appendAll(b, s, part...)
			}
			outcomes := make([]history.Outcome, 1000)
			for i := range outcomes {
				outcomes[i] = history.Outcome{ID: all[len(all)-1000+i].ID, Response: verdict.Response{Code: 503, Reason: "Service Unavailable"}}
			}
			for b.Loop() {
				if missing, err := s.Respond(b.Context(), outcomes); err != nil || len(missing) > 0 {
					b.Fatal(missing, err)
				}
			}
		})
	}
}
