package border

import (
	"slices"
	"strconv"

	"gatehouse.example/internal/proxy"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// What the other side answers tells whom there is: 404 of a PBX where there is nobody, 480 with its name and version where somebody's
// telephone is switched off, and a scanner needs no more than any difference (STANDARDS 5.14). So a stranger hears one answer, the one
// that a hosted domain gives for whoever is not there. The guard, the history and the checks are told the true one.

// veils tells whether the caller is not to hear whom there is: a stranger who has proven nothing, here or lately, outside of a call that was
// let in. A gateway's attestation (RFC 8588 §4) proves nothing of the caller either.
func (v *visit) veils() bool {
	p := v.attempt.From.Proof
	return v.from.stranger() && !v.routing.InDialog && (p == verdict.None || p == verdict.StirC) && !v.b.cfg.Guard.Known(addrOf(v.in), v.in.Packet.Now)
}

// veil is what a stranger hears of the answers to one request.
type veil struct {
	forms  *challengeForms
	domain string
	method sip.Method
	proves bool // it has credentials
	pries  bool // see visit.pries
	asks   challengeForm
	said   int // what was said instead of another status, 0: nothing
}

// newVeil returns the veil of a request; proves tells that it has credentials.
func (v *visit) newVeil(proves bool) *veil {
	m := v.in.Msg
	return &veil{
		forms: &v.b.challenges, domain: v.domain.Name, method: m.Method(), proves: proves,
		pries: v.pries(),
	}
}

// pries tells whether a request begins nothing, so that its answer is of no use but to tell who is there.
func (v *visit) pries() bool {
	return KindOf(v.in.Msg.Method()) == verdict.Other && len(v.in.Msg.To().Tag) == 0
}

// Instead implements proxy.Veil.
//
// RFC 3261 §11.2 not done: an OPTIONS of a stranger is not answered as an INVITE would be, which may ring.
func (l *veil) Instead(status int) (r sip.Response, ok bool) {
	switch {
	case l.method == sip.REGISTER:
		r, ok = l.registering(status)
	case l.pries, absent(status), broken(status):
		r, ok = sip.Response{Status: codeNobody}, true
	}
	if l.said = r.Status; l.said == status {
		l.said = 0
	}
	return r, ok
}

// registering is what a REGISTER gets. A PBX challenges whom it knows, since telephones have to be able to register; so whoever it does not
// know is challenged too, in the same form. With credentials a 403 is about them, and not about whether there is such a user.
func (l *veil) registering(status int) (r sip.Response, ok bool) {
	switch {
	case (status == 401 || status == 407) && len(l.asks.lines) > 0:
		return sip.Response{Status: status, Headers: l.asks.lines}, true
	case absent(status), status == 403 && !l.proves:
		f := l.forms.of(l.domain)
		return sip.Response{Status: f.status, Headers: f.draw()}, true
	}
	return r, false
}

// absent tells whether a final response says that whoever is asked for is not there, for now or ever.
func absent(status int) bool {
	switch status {
	case 404, 410, 480, 484, 485, 604:
		return true
	}
	return false
}

// broken tells whether a final response is one that a PBX gives where it does not reach the telephone of a user whom it has, as
// Asterisk and FreeSWITCH do by the cause that a call ends with. It says that the caller may try again, as a 480 does.
func broken(status int) bool { return slices.Contains([]int{408, 500, 502, 503, 504}, status) }

// challenged tells whether the caller was asked for credentials, and the true answer was another.
func (l *veil) challenged() bool { return l.said == 401 || l.said == 407 }

// tell notes in the history what a stranger has heard in place of the true answer.
func (l *veil) tell(r Recorder, id string, status int) {
	if l.said != 0 && id != "" {
		r.Respond(id, verdict.Response{Code: l.said, Reason: "instead of " + strconv.Itoa(status) + " behind us"})
	}
}

var _ proxy.Veil = (*veil)(nil)
