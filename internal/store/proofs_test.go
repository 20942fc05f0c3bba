package store

import (
	"testing"
	"time"

	"gatehouse.example/internal/state/proof"
	"gatehouse.example/verdict"
)

func TestProofs(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		calls := proof.Entry{
			Subject: proof.Subject{Kind: proof.Domain, Method: verdict.Call, Name: "bank.test"}, Proven: 19.25, Missing: 1.0 / 3,
			Updated: noon, First: noon.Add(-time.Hour), Last: noon, Established: true, Signer: "bank.test", Repository: "cert.bank.test",
			Paths: []proof.Path{{Hash: 1<<64 - 1, Proven: 19}, {Hash: 5, Days: 7, Day: 20600}},
		}
		messages := calls
		messages.Method, messages.Paths = verdict.Message, nil
		block := calls
		block.Subject, block.Numbers, block.Established = proof.Subject{Kind: proof.Block, Name: "+15551230"}, 1<<63|1, false
		if err := s.PutProofs(ctx, []proof.Entry{calls, block, messages}, nil); err != nil {
			t.Fatal(err)
		}
		calls.Proven = 20
		if err := s.PutProofs(ctx, []proof.Entry{calls}, []proof.Subject{messages.Subject, {Name: "nobody"}}); err != nil {
			t.Fatal(err)
		}
		got, err := s.LoadProofs(ctx)
		check(t, "proofs", got, []proof.Entry{calls, block}, err)
	})
}

func TestIdentityPolicies(t *testing.T) {
	both(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		a := proof.Remembered{Domain: "bank.test", Record: "v=SIPID1; p=enforce", Seen: noon, Until: noon.Add(time.Hour)}
		b := proof.Remembered{Domain: "carrier.test", Record: "v=SIPID1; p=none", Seen: noon, Until: noon}
		if err := s.PutPolicies(ctx, []proof.Remembered{a, b}, nil); err != nil {
			t.Fatal(err)
		}
		a.Record = "v=SIPID1; p=monitor"
		if err := s.PutPolicies(ctx, []proof.Remembered{a}, []string{"carrier.test", "nowhere.test"}); err != nil {
			t.Fatal(err)
		}
		got, err := s.LoadPolicies(ctx)
		check(t, "policies", got, []proof.Remembered{a}, err)
	})
}
