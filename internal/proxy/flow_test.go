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
		f := wire.Flow{Transport: sip.WSS, Socket: 3, Conn: 77, Remote: netip.MustParseAddrPort(remote)}
		text := s.AppendFlow(nil, f, []byte("call"), []byte("tag"))
		if len(text) != flowLen {
			t.Fatalf("%d octets", len(text))
		}
		if got, ok := s.CheckFlow(text, []byte("call"), []byte("tag")); !ok || got != f {
			t.Errorf("got %+v, %v", got, ok)
		}
		for what, check := range map[string]func() (wire.Flow, bool){
			"another Call-ID": func() (wire.Flow, bool) { return s.CheckFlow(text, []byte("calls"), []byte("tag")) },
			"another tag":     func() (wire.Flow, bool) { return s.CheckFlow(text, []byte("call"), []byte("gat")) },
			"moved boundary":  func() (wire.Flow, bool) { return s.CheckFlow(text, []byte("cal"), []byte("ltag")) },
			"another start":   func() (wire.Flow, bool) { return other.CheckFlow(text, []byte("call"), []byte("tag")) },
			"cut":             func() (wire.Flow, bool) { return s.CheckFlow(text[1:], []byte("call"), []byte("tag")) },
		} {
			if got, ok := check(); ok || got != (wire.Flow{}) {
				t.Errorf("%s: accepted", what)
			}
		}
		for i := range text {
			bad := append([]byte(nil), text...)
			bad[i] ^= 1
			if _, ok := s.CheckFlow(bad, []byte("call"), []byte("tag")); ok {
				t.Errorf("accepted with octet %d changed", i)
			}
		}
	}
}
