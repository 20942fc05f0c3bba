package main

import (
	"errors"
	"time"

	"gatehouse.example/internal/config"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
)

type identityVerifyCmd struct {
	File       string   `arg:"" optional:"" default:"-" help:"A SIP request; - is stdin."`
	Roots      []string `help:"Root certificates that signers are trusted by, PEM. Default: identity.roots of the configuration." placeholder:"FILE" sep:"none"`
	Cert       []string `help:"Take the signer's certificates from FILE instead of fetching them: URL=FILE for those of one address, FILE for all." placeholder:"[URL=]FILE" sep:"none"`
	CRLIssuers []string `help:"Believe the indirect CRLs of these certificates, PEM. Default: identity.crl_issuers." placeholder:"FILE" name:"crl-issuers" sep:"none"`
	Legacy     string   `help:"Look at signatures of RFC 4474 too; these CAs may vouch for domains, PEM. Default: identity.legacy_roots." placeholder:"FILE" name:"legacy-roots"`
	Time       string   `help:"Judge as of this time, as 2026-11-21T12:00:00Z. Default: now." placeholder:"TIME"`
	Offline    bool     `help:"Fetch nothing, neither certificates nor CRLs."`
	RequestURI bool     `help:"Want the signature to lead to the Request-URI, not only to To." name:"request-uri"`
	Lenient    bool     `help:"Accept shaken signatures without alg or ppt parameter."`
	JSON       bool     `help:"Print JSON." name:"json"`
}

// Help shows examples.
func (identityVerifyCmd) Help() string {
	return `Neither a server nor a configuration is needed. Certificates are fetched as the server
does it: https, ports 443 and 8443, public addresses only. Whether a token was used before
is not looked at. Texts in quotes come from the network; what a caller wants to be shown as
is the signer's word and no proof of who calls.

The exit status is 0 where the caller is proven, 1 where not, 2 for wrong usage.

Examples:
  gatehouse identity verify invite.sip --roots sti-roots.pem
  gatehouse identity verify --json < invite.sip | jq -r .attestation
  gatehouse identity verify invite.sip --roots sti-roots.pem --cert chain.pem --offline --time 2026-11-21T12:00:00Z
  gatehouse identity verify invite.sip --cert https://certs.example.test/sti.pem=chain.pem`
}

// Run verifies the message.
func (c *identityVerifyCmd) Run(a *app) (err error) {
	cfg, err := a.load()
	if err != nil {
		return err
	}
	now := time.Now
	if c.Time != "" {
		t, err := time.Parse(time.RFC3339, c.Time)
		if err != nil {
			return usagef("--time: %q is not a time; write it as 2026-11-21T12:00:00Z", c.Time)
		}
		now = func() time.Time { return t }
	}
	if c.Legacy == "" {
		c.Legacy = cfg.Identity.LegacyRoots
	}
	roots, err := c.roots(cfg)
	if err != nil {
		return err
	}
	source, err := newSource(cfg, roots, c.Cert, c.Offline)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.close()) }()
	verifier, err := c.verifier(cfg, source, now)
	if err != nil {
		return err
	}
	m, err := a.request(c.File)
	if err != nil {
		return err
	}
	request := stir.RequestOf(m, stir.RequestOptions{Plan: cfg.Plan()})
	result := verifier.Verify(onCommandLine(a.ctx), &request)
	report := newIdentityReport(m, &result, source.revocation(result.SignedBy.Path))
	if c.JSON {
		err = a.json(report)
	} else {
		err = report.print(a)
	}
	if err == nil && result.Outcome != stir.Valid {
		return errSaid
	}
	return err
}

// roots are those of the command line, else of the configuration, and likewise those whose indirect CRLs are believed.
func (c *identityVerifyCmd) roots(cfg *config.Config) (*certificate.Roots, error) {
	if len(c.CRLIssuers) == 0 {
		c.CRLIssuers = cfg.Identity.CRLIssuers
	}
	cfg.Identity.CRLIssuers = nil
	roots, err := c.anchors(cfg)
	if err != nil {
		return nil, err
	}
	return withCRLIssuers(roots, c.CRLIssuers, func(_ int, text string, _ error) error { return usagef("--crl-issuers: %s", text) })
}

func (c *identityVerifyCmd) anchors(cfg *config.Config) (*certificate.Roots, error) {
	if len(c.Roots) > 0 {
		return rootsOf(c.Roots)
	}
	roots, err := loadRoots(cfg)
	switch {
	case err != nil || roots != nil:
	case c.Legacy != "":
		return new(certificate.Roots), nil
	default:
		return nil, usagef("nobody is trusted: name the STI root certificates with --roots FILE, or set identity.roots")
	}
	return roots, err
}

// verifier judges as the server does, but remembers nothing.
func (c *identityVerifyCmd) verifier(cfg *config.Config, source *sourceOf, now func() time.Time) (*stir.Verifier, error) {
	id := &cfg.Identity
	vc := stir.VerifierConfig{
		Source: source, Freshness: time.Duration(id.Freshness), Now: now,
		CheckRequestURI: c.RequestURI || id.RequestURI, Lenient: c.Lenient || id.Lenient,
	}
	if c.Legacy != "" {
		pool, err := legacyRoots(c.Legacy)
		if err != nil {
			return nil, usagef("--legacy-roots: %w", err)
		}
		vc.Legacy = &stir.Legacy{Roots: pool, Certificates: source.DomainCertificates}
	}
	if id.Revocation != config.RevocationOff && !c.Offline {
		vc.Revoker, vc.RequireRevocation = source, id.Revocation == config.RevocationHard
	}
	v, err := stir.NewVerifier(vc)
	if err != nil {
		return nil, cfg.Problem("identity", err.Error(), err)
	}
	return v, nil
}
