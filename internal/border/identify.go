package border

import (
	"gatehouse.example/internal/action"
	"gatehouse.example/internal/txn"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// sender is who a request comes from, as far as its source tells.
type sender struct {
	// peer is the configured peer, nil for everybody else.
	peer *Peer
	// pbx tells that a PBX sends it which we deliver calls to.
	pbx bool
	// inside tells that a PBX of ours is among the peer's addresses.
	inside bool
	// user is the address of record of the account that the request proved.
	user string
	// metered tells that the source address may be somebody else's.
	metered bool
}

// stranger tells whether nothing is known of the source.
func (s *sender) stranger() bool { return s.peer == nil && !s.pbx && s.user == "" }

// mayRelay tells whether the sender may reach other places than our domains.
func (s *sender) mayRelay() bool { return s.pbx || s.user != "" || s.inside }

func (s *sender) name() string {
	switch {
	case s.peer != nil:
		return s.peer.Name
	case s.pbx:
		return "pbx"
	}
	return ""
}

func (s *sender) trust() action.Trust {
	switch {
	case s.pbx:
		return action.Trust{Identity: true, Verification: true, Others: true}
	case s.peer != nil:
		return s.peer.Trust
	}
	return action.Trust{}
}

func (b *Border) senderOf(site *Site, in *txn.Incoming) sender {
	f := in.Packet.Flow
	var names []string
	if in.Packet.TLS != nil {
		names = in.Packet.TLS.Names
	}
	s := sender{peer: site.peer(f.Remote.Addr(), names), pbx: site.fromPBX(f.Remote, f.Transport)}
	if s.peer != nil {
		_, s.inside = site.places().peers[s.peer]
	}
	s.metered = f.Transport == sip.UDP && s.stranger()
	return s
}

// identify finds out who calls. The From field only claims; a trusted peer's
// P-Asserted-Identity and a digest account prove (RFC 3325 §5, RFC 3261 §22).
func (v *visit) identify() bool {
	if v.from == (sender{}) {
		v.from = v.b.senderOf(v.site, v.in)
	}
	return true
}

// describeCaller fills the attempt's caller, once it is known that the request
// will be screened.
func (v *visit) describeCaller() {
	m, a := v.in.Msg, &v.attempt
	a.SetFrom(m.FromURI(), v.site.Plan)
	var buf [128]byte
	a.From.Display = string(m.From().AppendDisplay(buf[:0]))
	switch {
	case v.from.user != "":
		u, err := uri.Parse([]byte(v.from.user))
		if err == nil {
			a.SetIdentity(&u, verdict.Digest, v.site.Plan)
		}
	case v.from.trust().Identity:
		v.assertedIdentity()
	}
}

// assertedIdentity takes the identity that a trusted peer vouches for
// (RFC 3325 §9.1: a sip: or sips: URI, a tel: URI, or one of each; the number
// says more).
func (v *visit) assertedIdentity() {
	m := v.in.Msg
	for vs := m.Values(sip.HeaderPAssertedIdentity); vs.Next(); {
		var addr sip.Address
		var u uri.URI
		if addr.Parse(vs.Text()) != nil || u.Parse(addr.URI) != nil {
			continue
		}
		if v.attempt.From.Identity == "" || u.Scheme == uri.TEL {
			v.attempt.SetIdentity(&u, verdict.Trunk, v.site.Plan)
		}
	}
}
