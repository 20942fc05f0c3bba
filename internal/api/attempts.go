package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/internal/state/history"
	"gatehouse.example/verdict"
)

type attemptsQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"how many at most"`
	Before string `query:"before" maxLength:"26" pattern:"^[0-9A-HJKMNP-TV-Z]+$" doc:"only attempts older than this id: the next of the page before"`
	From   string `query:"from" maxLength:"512" doc:"only of this caller: a number or address, proven or claimed"`
	To     string `query:"to" maxLength:"512" doc:"only to this user or requested address"`
	Kind   string `query:"kind" enum:"call,message,subscription,registration,publication,other"`
	Action string `query:"action" enum:"relay,label,introduce,reject,drop"`
}

func (q *attemptsQuery) filter() (history.Filter, error) {
	f := history.Filter{Limit: q.Limit, Before: q.Before, From: q.From, To: q.To}
	if q.Kind != "" {
		f.Kind = new(verdict.Kind)
		if err := f.Kind.UnmarshalText([]byte(q.Kind)); err != nil {
			return f, huma.Error422UnprocessableEntity(err.Error())
		}
	}
	if q.Action != "" {
		f.Action = new(verdict.Action)
		if err := f.Action.UnmarshalText([]byte(q.Action)); err != nil {
			return f, huma.Error422UnprocessableEntity(err.Error())
		}
	}
	return f, nil
}

// AttemptPage is one page of the history, newest first.
type AttemptPage struct {
	Attempts []verdict.Verdict `json:"attempts"`
	Next     string            `json:"next" doc:"before= of the next page; empty at the end"`
}

type attemptsAnswer struct{ Body AttemptPage }

type attemptAnswer struct{ Body verdict.Verdict }

// Feedback is what a person says about an attempt.
type Feedback struct {
	Label string `json:"label" enum:"spam,ham"`
}

func (s *Server) attempts() {
	register(s, http.MethodGet, "/attempts", "list-attempts", "Attempts, newest first", s.listAttempts)
	register(s, http.MethodGet, "/attempts/{id}", "get-attempt", "One attempt with its reasons", s.getAttempt)
	register(s, http.MethodPost, "/attempts/{id}/feedback", "give-feedback", "Say that an attempt was spam or ham", s.feedback)
}

func (s *Server) listAttempts(ctx context.Context, in *attemptsQuery) (*attemptsAnswer, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	page, next, err := s.cfg.Attempts.Query(ctx, f)
	if err != nil {
		return nil, s.failed("the history", err)
	}
	if page == nil {
		page = []verdict.Verdict{}
	}
	return &attemptsAnswer{AttemptPage{Attempts: page, Next: next}}, nil
}

// AttemptPath is an attempt named in the path.
type AttemptPath struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *Server) getAttempt(ctx context.Context, in *AttemptPath) (*attemptAnswer, error) {
	v, err := s.cfg.Attempts.Get(ctx, in.ID)
	if err != nil {
		return nil, s.attemptError(err)
	}
	return &attemptAnswer{v}, nil
}

type feedbackInput struct {
	AttemptPath
	Body Feedback
}

func (s *Server) feedback(ctx context.Context, in *feedbackInput) (*struct{}, error) {
	if err := s.cfg.Attempts.Feedback(ctx, in.ID, in.Body.Label); err != nil {
		return nil, s.attemptError(err)
	}
	return nil, nil
}

func (s *Server) attemptError(err error) error {
	if errors.Is(err, history.ErrNotFound) {
		return huma.Error404NotFound("there is no attempt of this id; it may be too new (a second) or too old (history.keep_days)")
	}
	if errors.Is(err, history.ErrLabel) {
		return huma.Error422UnprocessableEntity("the label is spam or ham")
	}
	return s.failed("the history", err)
}
