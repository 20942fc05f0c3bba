package home

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"gatehouse.example/internal/state/account"
	"gatehouse.example/sip"
	"gatehouse.example/sip/digest"
	"gatehouse.example/sip/uri"
)

// Service is what a user needs to prove itself for. A nonce issued for one is not accepted for the other.
type Service uint8

const (
	// Registration is challenged as a user agent server does: 401, WWW-Authenticate, Authorization.
	Registration Service = iota
	// Calls, and all else that is passed on, are challenged as a proxy does: 407, Proxy-Authenticate.
	Calls
)

// Status is the response code of a challenge.
func (s Service) Status() int {
	if s == Registration {
		return 401
	}
	return 407
}

func (s Service) purpose() string {
	if s == Registration {
		return "registration"
	}
	return "calls"
}

func (s Service) other() Service { return Calls - s }

func (s Service) header() sip.HeaderID {
	if s == Registration {
		return sip.HeaderAuthorization
	}
	return sip.HeaderProxyAuthorization
}

// AuthConfig says how users prove themselves.
type AuthConfig struct {
	// Domain names the hosted domains; it must be set.
	Domain Domain
	// Algorithms are offered in this order, the most preferred first. Default: SHA-256, SHA-512-256, since
	// phones that do not know the second one may give up, or keep its name for good, when they meet it first
	// (Linphone 5.1). MD5 is offered and accepted only if it stands here.
	Algorithms []digest.Algorithm
	// NonceTTL is how long a nonce lasts, 30 s to 5 min. Default: 2 min.
	NonceTTL time.Duration
	// Key makes nonces; nodes of a cluster share it. If it is kept over a restart, older nonces are stale and
	// not forged, and no phone asks for its password again. Default: random.
	Key []byte
	// UserHash tells clients that they may hide the user name; it is understood in any case.
	UserHash bool
	// AuthInt offers qop=auth-int besides auth; it is understood in any case.
	AuthInt bool
	// Also tells whether a user may call by an address that is not his own, such as a number that is his. nil: nobody may.
	Also func(aor string, from *uri.URI) bool
	// Nonces is how many nonces in use are remembered, 48 octets each. Default: 65536.
	Nonces int
}

// Authenticator checks credentials. Safe for concurrent use.
type Authenticator struct {
	cfg      AuthConfig
	accounts *account.Accounts
	nonces   *digest.Nonces
	window   *window
	qop      digest.QOP
	opaque   string
	fake     map[digest.Algorithm]string // keys nobody knows, for users who do not exist
}

// NewAuthenticator makes an Authenticator over accounts. Nonces issued before now are stale: which of their
// counts were used is not known any more.
func NewAuthenticator(cfg AuthConfig, accounts *account.Accounts, now time.Time) *Authenticator {
	if len(cfg.Algorithms) == 0 {
		cfg.Algorithms = []digest.Algorithm{digest.SHA256, digest.SHA512_256}
	}
	if cfg.NonceTTL <= 0 {
		cfg.NonceTTL = 2 * time.Minute
	}
	if cfg.Nonces <= 0 {
		cfg.Nonces = 1 << 16
	}
	if len(cfg.Key) == 0 {
		cfg.Key = []byte(randomHex(32))
	}
	a := &Authenticator{
		cfg: cfg, accounts: accounts, nonces: digest.NewNonces(cfg.Key, cfg.NonceTTL), window: newWindow(cfg.Nonces, now.Add(-time.Millisecond)),
		qop: digest.QOPAuth, opaque: randomHex(4), fake: map[digest.Algorithm]string{},
	}
	if cfg.AuthInt {
		a.qop |= digest.QOPAuthInt
	}
	for _, alg := range cfg.Algorithms {
		a.fake[alg.Base()] = alg.HA1("", "", randomHex(32))
	}
	return a
}

// Check examines the credentials of a request for a realm, which is the name of a hosted domain. For a
// registration To and From must name the proven user (it registers itself and nobody else), for all else
// From must, or be an address that is his Also, or say anonymous as RFC 3323 §4.1.1 does.
//
// An ACK cannot be challenged; it repeats the credentials of its INVITE (RFC 3261 §22.1), so it is checked
// as that INVITE and neither its nonce's age nor the count matters. A CANCEL carries none worth checking:
// whoever matched it to its INVITE has done what can be done.
func (a *Authenticator) Check(m *sip.Message, realm string, svc Service, now time.Time) Result {
	var c digest.Credentials
	if found := a.find(m, realm, svc, &c); found != OK {
		return Result{Outcome: found}
	}
	r := Result{Username: c.Username}
	at := slices.Index(a.cfg.Algorithms, c.Algorithm)
	if at < 0 {
		r.Outcome = UnknownAlgorithm
		return r
	}
	if r.Detail = a.improper(m, &c); r.Detail != "" {
		r.Outcome = Malformed
		return r
	}
	nonce, validity := a.nonce(c.Nonce, realm, svc, now)
	if validity == digest.Forged {
		r.Outcome = Forged
		return r
	}
	r.Retry.algorithms = a.cfg.Algorithms[at : at+1]
	aor, ok := a.verify(m, realm, &c, &r)
	switch {
	case !ok:
		r.Outcome = Wrong
		if validity != digest.Expired {
			r.Retry.nonce = c.Nonce
		}
		return r
	case m.Method() == sip.ACK:
	case validity == digest.Expired:
		r.Outcome = Stale
		return r
	default:
		if r.Outcome = outcomeOf(a.window.use(nonce, aor, c.NC)); r.Outcome != OK {
			return r
		}
	}
	r.AoR, r.Outcome = aor, OK
	if r.Detail = a.pretends(m, aor); r.Detail != "" {
		r.Outcome = Mismatch
	}
	return r
}

func outcomeOf(u use) Outcome {
	switch u {
	case replayed:
		return Replayed
	case tooOld:
		return Stale
	}
	return OK
}

// maxCredentials is how many credentials of one request are looked at; a request crosses few realms.
const maxCredentials = 8

// find parses the credentials for the realm; there is one header field per realm (RFC 3261 §22.3). Only the
// first that fits counts, so that one request is one guess.
func (a *Authenticator) find(m *sip.Message, realm string, svc Service, c *digest.Credentials) Outcome {
	id, looked, outcome := svc.header(), 0, Absent
	for _, f := range m.Fields() {
		if f.ID != id {
			continue
		}
		if looked++; looked > maxCredentials {
			break
		}
		err := c.Parse(m.Text(f.Value))
		if err == nil && c.Realm == realm {
			return OK
		}
		if errors.Is(err, digest.ErrSyntax) {
			outcome = Malformed
		}
	}
	return outcome
}

// improper says what is wrong with well-formed credentials, whoever the user is.
func (a *Authenticator) improper(m *sip.Message, c *digest.Credentials) string {
	// RFC 3261 §22.4 rule 8 and RFC 8760 §2.6: a client that was offered qop uses it. The form without it
	// counts nothing, so whoever overhears it could use it again.
	if c.QOP == 0 {
		return "no qop"
	}
	if c.NC == 0 {
		return "nc counts from 1"
	}
	if c.URI == string(m.RequestURI()) {
		return ""
	}
	// RFC 7616 §3.4: proxies may have changed the Request-URI on the way; the URI must still be one of ours.
	u, err := uri.Parse([]byte(c.URI))
	if err != nil || u.Scheme != uri.SIP && u.Scheme != uri.SIPS {
		return "uri is not a SIP URI"
	}
	if _, ok := a.cfg.Domain(u.Host); !ok && !bytes.EqualFold(u.Host, m.URI().Host) {
		return "uri names a domain that is not served here"
	}
	return ""
}

// nonce checks a nonce. One issued here for the other service counts as expired: a phone that keeps one
// challenge for all it does gets a fresh one, not a refusal.
func (a *Authenticator) nonce(text, realm string, svc Service, now time.Time) (digest.Nonce, digest.Validity) {
	n, v := a.nonces.Check(text, realm, svc.purpose(), now)
	if v != digest.Forged {
		return n, v
	}
	if n, v = a.nonces.Check(text, realm, svc.other().purpose(), now); v == digest.Valid {
		v = digest.Expired
	}
	return n, v
}

// verify compares the response. For a user who does not exist it does the same with a key that nobody
// knows, so that the time tells nothing (STANDARDS 5.14).
func (a *Authenticator) verify(m *sip.Message, realm string, c *digest.Credentials, r *Result) (aor string, ok bool) {
	aor, ha1, known := a.accounts.Lookup(c.Algorithm, realm, c.Username, c.UserHash)
	if !known {
		ha1 = a.fake[c.Algorithm.Base()]
	}
	method := string(m.MethodName())
	if m.Method() == sip.ACK {
		method = "INVITE"
	}
	var h digest.Hasher
	fits := c.Verify(&h, ha1, method, m.Body())
	r.hashes = h.Calls
	return aor, fits && known
}

// pretends tells how a request speaks in another name than its proven user's, or "".
func (a *Authenticator) pretends(m *sip.Message, aor string) string {
	from, ok := a.cfg.Domain.AoR(m.FromURI())
	if m.Method() == sip.REGISTER {
		if to, ok := a.cfg.Domain.AoR(m.ToURI()); !ok || to != aor {
			return "To is not the user's own address"
		}
	} else if bytes.EqualFold(m.FromURI().Host, []byte("anonymous.invalid")) {
		return ""
	}
	if (!ok || from != aor) && (m.Method() == sip.REGISTER || a.cfg.Also == nil || !a.cfg.Also(aor, m.FromURI())) {
		return "From is not the user's own address"
	}
	return ""
}

// AppendChallenge appends the header lines of a challenge, one per algorithm, the most preferred first
// (RFC 8760 §2.3). Their length depends on nothing but the realm and stale.
func (a *Authenticator) AppendChallenge(dst []byte, realm string, svc Service, stale bool, now time.Time) []byte {
	return a.AppendRetry(dst, realm, svc, stale, now, Retry{})
}

// AppendRetry is AppendChallenge to somebody whose credentials came to a Result.
func (a *Authenticator) AppendRetry(dst []byte, realm string, svc Service, stale bool, now time.Time, again Retry) []byte {
	if again.algorithms == nil {
		again.algorithms = a.cfg.Algorithms
	}
	if again.nonce == "" {
		again.nonce = a.nonces.Issue(realm, svc.purpose(), now)
	}
	c := digest.Challenge{
		Realm: realm, Nonce: again.nonce, Opaque: a.opaque,
		QOP: a.qop, Stale: stale, UserHash: a.cfg.UserHash,
	}
	for _, c.Algorithm = range again.algorithms {
		if svc == Registration {
			dst = append(dst, "WWW-Authenticate: "...)
		} else {
			dst = append(dst, "Proxy-Authenticate: "...)
		}
		dst = c.AppendTo(dst)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// randomHex returns n random octets in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program where no randomness is to be had
	return hex.EncodeToString(b)
}
