package border

import "sync/atomic"

// answers remembers which requests were answered without a transaction, so that
// a retransmission gets the same answer and is not screened or counted again
// (a caller that loses our 603 sends its INVITE up to ten times more). It is a
// table of fixed size in which a newer entry pushes out an older one: then the
// request is decided afresh, which gives the same answer.
type answers struct {
	slots []answer
}

type answer struct {
	key  atomic.Uint64
	what atomic.Uint64 // seconds << 16 | code
}

const (
	answerSlots = 1 << 15
	answerLife  = 40 // seconds: a little more than 64*T1
	codeDrop    = 0  // the verdict was to say nothing
	codeNobody  = 480
)

func (a *answers) init() { a.slots = make([]answer, answerSlots) }

func (a *answers) put(key uint64, code int, now int64) {
	s := &a.slots[key%answerSlots]
	s.what.Store(uint64(now/1e9)<<16 | uint64(code))
	s.key.Store(key)
}

func (a *answers) get(key uint64, now int64) (code int, ok bool) {
	s := &a.slots[key%answerSlots]
	if s.key.Load() != key {
		return 0, false
	}
	what := s.what.Load()
	if s.key.Load() != key || now/1e9-int64(what>>16) > answerLife {
		return 0, false
	}
	return int(what & 0xffff), true
}

// repeat answers a retransmission of a request that was rejected.
func (v *visit) repeat() bool {
	code, ok := v.b.answers.get(v.key, v.in.Packet.Now)
	if !ok {
		return false
	}
	if code == codeDrop {
		return true
	}
	v.from = v.b.senderOf(v.site, v.in)
	if code == codeNobody {
		v.refuse(480, "", "")
		return true
	}
	called := v.in.Msg.URI()
	if len(v.in.Msg.To().Tag) > 0 {
		called = v.in.Msg.ToURI() // inside a dialog the Request-URI is a Contact
	}
	if v.domain = v.calledDomain(called); v.domain == nil {
		v.domain = v.site.first
	}
	if v.domain != nil {
		v.attempt.SetTo(called, v.site.Plan)
		v.rules = v.domain.rules(v.attempt.To.Requested, v.attempt.ToNumber)
		if r := v.profile(); r.Status == code {
			v.refuse(code, r.Reason, r.Headers)
			return true
		}
	}
	v.refuse(code, "", "") // such as 428, or the profile before a reload
	return true
}
