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
	// judge tells the checks that learn what a person says; nil where no engine runs.
	judge func(a *screen.Attempt, label, by string)
}

// operator is who gives feedback through the API.
const operator = "admin"

// Feedback implements api.Attempts.
func (j *judged) Feedback(ctx context.Context, id, label string) error {
	if err := j.Store.Feedback(ctx, id, label); err != nil {
		return err
	}
	v, err := j.Get(ctx, id)
	if err != nil {
		return nil // the feedback is stored; what it was about is not to be had
	}
	if a, err := again(&v, j.config().Plan()); err == nil && j.judge != nil {
		j.judge(a, label, operator)
	}
	if v.From.Proof != verdict.None || label != "spam" && label != "ham" {
		return nil // the feedback is stored; nothing is to be learned about a missing proof
	}
	o, ok := observed(&v, j.config().Plan())
	if ok {
		j.memory.Judge(&o, label == "ham")
	}
	return nil
}

// again is a stored attempt as the checks saw it, without its text: that is not stored.
func again(v *verdict.Verdict, plan uri.Plan) (*screen.Attempt, error) {
	event := screen.Event{ID: v.ID, Time: v.Time, Kind: v.Kind, From: v.From.Claimed, Display: v.From.Display, To: v.To.Requested,
		Source: v.Source.Address, Transport: v.Source.Transport, Peer: v.Source.Peer, UserAgent: v.Source.UserAgent,
		Proof: v.From.Proof, Identity: v.From.Identity, Signature: v.From.Signature}
	if event.Identity == "" {
		event.Identity = "sip:anonymous@anonymous.invalid" // who vouches for a caller does not name him
	}
	a, err := event.Attempt(plan)
	if err != nil {
		return nil, err
	}
	a.From, a.To = v.From, v.To
	return a, nil
}

// observed is a stored attempt as the memory of proofs saw it.
func observed(v *verdict.Verdict, plan uri.Plan) (proof.Observation, bool) {
	a, err := again(v, plan)
	if err != nil {
		return proof.Observation{}, false
	}
	if v.From.Signature != nil {
		a.Signature = *v.From.Signature
	}
	return identitycheck.Observation(a), true
}
