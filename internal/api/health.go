package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Health is the answer of /healthz: the process is there and answers.
type Health struct {
	Name    string `json:"name"` // "gatehouse"
	Status  string `json:"status"`
	Version string `json:"version"`
}

// Ready is the answer of /readyz: whether everything that calls need works.
type Ready struct {
	Ready  bool          `json:"ready"`
	Checks []ProbeResult `json:"checks"`
}

// ProbeResult is what one Probe found.
type ProbeResult struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Problem says what is wrong.
	Problem string `json:"problem,omitempty"`
}

// Warning is what a Probe returns that tells of something wrong without which
// calls are taken all the same: the server stays ready.
type Warning struct{ Err error }

// Error says what is wrong.
func (w Warning) Error() string { return w.Err.Error() }

// Unwrap returns what is wrong.
func (w Warning) Unwrap() error { return w.Err }

// probeTime is how long a probe may take; load balancers ask every few seconds.
const probeTime = 2 * time.Second

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, Health{Name: "gatehouse", Status: "ok", Version: s.cfg.Version})
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ready := s.probe(r.Context())
	status := http.StatusOK
	if !ready.Ready {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, ready)
}

// probe runs all probes at once. One that does not come back in time is a
// failed one; it ends by itself when its context does.
func (s *Server) probe(ctx context.Context) Ready {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	ready := Ready{Ready: true, Checks: make([]ProbeResult, len(s.cfg.Probes))}
	failed := make([]error, len(s.cfg.Probes))
	var wg sync.WaitGroup
	for i, p := range s.cfg.Probes {
		wg.Go(func() {
			ready.Checks[i] = ProbeResult{Name: p.Name, OK: true}
			if failed[i] = p.Run(ctx); failed[i] != nil {
				ready.Checks[i].OK, ready.Checks[i].Problem = false, failed[i].Error()
			}
		})
	}
	wg.Wait()
	for _, err := range failed {
		var w Warning
		ready.Ready = ready.Ready && (err == nil || errors.As(err, &w))
	}
	return ready
}

// index says where things are, for a person who opens the address in a browser.
func (s *Server) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(indexPage))
}

const indexPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Gatehouse</title>
<style>body{font:1rem/1.5 sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}code{background:#eee;padding:0 .2em}</style>
<h1>Gatehouse</h1>
<p>This is a running Gatehouse, a SIP border server. Its HTTP API is under <code>/api/v1</code>;
it needs the token that stands in the file <code>api.token</code> of the data folder:</p>
<pre>curl -H "Authorization: Bearer $(cat gatehouse-data/api.token)" http://127.0.0.1:8060/api/v1/attempts</pre>
<ul>
<li><a href="/openapi.json">/openapi.json</a>: what the API can do
<li><a href="/readyz">/readyz</a>: whether everything works, and what does not
<li><a href="/metrics">/metrics</a>: counters for Prometheus
</ul>
</html>
`

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
