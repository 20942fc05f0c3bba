package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Attempt is a verdict as the API shows it.
type Attempt struct {
	ID, Kind, Mode, Action string
	Score                  float64
	From                   struct {
		Claimed, Display, Identity, Proof string
		Signature                         *struct{ Outcome, Reason, Attestation, Signer, Organization, URL, Verstat string }
	}
	To      struct{ Requested, User, Alias string }
	Source  struct{ Address, Transport, Peer string }
	Signals []struct {
		Name     string
		Score    float64
		Evidence string
	}
	Response *struct {
		Code   int
		Reason string
	}
	Feedback string
}

// Has reports whether a signal was raised.
func (a *Attempt) Has(signal string) bool {
	for _, s := range a.Signals {
		if s.Name == signal {
			return true
		}
	}
	return false
}

// Ban is a banned source as the API shows it.
type Ban struct {
	Source, Reason, Evidence string
	Created, Expires         time.Time
}

// URL is an address of the console.
func (s *Server) URL(path string) string {
	return "http://" + s.Net.Addr(ServerHost, 8060).String() + path
}

// Token is the API's token.
func (s *Server) Token(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.Dir, "data", "api.token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// API asks the API and returns the status; in and out are JSON bodies or nil.
func (s *Server) API(t testing.TB, method, path string, in, out any) int {
	t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL("/api/v1"+path), body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token(t))
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, answer)
		}
	}
	if resp.StatusCode >= 300 {
		t.Logf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	return resp.StatusCode
}

// Must is API for what has to work.
func (s *Server) Must(t testing.TB, method, path string, in, out any) {
	t.Helper()
	if status := s.API(t, method, path, in, out); status >= 300 {
		t.Fatalf("%s %s: status %d", method, path, status)
	}
}

// Attempts are the newest attempts, newest first; query is like "kind=call".
func (s *Server) Attempts(t testing.TB, query string) []Attempt {
	t.Helper()
	var out struct{ Attempts []Attempt }
	s.Must(t, "GET", "/attempts?limit=500&"+query, nil, &out)
	return out.Attempts
}

// Attempt waits until the history has an attempt that fits.
func (s *Server) Attempt(t testing.TB, what string, fits func(*Attempt) bool) Attempt {
	t.Helper()
	var found Attempt
	Eventually(t, Patience, "in the history: "+what, func() bool {
		for _, a := range s.Attempts(t, "") {
			if fits(&a) {
				found = a
				return true
			}
		}
		return false
	})
	return found
}

// Bans are the bans in force.
func (s *Server) Bans(t testing.TB) []Ban {
	t.Helper()
	var out struct{ Bans []Ban }
	s.Must(t, "GET", "/bans", nil, &out)
	return out.Bans
}

// Banned reports whether a host is banned.
func (s *Server) Banned(t testing.TB, host byte) bool {
	t.Helper()
	a := s.Net.Host(host)
	return slices.ContainsFunc(s.Bans(t), func(b Ban) bool { return strings.HasPrefix(b.Source, a.String()+"/") || b.Source == a.String() })
}

// Block puts a value on the list "local".
func (s *Server) Block(t testing.TB, value string) { s.list(t, value, "block") }

// Allow puts a value on the list "local" as allowed.
func (s *Server) Allow(t testing.TB, value string) { s.list(t, value, "allow") }

func (s *Server) list(t testing.TB, value, kind string) {
	t.Helper()
	s.Must(t, "POST", "/lists/local/entries", map[string]string{"value": value, "kind": kind, "note": "test"}, nil)
}

// AddUser makes a user of a hosted domain.
func (s *Server) AddUser(t testing.TB, user, password string) {
	t.Helper()
	s.Must(t, "POST", "/users", map[string]string{"user": user, "password": password}, nil)
}

// Get fetches a page outside the API.
func (s *Server) Get(t testing.TB, path string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(s.URL(path))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}
