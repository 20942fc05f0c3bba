package identity

import (
	"errors"
	"slices"
	"strings"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
)

// Signatory is one of our own who sends a request to elsewhere.
type Signatory struct {
	// User is the address of record of the account that the request proved, or empty.
	User string
	// PBX is the domain whose PBX sends it, or empty.
	PBX string
}

// ErrNotOurs says that a request claims to be from somebody whom its sender does not speak for. RFC 8224 §6.1 step 2: it is not signed.
var ErrNotOurs = errors.New("identity: the sender does not speak for the caller in From")

// Signs tells whether requests of our own are signed.
func (s *Service) Signs() bool { return s.rules.Load().Signer != nil }

// Sign makes the header fields, with their CRLFs, that prove a request of our own to others.
//
// The attestation follows from what we know, and is never assumed: A where the number is listed as the sender's, B where the sender is authenticated and the
// number is another one that we may sign for. An address is signed only for its own user, or for the PBX of its domain. A call that bears signatures
// already is one that the PBX forwards: then a div signature is added.
func (s *Service) Sign(m *sip.Message, who Signatory) ([]byte, error) {
	rules := s.rules.Load()
	if rules.Signer == nil {
		return nil, nil
	}
	if Signed(m) {
		return rules.divert(m, who)
	}
	attestation, err := rules.attest(m.FromURI(), who)
	if err != nil {
		return nil, err
	}
	signed, err := rules.Signer.Sign(m, stir.Assertion{Attestation: attestation})
	if err != nil {
		return nil, err
	}
	return lines(&signed), nil
}

// Speaks tells whether a user may call by an address that is not his own: by a number that is listed as his, at a host of our own, where user and number
// are of one domain.
func (s *Service) Speaks(user string, from *uri.URI) bool {
	aor := strings.TrimPrefix(user, "sip:")
	_, domain, _ := strings.Cut(aor, "@")
	if from.Scheme != uri.TEL && !strings.EqualFold(string(from.Host), domain) {
		return false
	}
	rules := s.rules.Load()
	var room [32]byte
	number, ok := from.AppendNumber(room[:0], rules.Plan)
	return ok && slices.Contains(rules.Numbers[aor], string(number))
}

// divert adds to a call with signatures, which a PBX of ours forwards to elsewhere, that it was for a number of ours (RFC 8946 §4.1). A user does not
// forward calls of others through us.
func (r *Rules) divert(m *sip.Message, who Signatory) ([]byte, error) {
	if who.PBX == "" {
		return nil, ErrNotOurs
	}
	signed, err := r.Signer.SignRetargeted(m)
	if err != nil {
		return nil, err
	}
	return lines(&signed), nil
}

func lines(s *stir.Signed) []byte {
	var b []byte
	if s.Date != "" {
		b = append(append(append(b, "Date: "...), s.Date...), "\r\n"...)
	}
	return append(append(append(b, "Identity: "...), s.Identity...), "\r\n"...)
}

// attest decides what we vouch for.
func (r *Rules) attest(from *uri.URI, who Signatory) (byte, error) {
	owner := strings.TrimPrefix(who.User, "sip:")
	if owner == "" {
		owner = who.PBX
	}
	if owner == "" {
		return 0, ErrNotOurs
	}
	var room [32]byte
	if number, ok := from.AppendNumber(room[:0], r.Plan); ok {
		if slices.Contains(r.Numbers[owner], string(number)) {
			return 'A', nil
		}
		if r.speaksFor(string(number)) {
			return 'B', nil
		}
	}
	ours := strings.EqualFold(string(from.Host), who.PBX)
	if who.User != "" {
		ours = string(from.AppendAoR(nil)) == who.User
	}
	if !ours {
		return 0, ErrNotOurs
	}
	return 'A', nil
}

// speaksFor tells whether one of our keys may sign a number.
func (r *Rules) speaksFor(number string) bool {
	return slices.ContainsFunc(r.Signed, func(pattern string) bool {
		prefix, open := strings.CutSuffix(pattern, "*")
		return number == pattern || open && strings.HasPrefix(number, prefix)
	})
}
