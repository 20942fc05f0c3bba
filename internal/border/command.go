package border

import (
	"bytes"

	"gatehouse.example/internal/guard"
	"gatehouse.example/sip"
)

// obeyed are the events whose NOTIFY a telephone obeys although it has not subscribed: it answers what rings, holds it, starts anew, or does
// what the body says: dials, shows, fetches.
var obeyed = [...]string{"talk", "hold", "check-sync", "resync", "reboot", "reboot_now", "restart_now", "xml", "aastra-xml", "yealink-xml"}

// commands tells whether a request has whoever gets it do something. A NOTIFY that belongs to no subscription, since it names no dialog, does:
// it lights a lamp at the least, and each maker of telephones has events of his own for more.
func commands(m *sip.Message) bool {
	switch m.Method() {
	case sip.REFER:
		return true
	case sip.NOTIFY:
		if len(m.To().Tag) == 0 {
			return true
		}
		event, _, _ := bytes.Cut(m.Value(sip.HeaderEvent), []byte{';'})
		for _, e := range obeyed {
			if bytes.EqualFold(bytes.TrimSpace(event), []byte(e)) {
				return true
			}
		}
	}
	return false
}

// commanded refuses what a stranger commands, and tells whether it was that. A REFER (RFC 3515) has a PBX or a telephone call whomever the
// stranger says, at its own expense and with its own password; a NOTIFY has a telephone answer the stranger's own call. The call that it
// came in goes on (RFC 5057 §5.1).
func (v *visit) commanded() bool {
	if !commands(v.in.Msg) || v.mayCommand() {
		return false
	}
	v.b.stats.relayDenied.Add(1)
	from, method := v.in.Msg.FromURI().AppendAoR(nil), v.in.Msg.Method()
	switch {
	case v.routing.InDialog: // a telephone that transfers a call, most likely, and maybe one of ours whom we do not know
		if v.b.lines.allow(v.in.Packet.Now) {
			v.b.cfg.Log.Info("a stranger's command is refused", "method", method.String(), "from", cut(string(from)), "source", addrOf(v.in).String())
		}
	case method == sip.REFER:
		v.b.incident(v.in, guard.TollFraud, string(from), "REFER of a stranger")
	default:
		v.b.incident(v.in, guard.Scan, string(from), "NOTIFY "+cut(string(v.in.Msg.Value(sip.HeaderEvent)))+" of a stranger")
	}
	v.deny(403, "", "", "a stranger's "+method.String()+" has whoever gets it do something")
	return true
}

// mayCommand tells whether a request comes from one of us: our PBX, peers, a user with his password; and telephones, which send none within
// a call: those that have registered here or, at the PBX, from an address that has proven a password lately, and those that the PBX itself
// has called.
func (v *visit) mayCommand() bool {
	return !v.from.stranger() || v.b.cfg.Guard.Known(addrOf(v.in), v.in.Packet.Now) || v.ourPhone() ||
		v.routing.InDialog && !v.routing.Opener && v.routing.Pass.Outbound
}
