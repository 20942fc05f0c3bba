// Package api is the HTTP API of a running server: attempts with their
// reasons, screening on request, lists, bans, users and fetched certificates
// under /api/v1, and /healthz, /readyz, /metrics and /openapi.json beside it.
//
// Every request under /api/v1 needs the bearer token; it is compared in
// constant time. Errors are RFC 9457 problem documents. Bodies, headers and
// times are bounded. The OpenAPI 3.1 document is made from the same Go structs
// that the handlers use, one file per resource.
//
// The package declares the small interfaces of what it needs ([Attempts],
// [Lists] …) and knows no storage and no socket: whoever has a listener serves
// [Server.HTTP] on it. [Client] is the other side, for the command line.
package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/internal/state/history"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// Prefix stands before every path that needs the token.
const Prefix = "/api/v1"

// Attempts is the history as the API reads it.
type Attempts interface {
	Get(ctx context.Context, id string) (verdict.Verdict, error)
	Query(ctx context.Context, f history.Filter) (page []verdict.Verdict, next string, err error)
	Feedback(ctx context.Context, id, label string) error
}

// Lists are the black and white lists, changed in memory and in the store.
type Lists interface {
	Summaries() []lists.Summary
	// Entries returns the entries of one list, by value.
	Entries(list string) []lists.Entry
	Add(ctx context.Context, entries ...lists.Entry) ([]lists.Entry, error)
	Remove(ctx context.Context, list, value string) (bool, error)
	Import(ctx context.Context, list string, r io.Reader, o lists.ImportOptions) (lists.Imported, error)
	Export(w io.Writer, list string, format lists.Format, kind lists.Kind) error
}

// Bans are the sources that are kept out.
type Bans interface {
	Bans() []guard.Ban
	Ban(b guard.Ban) error
	Lift(source Source) bool
}

// Accounts are the users of hosted domains.
type Accounts interface {
	List() []account.User
	SetPassword(ctx context.Context, address, password string, now time.Time) (account.User, error)
	Delete(ctx context.Context, address string) (bool, error)
}

// Screener says what would be done with an attempt. Nothing is sent.
type Screener func(ctx context.Context, ev *screen.Event) (*verdict.Verdict, error)

// Probe is one thing that has to work before the server is ready.
type Probe struct {
	// Name is what /readyz calls it: store, dns, disk, history.
	Name string
	// Run returns what is wrong, or nil. It gets a deadline.
	Run func(ctx context.Context) error
}

// Config is what an API needs. A nil interface leaves its endpoints out.
type Config struct {
	// Version is shown in the OpenAPI document.
	Version string
	// Token is the bearer token. An empty one lets nobody in.
	Token    string
	Attempts Attempts
	Lists    Lists
	Bans     Bans
	Accounts Accounts
	// Hosts reports whether users of this domain register here. Nil: any.
	Hosts  func(domain string) bool
	Screen Screener
	People People
	// Certificates is the cache of fetched certificates.
	Certificates Certificates
	Metrics      prometheus.Gatherer
	Probes       []Probe
	Log          *slog.Logger
}

// Server is the API as a handler.
type Server struct {
	cfg  Config
	mux  *http.ServeMux
	huma huma.API
}

// New builds the API.
func New(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux()}
	s.huma = humago.New(s.mux, s.describe())
	s.huma.UseMiddleware(s.authenticate)
	if cfg.Attempts != nil {
		s.attempts()
	}
	if cfg.Screen != nil {
		s.screen()
	}
	if cfg.Lists != nil {
		s.lists()
	}
	if cfg.Bans != nil {
		s.bans()
	}
	if cfg.Accounts != nil {
		s.users()
	}
	if cfg.People != nil {
		s.people()
	}
	if cfg.Certificates != nil {
		s.certificates()
	}
	s.nullable("Verdict", "response") // nothing was answered: relayed, or dropped
	s.mux.HandleFunc("GET /healthz", s.healthz)
	s.mux.HandleFunc("GET /readyz", s.readyz)
	if cfg.Metrics != nil {
		s.mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{
			MaxRequestsInFlight: 4, Timeout: 10 * time.Second, ErrorHandling: promhttp.ContinueOnError,
		}))
	}
	s.mux.HandleFunc("GET /{$}", s.index)
	s.mux.HandleFunc("/", s.notFound)
	return s
}

// describe is the head of the OpenAPI document. Nothing that would load a page
// from elsewhere is served.
func (s *Server) describe() huma.Config {
	c := huma.DefaultConfig("Gatehouse", s.cfg.Version)
	c.Info.Description = "What the border decided and why; lists, bans, users and certificates. The token stands in DATA/api.token."
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil
	c.Transformers = append(c.Transformers, withoutValues)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	c.Security = []map[string][]string{{"token": {}}}
	return c
}

// withoutValues keeps what was sent, perhaps a password, out of errors.
func withoutValues(_ huma.Context, _ string, v any) (any, error) {
	if e, ok := v.(*huma.ErrorModel); ok {
		for _, d := range e.Errors {
			d.Value = nil
		}
	}
	return v, nil
}

// HTTP is a server for the API with its limits set and no listener yet.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      120 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	s.mux.ServeHTTP(w, r)
}

// OpenAPI is the OpenAPI document as JSON.
func (s *Server) OpenAPI() ([]byte, error) {
	b, err := s.huma.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("api: OpenAPI document: %w", err)
	}
	return b, nil
}

// failed is the answer where something behind the API did not work: the reason
// goes to the log, not to the client.
func (s *Server) failed(what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return huma.Error503ServiceUnavailable(what + " was interrupted; try again")
	}
	s.cfg.Log.Error("api request failed", "what", what, "error", err)
	return huma.Error503ServiceUnavailable(what + " does not work just now; see the server's log and /readyz")
}
