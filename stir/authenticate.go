package stir

import (
	"context"
	"errors"
	"sync"
	"time"

	"gatehouse.example/stir/certificate"
	"gatehouse.example/stir/passport"
)

// authenticate finds the certificates of all header fields that are still in play and checks their signatures. RFC 8224
// §6.2 steps 3 and 5.
func (c *check) authenticate(ctx context.Context) {
	c.fetch(ctx)
	for i := range c.each {
		h := &c.each[i]
		if h.ok() {
			c.credential(ctx, h)
		}
		if h.ok() {
			c.signature(h)
		}
		if id := originOf(h); h.ok() && !c.v.c.Lenient && id != "" && !isUUID(id) {
			h.fail(BadToken, &passport.Error{Reason: passport.BadClaim, Detail: "origid"})
		}
		if h.ok() && c.v.c.Replay != nil && !c.v.c.Replay.Use(h.Token, c.r, c.now) {
			h.fail(Replayed, nil)
		}
	}
}

// originOf is the origid of a token. RFC 8588 §5 wants a UUID; as it says nothing about the caller, and some write what they please, it is
// looked at last.
func originOf(h *HeaderResult) string {
	if h.Token == nil {
		return ""
	}
	return h.Token.Claims.OrigID
}

// fetch asks for the certificates. Several are asked for at once: a dead host in one header field must not use up the time
// of the others.
func (c *check) fetch(ctx context.Context) {
	first, more := -1, false
	for i := range c.each {
		if h := &c.each[i]; h.ok() {
			more = more || first >= 0 && c.each[first].Token.Header.X5U != h.Token.Header.X5U
			if first < 0 {
				first = i
			}
		}
	}
	if first < 0 {
		return
	}
	if !more {
		c.fetchOne(ctx, c.each[first].Token.Header.X5U)
		return
	}
	fetchAll(ctx, c.v.c.Source, c.each)
}

// fetchAll asks for each certificate once.
func fetchAll(ctx context.Context, source Source, all []HeaderResult) {
	var wg sync.WaitGroup
	for i := range all {
		if h := &all[i]; h.ok() && firstWith(all, h) == h {
			wg.Go(func() { h.path, h.Err = source.Path(ctx, h.Token.Header.X5U) })
		}
	}
	wg.Wait()
	for i := range all {
		if h := &all[i]; h.ok() {
			from := firstWith(all, h)
			h.path, h.Err = from.path, from.Err
		}
	}
}

// fetchOne asks once for all header fields, which have the same certificate.
func (c *check) fetchOne(ctx context.Context, info string) {
	path, err := c.v.c.Source.Path(ctx, info)
	for i := range c.each {
		if h := &c.each[i]; h.ok() {
			h.path, h.Err = path, err
		}
	}
}

// firstWith returns the first header field in play that has the certificate of h.
func firstWith(all []HeaderResult, h *HeaderResult) *HeaderResult {
	for i := range all {
		if o := &all[i]; o.ok() && o.Token.Header.X5U == h.Token.Header.X5U {
			return o
		}
	}
	return h
}

// credential says whether the certificate may sign this token. RFC 8224 §6.2 step 3; RFC 8226 §8 and §9.
func (c *check) credential(ctx context.Context, h *HeaderResult) {
	if h.Err != nil || h.path == nil {
		h.fail(sourceReason(h.Err), h.Err)
		return
	}
	claims := &h.Token.Claims
	if err := h.path.At(c.now, time.Unix(claims.IssuedAt, 0)); err != nil {
		h.fail(BadCertificate, err)
		return
	}
	id := claims.Orig
	if h.role == diverts {
		id = claims.Div // RFC 8946 §4.2: who forwards speaks for the number that was called, not for the caller
	}
	if h.Coverage = h.path.Covers(id); h.Coverage == certificate.CoversNone {
		h.fail(NotCovered, nil)
		return
	}
	if err := h.path.Permits(h.Token); err != nil {
		h.fail(ClaimRefused, err)
		return
	}
	if c.v.c.Revoker == nil {
		return
	}
	switch c.v.c.Revoker.Revocation(ctx, h.path, c.now) {
	case certificate.RevocationGood:
	case certificate.RevocationRevoked:
		h.fail(Revoked, nil)
	default:
		if c.v.c.RequireRevocation {
			h.fail(RevocationUnknown, nil)
		}
	}
}

// sourceReason tells a certificate that is not acceptable from one that could not be had.
func sourceReason(err error) Reason {
	if !errors.Is(err, ErrUnreachable) && certificate.ReasonOf(err) != certificate.NoReason {
		return BadCertificate
	}
	return NoCertificate
}

// signature verifies it.
func (c *check) signature(h *HeaderResult) {
	err := h.Token.Verify(h.path.Key())
	switch passport.ReasonOf(err) {
	case passport.NoReason:
		if err != nil {
			h.fail(BadSignature, err)
		}
	case passport.SignatureMismatch, passport.SignatureRange:
		h.fail(BadSignature, err)
	default:
		h.fail(BadToken, err)
	}
}
