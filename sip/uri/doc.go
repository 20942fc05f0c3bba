// Package uri parses, compares and canonicalises the addresses of SIP: sip: and sips: (RFC 3261 §19.1), tel: (RFC 3966)
// and urn: (RFC 8141); every other scheme is kept whole, so that a proxy can say 416.
//
// There are three different questions about "the same address", and three answers:
//
//   - [Equal] is the comparison of RFC 3261 §19.1.4. It is not transitive and therefore never a map key.
//   - [URI.AppendAoR] is the canonical key of an address of record (RFC 3261 §10.3): look-ups, lists and limits use it.
//   - [URI.AppendNumber] is the canonical telephone number, if the address holds one, by a trunk's numbering plan.
//
// Parsing follows the grammar of RFC 3261 §25 with RFC 5954 for IPv6 references. Deviations, each because phones in the
// field need it and none of them ambiguous: '#' may stand unescaped in a user part (dialled service codes), '_' in a host
// name, '=' inside a parameter value, a parameter value may be empty, and ":::" is read as "::" where a dotted quad
// follows (the error of RFC 3261's grammar that RFC 5118 §4.10 shows). A duplicate parameter is refused (§19.1.1).
// International host names must come as A-labels, as the grammar demands; they are not converted here.
//
// Everything works in place: a URI holds views into the bytes that were parsed, which the caller must leave unchanged as
// long as the URI is used. Nothing here allocates, apart from what the Append functions add to their dst. A URI may be
// read by several goroutines at once.
package uri
