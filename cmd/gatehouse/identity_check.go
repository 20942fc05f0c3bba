package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"gatehouse.example/internal/config"
	"gatehouse.example/internal/fetch"
	"gatehouse.example/stir"
	"gatehouse.example/stir/certificate"
)

// expiresSoon is when config check begins to remind of a certificate's end.
const expiresSoon = 14 * 24 * time.Hour

// identityCheck proves what `identity` says against the files and addresses that it names.
type identityCheck struct {
	cfg      *config.Config
	offline  bool
	now      time.Time
	roots    *certificate.Roots // nil: none are configured
	warnings []string
	skipped  []string
}

// run returns the first problem, a *config.Error.
func (c *identityCheck) run(ctx context.Context) error {
	id := &c.cfg.Identity
	for i, name := range id.Roots {
		if err := c.unchanged(fmt.Sprintf("identity.roots[%d]", i), name); err != nil {
			return err
		}
	}
	for i, name := range id.CRLIssuers {
		if err := c.unchanged(fmt.Sprintf("identity.crl_issuers[%d]", i), name); err != nil {
			return err
		}
	}
	var err error
	if c.roots, err = loadRoots(c.cfg); err != nil {
		return err
	}
	if err := c.readable("identity.legacy_roots", id.LegacyRoots); err != nil {
		return err
	}
	if err := c.readable("identity.fetch.ca", id.Fetch.CA); err != nil {
		return err
	}
	credentials, err := loadCredentials(c.cfg)
	if err != nil {
		return err
	}
	for i := range credentials {
		if err := c.key(fmt.Sprintf("identity.keys[%d]", i), &id.Keys[i], &credentials[i]); err != nil {
			return err
		}
	}
	for i := range credentials {
		if err := c.served(ctx, fmt.Sprintf("identity.keys[%d].url", i), &credentials[i]); err != nil {
			return err
		}
	}
	return nil
}

// unchanged wants a file that not everybody may write to: what stands in it decides whom we trust or who we are.
func (c *identityCheck) unchanged(key, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return c.cfg.Problem(key, name+": there is no such file", err)
		}
		return c.cfg.Problem(key, reasonOf(err).Error(), err)
	}
	if mode := info.Mode().Perm(); mode&0o002 != 0 {
		return c.cfg.Problem(key, fmt.Sprintf("%s can be changed by everybody (mode %04o); chmod o-w it", name, mode), nil)
	}
	return nil
}

// readable wants a file of PEM certificates, if one is named.
func (c *identityCheck) readable(key, name string) error {
	if name == "" {
		return nil
	}
	if err := c.unchanged(key, name); err != nil {
		return err
	}
	text, err := readBounded(name)
	if err != nil {
		return c.cfg.Problem(key, "the CA file cannot be read: "+err.Error(), err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return c.cfg.Problem(key, name+" holds no PEM certificate", nil)
	}
	return nil
}

// key checks a key with its certificate, without asking anybody.
func (c *identityCheck) key(at string, k *config.SigningKey, cr *stir.Credential) error {
	if err := c.unchanged(at+".cert", k.Cert); err != nil {
		return err
	}
	public, err := cr.Chain.Key()
	if err != nil {
		return c.cfg.Problem(at+".cert", "nothing can be signed with this certificate: "+reasonText(err), err)
	}
	if own, ok := cr.Key.Public().(*ecdsa.PublicKey); !ok || !own.Equal(public) {
		return c.cfg.Problem(at+".key", fmt.Sprintf("%s is not the key of the first certificate in %s; take the one that its request was made with", k.Key, k.Cert), nil)
	}
	if err := c.validity(at+".cert", cr.Chain); err != nil {
		return err
	}
	if err := c.coverage(at, k, cr); err != nil {
		return err
	}
	if _, err := stir.NewSigner(stir.SignerConfig{Credentials: []stir.Credential{*cr}}); err != nil {
		return c.cfg.Problem(at, strings.TrimPrefix(err.Error(), "credential 1: stir: "), err)
	}
	return c.trust(at+".cert", cr.Chain)
}

// validity looks at each certificate: a chain is as old as its oldest.
func (c *identityCheck) validity(key string, chain *certificate.Chain) error {
	for i, cert := range chain.Certificates() {
		which := fmt.Sprintf("certificate %d of the chain (%s)", i+1, inQuotes(cert.Subject.CommonName))
		switch {
		case c.now.Before(cert.NotBefore):
			return c.cfg.Problem(key, fmt.Sprintf("%s is not valid before %s; look at the clock", which, cert.NotBefore.UTC().Format(time.DateTime)), stir.ErrExpired)
		case c.now.After(cert.NotAfter):
			return c.cfg.Problem(key, fmt.Sprintf("%s expired on %s UTC; get a new one", which, cert.NotAfter.UTC().Format(time.DateTime)), stir.ErrExpired)
		case cert.NotAfter.Sub(c.now) < expiresSoon:
			c.warn(key, fmt.Sprintf("%s expires on %s UTC; get a new one before that", which, cert.NotAfter.UTC().Format(time.DateTime)))
		}
	}
	return nil
}

// coverage wants every number and domain to be the certificate's.
func (c *identityCheck) coverage(at string, k *config.SigningKey, cr *stir.Credential) error {
	may := authorityOf(cr.Chain)
	for j, n := range cr.Numbers {
		if _, err := cr.Chain.TNAuthList(); err != nil {
			return c.cfg.Problem(fmt.Sprintf("%s.numbers[%d]", at, j), "the certificate speaks for no numbers: "+reasonText(err), err)
		}
		if !may.covers(n) {
			return c.cfg.Problem(fmt.Sprintf("%s.numbers[%d]", at, j), fmt.Sprintf("the certificate does not cover %s; verifiers would refuse the signature; take it out, or get a certificate with it", k.Numbers[j]), nil)
		}
	}
	for j, d := range cr.Domains {
		if !slices.Contains(may.domains, d) {
			return c.cfg.Problem(fmt.Sprintf("%s.domains[%d]", at, j), fmt.Sprintf("the certificate is not of %s (subjectAltName); verifiers would refuse the signature; take it out, or get a certificate with it", d), nil)
		}
	}
	return nil
}

// trust judges our own chain as a verifier would. That it leads to another root than those we trust ourselves may be meant so.
func (c *identityCheck) trust(key string, chain *certificate.Chain) error {
	if c.roots == nil {
		return nil
	}
	path, err := c.roots.Path(chain)
	if err == nil {
		err = path.At(c.now, c.now) // of the chain that is known already: this is about its root
	}
	switch {
	case err == nil:
		return nil
	case certificate.ReasonOf(err) == certificate.NotTrusted:
		c.warn(key, "the chain leads to none of identity.roots: who trusts the same roots refuses our signatures")
		return nil
	default:
		return c.cfg.Problem(key, "verifiers would refuse the chain: "+reasonText(err), err)
	}
}

// served proves that verifiers find exactly this chain.
func (c *identityCheck) served(ctx context.Context, key string, cr *stir.Credential) error {
	if c.offline {
		c.skip(key, "not fetched, because of --offline")
		return nil
	}
	anchors, ok := c.anchors(cr.Chain)
	if !ok {
		c.skip(key, "not fetched, because identity.roots names no root that the chain could be judged by")
		return nil
	}
	source, err := newSource(c.cfg, anchors, nil, false)
	if err != nil {
		return err
	}
	path, err := source.Path(onCommandLine(ctx), cr.URL)
	if err = errors.Join(err, source.close()); err != nil {
		return c.cfg.Problem(key, c.whyNot(err), err)
	}
	ours, theirs := cr.Chain.Certificates(), path.Chain().Certificates()
	if !slices.EqualFunc(ours, theirs, (*x509.Certificate).Equal) {
		return c.cfg.Problem(key, fmt.Sprintf("serves another chain (%d certificates, the first of serial %s) than cert names (%d, serial %s); publish the new one, or sign with the old one until then",
			len(theirs), theirs[0].SerialNumber.Text(16), len(ours), ours[0].SerialNumber.Text(16)), nil)
	}
	return nil
}

// anchors are our roots, and who issued the last certificate of the chain if that stands in it: here only the two chains matter, not
// whom we trust.
func (c *identityCheck) anchors(chain *certificate.Chain) (*certificate.Roots, bool) {
	var text []byte
	add := func(cert *x509.Certificate) {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	if c.roots != nil {
		for _, r := range c.roots.Certificates() {
			add(r)
		}
	}
	if certs := chain.Certificates(); len(certs) > 1 {
		add(certs[len(certs)-1])
	}
	anchors, err := certificate.ParseRoots(text)
	if err != nil {
		return c.roots, c.roots != nil
	}
	_, err = anchors.Path(chain)
	return anchors, err == nil
}

// whyNot says what a verifier would meet at our address.
func (c *identityCheck) whyNot(err error) string {
	text := "verifiers do not get the certificate here: " + strings.TrimPrefix(err.Error(), "fetch: ")
	if bad, ok := errors.AsType[*fetch.Error](err); ok && bad.Reason == fetch.NoConnection && c.cfg.Identity.Publish != "" {
		return text + "; with identity.publish it is there once the server runs: check with --offline before"
	}
	return text
}

func (c *identityCheck) warn(key, text string) { c.warnings = append(c.warnings, key+": "+text) }
func (c *identityCheck) skip(key, text string) { c.skipped = append(c.skipped, key+": "+text) }

// reasonText is an error of package certificate without its prefix.
func reasonText(err error) string { return strings.TrimPrefix(err.Error(), "certificate: ") }
