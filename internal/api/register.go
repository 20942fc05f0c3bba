package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// maxBody bounds ordinary request bodies; maxImport that of an import, maxChain that of a chain of certificates, which JSON makes longer.
const (
	maxBody   = 64 << 10
	maxChain  = 192 << 10
	maxImport = 64 << 20
)

// register adds one operation under Prefix.
func register[I, O any](s *Server, method, path, id, summary string, handler func(context.Context, *I) (*O, error)) {
	op := huma.Operation{
		Method: method, Path: Prefix + path, OperationID: id, Summary: summary,
		MaxBodyBytes: maxBody, BodyReadTimeout: 10 * time.Second,
		Errors: []int{http.StatusUnauthorized, http.StatusServiceUnavailable},
	}
	if method == http.MethodPost {
		op.DefaultStatus = http.StatusCreated
	}
	switch id {
	case "screen", "import-entries":
		op.DefaultStatus = http.StatusOK
	case "give-feedback":
		op.DefaultStatus = http.StatusNoContent
	}
	switch id {
	case "import-entries":
		op.MaxBodyBytes, op.BodyReadTimeout = maxImport, time.Minute
	case "put-certificate":
		op.MaxBodyBytes = maxChain
	}
	huma.Register(s.huma, op, handler)
}

func unwrap(ctx huma.Context) (*http.Request, http.ResponseWriter) { return humago.Unwrap(ctx) }
