package passport

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strings"
)

// The hashes of rcdi and msgi. RFC 9795 §6, RFC 9475 §3.2.
const (
	SHA256 = "sha256"
	SHA384 = "sha384"
	SHA512 = "sha512"
)

// Digest returns the digest of content as rcdi and msgi write it: the name of the hash, a hyphen, and base64 without
// padding, as the examples of RFC 9795 have it.
func Digest(hash string, content []byte) (string, error) {
	var sum [sha512.Size]byte
	n := sumInto(&sum, hash, content)
	if n == 0 {
		return "", fail(BadDigest, "unknown hash")
	}
	return hash + "-" + base64.RawStdEncoding.EncodeToString(sum[:n]), nil
}

// CheckDigest returns nil if digest is that of content, and an error of reason BadDigest or DigestMismatch if not. Padding
// is taken with and without, for signers differ. Nothing here is secret, so the comparison need not take constant time.
func CheckDigest(digest string, content []byte) error {
	hash, want, ok := splitDigest(digest)
	if !ok {
		return fail(BadDigest, "")
	}
	var sum [sha512.Size]byte
	n := sumInto(&sum, hash, content)
	if base64.RawStdEncoding.EncodeToString(sum[:n]) != want {
		return fail(DigestMismatch, "")
	}
	return nil
}

// sumInto writes the hash of content and returns its length, 0 for an unknown hash.
func sumInto(sum *[sha512.Size]byte, hash string, content []byte) int {
	switch hash {
	case SHA256:
		s := sha256.Sum256(content)
		return copy(sum[:], s[:])
	case SHA384:
		s := sha512.Sum384(content)
		return copy(sum[:], s[:])
	case SHA512:
		*sum = sha512.Sum512(content)
		return len(sum)
	}
	return 0
}

// splitDigest returns the hash and the base64 text without its padding.
func splitDigest(digest string) (hash, text string, ok bool) {
	hash, text, ok = strings.Cut(digest, "-")
	size := 0
	switch hash {
	case SHA256:
		size = sha256.Size
	case SHA384:
		size = sha512.Size384
	case SHA512:
		size = sha512.Size
	}
	if !ok || size == 0 {
		return "", "", false
	}
	if whole := base64.StdEncoding.EncodedLen(size); len(text) == whole {
		text = strings.TrimRight(text, "=")
	}
	return hash, text, len(text) == base64.RawStdEncoding.EncodedLen(size) && isBase64(text)
}

func isDigest(s string) bool {
	_, _, ok := splitDigest(s)
	return ok
}

// isBase64 says whether s has only characters of the standard alphabet, without padding. RFC 4648 §4.
func isBase64(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && c != '+' && c != '/' {
			return false
		}
	}
	return true
}
