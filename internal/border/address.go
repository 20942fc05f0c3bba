package border

import (
	"strings"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/locate"
	"gatehouse.example/internal/proxy"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// address finds out who is meant, and refuses what may not pass whatever the
// checks would say: relaying to elsewhere, calls in a hosted user's name
// without that user's proof. It reports whether the request is to be screened.
func (v *visit) address() bool {
	v.b.proxy.Preroute(v.in.Msg, &v.edit, &v.routing)
	if v.routing.InDialog {
		if v.commanded() {
			return false
		}
		switch v.dialog() {
		case goesOn:
			v.inDialog()
			return false
		case goesScreened:
			return v.renewed()
		}
		v.routing.Leave()
	}
	if v.from.mayRelay() && (v.routing.Phone.Remote.IsValid() || v.routing.PhoneLost) {
		return v.toPhone()
	}
	u := &v.routing.URI
	v.domain = v.calledDomain(u)
	if v.in.Msg.Method() == sip.REGISTER {
		return v.registration()
	}
	if v.domain == nil {
		v.domain = v.telephonesDomain()
	}
	why, _ := v.site.exempt(u)
	exempt := why != ""
	if v.domain != nil && !exempt && !v.from.mayRelay() && v.mustProve() && !v.proveUser() {
		return false
	}
	if v.commanded() {
		return false
	}
	if v.routing.Foreign && !v.from.mayRelay() && !v.routedToPBX() {
		return v.noRelay("Route leads elsewhere")
	}
	found := false
	switch {
	case v.trapped && v.domain != nil && !exempt:
		found = v.noUser() // nobody is there, whatever a PBX would say
	case v.domain == nil:
		found = v.elsewhere()
	case v.from.pbx && v.loopsToPBX():
		found = v.outbound(v.domain)
	case v.domain.Home && exempt && v.domain.Outbound != nil && (v.claimsHostedUser() || v.from.mayRelay()):
		found = v.outbound(v.domain) // an emergency call of a phone of ours
	case v.domain.Home:
		found = v.toUser()
	default:
		found = v.toPBX()
	}
	return found && v.secured()
}

// routedToPBX tells whether the Route set names nobody but us and, last, the PBX that
// the request goes to anyway: a phone puts there what its registrar has told it in
// Service-Route (RFC 3608).
func (v *visit) routedToPBX() bool {
	if v.domain == nil || v.domain.Home {
		return false
	}
	found := false
	for vs := v.in.Msg.Values(sip.HeaderRoute); vs.Next(); {
		var a sip.Address
		var u uri.URI
		if found || a.Parse(vs.Text()) != nil || u.Parse(a.URI) != nil {
			return false
		}
		if v.b.cfg.Self.IsURI(&u) {
			continue
		}
		at, ok := addrOfURI(&u)
		if _, loose := u.Param("lr"); !ok || !loose || !v.site.isPBX(at) || !v.site.places().serves(at, v.domain) {
			return false
		}
		found = true
	}
	return found
}

// toPhone delivers what the PBX sends to a phone that has registered there
// through us: over the phone's own flow, which our Path value names (RFC 3327
// §5.4). Others may know that value too, since the phone gets it with its 200;
// for them it opens nothing.
func (v *visit) toPhone() bool {
	if v.routing.PhoneLost {
		v.refuse(430, "", "") // RFC 5626 §5.3
		return false
	}
	if v.domain = v.sendersDomain(); v.domain == nil {
		return v.noRelay("no domain")
	}
	v.pass.Outbound = true
	v.targets = append(v.targets[:0], proxy.Target{Flow: v.routing.Phone, Only: true})
	return v.secured()
}

// secured refuses a sips: request that would go on in clear (RFC 3261 §26.2.2,
// RFC 5630 §5.3): the scheme promises TLS on each hop.
func (v *visit) secured() bool {
	if v.routing.URI.Scheme != uri.SIPS {
		return true
	}
	for i := range v.targets {
		t := &v.targets[i]
		if !t.Next.Secure && !t.Next.Transport.Secure() && !t.Flow.Transport.Secure() {
			v.deny(480, "", "Warning: 380 "+v.domain.Name+" \"SIPS Not Allowed\"\r\n", "sips: wants TLS on each hop, and the next one has none")
			return false
		}
		t.Backup = secureOnly(t.Backup)
	}
	return true
}

func secureOnly(all []locate.Target) (secure []locate.Target) {
	for _, t := range all {
		if t.Secure || t.Transport.Secure() {
			secure = append(secure, t)
		}
	}
	return secure
}

// calledDomain returns our domain that a Request-URI names: by name, by one of
// our addresses, or by being a number or service that belongs to no domain. A
// carrier may call its PBX by the Contact that this has registered there.
func (v *visit) calledDomain(u *uri.URI) *Domain {
	switch u.Scheme {
	case uri.TEL, uri.URN:
		return v.site.first
	case uri.SIP, uri.SIPS:
		if d := v.site.domain(u.Host); d != nil {
			return d
		}
		if v.isUs(u) {
			return v.site.first
		}
		if a, ok := addrOfURI(u); ok && v.from.peer != nil {
			return v.site.places().at(a)
		}
	}
	return nil
}

// telephonesDomain returns the domain of the registered telephone that a Request-URI names by its Contact. Who transfers a call after he has asked
// names the telephone that he talks with in that way, and who is transferred calls it from outside of that call, with Replaces. Strangers
// learn nothing of telephones by trying.
func (v *visit) telephonesDomain() *Domain {
	if v.from.peer == nil && !v.from.mayRelay() && !v.claimsHostedUser() {
		return nil
	}
	if v.owner = v.b.OwnerOf(&v.routing.URI); v.owner == "" {
		return nil
	}
	_, host, _ := strings.Cut(v.owner, "@")
	return v.site.domain([]byte(host))
}

// isUs tells whether an address is one of our own: at one of our ports, or with none.
func (v *visit) isUs(u *uri.URI) bool {
	return v.b.cfg.Self.IsURI(u) || u.Port == 0 && v.b.cfg.Self.IsHost(u)
}

// looseAck forwards an ACK that ignores the Route set, to the PBX that its call
// went to, if there was such a call.
func (v *visit) looseAck() {
	d := v.calledDomain(&v.routing.URI)
	if d == nil || len(d.Targets) == 0 || v.routing.Foreign || !v.sh.Accepted(v.in) {
		return
	}
	v.b.proxy.ForwardAckTo(v.in, v.sh, &v.routing, &v.edit, d.Targets[0], v.out)
}

// noRelay refuses to be an open relay. A request that claims a dialog gets 481:
// none that we know of.
func (v *visit) noRelay(why string) bool {
	v.b.stats.relayDenied.Add(1)
	if len(v.in.Msg.To().Tag) > 0 {
		v.refuse(481, "", "")
		return false
	}
	if v.from.stranger() {
		kind := guard.Scan
		if _, number := v.routing.URI.AppendNumber(nil, v.site.Plan); number && v.in.Msg.Method() == sip.INVITE {
			kind = guard.TollFraud // somebody else's phone bill is what such calls are after
			if v.b.sentry.searches(v.in.Packet.Flow, string(v.routing.URI.User), string(v.in.Msg.From().URI), v.in.Packet.Now) {
				v.deny(403, relayingDenied, "", why)
				return false
			}
		}
		v.b.incident(v.in, kind, string(v.in.Msg.From().URI), why)
	}
	v.deny(403, relayingDenied, "", why)
	return false
}

const relayingDenied = "Relaying Denied"

// elsewhere is for requests to what is not ours: for those inside only, by the
// outbound peer of their domain.
func (v *visit) elsewhere() bool {
	if !v.from.mayRelay() {
		// A phone of ours proves itself first: "the gateway may require the
		// user to REGISTER before placing this call" (RFC 3261 §22.1).
		if d := v.hostedCaller(); d != nil && d.Home {
			v.domain = d
			if !v.proveUser() {
				return false
			}
		} else {
			return v.noRelay("Request-URI leads elsewhere")
		}
	}
	d := v.hostedCaller()
	if d == nil {
		d = v.sendersDomain()
	}
	if d == nil {
		return v.noRelay("no domain")
	}
	return v.outbound(d)
}

// sendersDomain is the domain of the PBX that sends this, else the first one.
func (v *visit) sendersDomain() *Domain {
	if d := v.site.places().owner(v.in.Packet.Flow.Remote); d != nil {
		return d
	}
	return v.site.first
}

// outbound sends a request to a domain's outbound peer.
func (v *visit) outbound(d *Domain) bool {
	v.domain, v.pass.Outbound = d, true
	if d.Outbound == nil || d.Outbound.Send.Host == "" {
		v.deny(403, "No Outbound Peer", "", "domain "+d.Name+" has no outbound peer that takes its calls to elsewhere")
		return false
	}
	v.pass.Peer = d.Outbound.Number
	t := proxy.Target{Next: d.Outbound.Send}
	if v.site.domain(v.routing.URI.Host) != nil || v.routing.URI.Scheme == uri.TEL {
		t.URI = atHost(&v.routing.URI, d.Outbound.Send)
	}
	v.targets = append(v.targets[:0], t)
	return true
}

// atHost is the number or user of u at the host of a peer.
func atHost(u *uri.URI, t locate.Target) string {
	b := append([]byte("sip:"), u.User...)
	b = append(b, '@')
	b = append(b, t.Host...)
	if t.Port != 0 {
		b = append(b, ':')
		b = appendUint(b, uint64(t.Port))
	}
	if u.Scheme == uri.TEL {
		b = append(b, ";user=phone"...)
	}
	return string(b)
}

// toPBX delivers to the domain's PBX. The Request-URI stays, but no parameter in
// it may choose a next hop or method there (RFC 3261 §19.1.1, STANDARDS 5.7).
func (v *visit) toPBX() bool {
	if len(v.domain.Targets) == 0 {
		return v.noUser()
	}
	v.pass.Peer = v.peerNumber()
	rewritten := v.safeURI()
	v.targets = v.targets[:0]
	v.targets = append(v.targets, proxy.Target{URI: rewritten, Next: v.domain.Targets[0], Backup: v.domain.Targets[1:]})
	return true
}

func (v *visit) peerNumber() uint16 {
	if v.from.peer != nil {
		return v.from.peer.Number
	}
	return 0
}

// safeURI returns the Request-URI without dangerous parts, "" where there are
// none.
func (v *visit) safeURI() string {
	u := &v.routing.URI
	if u.Scheme != uri.SIP && u.Scheme != uri.SIPS {
		return ""
	}
	dangerous := len(u.Headers) > 0
	for _, name := range [...]string{"maddr", "transport", "method", "ttl", "lr", "gh", "ob"} {
		if _, ok := u.Param(name); ok {
			dangerous = true
		}
	}
	if !dangerous {
		return ""
	}
	return string(u.AppendAoR(nil))
}

// loopsToPBX tells whether the PBX calls what would be delivered to itself.
func (v *visit) loopsToPBX() bool {
	return !v.domain.Home && v.site.places().serves(v.in.Packet.Flow.Remote, v.domain)
}
