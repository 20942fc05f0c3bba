package identity

import (
	"strings"

	"gatehouse.example/internal/state/proof"
	"gatehouse.example/screen"
)

// Observation returns an attempt as the memory sees it: for those who tell it later what a person said (proof.Memory.Judge).
func Observation(a *screen.Attempt) proof.Observation {
	return proof.Observation{
		Time: a.Time, Method: a.Kind, Domain: a.FromDomain, Number: a.FromNumber,
		ProvenDomain: a.IdentityDomain, ProvenNumber: a.IdentityNumber, Proof: a.From.Proof,
		Signer: a.Signature.Signer, Repository: hostOf(a.Signature.URL),
		Source: a.Source.Addr(), Peer: a.Peer, Connected: connected(a.Transport), Own: a.SenderServes == screen.Yes,
	}
}

// connected says whether the source address has answered a handshake.
func connected(transport string) bool {
	switch transport {
	case "tcp", "tls", "ws", "wss":
		return true
	}
	return false
}

// hostOf returns the host of an https URL as part of it, without a port. The URL was accepted by whoever fetches certificates; of anything else there is none.
func hostOf(url string) string {
	rest, ok := strings.CutPrefix(url, "https://")
	if !ok {
		return ""
	}
	if end := strings.IndexAny(rest, "/?#:"); end >= 0 {
		rest = rest[:end]
	}
	return rest
}
