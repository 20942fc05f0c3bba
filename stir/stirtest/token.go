package stirtest

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"gatehouse.example/stir/passport"
)

// Sign signs a full token with this certificate's key.
func (c *Cert) Sign(h passport.Header, claims passport.Claims) string {
	return must(passport.Sign(c.Key, h, claims))
}

// Shaken signs a full shaken token (RFC 8588) from one canonical number to another.
func (c *Cert) Shaken(x5u, from, to, attest string, iat time.Time) string {
	return c.Sign(passport.Header{PPT: passport.Shaken, X5U: x5u}, passport.Claims{
		Orig:     passport.Identity{TN: from},
		Dest:     passport.Destinations{TN: []string{to}},
		IssuedAt: iat.Unix(),
		Attest:   attest,
		OrigID:   UUID(),
	})
}

// UUID returns a random one (RFC 9562 §5.4), as an origid is.
func UUID() string {
	var b [16]byte
	must(rand.Read(b[:]))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// IdentityHeader returns the value of an Identity header field (RFC 8224 §4) with this token.
func IdentityHeader(token, info, ppt string) string {
	v := token + ";info=<" + info + ">;alg=ES256"
	if ppt != "" {
		v += ";ppt=" + ppt
	}
	return v
}
