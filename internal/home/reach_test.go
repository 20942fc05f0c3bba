package home

import (
	"net/netip"
	"testing"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

func TestContactLeadsBackOverItsFlowUnlessTwoUsersClaimIt(t *testing.T) {
	const mallory = "sip:mallory@example.test"
	from := func(s string) Source {
		f := overUDP
		f.Remote = netip.MustParseAddrPort(s)
		return f
	}
	r := newRegistrar(nil)
	cseq := 0
	register := func(user string, f Source, contact string) {
		t.Helper()
		cseq++
		m := message(t, "REGISTER sip:example.test", "To: <"+user+">", "CSeq: "+string(rune('0'+cseq))+" REGISTER", "Contact: "+contact)
		if got := r.Register(m, f, user, noon); got.Status != 200 {
			t.Fatal(got.Status, got.Reason)
		}
	}
	flow := func(contact string, now time.Time) (Source, bool) {
		u, err := uri.Parse([]byte(contact))
		if err != nil {
			t.Fatal(err)
		}
		return r.FlowOf(&u, now)
	}
	first, second, hers := from("198.51.100.7:40000"), from("198.51.100.7:40001"), from("203.0.113.9:5060")
	const contact = "sip:alice@192.168.1.5"

	register(alice, first, "<sip:alice@192.168.1.5;ob>")
	if got, ok := flow("sip:alice@192.168.1.5;transport=udp", noon); !ok || got != first {
		t.Errorf("registered: %v %v", got, ok)
	}
	if _, ok := flow(contact, noon.Add(time.Hour)); ok {
		t.Error("expired and still found")
	}
	if _, ok := flow("sip:alice@192.168.1.5:5062", noon); ok {
		t.Error("another port is found")
	}
	register(alice, second, "<sip:alice@192.168.1.5;ob>")
	if got, ok := flow(contact, noon); !ok || got != second {
		t.Errorf("moved: %v %v", got, ok)
	}
	register(mallory, hers, "<"+contact+">")
	if got, ok := flow(contact, noon); ok {
		t.Errorf("claimed by two: %v", got)
	}
	register(mallory, hers, "<"+contact+">;expires=0")
	if got, ok := flow(contact, noon); !ok || got != second {
		t.Errorf("claim withdrawn: %v %v", got, ok)
	}
	register(mallory, second, "<"+contact+">")
	if got, ok := flow(contact, noon); !ok || got != second {
		t.Errorf("one phone with two accounts: %v %v", got, ok)
	}
	r.Remove(alice)
	r.Remove(mallory)
	if len(r.reach.flows) != 0 {
		t.Errorf("left: %v", r.reach.flows)
	}
}

func TestFlowOfAllocatesNothing(t *testing.T) {
	r := newRegistrar(nil)
	r.Register(message(t, "REGISTER sip:example.test", "Contact: <sip:alice@192.168.1.5>"), overUDP, alice, noon)
	u, err := uri.Parse([]byte("sip:alice@192.168.1.5"))
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { r.FlowOf(&u, noon) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestFlowOfAPhoneIsKnownWhileItIsRegistered(t *testing.T) {
	r := newRegistrar(nil)
	for i, contact := range []string{"<sip:alice@192.168.1.5>", "<sip:alice@192.168.1.5>;expires=0"} {
		m := message(t, "REGISTER sip:example.test", "To: <"+alice+">", "CSeq: "+string(rune('1'+i))+" REGISTER", "Contact: "+contact)
		if got := r.Register(m, overUDP, alice, noon); got.Status != 200 {
			t.Fatal(got.Status, got.Reason)
		}
		if got := r.SentBy(overUDP, noon); got != (i == 0) {
			t.Errorf("%s: %v", contact, got)
		}
		other := overUDP
		other.Remote = netip.MustParseAddrPort("198.51.100.99:5060")
		if r.SentBy(other, noon) || r.SentBy(overUDP, noon.Add(3*time.Hour)) {
			t.Error("another's flow, or an old one, is the phone's")
		}
	}
	if n := len(r.reach.from); n != 0 {
		t.Errorf("%d flows left", n)
	}
}

func TestHiddenPhonesAreThoseWhomANATHides(t *testing.T) {
	r := newRegistrar(nil)
	for i, c := range []struct {
		flow    string
		contact string
		tcp     bool
	}{
		{"198.51.100.7:40000", "<sip:alice@192.168.1.5>", false},
		{"198.51.100.8:40000", "<sip:alice@192.168.1.6>", true},
		{"198.51.100.9:5060", "<sip:alice@198.51.100.9>", false},
	} {
		f := overUDP
		f.Remote = netip.MustParseAddrPort(c.flow)
		if c.tcp {
			f.Transport, f.Conn = sip.TCP, 7
		}
		m := message(t, "REGISTER sip:example.test", "To: <"+alice+">", "CSeq: "+string(rune('1'+i))+" REGISTER", "Contact: "+c.contact)
		if got := r.Register(m, f, alice, noon); got.Status != 200 {
			t.Fatal(got.Status, got.Reason)
		}
	}
	if got := r.Hidden(nil, noon); len(got) != 1 || got[0].Remote != netip.MustParseAddrPort("198.51.100.7:40000") {
		t.Errorf("%v", got)
	}
	if got := r.Hidden(nil, noon.Add(2*time.Hour)); len(got) != 0 {
		t.Errorf("expired, and still sent to: %v", got)
	}
}
