package stir

import (
	"fmt"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir/passport"
)

// SignDiv makes the Identity header field for a request that we retarget from its Request-URI to target: a token of kind
// div (RFC 8946 §4.1), to be added to those that are there, which stay. We sign it as who was called, so that a credential
// must speak for the old target. There is nothing to sign, and ErrNotDiverted, where target is the same party in canonical
// form, or where no Identity header field is about a call to the old one.
func (s *Signer) SignDiv(m *sip.Message, target *uri.URI) (Signed, error) {
	was, is := Canonical(m.URI(), s.c.Plan), Canonical(target, s.c.Plan)
	if same(was, is) {
		return Signed{}, fmt.Errorf("%w: the target is the same", ErrNotDiverted)
	}
	if is.IsZero() {
		return Signed{}, fmt.Errorf("%w: nobody is called", ErrNobody)
	}
	before, err := s.before(m, was)
	if err != nil {
		return Signed{}, err
	}
	// Verifiers follow the chain octet by octet: div has to have the form that the token before has.
	c, div, err := s.choose(before.called, s.c.Now())
	if err != nil {
		return Signed{}, err
	}
	return s.divert(c, before.orig, div, is)
}

// SignRetargeted is SignDiv for a request that has been retargeted already, by a PBX that forwards a call and hands on what proves its caller:
// the Request-URI is the new target, and the old one is whom the last of its tokens has as dest that one of our credentials speaks for. There
// is nothing to sign where a token leads to the Request-URI, or none to a party of ours.
func (s *Signer) SignRetargeted(m *sip.Message) (Signed, error) {
	is := Canonical(m.URI(), s.c.Plan)
	if is.IsZero() {
		return Signed{}, fmt.Errorf("%w: nobody is called", ErrNobody)
	}
	var c *credential
	var orig, div passport.Identity
	arrived := false
	divs := s.tokens(m, func(from passport.Identity, dest passport.Destinations) {
		arrived = arrived || is.In(&dest)
		for _, p := range parties(dest) {
			if found, id, err := s.choose(p, s.c.Now()); err == nil {
				c, orig, div = found, from, id
				return
			}
		}
	})
	switch {
	case arrived:
		return Signed{}, fmt.Errorf("%w: a token leads to the target", ErrNotDiverted)
	case c == nil:
		return Signed{}, fmt.Errorf("%w: no Identity header field is about a call to one of ours", ErrNotDiverted)
	case divs >= MaxDiversions:
		return Signed{}, ErrDiversions
	}
	return s.divert(c, orig, div, is)
}

// divert makes the token: who called div is sent on to a party.
func (s *Signer) divert(c *credential, orig, div passport.Identity, is Party) (Signed, error) {
	return c.sign(passport.Div, passport.Claims{Orig: orig, Dest: destinations(is.Identity()), IssuedAt: s.c.Now().Unix(), Div: div}, "")
}

func parties(d passport.Destinations) (all []Party) {
	for _, tn := range d.TN {
		all = append(all, Party{TN: tn})
	}
	for _, u := range d.URI {
		all = append(all, Party{URI: u})
	}
	return all
}

// same says whether two addresses are one party: one number, or, without numbers, one URI.
func same(a, b Party) bool {
	if a.TN != "" || b.TN != "" {
		return a.TN == b.TN
	}
	return a.URI == b.URI
}

// link is what a further div token has to fit.
type link struct {
	orig   passport.Identity
	called Party // in the forms in which dest names it
}

// before finds the token that a div token is to follow: the last one whose dest holds the old target.
func (s *Signer) before(m *sip.Message, was Party) (found link, err error) {
	divs := s.tokens(m, func(orig passport.Identity, dest passport.Destinations) {
		var called Party
		if was.TN != "" && dest.Contains(passport.Identity{TN: was.TN}) {
			called.TN = was.TN
		}
		if was.URI != "" && dest.Contains(passport.Identity{URI: was.URI}) {
			called.URI = was.URI
		}
		if !called.IsZero() {
			found = link{orig, called}
		}
	})
	switch {
	case found.called.IsZero():
		return link{}, fmt.Errorf("%w: no Identity header field is about this call", ErrNotDiverted)
	case divs >= MaxDiversions:
		return link{}, ErrDiversions
	}
	return found, nil
}

// tokens calls f for each token about a call, one after the other, and counts the diversions among them.
func (s *Signer) tokens(m *sip.Message, f func(orig passport.Identity, dest passport.Destinations)) (divs int) {
	for _, value := range identities(m) {
		var h header
		if h.parse(value) != nil {
			continue
		}
		orig, dest := Canonical(m.FromURI(), s.c.Plan).Identity(), destinations(Canonical(m.ToURI(), s.c.Plan).Identity())
		if !h.compact() {
			t, err := passport.Parse(h.token)
			if err != nil || roleOf(t.Header.PPT) == ranks || !supported(t.Header.PPT) {
				continue
			}
			if t.Header.PPT == passport.Div {
				divs++
			}
			orig, dest = t.Claims.Orig, t.Claims.Dest
		}
		f(orig, dest)
	}
	return divs
}
