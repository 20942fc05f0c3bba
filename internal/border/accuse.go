package border

import (
	"time"

	"gatehouse.example/internal/guard"
)

// searches reports a stranger who dials one number under many prefixes: he
// searches for a way to the outside that nothing guards. It reports true where
// that is what he does.
func (v *visit) searches() bool {
	if v.b.cfg.Probed == nil {
		return false
	}
	shows := v.b.cfg.Probed(addrOf(v.in), string(v.routing.URI.User), time.Unix(0, v.in.Packet.Now))
	if shows != "" {
		v.suspect(&guard.Incident{Kind: guard.TollFraud, Account: string(v.in.Msg.From().URI), Outright: true, Evidence: shows})
	}
	return shows != ""
}

// accuse reports a stranger to the guard for what the checks have found about
// him, where that is nobody's mistake.
func (v *visit) accuse() {
	if len(v.b.cfg.Accusing) == 0 || !v.from.stranger() {
		return
	}
	for i := range v.verdict.Signals {
		s := &v.verdict.Signals[i]
		if kind, ok := v.b.cfg.Accusing[s.Name]; ok && s.Strength >= 1 {
			v.suspect(&guard.Incident{Kind: kind, Account: v.attempt.From.Claimed, Outright: true, Evidence: s.Evidence})
		}
	}
}
