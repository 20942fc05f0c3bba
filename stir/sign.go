package stir

import (
	"fmt"
	"strings"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir/passport"
)

// Assertion is what the caller of Sign vouches for.
type Assertion struct {
	// Attestation is 'A', 'B' or 'C' (RFC 8588 §4): the caller is our customer and the number is his, he is our customer,
	// or the call only comes through us. There is no default: Sign refuses to make a shaken token without one.
	Attestation byte
	// OrigID says where the call came into our network: a UUID. Empty: the Signer's.
	OrigID string
	// Caller is who calls where From does not say it, because it is anonymous: the P-Asserted-Identity that we made.
	Caller *uri.URI
	// RequestURI takes the called party from the Request-URI instead of To, for networks where To is not what was dialled.
	RequestURI bool
	// RCD, RCDIntegrity and CallReason are put into the token. RFC 9795.
	RCD          *passport.RCD
	RCDIntegrity map[string]string
	CallReason   string
}

// Signed is what is to be added to a request.
type Signed struct {
	Identity string // the value of a further Identity header field
	Date     string // the value of a Date header field; empty where the request has one
	PPT      string // what was signed: passport.Shaken, passport.Msg, passport.Div, or empty for a baseline token
}

// Sign makes an Identity header field for a request. RFC 8224 §6.1.
//
// Who calls is taken from From, who is called from To, both canonical. For a MESSAGE the token is of kind msg, with a digest
// of the body (RFC 9475). Otherwise, where both are numbers, or an emergency service is called, it is shaken (RFC 8588); in
// all other cases it is a baseline token, which has no attestation and covers the media keys of the body. A Date that is
// there must be fresh and becomes iat; where there is none, now is both.
func (s *Signer) Sign(m *sip.Message, a Assertion) (Signed, error) {
	caller := a.Caller
	if caller == nil {
		if caller = m.FromURI(); isAnonymous(m) {
			return Signed{}, fmt.Errorf("%w: From is anonymous", ErrNobody)
		}
	}
	called := m.ToURI()
	if a.RequestURI {
		called = m.URI()
	}
	dest := Canonical(called, s.c.Plan).Identity()
	iat, date, err := s.issuedAt(m)
	if err != nil {
		return Signed{}, err
	}
	c, orig, err := s.choose(Canonical(caller, s.c.Plan), s.c.Now())
	if err != nil {
		return Signed{}, err
	}
	if dest.IsZero() {
		return Signed{}, fmt.Errorf("%w: nobody is called", ErrNobody)
	}
	claims := passport.Claims{
		Orig: orig, Dest: destinations(dest), IssuedAt: iat.Unix(), RCD: a.RCD, RCDIntegrity: a.RCDIntegrity, CallReason: a.CallReason,
	}
	ppt, err := kind(m, &claims, a, c)
	if err != nil {
		return Signed{}, err
	}
	return c.sign(ppt, claims, date)
}

// kind chooses the extension and adds its claims.
func kind(m *sip.Message, claims *passport.Claims, a Assertion, c *credential) (string, error) {
	switch called := firstOf(claims.Dest.URI); {
	case m.Method() == sip.MESSAGE:
		digest, err := passport.Digest(passport.SHA256, m.Body())
		claims.MsgIntegrity = digest
		return passport.Msg, err
	case claims.Orig.TN != "" && (called == "" || strings.HasPrefix(called, "urn:service:")):
		if a.Attestation < 'A' || a.Attestation > 'C' {
			return "", ErrAttestation
		}
		claims.Attest, claims.OrigID = string(a.Attestation), c.origID
		if a.OrigID != "" {
			claims.OrigID = a.OrigID
		}
		return passport.Shaken, nil
	}
	// RFC 8224 §4.1.1 step 3. Not in shaken tokens: carriers anchor media, and the call would not verify behind them.
	claims.MediaKeys = mediaKeys(m.Body())
	return "", nil
}

func firstOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func destinations(id passport.Identity) (d passport.Destinations) {
	if id.TN != "" {
		d.TN = []string{id.TN}
	} else {
		d.URI = []string{id.URI}
	}
	return d
}

// sign makes the token and the header field.
func (c *credential) sign(ppt string, claims passport.Claims, date string) (Signed, error) {
	token, err := passport.Sign(c.Key, passport.Header{PPT: ppt, X5U: c.URL}, claims)
	if err != nil {
		return Signed{}, fmt.Errorf("stir: signing: %w", err)
	}
	h := Header{Token: token, Info: c.URL, Alg: algES256, PPT: ppt}
	return Signed{Identity: string(h.AppendTo(nil)), Date: date, PPT: ppt}, nil
}

// issuedAt returns the time to sign, and the Date to add.
func (s *Signer) issuedAt(m *sip.Message) (iat time.Time, date string, err error) {
	now := s.c.Now()
	d := m.Value(sip.HeaderDate)
	if d == nil {
		return now, string(AppendDate(nil, now)), nil
	}
	iat, ok := ParseDate(d)
	if !ok || iat.Sub(now).Abs() > s.c.Freshness {
		return iat, "", ErrStaleDate
	}
	return iat, "", nil
}
