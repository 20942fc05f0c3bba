package main

import (
	"context"

	identitycheck "gatehouse.example/internal/check/identity"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/state/proof"
	"gatehouse.example/internal/store"
	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// judged is the history, where what a person says about an attempt also reaches those who learn from it.
type judged struct {
	*store.Store
	memory *proof.Memory
	config func() *config.Config
}

// Feedback implements api.Attempts.
func (j *judged) Feedback(ctx context.Context, id, label string) error {
	if err := j.Store.Feedback(ctx, id, label); err != nil {
		return err
	}
	v, err := j.Get(ctx, id)
	if err != nil || v.From.Proof != verdict.None || label != "spam" && label != "ham" {
		return nil // the feedback is stored; nothing is to be learned about a missing proof
	}
	o, ok := observed(&v, j.config().Plan())
	if ok {
		j.memory.Judge(&o, label == "ham")
	}
	return nil
}

// observed is a stored attempt as the memory of proofs saw it.
func observed(v *verdict.Verdict, plan uri.Plan) (proof.Observation, bool) {
	event := screen.Event{ID: v.ID, Time: v.Time, Kind: v.Kind, From: v.From.Claimed, To: v.To.Requested, Source: v.Source.Address,
		Transport: v.Source.Transport, Peer: v.Source.Peer}
	a, err := event.Attempt(plan)
	if err != nil {
		return proof.Observation{}, false
	}
	if v.From.Signature != nil {
		a.Signature = *v.From.Signature
	}
	return identitycheck.Observation(a), true
}
