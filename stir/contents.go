package stir

import (
	"bytes"
	"encoding/hex"
	"strings"

	"gatehouse.example/sip"
	"gatehouse.example/stir/passport"
)

// Limits of what is compared, so that the work per request stays small.
const (
	maxKeys       = 16 // different fingerprints in a body
	maxPriorities = 16 // values of Resource-Priority
)

// contents compares what a token says about the rest of the request with it.
func (c *check) contents(h *HeaderResult) {
	claims := &h.Token.Claims
	switch {
	case len(claims.MediaKeys) > 0 && !sameKeys(claims.MediaKeys, mediaKeys(c.r.Body)):
		h.fail(MediaKeyMismatch, nil)
	case claims.MsgIntegrity != "" && passport.CheckDigest(claims.MsgIntegrity, c.r.Body) != nil:
		// RFC 9475 §3.2. A MESSAGE whose body is not the signed one is not the caller's.
		h.fail(MessageMismatch, nil)
	case h.role == ranks && !c.priorities(claims):
		h.fail(PriorityMismatch, nil)
	case len(claims.RCDIntegrity) > 0:
		// RFC 9795 §6: what is within the token is checked; what a URL points at is not fetched here.
		if _, err := claims.CheckIntegrity(nil); err != nil {
			h.fail(DisplayMismatch, err)
		}
	}
}

// mediaKeys returns the fingerprints of the session descriptions in a body. RFC 8224 §4.1.1 step 3, RFC 8225 §5.2.2, RFC
// 8122 §5. A body with more than maxKeys of them is not compared, and has none.
func mediaKeys(body []byte) (keys []passport.MediaKey) {
	const name = "a=fingerprint:"
	for line := range bytes.Lines(body) {
		rest, ok := bytes.CutPrefix(line, []byte(name))
		if !ok {
			continue
		}
		alg, digest, ok := bytes.Cut(bytes.TrimSpace(rest), []byte{' '})
		if !ok {
			continue
		}
		k := passport.MediaKey{Alg: strings.ToLower(string(alg)), Digest: plainHex(string(digest))}
		if hasKey(keys, k) {
			continue
		}
		if len(keys) == maxKeys {
			return nil
		}
		keys = append(keys, k)
	}
	return keys
}

// plainHex drops the colons of a fingerprint. RFC 8225 §5.2.2: digests are compared as octets.
func plainHex(s string) string {
	s = strings.ToUpper(strings.ReplaceAll(s, ":", ""))
	if _, err := hex.DecodeString(s); err != nil {
		return ""
	}
	return s
}

func hasKey(keys []passport.MediaKey, k passport.MediaKey) bool {
	for _, o := range keys {
		if strings.EqualFold(o.Alg, k.Alg) && plainHex(o.Digest) == plainHex(k.Digest) && k.Digest != "" {
			return true
		}
	}
	return false
}

// sameKeys says whether both sets are equal: a fingerprint that was not signed is somebody else's.
func sameKeys(signed, found []passport.MediaKey) bool {
	for _, k := range found {
		if !hasKey(signed, k) {
			return false
		}
	}
	for _, k := range signed {
		if !hasKey(found, k) {
			return false
		}
	}
	return true
}

// priorities says whether the request's priorities are among those that were signed. RFC 8443 §5: every value of
// Resource-Priority in a namespace that a token speaks of must be in it. RFC 9027 §5: sph is the value of Priority.
func (c *check) priorities(claims *passport.Claims) bool {
	if claims.SPH != "" && !strings.EqualFold(claims.SPH, string(bytes.TrimSpace(c.r.Priority))) {
		return false
	}
	found := 0
	for v := range bytes.SplitSeq(c.r.ResourcePriority, []byte{','}) {
		v = bytes.TrimSpace(v)
		if len(v) == 0 {
			continue
		}
		if found++; found > maxPriorities || !signedPriority(claims.RPH, string(v)) {
			return false
		}
	}
	return found > 0 || claims.SPH != ""
}

func signedPriority(rph []passport.Priority, value string) bool {
	for _, p := range rph {
		for _, v := range p.Values {
			if strings.EqualFold(v, value) {
				return true
			}
		}
	}
	return false
}

// bodyProven says whether a token holds the digest of a message's body; contents has checked it.
func (c *check) bodyProven(t *passport.Token) bool {
	return c.r.Method == sip.MESSAGE && t.Header.PPT == passport.Msg && t.Claims.MsgIntegrity != ""
}
