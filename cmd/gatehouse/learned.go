package main

import (
	"context"
	"errors"
	"log/slog"

	"golang.org/x/sync/errgroup"

	contentcheck "gatehouse.example/internal/check/content"
	"gatehouse.example/internal/config"
	"gatehouse.example/internal/state/campaign"
	"gatehouse.example/internal/state/tokens"
)

// texts is what was learned about texts.
type texts struct {
	tokens    *tokens.Memory
	campaigns *campaign.Memory
}

// textStorage keeps what was learned between runs.
type textStorage interface {
	tokens.Storage
	campaign.Storage
}

// newContentCheck builds the check that reads, over what was learned or over nothing.
func newContentCheck(cfg *config.Config, k *known) (*contentcheck.Check, error) {
	t := k.texts
	if t == nil {
		var err error
		if t, err = newTexts(cfg, nil); err != nil {
			return nil, err
		}
	}
	check, err := contentcheck.New(contentcheck.Config{Recent: int(cfg.Checks.Content.Recent)}, t.tokens, t.campaigns)
	if err != nil {
		return nil, cfg.Problem("checks.content", err.Error(), err)
	}
	return check, nil
}

// newTexts makes the memory of texts, empty; storage may be nil.
func newTexts(cfg *config.Config, storage textStorage) (*texts, error) {
	c := &cfg.Checks.Content
	t := new(texts)
	var err error
	if t.tokens, err = tokens.New(tokens.Config{Entries: c.Words, Floor: c.Floor, Full: c.Full, Storage: storage}); err != nil {
		return nil, cfg.Problem("checks.content", err.Error(), err)
	}
	if t.campaigns, err = campaign.New(campaign.Config{Reports: c.Reports, Storage: storage}); err != nil {
		return nil, cfg.Problem("checks.content", err.Error(), err)
	}
	return t, nil
}

// loadTexts makes the memory of texts and fills it. What is damaged is learned anew, and said.
func loadTexts(ctx context.Context, cfg *config.Config, storage textStorage, log *slog.Logger) (*texts, error) {
	t, err := newTexts(cfg, storage)
	if err != nil {
		return nil, err
	}
	for _, err := range []error{t.tokens.Load(ctx), t.campaigns.Load(ctx)} {
		switch {
		case errors.Is(err, tokens.ErrDamaged), errors.Is(err, campaign.ErrDamaged):
			log.Error("what was learned about texts is lost", "error", err)
		case err != nil:
			return nil, err
		}
	}
	return t, nil
}

// run saves what is learned.
func (t *texts) run(ctx context.Context, log *slog.Logger) error {
	complain := func(err error) { log.Warn("what was learned about texts is not stored", "error", err) }
	var group errgroup.Group
	group.Go(func() error { return t.tokens.Run(ctx, complain) })
	group.Go(func() error { return t.campaigns.Run(ctx, complain) })
	return group.Wait()
}
