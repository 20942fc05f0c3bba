// Package certificate reads the certificates that STIR signs with and decides what they may say.
//
// It obeys RFC 8226 (TNAuthList, JWTClaimConstraints), RFC 9118 (EnhancedJWTClaimConstraints), RFC 9060 (delegate
// certificates), RFC 5280 (paths, name constraints, CRLs), the domain names of RFC 5922 and the profile of ATIS-1000080.
//
// A chain that was fetched is parsed once (ParseChain), a path from it to one of the given roots is built once
// (Roots.Path): signatures, CA bits, path lengths, name constraints, key usage, scopes. That Path is immutable, safe for
// concurrent use and meant to be cached; what is asked of it for each call costs well under a microsecond and allocates
// nothing: whether it is valid at a time (At), covers an identity (Covers) and permits a token's claims (Permits).
//
// Only the given roots are trusted: the system's roots and crypto/x509's verifier are never used. Signatures are ECDSA with
// SHA-256 or better, the signer's key is of P-256. Whatever is not understood and critical, or malformed, is refused.
//
// Not done here: fetching (a caller's job, with its own guards), the policy tree of RFC 5280 §6.1.3, OCSP (RFC 6960). A list
// of numbers by reference (id-ad-stirTNList, RFC 8226 §10) is not followed: what a certificate covers stands in it.
package certificate
