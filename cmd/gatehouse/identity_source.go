package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"
	"time"

	"gatehouse.example/internal/config"
	"gatehouse.example/internal/fetch"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
)

// onCommandLine is who is charged for what a command fetches.
func onCommandLine(ctx context.Context) context.Context {
	return fetch.CausedBy(ctx, fetch.Cause{Name: "command line", Known: true})
}

// sourceOf finds certificates for one command: in files that its user names, then at their addresses, by the guarded fetcher of the
// server. Nothing of it is kept.
type sourceOf struct {
	roots   *certificate.Roots
	files   map[string]*certificate.Chain // by URL; "" is for all others
	fetcher *fetch.Fetcher                // nil: nothing is fetched

	mu    sync.Mutex
	asked map[*certificate.Path]certificate.Revocation // what the CRLs said
}

var (
	_ stir.Source  = (*sourceOf)(nil)
	_ stir.Revoker = (*sourceOf)(nil)
)

// newSource makes a source. files are FILE or URL=FILE.
func newSource(cfg *config.Config, roots *certificate.Roots, files []string, offline bool) (*sourceOf, error) {
	s := &sourceOf{roots: roots, files: make(map[string]*certificate.Chain), asked: make(map[*certificate.Path]certificate.Revocation)}
	for _, f := range files {
		url, name := "", f
		if at := strings.LastIndexByte(f, '='); at > 0 && strings.Contains(f[:at], "://") {
			url, name = f[:at], f[at+1:]
		}
		if s.files[url] != nil {
			return nil, usagef("--cert %s: one file stands for one address already; give the others as URL=FILE", f)
		}
		chain, err := loadChain(name)
		if err != nil {
			return nil, usagef("--cert %s: %w", name, err)
		}
		s.files[url] = chain
	}
	if offline {
		return s, nil
	}
	var err error
	if s.fetcher, err = newFetcher(cfg, nil, nil); err != nil {
		return nil, err
	}
	s.fetcher.SetRoots(roots)
	return s, nil
}

func (s *sourceOf) close() error {
	if s.fetcher == nil {
		return nil
	}
	return s.fetcher.Close()
}

// Path implements stir.Source.
func (s *sourceOf) Path(ctx context.Context, info string) (*certificate.Path, error) {
	switch chain := s.file(info); {
	case chain != nil:
		return s.roots.Path(chain)
	case s.fetcher == nil && !asksHTTPS(info):
		return nil, fmt.Errorf("%w: only https is asked", stir.ErrUnreachable)
	case s.fetcher == nil:
		return nil, fmt.Errorf("%w: nothing is fetched with --offline", stir.ErrUnreachable)
	}
	return s.fetcher.Path(ctx, info)
}

// DomainCertificates returns the certificates at an address for signatures of RFC 4474.
func (s *sourceOf) DomainCertificates(ctx context.Context, info string) ([]*x509.Certificate, error) {
	switch chain := s.file(info); {
	case chain != nil:
		return chain.Certificates(), nil
	case s.fetcher == nil:
		return nil, fmt.Errorf("%w: nothing is fetched with --offline", stir.ErrUnreachable)
	}
	return s.fetcher.DomainCertificates(ctx, info)
}

// file is the chain that the user names for an address.
func (s *sourceOf) file(info string) *certificate.Chain {
	if chain := s.files[info]; chain != nil || !asksHTTPS(info) {
		return chain
	}
	return s.files[""]
}

// asksHTTPS tells whether an address is of the one scheme that a server asks. What it would not ask, no file stands in for unless its user names the address.
func asksHTTPS(info string) bool {
	const scheme = "https://"
	return len(info) > len(scheme) && strings.EqualFold(info[:len(scheme)], scheme)
}

// Revocation implements stir.Revoker. A command has no next time: it waits for the CRLs.
func (s *sourceOf) Revocation(ctx context.Context, p *certificate.Path, now time.Time) certificate.Revocation {
	var lists []*certificate.CRL
	if s.fetcher != nil {
		lists, _ = s.fetcher.CRLs(ctx, p) // what could not be had leaves the state unknown
	}
	state, _ := p.Revoked(now, lists...) // the error says again what the state does
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[p] = state
	return state
}

// revocation is what came of asking for a path's CRLs.
func (s *sourceOf) revocation(p *certificate.Path) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state, asked := s.asked[p]; asked {
		return state.String()
	}
	return "not checked"
}
