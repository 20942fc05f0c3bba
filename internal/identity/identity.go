// Package identity says who is calling, from which evidence, and how strongly that is proven: RFC 5039 §4, §5, with today's means.
//
//	a signature        Identity header field, RFC 8224                  Service.Prove, on a worker
//	a TLS certificate  of the connection, RFC 5922                      its names, which wire has verified
//	a password         of an account of ours, RFC 3261 §22              what home has verified
//	a trusted peer     P-Asserted-Identity, RFC 3325
//	nothing            From, which anybody can write
//
// [Who] is the one function that weighs them. The rest of the package gets the evidence that is not at hand: [Service] verifies signatures, signs for
// our own users, and tells whether a source is one of the hosts of the domain that is claimed. Nothing here answers a request or gives it a score.
//
// A Service is safe for concurrent use. Prove and Sign cost a P-256 operation each and may wait for a certificate; they belong on a worker. Who and
// Serves never wait.
package identity

import (
	"slices"
	"strings"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/stir"
	"gatehouse.example/stir/passport"
	"gatehouse.example/verdict"
)

// Evidence is what a request, and what it came over, say about its sender.
type Evidence struct {
	// Message is the request; its From only claims.
	Message *sip.Message
	// Account is the address of record of the account of ours whose password the request proved, or empty.
	Account string
	// Domains are the names that the connection's TLS certificate proves, in lower case. RFC 5922 §7.1.
	Domains []string
	// Signature is what the Identity header fields came to; nil where nobody has looked.
	Signature *stir.Result
	// Trusted says that the sender is a peer whose P-Asserted-Identity is believed. RFC 3325 §5.
	Trusted bool
}

// Caller is who calls, as far as something proves it.
type Caller struct {
	// URI is the proven identity; it means nothing where Proof is None.
	URI uri.URI
	// Proof is how strongly.
	Proof verdict.Proof
}

// Who says who is calling. Where several things prove something, the strongest counts, in the order of verdict.Proof, with one exception: our own
// account is looked at first, because what it may do hangs on it, and because its requests are not verified otherwise.
func Who(e *Evidence) Caller {
	if e.Account != "" {
		if u, err := uri.Parse([]byte(e.Account)); err == nil {
			return Caller{u, verdict.Digest}
		}
	}
	if c := bySignature(e.Signature); c.Proof != verdict.None {
		return c
	}
	from := e.Message.FromURI()
	if len(e.Domains) > 0 && Names(e.Domains, from.Host) {
		return Caller{*from, verdict.TLS}
	}
	if e.Trusted {
		return asserted(e.Message)
	}
	return Caller{}
}

// bySignature is what a valid signature proves. RFC 8588 §4 ranks what the signer vouches for; a signature without attestation is that of whoever has
// authority over the identity itself (RFC 8224 §6.2 step 3).
func bySignature(r *stir.Result) Caller {
	if r == nil || r.Outcome != stir.Valid {
		return Caller{}
	}
	proof := verdict.StirURI
	switch r.Attestation {
	case 'A':
		proof = verdict.StirA
	case 'B':
		proof = verdict.StirB
	case 'C':
		proof = verdict.StirC
	}
	text := r.Identity.URI
	if text == "" {
		text = telURI(r.Identity)
	}
	u, err := uri.Parse([]byte(text))
	if err != nil {
		return Caller{}
	}
	return Caller{u, proof}
}

// shortNumber is the length up to which a number without country code is one of somebody's own network (ITU-T E.164 §6.1: the shortest
// international ones have seven digits).
const shortNumber = 6

func telURI(id passport.Identity) string {
	if len(id.TN) <= shortNumber || strings.ContainsAny(id.TN, "*#") {
		return "tel:" + id.TN
	}
	return "tel:+" + id.TN
}

// asserted is the identity that a trusted peer vouches for (RFC 3325 §9.1: a sip: or sips: URI, a tel: URI, or one of each; the number says more).
func asserted(m *sip.Message) (c Caller) {
	for vs := m.Values(sip.HeaderPAssertedIdentity); vs.Next(); {
		var addr sip.Address
		var u uri.URI
		if addr.Parse(vs.Text()) != nil || u.Parse(addr.URI) != nil {
			continue
		}
		if c.Proof == verdict.None || u.Scheme == uri.TEL {
			c = Caller{u, verdict.Trunk}
		}
	}
	return c
}

// Names tells whether a certificate's names hold a domain. RFC 5922 §7.2: exactly, without regard to case, and without wildcards.
func Names(names []string, host []byte) bool {
	h := strings.TrimSuffix(string(host), ".")
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, h) })
}
