// Package home serves the domains that Gatehouse hosts itself: it proves who a user is and knows where a
// user's phones are.
//
// The Authenticator checks digest credentials of requests against the accounts (RFC 3261 §22, 7616, 8760)
// and writes challenges. Challenging costs no memory: only a nonce that once came back with a correct
// response takes a place in a table of fixed size, which keeps its nonce counts from being used twice.
// Names that exist and names that do not get the same answer for the same work.
//
// The Registrar keeps the bindings of RFC 3261 §10 with Path (RFC 3327). Bindings live in memory and are
// written behind to a binding.Storage; a call reads memory only. A request arrives as a parsed message
// and an answer leaves as a sip.Response: sockets and transactions are elsewhere.
//
// Both are safe for concurrent use. Not here: GRUU, outbound (a reg-id is ignored, as RFC 5626 §6 says of
// registrars without it), Service-Route, presence.
package home

import (
	"strings"

	"gatehouse.example/internal/state/account"
	"gatehouse.example/sip/uri"
)

// Domain tells which hosted domain a host of a URI names, by its name or an alias, and whether any. The
// name it returns is the realm and stands in the keys of accounts and bindings, in lower case.
type Domain func(host []byte) (name string, ok bool)

// AoR returns the key of the address of record that a URI names in a hosted domain (RFC 3261 §10.3 step 5:
// parameters do not count, escapes are decoded). sips: names the same user as sip: (RFC 3261 §19.1).
func (d Domain) AoR(u *uri.URI) (string, bool) {
	if u.Scheme != uri.SIP && u.Scheme != uri.SIPS || len(u.User) == 0 {
		return "", false
	}
	name, ok := d(u.Host)
	if !ok {
		return "", false
	}
	key := account.Key(string(u.AppendAoR(nil)))
	return key[:strings.LastIndexByte(key, '@')+1] + name, true
}
