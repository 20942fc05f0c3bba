package stir

import (
	"fmt"
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
// Who calls is taken from From, who is called from To, both canonical. Where both are numbers the token is shaken
// (RFC 8588), for a MESSAGE it is of kind msg with a digest of the body (RFC 9475), in all other cases a baseline token,
// which has no attestation. A Date that is there must be fresh and becomes iat; where there is none, now is both.
func (s *Signer) Sign(m *sip.Message, a Assertion) (Signed, error) { return Signed{}, ErrNobody }

// SignDiv makes the Identity header field for a request that we retarget from its Request-URI to target: a token of kind
// div (RFC 8946 §4.1), to be added to those that are there. There is nothing to sign, and ErrNotDiverted, where target is
// the same party in canonical form or where no Identity header field is about the call to the Request-URI.
func (s *Signer) SignDiv(m *sip.Message, target *uri.URI) (Signed, error) {
	return Signed{}, fmt.Errorf("%w", ErrNotDiverted)
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
