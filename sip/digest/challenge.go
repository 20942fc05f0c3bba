package digest

import (
	"fmt"
	"strings"
)

// Challenge is the value of a WWW-Authenticate or Proxy-Authenticate header (RFC 3261 §20.44, §20.27).
// A header field carries exactly one (RFC 3261 §7.3.1 exempts them from comma lists).
type Challenge struct {
	Realm     string
	Nonce     string
	Opaque    string
	Domain    string    // URIs that share the realm, only read by clients of WWW-Authenticate
	Algorithm Algorithm // MD5 if the parameter is absent
	QOP       QOP       // what the server offers; zero is RFC 2069
	Stale     bool      // the response was right, only the nonce was too old
	UserHash  bool      // the server understands a hashed user name
	UTF8      bool      // charset=UTF-8
}

// Parse reads a header value such as `Digest realm="example.test", nonce=…`. It returns ErrScheme for
// another scheme, else ErrSyntax with the reason. An unknown algorithm is UnknownAlgorithm, not an
// error, because a client then looks at the next challenge (RFC 8760 §2.4).
func (c *Challenge) Parse(header []byte) error {
	*c = Challenge{Algorithm: MD5}
	var p params
	if err := p.begin(header); err != nil {
		return err
	}
	var s seen
	for {
		more, err := p.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := c.param(&p, &s); err != nil {
			return err
		}
	}
	if must := seen(1<<seenRealm | 1<<seenNonce); s&must != must {
		return fmt.Errorf("%w: realm and nonce must be there", ErrSyntax)
	}
	return nil
}

// param stores one parameter.
func (c *Challenge) param(p *params, s *seen) error {
	switch strings.ToLower(p.name) {
	case "realm":
		c.Realm = p.value
		return s.once(seenRealm, "realm")
	case "nonce":
		c.Nonce = p.value
		return s.once(seenNonce, "nonce")
	case "opaque":
		c.Opaque = p.value
		return s.once(seenOpaque, "opaque")
	case "domain":
		c.Domain = p.value
		return s.once(seenDomain, "domain")
	case "algorithm":
		c.Algorithm = ParseAlgorithm(p.value)
		return s.once(seenAlgorithm, "algorithm")
	case "qop":
		c.QOP = parseQOP(p.value)
		return s.once(seenQOP, "qop")
	case "stale":
		c.Stale = equalFold(p.value, "true")
		return s.once(seenStale, "stale")
	case "userhash":
		c.UserHash = equalFold(p.value, "true")
		return s.once(seenUserHash, "userhash")
	case "charset":
		c.UTF8 = equalFold(p.value, "UTF-8")
		return s.once(seenCharset, "charset")
	}
	return nil
}

// AppendTo writes the header value; qop stands in quotes, algorithm and stale do not (RFC 3261 §25.1).
func (c *Challenge) AppendTo(dst []byte) []byte {
	dst = appendQuoted(dst, "Digest realm", c.Realm)
	if c.Domain != "" {
		dst = appendQuoted(dst, ", domain", c.Domain)
	}
	dst = appendQuoted(dst, ", nonce", c.Nonce)
	if c.Opaque != "" {
		dst = appendQuoted(dst, ", opaque", c.Opaque)
	}
	if c.QOP != 0 {
		dst = appendQuoted(dst, ", qop", c.QOP.String())
	}
	dst = append(dst, ", algorithm="...)
	dst = append(dst, c.Algorithm.String()...)
	if c.Stale {
		dst = append(dst, ", stale=true"...)
	}
	if c.UserHash {
		dst = append(dst, ", userhash=true"...)
	}
	if c.UTF8 {
		dst = append(dst, ", charset=UTF-8"...)
	}
	return dst
}
