package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

type screenInput struct{ Body screen.Event }

type screenAnswer struct{ Body verdict.Verdict }

func (s *Server) screen() {
	register(s, http.MethodPost, "/screen", "screen", "What would be done with an attempt; nothing is sent or kept", s.screenEvent)
}

func (s *Server) screenEvent(ctx context.Context, in *screenInput) (*screenAnswer, error) {
	v, err := s.cfg.Screen(ctx, &in.Body)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("the event cannot be screened: " + err.Error())
	}
	return &screenAnswer{*v}, nil
}
