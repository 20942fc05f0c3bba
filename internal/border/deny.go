package border

import (
	"gatehouse.example/internal/home"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// deniedSignal is the reason of a request that is refused whatever the checks
// would say.
const deniedSignal = "DENIED"

// deny refuses a request that may not pass whatever the checks would say, and
// puts it into the history with the reason.
func (v *visit) deny(status int, reason, headers, why string) {
	v.refuse(status, reason, headers)
	v.remember(status) // a retransmission is no other attempt
	v.denied(status, reason, why)
}

// denied puts a request that was refused into the history. It accuses nobody: who
// refused it has reported what there was to report.
func (v *visit) denied(status int, reason, why string) {
	wall := v.outline()
	v.attempt.Describe(&v.verdict)
	d := &v.verdict
	d.Time, d.Action = wall, verdict.Reject
	if v.domain != nil {
		d.Mode = v.policy().Mode
	}
	if reason == "" {
		reason = sip.ReasonPhrase(status)
	}
	d.Signals = append(d.Signals[:0], verdict.Signal{Name: deniedSignal, Strength: 1, Evidence: why})
	d.Response = &verdict.Response{Code: status, Reason: reason}
	v.enter()
}

// distrusted puts credentials that were wrong into the history. That somebody
// was asked for them, or asked anew, is no attempt.
func (v *visit) distrusted(res *home.Result, status int) {
	if res.Outcome.Failure() || res.Outcome == home.Mismatch {
		v.denied(status, "", res.Outcome.String()+": user "+screen.Quote(cut(res.Username)))
	}
}
