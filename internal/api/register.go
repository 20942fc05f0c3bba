package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// maxBody bounds ordinary request bodies; maxImport that of an import, which is read as it comes, maxBook that of an address book, maxChain that
// of a chain of certificates, which JSON makes longer.
const (
	maxBody   = 64 << 10
	maxChain  = 192 << 10
	maxBook   = 16 << 20
	maxImport = 16 << 30
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
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if method == http.MethodDelete || strings.Contains(path, "{id}") {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if id == "add-ban" {
		op.Errors = append(op.Errors, http.StatusConflict)
	}
	switch id {
	case "screen", "import-entries", "import-contacts":
		op.DefaultStatus = http.StatusOK
	case "give-feedback":
		op.DefaultStatus = http.StatusNoContent
	}
	switch id {
	case "import-entries":
		op.MaxBodyBytes, op.RequestBody = maxImport, fileBody()
	case "import-contacts":
		op.MaxBodyBytes, op.RequestBody = maxBook, fileBody()
	case "put-certificate":
		op.MaxBodyBytes, op.Errors = maxChain, append(op.Errors, http.StatusBadGateway)
	case "export-entries":
		op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/csv": text(), "text/plain": text()}}}
	}
	huma.Register(s.huma, op, handler)
}

// fileBody describes a body that no struct does: huma reads none then, and an upload does.
func fileBody() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
}

func text() *huma.MediaType { return &huma.MediaType{Schema: &huma.Schema{Type: "string"}} }

// nullable says in the OpenAPI document that a property of a schema is null at times, which no tag can say of a struct.
func (s *Server) nullable(schema, property string) {
	if of := s.huma.OpenAPI().Components.Schemas.Map()[schema]; of != nil {
		of.Properties[property] = &huma.Schema{AnyOf: []*huma.Schema{of.Properties[property], {Type: "null"}}}
	}
}

func unwrap(ctx huma.Context) (*http.Request, http.ResponseWriter) { return humago.Unwrap(ctx) }
