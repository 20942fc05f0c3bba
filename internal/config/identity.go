package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Identity is how it is proven who calls (RFC 8224), and how we prove it for
// our users.
type Identity struct {
	// Roots are PEM files of the STI root certificates that signers are trusted
	// by, as the STI-PA publishes them. Never the web's roots. Empty: signatures
	// are not verified.
	Roots []string `yaml:"roots"`
	// Freshness is how far a signature's Date and iat may be from now.
	Freshness Duration `yaml:"freshness"`
	// RequestURI wants a signature to name the Request-URI, not only To. It
	// stops more replays and fails where a network forwards calls without div.
	RequestURI bool `yaml:"request_uri"`
	// Lenient accepts shaken signatures without alg or ppt parameter.
	Lenient bool `yaml:"lenient"`
	// Revocation is soft (a certificate of which nobody can tell whether it is
	// revoked is accepted), hard (it is not) or off.
	Revocation Revocation `yaml:"revocation"`
	// CRLIssuers are PEM files of certificates whose indirect CRLs are believed
	// (RFC 5280 §5), such as the STI-PA's (ATIS-1000080).
	CRLIssuers []string `yaml:"crl_issuers,omitempty"`
	// Answer lists what is answered with its own code where the score rejects
	// the call: stale (403), missing (428), unreachable (436), unsupported (437),
	// invalid (438). For all others `policy.rejection` holds.
	Answer []Outcome `yaml:"answer"`
	// Verstat tells the PBX what was verified (3GPP TS 24.229): pai adds
	// P-Asserted-Identity with the proven caller and the verstat parameter, from
	// puts the parameter into From, where more phones look and some show it as
	// part of the number, both does both, off neither.
	Verstat Verstat `yaml:"verstat"`
	// CallerName hands the PBX the name and reason that a valid signature
	// carries (rcd), in Call-Info. They are text of the signer's.
	CallerName bool `yaml:"caller_name"`
	// LegacyRoots is a PEM file of the CAs that may vouch for domains by RFC
	// 4474, whose only algorithm is SHA-1. Empty: it is not looked at.
	LegacyRoots string `yaml:"legacy_roots,omitempty"`
	// Fetch is how certificates are got. Needs a restart.
	Fetch Fetch `yaml:"fetch"`
	// Keys sign the calls and messages of our users to elsewhere.
	Keys []SigningKey `yaml:"keys"`
	// Users says which numbers are whose: an authenticated user who calls with
	// one of them is attested in full (A), with another one in part (B). The
	// numbers of a PBX stand under its domain.
	Users map[string][]Text `yaml:"users,omitempty"`
	// Publish is the address on which our own certificates are served by https,
	// with the certificate of `tls`. Empty: somebody else serves them. Needs a
	// restart.
	Publish string `yaml:"publish,omitempty"`
}

// Fetch bounds what is fetched from addresses that strangers name.
type Fetch struct {
	// Allow names private networks that a certificate may come from.
	Allow []Prefix `yaml:"allow"`
	// Ports may be asked.
	Ports []uint16 `yaml:"ports"`
	// Deadline bounds one fetch. The caller waits no longer than
	// `policy.lookup_deadline`; the certificate is there for the next call.
	Deadline Duration `yaml:"deadline"`
	// CA is a PEM file of further CAs that https servers may use.
	CA string `yaml:"ca,omitempty"`
}

// SigningKey is a key with its certificate, and what it may sign.
type SigningKey struct {
	// Cert is the PEM file of the certificate chain, ours first.
	Cert string `yaml:"cert"`
	// Key is the PEM file of its private key, readable by nobody else (0600).
	Key string `yaml:"key"`
	// URL is where verifiers find the chain: https.
	URL string `yaml:"url"`
	// Numbers are those it signs for: +15551230001, or +1555* for all that
	// begin so. The certificate must cover them too.
	Numbers []Text `yaml:"numbers,omitempty"`
	// Domains are those whose addresses it signs for.
	Domains []string `yaml:"domains,omitempty"`
}

// Revocation is soft, hard or off.
type Revocation string

// The values of Revocation.
const (
	RevocationSoft Revocation = "soft"
	RevocationHard Revocation = "hard"
	RevocationOff  Revocation = "off"
)

// UnmarshalYAML reads soft, hard or off.
func (r *Revocation) UnmarshalYAML(n ast.Node) error {
	return oneOf(n, (*string)(r), string(RevocationSoft), string(RevocationHard), string(RevocationOff))
}

// Verstat is pai, from, both or off.
type Verstat string

// The values of Verstat.
const (
	VerstatAsserted Verstat = "pai"
	VerstatFrom     Verstat = "from"
	VerstatBoth     Verstat = "both"
	VerstatOff      Verstat = "off"
)

// UnmarshalYAML reads pai, from, both or off.
func (w *Verstat) UnmarshalYAML(n ast.Node) error {
	return oneOf(n, (*string)(w), string(VerstatAsserted), string(VerstatFrom), string(VerstatBoth), string(VerstatOff))
}

// Outcome is what became of a signature that does not hold.
type Outcome string

// UnmarshalYAML reads the name of an outcome.
func (o *Outcome) UnmarshalYAML(n ast.Node) error {
	return oneOf(n, (*string)(o), "stale", "missing", "unreachable", "unsupported", "invalid")
}

func defaultIdentity() Identity {
	return Identity{
		Roots: []string{}, Freshness: Duration(time.Minute), Revocation: RevocationSoft, Answer: []Outcome{}, Verstat: VerstatAsserted,
		Fetch: Fetch{Allow: []Prefix{}, Ports: []uint16{443, 8443}, Deadline: Duration(2 * time.Second)},
		Keys:  []SigningKey{},
	}
}

func (v *validation) identity() {
	id := &v.c.Identity
	if id.Freshness < Duration(time.Second) || id.Freshness > Duration(10*time.Minute) {
		v.problem("identity.freshness", "%s is out of range; keep it between 1s and 10m; RFC 8224 recommends 60s", id.Freshness)
	}
	if d := id.Fetch.Deadline; d < Duration(100*time.Millisecond) || d > Duration(10*time.Second) {
		v.problem("identity.fetch.deadline", "%s is out of range; keep it between 100ms and 10s", d)
	}
	if len(id.Fetch.Ports) == 0 {
		v.problem("identity.fetch.ports", "no port may be asked; leave it out for 443 and 8443")
	}
	for i, a := range id.Fetch.Allow {
		if a.Bits() == 0 {
			v.problem(fmt.Sprintf("identity.fetch.allow[%d]", i), "%s would let strangers send us anywhere; name a network", a.Prefix)
		}
	}
	for i := range id.Keys {
		v.signingKey(fmt.Sprintf("identity.keys[%d]", i), &id.Keys[i])
	}
	for _, user := range sortedKeys(id.Users) {
		if !strings.Contains(user, "@") && !v.isDomain(user) {
			v.problem("identity.users", "%q is neither a user nor a domain of ours; write it as alice@example.test, or as the domain for its PBX", user)
		}
		for _, n := range id.Users[user] {
			if !isNumber(string(n)) {
				v.problem("identity.users", "%q is not a number; write it as +15551230001", string(n))
			}
		}
	}
	if _, err := parseAddress(id.Publish, 0); id.Publish != "" && err != nil {
		v.problem("identity.publish", "%s", trimPrefix(err))
	}
	if id.Publish != "" && v.c.TLS.Cert == "" {
		v.problem("identity.publish", "certificates are served by https, which needs a certificate itself; set tls.cert and tls.key")
	}
	if id.Publish != "" && len(id.Keys) == 0 {
		v.problem("identity.publish", "there is nothing to publish; add identity.keys, or remove this")
	}
}

func (v *validation) signingKey(path string, k *SigningKey) {
	if k.Cert == "" || k.Key == "" {
		v.problem(path, "a signing key needs cert and key; add the file that is missing")
	}
	if u, err := url.Parse(k.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(k.URL, " <>\"\r\n") {
		v.problem(path+".url", "%q is not where a verifier would look; write it as https://HOST/PATH", k.URL)
	}
	if len(k.Numbers)+len(k.Domains) == 0 {
		v.problem(path, "this key signs for nobody; add `numbers` or `domains`")
	}
	for j, n := range k.Numbers {
		if !isNumber(strings.TrimSuffix(string(n), "*")) {
			v.problem(fmt.Sprintf("%s.numbers[%d]", path, j), "%q is not a number; write it as +15551230001, or +1555* for all that begin so", string(n))
		}
	}
	for j, d := range k.Domains {
		if !isHost(d) {
			v.problem(fmt.Sprintf("%s.domains[%d]", path, j), "%q is not a domain name; write it as example.test", d)
		}
	}
}

// isDomain is true of a name of a domain of ours.
func (v *validation) isDomain(name string) bool {
	return slices.ContainsFunc(v.c.Domains, func(d Domain) bool { return slices.Contains(d.Names(), name) })
}

// isNumber is true of an international number: + and digits.
func isNumber(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && digits != "" && len(digits) <= 15 && strings.Trim(digits, "0123456789") == ""
}
