package proxy

import (
	"net/netip"
	"testing"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

func TestFlowValueFitsItsDialogOnly(t *testing.T) {
	s, other := NewSigner([]byte("key")), NewSigner([]byte("key"))
	for _, remote := range []string{"192.0.2.7:40000", "[2001:db8::7]:40000"} {
		f := wire.Flow{Transport: sip.WSS, Socket: 3, Local: 200, Conn: 77, Remote: netip.MustParseAddrPort(remote)}
		text := s.appendFlow(nil, openerFlow, f, []byte("call"), []byte("tag"))
		if len(text) != flowLen {
			t.Fatalf("%d octets", len(text))
		}
		if got, ok := s.checkFlow(text, openerFlow, []byte("call"), []byte("tag")); !ok || got != f {
			t.Errorf("got %+v, %v", got, ok)
		}
		for what, check := range map[string]func() (wire.Flow, bool){
			"another Call-ID": func() (wire.Flow, bool) { return s.checkFlow(text, openerFlow, []byte("calls"), []byte("tag")) },
			"another tag":     func() (wire.Flow, bool) { return s.checkFlow(text, openerFlow, []byte("call"), []byte("gat")) },
			"moved boundary":  func() (wire.Flow, bool) { return s.checkFlow(text, openerFlow, []byte("cal"), []byte("ltag")) },
			"another kind":    func() (wire.Flow, bool) { return s.checkFlow(text, targetFlow, []byte("call"), []byte("tag")) },
			"another start":   func() (wire.Flow, bool) { return other.checkFlow(text, openerFlow, []byte("call"), []byte("tag")) },
			"cut":             func() (wire.Flow, bool) { return s.checkFlow(text[1:], openerFlow, []byte("call"), []byte("tag")) },
		} {
			if got, ok := check(); ok || got != (wire.Flow{}) {
				t.Errorf("%s: accepted", what)
			}
		}
		for i := range text {
			bad := append([]byte(nil), text...)
			bad[i] ^= 1
			if _, ok := s.checkFlow(bad, openerFlow, []byte("call"), []byte("tag")); ok {
				t.Errorf("accepted with octet %d changed", i)
			}
		}
	}
}
