package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// authenticate lets nobody through without the token.
func (s *Server) authenticate(ctx huma.Context, next func(huma.Context)) {
	if s.authorized(ctx.Header("Authorization")) {
		next(ctx)
		return
	}
	// RFC 6750 §3: the challenge names the scheme.
	ctx.SetHeader("WWW-Authenticate", `Bearer realm="gatehouse"`)
	_, w := unwrap(ctx)
	problem(w, http.StatusUnauthorized, "the token is missing or wrong; send `Authorization: Bearer TOKEN` with the token from DATA/api.token")
}

// authorized compares hashes, so that neither the token's length nor its
// beginning shows in the time that it takes.
func (s *Server) authorized(header string) bool {
	scheme, token, _ := strings.Cut(header, " ")
	want, got := sha256.Sum256([]byte(s.cfg.Token)), sha256.Sum256([]byte(strings.TrimSpace(token)))
	same := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	return same && s.cfg.Token != "" && strings.EqualFold(scheme, "Bearer")
}

// notFound answers every path that is nothing, and wants the token first where
// all others want it.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, Prefix+"/") && !s.authorized(r.Header.Get("Authorization")) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="gatehouse"`)
		problem(w, http.StatusUnauthorized, "the token is missing or wrong")
		return
	}
	if allowed := s.methods(r); len(allowed) > 0 {
		// RFC 9110 §15.5.6: the answer says which methods there are.
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem(w, http.StatusMethodNotAllowed, r.Method+" does nothing at this path; "+strings.Join(allowed, ", ")+" do")
		return
	}
	problem(w, http.StatusNotFound, "there is nothing at this path; /openapi.json lists what there is")
}

// methods are those that a request's path has.
func (s *Server) methods(r *http.Request) (all []string) {
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := *r
		other.Method = m
		if _, pattern := s.mux.Handler(&other); pattern != "/" {
			all = append(all, m)
		}
	}
	return all
}

// problem writes an RFC 9457 document.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
}
