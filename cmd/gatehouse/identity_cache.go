package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"

	"gatehouse.example/internal/api"
	"gatehouse.example/internal/fetch"
	"gatehouse.example/internal/store"
)

// cached runs f on the certificates that the running server keeps, or, when none runs, on those in the store.
func (a *app) cached(f func(*backend) error) error {
	return a.with(func(b *backend) error {
		if b.live {
			return f(b)
		}
		// That one has lists and users, and the store locked: ours takes its place.
		if err := b.close(); err != nil {
			return err
		}
		b.close = func() error { return nil }
		return a.onStored(b, f)
	})
}

// onStored serves the API over the certificates in the store, in this process.
func (a *app) onStored(b *backend, f func(*backend) error) (err error) {
	db, err := store.Open(a.ctx, b.cfg.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	fetcher, err := newFetcher(b.cfg, db, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fetcher.Close()) }()
	roots, err := loadRoots(b.cfg)
	if err != nil {
		return err
	}
	if roots != nil { // without them everything that is kept would be thrown away
		fetcher.SetRoots(roots)
		if err := fetcher.Load(a.ctx); err != nil {
			return err
		}
	}
	v, _ := version()
	local := api.Local(api.New(api.Config{Version: v, Token: "local", Certificates: fetcher}))
	return f(&backend{Client: local, cfg: b.cfg, close: b.close})
}

const certificatesPath = "/certificates"

type identityCertListCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (identityCertListCmd) Help() string {
	return "What was fetched, or imported, to verify signatures; CRLs too.\n\nExample:\n  gatehouse identity cert list --json | jq -r '.certificates[].url'"
}

// Run prints the cache.
func (c *identityCertListCmd) Run(a *app) error {
	return a.cached(func(b *backend) error {
		var all api.CertificateList
		if err := b.Do(a.ctx, "GET", certificatesPath, nil, &all); err != nil {
			return err
		}
		if c.JSON {
			return a.json(all)
		}
		return a.certificates(all.Certificates)
	})
}

func (a *app) certificates(list []api.Certificate) error {
	rows := make([][]string, len(list))
	for i, e := range list {
		state := "fetched"
		switch {
		case e.Imported:
			state = "imported"
		case e.Proven:
			state = "proven"
		}
		rows[i] = []string{e.Kind, inQuotes(e.URL), words("SPC", e.SPC, "organization", e.Organization, "name", e.CommonName), day(e.NotAfter, "-"), day(e.Fresh, "-"), state}
	}
	return a.table("KIND URL SIGNER EXPIRES FRESH-UNTIL STATE", rows)
}

type identityCertImportCmd struct {
	URL  string `arg:"" name:"url" help:"Where signers say that the chain is."`
	File string `arg:"" help:"The chain, PEM; - is stdin."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (identityCertImportCmd) Help() string {
	return "The chain has to lead to one of identity.roots. It is neither fetched again nor given up\nuntil it is removed.\n\nExample:\n  gatehouse identity cert import https://certs.example.test/sti.pem chain.pem"
}

// Run imports the chain.
func (c *identityCertImportCmd) Run(a *app) error {
	in, err := a.input(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	pem, err := io.ReadAll(io.LimitReader(in, maxCredentialFile))
	if err != nil {
		return fmt.Errorf("cannot read the chain: %w", err)
	}
	if len(pem) == 0 {
		return fmt.Errorf("%s: the chain is empty", c.File)
	}
	return a.cached(func(b *backend) error {
		return a.putCertificates(b, c.JSON, api.NewCertificate{URL: c.URL, PEM: string(pem)})
	})
}

type identityCertPrefetchCmd struct {
	URL  []string `arg:"" name:"url" help:"Where signers say that their chains are."`
	JSON bool     `help:"Print JSON." name:"json"`
}

// Help shows an example.
func (identityCertPrefetchCmd) Help() string {
	return "Fetches as for a call: https, ports and networks of identity.fetch only. What is kept\nalready is fetched anew, unless it was imported.\n\nExample:\n  gatehouse identity cert prefetch https://certs.example.test/sti.pem https://certs.example.net/a.pem"
}

// Run fetches the chains.
func (c *identityCertPrefetchCmd) Run(a *app) error {
	news := make([]api.NewCertificate, len(c.URL))
	for i, u := range c.URL {
		news[i].URL = u
	}
	return a.cached(func(b *backend) error { return a.putCertificates(b, c.JSON, news...) })
}

// putCertificates puts chains into the cache, as many as can be, and prints those.
func (a *app) putCertificates(b *backend, asJSON bool, news ...api.NewCertificate) error {
	done := api.CertificateList{Certificates: []api.Certificate{}}
	var failed []error
	for _, n := range news {
		var one api.Certificate
		if err := b.Do(a.ctx, "POST", certificatesPath, n, &one); err != nil {
			failed = append(failed, err)
			continue
		}
		done.Certificates = append(done.Certificates, one)
	}
	err := errors.Join(failed...)
	switch {
	case asJSON:
		err = errors.Join(a.json(done), err)
	case len(done.Certificates) > 0:
		err = errors.Join(a.certificates(done.Certificates), err)
	}
	return err
}

type identityCertRemoveCmd struct {
	URL string `arg:"" name:"url" help:"The address as cert list prints it."`
}

// Help shows an example.
func (identityCertRemoveCmd) Help() string {
	return "Example:\n  gatehouse identity cert remove https://certs.example.test/sti.pem"
}

// Run removes what is kept.
func (c *identityCertRemoveCmd) Run(a *app) error {
	return a.cached(func(b *backend) error {
		return b.Do(a.ctx, "DELETE", certificatesPath+"?url="+url.QueryEscape(c.URL), nil, nil)
	})
}

// sorted are the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

var _ api.Certificates = (*fetch.Fetcher)(nil)
