package stir

import (
	"crypto"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"gatehouse.example/sip/uri"
	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
)

// Errors of a Signer.
var (
	ErrCredential  = errors.New("stir: bad credential")
	ErrExpired     = errors.New("stir: the certificate is not valid now")
	ErrNoAuthority = errors.New("stir: no credential for the caller")
	ErrAttestation = errors.New("stir: no attestation given")
	ErrNobody      = errors.New("stir: no identity to sign")
	ErrStaleDate   = errors.New("stir: Date is not fresh")
	ErrNotDiverted = errors.New("stir: nothing to divert")
	ErrDiversions  = errors.New("stir: too many diversions")
)

// Credential is a key with its certificate, and what we sign with it.
type Credential struct {
	// Key signs; it may be a file's or a security module's.
	Key crypto.Signer
	// Chain is what URL serves; its leaf belongs to Key.
	Chain *certificate.Chain
	// URL is where verifiers find the chain: https. RFC 8224 §7.4.
	URL string
	// Numbers are those that we may sign for: canonical numbers without "+", or prefixes with a "*" at the end. The
	// certificate must cover them too, or a verifier refuses the token.
	Numbers []string
	// Domains are those whose addresses we may sign for, in lower case.
	Domains []string
}

// SignerConfig says what a Signer works with.
type SignerConfig struct {
	Credentials []Credential // tried in this order
	// Plan makes national numbers canonical.
	Plan uri.Plan
	// OrigID is the origid of tokens for which the caller of Sign has none: a UUID. Each credential has one of its own,
	// made from its URL, if it is empty. RFC 8588 §5.
	OrigID string
	// Freshness is how far a Date that is there may be from now; DefaultFreshness if zero.
	Freshness time.Duration
	// Now tells the time; time.Now if nil.
	Now func() time.Time
}

// Signer is an authentication service. RFC 8224 §6.1. It does not authenticate anybody: its caller has to know that the
// sender of a request may use the identity in it.
type Signer struct {
	c           SignerConfig
	credentials []credential
}

type credential struct {
	Credential
	origID string
}

// NewSigner checks that each key is its certificate's and of P-256, that the certificate is valid now, and that the URL is
// one that verifiers follow.
func NewSigner(c SignerConfig) (*Signer, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Freshness == 0 {
		c.Freshness = DefaultFreshness
	}
	if c.OrigID != "" && !isUUID(c.OrigID) {
		return nil, fmt.Errorf("%w: origid is no UUID", ErrCredential)
	}
	s := &Signer{c: c}
	for i, cr := range c.Credentials {
		if err := cr.check(c.Now()); err != nil {
			return nil, fmt.Errorf("credential %d: %w", i+1, err)
		}
		id := c.OrigID
		if id == "" {
			id = uuidOf(cr.URL)
		}
		s.credentials = append(s.credentials, credential{Credential: cr, origID: id})
	}
	return s, nil
}

// check says whether a credential can be used at a time.
func (c *Credential) check(now time.Time) error {
	if c.Key == nil || c.Chain == nil {
		return fmt.Errorf("%w: key or chain is missing", ErrCredential)
	}
	public, err := c.Chain.Key()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCredential, err)
	}
	key, ok := c.Key.Public().(*ecdsa.PublicKey)
	if !ok || !key.Equal(public) {
		return fmt.Errorf("%w: the key is not the certificate's", ErrCredential)
	}
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("%w: %s is no https URL", ErrCredential, quote(c.URL))
	}
	if len(c.Numbers) == 0 && len(c.Domains) == 0 {
		return fmt.Errorf("%w: neither numbers nor domains", ErrCredential)
	}
	if err := c.covered(); err != nil {
		return err
	}
	return c.validAt(now)
}

// covered says whether the certificate speaks for anything like what we sign with it: no verifier believes it otherwise.
func (c *Credential) covered() error {
	if len(c.Numbers) > 0 {
		if _, err := c.Chain.TNAuthList(); err != nil {
			return fmt.Errorf("%w: for numbers: %w", ErrCredential, err)
		}
	}
	for _, d := range c.Domains {
		if !ofDomain(c.Chain.Leaf(), d) {
			return fmt.Errorf("%w: the certificate is not of %s", ErrCredential, quote(d))
		}
	}
	return nil
}

// validAt looks at every certificate of the chain.
func (c *Credential) validAt(now time.Time) error {
	for _, cert := range c.Chain.Certificates() {
		if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
			return fmt.Errorf("%w: it is valid from %s to %s", ErrExpired, cert.NotBefore.UTC().Format(time.DateTime), cert.NotAfter.UTC().Format(time.DateTime))
		}
	}
	return nil
}

// speaksFor says whether we sign for an identity with this credential.
func (c *Credential) speaksFor(id passport.Identity) bool {
	if id.TN != "" {
		return slices.ContainsFunc(c.Numbers, func(n string) bool {
			if prefix, ok := strings.CutSuffix(n, "*"); ok {
				return strings.HasPrefix(id.TN, prefix)
			}
			return id.TN == n
		})
	}
	_, host, _ := strings.Cut(id.URI, "@")
	return host != "" && slices.Contains(c.Domains, host)
}

// choose returns the first credential that speaks for one of the forms of a party and is valid, with that form.
func (s *Signer) choose(p Party, now time.Time) (*credential, passport.Identity, error) {
	err := fmt.Errorf("%w: %s", ErrNoAuthority, quote(p.Identity().String()))
	for _, id := range []passport.Identity{{TN: p.TN}, {URI: p.URI}} {
		if id.IsZero() {
			continue
		}
		for i := range s.credentials {
			c := &s.credentials[i]
			if !c.speaksFor(id) {
				continue
			}
			if err = c.validAt(now); err == nil {
				return c, id, nil
			}
		}
	}
	return nil, passport.Identity{}, err
}
