package border

import (
	"gatehouse.example/verdict"
)

// exempted finds out whether an attempt is never screened. The Request-URI says where a request goes (RFC 3261 §16.5), so it alone decides
// that it is relayed, undelayed and as it came: there may be an emergency behind it, and what is dialled for help is translated on the way,
// so that To may be anything.
//
// But a PBX that takes the called number from To could be led to anybody past the screening, by somebody who writes 112 into the one and a
// user into the other. So if To names nothing exempt, and the request comes from outside, the checks look at it as in monitor mode: nothing
// is done, and the history shows what it was.
func (v *visit) exempted() {
	a := &v.attempt
	why, emergency := v.site.exempt(&v.routing.URI)
	if v.routing.InDialog { // there the Request-URI is a Contact, and anybody's To leads along his Route
		if why, emergency = "", false; v.routing.Pass.Exempt {
			a.Exempt = "a call that is never screened"
			return
		}
	}
	v.help, v.pass.Exempt = emergency, why != ""
	if why == "" {
		if v.from.pbx && !v.leaves() {
			a.Exempt = "sent by the PBX"
		}
		return
	}
	if to, _ := v.site.exempt(v.in.Msg.ToURI()); to == "" && !v.from.mayRelay() {
		v.spared = why + "; but To names another, so it is looked at"
		return
	}
	a.Exempt, a.Emergency = why, emergency && v.helps()
}

// helps tells whether a call for help makes it likely that its caller is called back. Nobody is asked for his password then, so anybody can
// call in a user's name: only what comes from us, or from where a user has proven to be lately, opens the user's telephone to whoever calls
// next.
func (v *visit) helps() bool {
	return !v.pass.Outbound || v.from.mayRelay() || v.b.cfg.Guard.Known(addrOf(v.in), v.in.Packet.Now)
}

// spare notes in the verdict why nothing is done about a request.
func (v *visit) spare() {
	d := &v.verdict
	d.Signals = append(d.Signals, verdict.Signal{Name: exemptSignal, Strength: 1, Evidence: v.spared})
}

// exemptSignal is what the engine calls it too.
const exemptSignal = "EXEMPT"
