// Package passport reads, verifies, writes and signs PASSporTs, the tokens that say who calls whom since when, and who
// vouches for it.
//
// It obeys RFC 8225 (the token, its compact form in §7, its deterministic text in §9) and the claims of its extensions:
// shaken (RFC 8588), div, div-o and opt (RFC 8946), msg and msgi (RFC 9475), rcd, rcdi and crn (RFC 9795), rph (RFC 8443)
// and sph (RFC 9027). Of JOSE (RFC 7515, RFC 7518) it knows what a PASSporT needs and refuses the rest: ES256 is the only
// algorithm, and no token may bring its own key.
//
// The reader is strict and its own: base64url without padding and with zero trailing bits, JSON without duplicate keys
// and with bounded depth and sizes, numbers where numbers belong. A refused token yields an *Error whose Reason says
// precisely why, so that a verification service can choose its answer from it.
//
// A full token is verified over the octets that were received, whatever their order; a compact one over the deterministic
// text that is rebuilt from what the message says. Signing always writes the deterministic text.
//
// Where the RFCs leave room it takes the narrow way, and says so where it does: destinations and origins of other kinds than
// tn and uri are refused (RFC 8225 §5.2.1 lets them be registered; none is), so are icons and jCards that are not behind
// https, and iat is a plain integer. Tokens have at most 16 KiB. Two things are wider: hi within div is passed over, and x5u
// may be any URI reference, for what may be fetched is for the fetcher to say.
//
// All values are safe for concurrent use once made. A Token refers to no caller's buffer. The package keeps no state: who
// may sign for a number is the matter of package certificate, freshness and replay are those of package stir.
package passport
