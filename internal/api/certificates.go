package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"gatehouse.example/internal/fetch"
)

// Certificates is the cache of what was fetched to verify signatures.
type Certificates interface {
	List() []fetch.Info
	Import(ctx context.Context, url string, pem []byte) error
	Prefetch(ctx context.Context, urls ...string) error
	Remove(ctx context.Context, url string) (bool, error)
}

// NewCertificate is an address whose certificates are to be in the cache.
type NewCertificate struct {
	URL string `json:"url" minLength:"1" maxLength:"1024" doc:"where signers say that the chain is" example:"https://certs.example.test/sti.pem"`
	PEM string `json:"pem,omitempty" maxLength:"131072" doc:"the chain, the signer's certificate first; absent: it is fetched now"`
}

// Certificate is a chain of certificates, or a CRL, that is in the cache. The names of whom it was issued to are what its CA wrote.
type Certificate struct {
	Kind         string    `json:"kind" enum:"chain,crl,domain"`
	URL          string    `json:"url"`
	Octets       int       `json:"octets"`
	Organization string    `json:"organization"`
	CommonName   string    `json:"common_name"`
	SPC          string    `json:"spc" doc:"service provider code"`
	Country      string    `json:"country"`
	NotAfter     time.Time `json:"not_after,omitzero" doc:"of a chain: when its first certificate expires; of a CRL: its next update"`
	Fetched      time.Time `json:"fetched,omitzero"`
	Fresh        time.Time `json:"fresh,omitzero" doc:"until when it is used without asking again; absent for an imported one"`
	Used         time.Time `json:"used,omitzero"`
	Proven       bool      `json:"proven" doc:"a valid signature has named this address"`
	Imported     bool      `json:"imported"`
}

// CertificateList is the cache, by kind and address.
type CertificateList struct {
	Certificates []Certificate `json:"certificates"`
}

func (s *Server) certificates() {
	register(s, http.MethodGet, "/certificates", "list-certificates", "The certificates and CRLs that were fetched or imported", s.listCertificates)
	register(s, http.MethodPost, "/certificates", "put-certificate", "Import a chain, or fetch one now", s.putCertificate)
	register(s, http.MethodDelete, "/certificates", "delete-certificate", "Forget what was fetched from an address", s.deleteCertificate)
}

type certificatesAnswer struct{ Body CertificateList }

func (s *Server) listCertificates(context.Context, *struct{}) (*certificatesAnswer, error) {
	out := CertificateList{Certificates: []Certificate{}}
	for _, i := range s.cfg.Certificates.List() {
		out.Certificates = append(out.Certificates, certificateOf(&i))
	}
	return &certificatesAnswer{out}, nil
}

func certificateOf(i *fetch.Info) Certificate {
	c := Certificate{
		Kind: i.Kind.String(), URL: i.URL, Octets: i.Octets,
		Organization: i.Entity.Organization, CommonName: i.Entity.CommonName, SPC: i.Entity.SPC, Country: i.Entity.Country,
		NotAfter: i.NotAfter.UTC(), Fetched: i.Fetched.UTC(), Used: i.Used.UTC(), Proven: i.Proven, Imported: i.Imported,
	}
	if !i.Imported {
		c.Fresh = i.Fresh.UTC()
	}
	return c
}

type certificateInput struct{ Body NewCertificate }

type certificateAnswer struct{ Body Certificate }

func (s *Server) putCertificate(ctx context.Context, in *certificateInput) (*certificateAnswer, error) {
	var err error
	if in.Body.PEM != "" {
		err = s.cfg.Certificates.Import(ctx, in.Body.URL, []byte(in.Body.PEM))
	} else {
		err = s.cfg.Certificates.Prefetch(ctx, in.Body.URL)
	}
	if err != nil {
		return nil, s.certificateError(err)
	}
	where := canonical(in.Body.URL)
	for _, i := range s.cfg.Certificates.List() {
		if i.Kind == fetch.Chain && i.URL == where {
			return &certificateAnswer{certificateOf(&i)}, nil
		}
	}
	return &certificateAnswer{Certificate{Kind: fetch.Chain.String(), URL: where}}, nil // another request has removed it already
}

// canonical is an address that the guard has let pass, in the one spelling that the cache knows.
func canonical(raw string) string {
	scheme, rest, _ := strings.Cut(raw, "://")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, path := strings.TrimSuffix(strings.ToLower(rest[:end]), ":443"), rest[end:]
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return strings.ToLower(scheme) + "://" + host + path
}

type certificateURL struct {
	URL string `query:"url" required:"true" maxLength:"1024"`
}

func (s *Server) deleteCertificate(ctx context.Context, in *certificateURL) (*struct{}, error) {
	found, err := s.cfg.Certificates.Remove(ctx, in.URL)
	if err != nil {
		return nil, s.certificateError(err)
	}
	if !found {
		return nil, huma.Error404NotFound("nothing from this address is in the cache")
	}
	return nil, nil
}

// certificateError tells what is wrong with an address or a chain (422) from a host that does not serve one (502). Errors of
// package fetch have strangers' text quoted.
func (s *Server) certificateError(err error) error {
	bad, isFetch := errors.AsType[*fetch.Error](err)
	switch {
	case errors.Is(err, fetch.ErrFull):
		return huma.Error409Conflict(strings.TrimPrefix(err.Error(), "fetch: "))
	case errors.Is(err, fetch.ErrNoRoots):
		return huma.Error422UnprocessableEntity("no chain can be judged: set identity.roots to the STI root certificates")
	case !isFetch:
		return s.failed("the certificate cache", err)
	case bad.Reason <= fetch.BadAddress, bad.Reason == fetch.BadContent, bad.Reason == fetch.TooLarge:
		return huma.Error422UnprocessableEntity(strings.TrimPrefix(bad.Error(), "fetch: "))
	}
	return huma.Error502BadGateway(strings.TrimPrefix(bad.Error(), "fetch: "))
}
