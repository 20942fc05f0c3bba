package border

import (
	"bytes"
	"time"

	"gatehouse.example/internal/proxy"
	"gatehouse.example/internal/state/calls"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// follows tells whether how an attempt ends is of interest: calls, messages and
// subscriptions that open something.
func (v *visit) follows() bool {
	if v.b.cfg.Calls == nil || v.routing.InDialog || len(v.in.Msg.To().Tag) > 0 {
		return false
	}
	switch v.attempt.Kind {
	case verdict.Call, verdict.Message, verdict.Subscription:
		return true
	}
	return false
}

// follow has the table of calls follow what is let through. It returns the
// observer to forward with.
func (v *visit) follow(o proxy.Observer) proxy.Observer {
	m := v.in.Msg
	if !v.follows() {
		if m.Method() == sip.BYE && o == proxy.Observer(v.b) {
			return (*byes)(v.b)
		}
		return o
	}
	ref := v.b.cfg.Calls.Begin(v.b.cfg.Calls.Key(m.CallID(), m.From().Tag), &v.attempt, v.verdict.Action, v.in.Packet.Now)
	if !ref.Tracked() {
		return o
	}
	f := v.b.followers.Get().(*follower)
	*f = follower{b: v.b, next: o, ref: ref}
	return f
}

// turnedAway notes an attempt that nobody was let through to.
func (v *visit) turnedAway() {
	if v.follows() {
		v.b.cfg.Calls.Refused(&v.attempt, v.verdict.Action, v.in.Packet.Now)
	}
}

// follower watches one attempt on its way. It goes back when the attempt has its
// final response; one that never gets any is left to the garbage collector, and
// the table ends its call by age.
type follower struct {
	b    *Border
	next proxy.Observer
	ref  calls.Ref
}

// Heard takes the callee's responses.
func (f *follower) Heard(m *sip.Message, now int64) {
	switch status := m.Status(); {
	case status < 200:
		f.b.cfg.Calls.Ringing(f.ref, now)
	case status < 300 && m.Method() == sip.INVITE:
		f.b.cfg.Calls.Accepted(f.ref, m.To().Tag, sessionInterval(m), now)
	}
	if w, ok := f.next.(proxy.Witness); ok {
		w.Heard(m, now)
	}
}

// Cancelled takes the caller's CANCEL.
func (f *follower) Cancelled(m *sip.Message) { f.b.cfg.Calls.Cancelling(f.ref, cause(m)) }

// Answered takes the final response.
func (f *follower) Answered(id string, status int, local bool, now int64) {
	b, next, ref := f.b, f.next, f.ref
	*f = follower{}
	b.followers.Put(f)
	next.Answered(id, status, local, now)
	b.cfg.Calls.Answered(ref, status, local, now)
}

// onward tells the table of calls about a request inside a dialog. Where no token
// of ours says which side sends it, it may be either.
func (v *visit) onward() {
	t, m := v.b.cfg.Calls, v.in.Msg
	if t == nil || len(m.To().Tag) == 0 {
		return
	}
	switch m.Method() {
	case sip.BYE, sip.INVITE, sip.UPDATE:
	default:
		return
	}
	if !v.routing.InDialog || v.routing.Opener {
		v.tellDialog(t, m.From().Tag, m.To().Tag, false)
	}
	if !v.routing.InDialog || !v.routing.Opener {
		v.tellDialog(t, m.To().Tag, m.From().Tag, true)
	}
}

func (v *visit) tellDialog(t *calls.Table, opener, other []byte, byCallee bool) {
	m, now := v.in.Msg, v.in.Packet.Now
	k := t.Key(m.CallID(), opener)
	if m.Method() == sip.BYE {
		t.Bye(k, other, byCallee, cause(m), now)
		return
	}
	t.Refreshed(k, other, sessionInterval(m), now)
}

// byes observes a BYE that is forwarded with state.
type byes Border

// Heard takes the other side's answer.
func (b *byes) Heard(m *sip.Message, now int64) { (*Border)(b).byeAnswered(m, now) }

// Cancelled is never called: nobody cancels a BYE.
func (b *byes) Cancelled(*sip.Message) {}

// Answered is Border's: what we say ourselves ends no call before its time.
func (b *byes) Answered(id string, status int, local bool, now int64) {
	(*Border)(b).Answered(id, status, local, now)
}

// byeAnswered tells the table of calls what the other side says to a BYE.
func (b *Border) byeAnswered(m *sip.Message, now int64) {
	t := b.cfg.Calls
	if t == nil || m.Method() != sip.BYE || m.Status() < 200 {
		return
	}
	from, to := m.From().Tag, m.To().Tag
	t.ByeAnswered(t.Key(m.CallID(), from), to, m.Status(), now)
	t.ByeAnswered(t.Key(m.CallID(), to), from, m.Status(), now)
}

// cause returns the cause that a Reason field gives in SIP's terms (RFC 3326 §2),
// 0 where there is none.
func cause(m *sip.Message) int {
	for vs := m.Values(sip.HeaderReason); vs.Next(); {
		text := vs.Text()
		semi := bytes.IndexByte(text, ';')
		if semi < 0 || !bytes.EqualFold(bytes.TrimSpace(text[:semi]), sipProtocol) {
			continue
		}
		for len(text) > semi {
			text = text[semi+1:]
			if semi = bytes.IndexByte(text, ';'); semi < 0 {
				semi = len(text)
			}
			name, value, ok := bytes.Cut(text[:semi], equals)
			if ok && bytes.EqualFold(bytes.TrimSpace(name), causeParam) {
				if n := digits(bytes.TrimSpace(value), 699); n >= 200 {
					return n
				}
			}
		}
	}
	return 0
}

var sipProtocol, causeParam, equals = []byte("SIP"), []byte("cause"), []byte("=")

// sessionInterval returns the interval of a Session-Expires field (RFC 4028 §4),
// 0 where there is none.
func sessionInterval(m *sip.Message) time.Duration {
	value, _, _ := bytes.Cut(m.Value(sip.HeaderSessionExpires), []byte(";"))
	return time.Duration(digits(bytes.TrimSpace(value), 1e6)) * time.Second
}

// digits reads a number up to most; anything else is 0.
func digits(b []byte, most int) (n int) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0
		}
		if n = n*10 + int(c-'0'); n > most {
			return 0
		}
	}
	return n
}

var _ proxy.Witness = (*byes)(nil)
