package border

import (
	"context"
	"slices"
	"strings"
	"time"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/identity"
	"gatehouse.example/internal/text"
	"gatehouse.example/internal/txn"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
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

// ours tells whether it is one of our own: a PBX of ours, or a user who has proven himself.
func (s *sender) ours() bool { return s.pbx || s.user != "" }

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

// trust is what is believed of it. A PBX that sends from another port than calls are delivered to is a peer only, and has telephones ring
// as it likes all the same.
func (s *sender) trust() (t action.Trust) {
	switch {
	case s.pbx:
		return action.Trust{Identity: true, Verification: true, Others: true, Ringing: true, Itself: true}
	case s.peer != nil:
		t = s.peer.Trust
		t.Ringing = t.Ringing || s.inside
	}
	t.Itself = t.Itself || s.user != ""
	return t
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
	v.describeProof()
}

// describeProof puts down who calls as far as something proves it.
func (v *visit) describeProof() {
	e := identity.Evidence{Message: v.in.Msg, Account: v.from.user, Signature: v.signature, Trusted: v.from.trust().Identity}
	if t := v.in.Packet.TLS; t != nil {
		e.Domains = t.Names
	}
	if c := identity.Who(&e); c.Proof != verdict.None {
		v.attempt.SetIdentity(&c.URI, c.Proof, v.site.Plan)
	}
}

// describeClaim says what is known about a claim that nothing proves: that there
// is no signature, and whether it comes from where the claimed domain is served.
func (v *visit) describeClaim(wall time.Time) {
	who, a := v.b.cfg.Identity, &v.attempt
	if who == nil || v.from.ours() {
		return
	}
	if who.Verifies() && !identity.Signed(v.in.Msg) {
		a.Signature.Outcome = verdict.SignatureMissing
	}
	if a.From.Proof != verdict.None || v.from.peer != nil {
		return
	}
	// RFC 5039 §4.1: the server of a domain may speak for that domain only.
	if t := v.in.Packet.TLS; t != nil && len(t.Names) > 0 && !identity.Names(t.Names, v.in.Msg.FromURI().Host) {
		a.SenderServes, a.SenderProven = screen.No, t.Names[0]
		return
	}
	d := v.claimedDomain()
	if d == nil {
		a.SenderServes = who.Serves(a.FromDomain, a.Source.Addr(), wall)
		return
	}
	if !v.b.cfg.Guard.Known(a.Source.Addr(), v.in.Packet.Now) {
		a.SenderServes = screen.No // we serve it ourselves, and none of its users has proven to be there
	}
	if d == v.domain && a.ToDomain != "" {
		a.FromDomain = a.ToDomain // by whichever of its names and addresses
	}
}

// wantsProof tells whether a signature is to be verified before anything is
// decided: not of our own users and PBX, whom we know better, and not where
// nothing is screened.
func (v *visit) wantsProof() bool {
	who := v.b.cfg.Identity
	return who != nil && !v.from.ours() && v.attempt.Exempt == "" && v.spared == "" && who.Verifies() && identity.Signed(v.in.Msg)
}

// verify verifies the signature. It runs on a worker.
func (v *visit) verify(ctx context.Context) {
	v.signature = v.b.cfg.Identity.Prove(ctx, v.in.Msg, identity.Sender{
		Peer: v.from.name(), Trusted: v.from.trust().Identity, Address: v.in.Packet.Flow.Remote.Addr(),
	})
	v.attempt.Signature = identity.Facts(v.signature)
	v.describeProof()
	v.describeShown()
	wall := v.verdict.Time
	v.attempt.Describe(&v.verdict)
	v.verdict.Time = wall
}

// describeShown adds what a valid token wants the caller shown as. RFC 8224 §12.6: the signature proves the number, the name beside it is the
// caller's own, and is looked at as all that he says.
func (v *visit) describeShown() {
	if v.signature == nil || v.signature.Display == nil {
		return
	}
	a, d := &v.attempt, v.signature.Display
	a.Names = slices.Clone(a.Names) // they are the waiting visit's as well
	for _, name := range [...]string{d.Name, text.CardName(d.JCard)} {
		if name != "" && !slices.Contains(a.Names, name) {
			a.Names = append(a.Names, name)
		}
	}
	if d.Reason != "" {
		a.Text = strings.TrimSpace(a.Text + "\n" + d.Reason)
	}
}

// wantsSignature tells whether a request is to be signed: a call or message of
// ours to elsewhere that goes through and bears no signature yet, or one that the
// PBX forwards with the signatures of its caller.
func (v *visit) wantsSignature() bool {
	who, m := v.b.cfg.Identity, v.in.Msg
	return who != nil && v.attempt.Outbound && who.Signs() && (v.from.user != "" || v.from.pbx) &&
		(v.verdict.Action == verdict.Relay || v.verdict.Action == verdict.Label) &&
		(m.Method() == sip.INVITE || m.Method() == sip.MESSAGE) && (v.from.pbx || !identity.Signed(m))
}

// sign makes the header fields that prove the request to others. Without them
// it is sent all the same.
func (v *visit) sign() {
	who := identity.Signatory{User: v.from.user}
	if v.from.pbx {
		who.PBX = v.domain.Name
	}
	lines, err := v.b.cfg.Identity.Sign(v.in.Msg, who)
	if err != nil {
		v.b.stats.unsigned.Add(1)
		v.b.cfg.Log.Debug("not signed", "from", cut(v.attempt.From.Claimed), "reason", err)
		return
	}
	v.b.stats.signed.Add(1)
	v.added = lines
}
