package border

import (
	"log/slog"
	"time"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/proxy"
	"gatehouse.example/internal/txn"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// act does what the verdict says.
func (v *visit) act() {
	switch v.verdict.Action {
	case verdict.Reject:
		v.b.stats.rejected.Add(1)
		r := &v.domain.Rejection
		v.verdict.Response = r.Response()
		v.refuse(r.Status, r.Reason, r.Headers)
		v.remember(r.Status)
	case verdict.Drop:
		v.b.stats.dropped.Add(1)
		if v.server != nil {
			v.server.Terminate()
		}
		v.remember(codeDrop)
	case verdict.Label:
		v.b.stats.labelled.Add(1)
		action.Label(&v.edit, v.in.Msg, v.site.Label, &v.verdict)
		v.relay()
	default:
		v.relay()
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
	v.b.stats.relayed.Add(1)
	action.Strip(&v.edit, v.in.Msg, v.from.trust(), v.site.Label.Header)
	v.forward(v.observer())
}

func (v *visit) forward(o proxy.Observer) {
	var tag [16]byte
	fw := proxy.Forward{
		Routing: &v.routing, Targets: v.targets, Edit: &v.edit, Pass: v.pass,
		Server: v.server, ToTag: string(txn.AppendHex(tag[:0], v.key)), Metered: v.from.metered, Observer: o,
	}
	v.b.proxy.Forward(v.sh, v.in, &fw, v.out)
}

// record hands the verdict to the history and writes its line.
func (v *visit) record() {
	d := &v.verdict
	d.ElapsedUS = (time.Now().UnixNano() - v.in.Packet.Now) / 1000
	v.b.cfg.Recorder.Record(d)
	level := slog.LevelInfo
	if d.Action == verdict.Relay && d.Would == verdict.Relay {
		level = slog.LevelDebug
	}
	v.b.cfg.Log.Log(nil, level, "verdict", "id", d.ID)
}

// observer watches how a relayed request ends, where that teaches something.
func (v *visit) observer() proxy.Observer {
	if v.in.Msg.Method() == sip.REGISTER && v.in.Msg.Has(sip.HeaderAuthorization) && v.from.stranger() {
		return &registration{b: v.b, remote: v.in.Packet.Flow, account: v.attempt.To.Requested}
	}
	return nil
}
