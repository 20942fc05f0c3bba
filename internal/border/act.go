package border

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/proxy"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/internal/txn"
	"gatehouse.example/sip"
	"gatehouse.example/stir"
	"gatehouse.example/verdict"
)

// act does what the verdict says.
func (v *visit) act() {
	switch v.verdict.Action {
	case verdict.Reject:
		v.b.stats.rejected.Add(1)
		if v.baited() {
			v.answerNobody()
			v.turnedAway()
			return
		}
		v.missed()
		r := v.rejection()
		v.verdict.Response = r.Response()
		v.refuse(r.Status, r.Reason, r.Headers)
		v.remember(r.Status)
		v.turnedAway()
	case verdict.Drop:
		v.b.stats.dropped.Add(1)
		v.missed()
		v.terminate()
		v.remember(codeDrop)
		v.turnedAway()
	case verdict.Label:
		v.b.stats.labelled.Add(1)
		if !v.attempt.Outbound { // what we think of our own users is nobody else's business
			action.Label(&v.edit, v.in.Msg, v.site.Label, &v.verdict)
			v.labelled, v.pass.Labelled = true, true
		}
		v.relay()
	default:
		v.relay()
	}
}

// baited tells whether a request is rejected for a trap and for nothing else: the answer of a rejection would tell who searches where the trap is.
func (v *visit) baited() bool {
	rest := v.verdict.Score
	for i := range v.verdict.Signals {
		if s := &v.verdict.Signals[i]; slices.Contains(v.b.cfg.Trapping, s.Name) {
			rest -= s.Score
		}
	}
	if rest >= v.verdict.Score {
		return false
	}
	action, _ := v.policy().Decide(rest, &v.attempt)
	return action < verdict.Reject
}

// terminate ends a request without an answer.
func (v *visit) terminate() {
	if v.server != nil {
		v.server.Terminate()
	}
}

// remember keeps an answer for retransmissions, unless a transaction does.
func (v *visit) remember(code int) {
	if v.server == nil {
		v.b.answers.put(v.key, code, v.in.Packet.Now)
	}
}

// relay lets the request through, without what its sender may not say.
func (v *visit) relay() {
	if v.nobody || v.domain.Home && v.pries() && v.veils() { // how long a telephone takes to answer would tell that there is one
		v.nobody = true
		v.answerNobody()
		v.turnedAway()
		return
	}
	v.b.stats.relayed.Add(1)
	v.onward()
	v.strip()
	v.relabel()
	if v.from.user != "" {
		_, realm := account.Names(v.from.user)
		action.StripCredentials(&v.edit, v.in.Msg, realm)
	}
	if trust := v.from.trust(); trust.Identity && action.WantsPrivacy(v.in.Msg) && !v.confidential() {
		action.Withhold(&v.edit, v.in.Msg)
	} else {
		v.tellProof()
	}
	if len(v.added) > 0 {
		v.edit.Insert(v.in.Msg.HeadersEnd(), v.added)
	}
	v.forward(v.follow(v.observer()))
}

// strip takes out what the sender may not say: in every request, also within a dialog and in an ACK (RFC 3325 §4).
func (v *visit) strip() {
	t := v.from.trust()
	t.Ringing = t.Ringing || v.colleagues()
	t.Itself = t.Itself || v.help // where somebody is who calls for help
	action.Strip(&v.edit, v.in.Msg, t, v.site.Label.Header)
}

// Strip takes out of a response what its sender may not say, as strip does: who is asked within a call, by a re-INVITE, could otherwise say
// in his answer who it is. RFC 3325 §5 speaks of messages, not of requests.
func (b *Border) Strip(in *txn.Incoming, e *sip.Edit) {
	site := b.site.Load()
	s := b.senderOf(site, in)
	action.Strip(e, in.Msg, s.trust(), site.Label.Header)
}

// colleagues tells whether one user calls another of the same hosted domain, and has given his password for it. He may have that telephone
// answer by itself, as the intercom of an office does: it has no PBX that could say so, and the history shows who has listened. RFC 5373 §7
// wants callers for that who are known and were granted it. All others call from outside, whoever they have proven to be.
func (v *visit) colleagues() bool {
	if v.from.user == "" || v.pass.Outbound || v.domain == nil || !v.domain.Home {
		return false
	}
	_, realm := account.Names(v.from.user)
	return realm == v.domain.Name
}

// confidential tells whether a request goes to somebody who is trusted to keep
// the caller's identity to himself: a PBX of ours, a peer whose word on
// identities we take too (RFC 3325 §2.3). A phone is not.
func (v *visit) confidential() bool {
	if v.attempt.Outbound {
		return v.domain.Outbound != nil && v.domain.Outbound.Trust.Identity
	}
	return !v.domain.Home
}

// rejection is how a rejected caller is answered: by the domain's profile, or,
// where the operator wants that, with the code of what is wrong with his
// signature and a Reason for each (RFC 8224 §6.2.2, RFC 9410).
func (v *visit) rejection() *action.Rejection {
	who := v.b.cfg.Identity
	if who == nil || !who.Rules().Answer[v.attempt.Signature.Outcome] {
		if r := v.profile(); r.Status != 404 || !v.routing.InDialog {
			return r
		}
		return &action.Rejection{Status: 603, Reason: "Decline"} // a 404 would end the call (RFC 5057 §5.1)
	}
	if v.signature == nil { // nobody had to look: there is none
		return &action.Rejection{Status: stir.Missing.Status(), Reason: stir.Missing.Phrase()}
	}
	return &action.Rejection{Status: v.signature.Status, Reason: v.signature.Phrase, Headers: string(stir.AppendReasons(nil, v.signature))}
}

// tellProof tells the PBX who calls, where a signature was looked at.
func (v *visit) tellProof() {
	who := v.b.cfg.Identity
	if who == nil || v.attempt.Outbound || v.attempt.Signature.Outcome == "" {
		return
	}
	rules, p := who.Rules(), action.Proof{}
	if v.signature != nil {
		p.Verstat = v.attempt.Signature.Verstat
		if v.signature.Outcome == stir.Valid && v.attempt.From.Proof >= verdict.StirURI && v.attempt.From.Proof != verdict.StirC {
			p.Identity = v.attempt.From.Identity
		}
		if d := v.signature.Display; d != nil && rules.CallerName && p.Identity != "" && !v.doubted() {
			p.Name, p.CallReason = d.Name, d.Reason
			p.CallInfo, p.Purpose = d.IconURL, "icon"
			if p.CallInfo == "" {
				p.CallInfo, p.Purpose = d.CardURL, "jcard"
			}
		}
	} else {
		p.Verstat = "No-TN-Validation"
	}
	if v.verdict.Action == verdict.Label {
		p.Name = v.site.Label.Prefix // or a PBX that believes what is asserted shows no label
	}
	if rules.AssertIdentity {
		action.Assert(&v.edit, v.in.Msg, &p, v.from.trust().Identity)
	}
	if rules.VerstatInFrom && v.attempt.FromNumber != "" {
		action.FromVerstat(&v.edit, v.in.Msg, p.Verstat)
		v.labelled = true
	}
	action.Introduce(&v.edit, v.in.Msg, &p)
}

// doubted tells whether the caller is let through although much speaks against him: then what he calls himself is not passed on as something proven.
func (v *visit) doubted() bool {
	return v.verdict.Action != verdict.Relay || v.verdict.Would != verdict.Relay
}

func (v *visit) forward(o proxy.Observer) {
	v.fw = proxy.Forward{
		Routing: &v.routing, Targets: v.targets, Edit: &v.edit, Pass: v.pass,
		Server: v.server, ToTag: txn.ToTag(v.key), Metered: v.from.metered, Observer: o, Veil: v.veil, ID: v.attempt.ID,
		Path: v.in.Msg.Method() == sip.REGISTER && proxy.WantsPath(v.in),
	}
	if v.labelled {
		v.fw.From = v.in.Msg.Text(v.in.Msg.From().Span)
	}
	v.b.proxy.Forward(v.sh, v.in, &v.fw, v.out)
}

// record reports whom the checks have found, and enters the verdict.
func (v *visit) record() {
	v.accuse()
	if !v.upkeep() {
		v.enter()
	}
}

// enter hands the verdict to the history and writes its line.
func (v *visit) enter() {
	d := &v.verdict
	d.ElapsedUS = (v.b.cfg.Clock() - v.in.Packet.Now) / 1000
	v.b.cfg.Recorder.Record(d)
	v.b.tell(d, v.in.Packet.Now)
}

// upkeep tells whether a PBX looks after its telephones: an OPTIONS to see that one is there, a NOTIFY that lights its lamp. Each does so every
// minute or so, and that is no attempt of anybody at anybody.
func (v *visit) upkeep() bool {
	return v.verdict.Kind == verdict.Other && v.verdict.Action == verdict.Relay && (v.from.pbx || v.from.inside)
}

// tell writes the verdict's line: at Info where something was, or would have
// been, done about the request. A flood of refused calls does not flood the log:
// beyond some lines a second the history is the place to look.
func (b *Border) tell(d *verdict.Verdict, now int64) {
	level := slog.LevelInfo
	if d.Action == verdict.Relay && d.Would == verdict.Relay {
		level = slog.LevelDebug
	}
	ctx := context.Background()
	if !b.cfg.Log.Enabled(ctx, level) {
		return
	}
	if !b.lines.allow(now) {
		b.stats.unlogged.Add(1)
		return
	}
	b.cfg.Log.LogAttrs(ctx, level, "verdict", slog.String("id", d.ID), slog.String("kind", d.Kind.String()),
		slog.String("why", d.Why()), slog.String("from", cut(d.From.Claimed)), slog.String("to", cut(d.To.Requested)),
		slog.String("source", d.Source.Address))
}

// perSecond allows so many a second.
type perSecond struct{ state atomic.Uint64 } // second << 16 | count

const linesPerSecond = 100

func (p *perSecond) allow(now int64) bool {
	second := uint64(now/1e9) << 16
	for {
		old := p.state.Load()
		next := old + 1
		if old&^0xffff != second {
			next = second + 1
		} else if old&0xffff >= linesPerSecond {
			return false
		}
		if p.state.CompareAndSwap(old, next) {
			return true
		}
	}
}

// cut bounds what a stranger can write into the log; the handler quotes it.
func cut(s string) string {
	const most = 128
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// observer watches how a relayed request ends: what we had to answer ourselves
// belongs into the history, and refused credentials count against their source.
func (v *visit) observer() proxy.Observer {
	if v.from.stranger() && !v.help {
		return v.watch()
	}
	return v.b
}

// Answered notes in the history that a request which was let through could not
// be delivered.
func (b *Border) Answered(id string, status int, local bool, now int64) {
	if !local || status < 500 && status != 430 && status != 480 || id == "" {
		return
	}
	b.cfg.Recorder.Respond(id, verdict.Response{Code: status, Reason: sip.ReasonPhrase(status)})
	if last := b.unanswered.Load(); status == 503 && now-last >= unansweredTick && b.unanswered.CompareAndSwap(last, now) {
		b.cfg.Log.Warn("neither the PBX nor a peer answers: callers get 503", "attempt", id)
	}
}

// unansweredTick is how often the log says that nobody answers.
const unansweredTick = int64(10e9)
