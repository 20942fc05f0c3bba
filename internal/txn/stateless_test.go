package txn

import (
	"net/netip"
	"strings"
	"testing"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
)

// An ACK that bears the tag of an answer without state goes nowhere, in most cases before it is parsed; one with another tag is the core's to judge.
func TestAckOfAnAnswerWithoutState(t *testing.T) {
	r := newRig(t)
	inv := parsed(t, request("INVITE", "z9hG4bKa"))
	in := &Incoming{Msg: inv, Packet: &wire.Packet{Now: r.now, Flow: wire.Flow{Remote: netip.MustParseAddrPort(alice)}}}
	var key uint64
	r.layer.Do(inv.CallID(), func(sh *Shard) { key = sh.RequestKey(in) })
	tag, other := r.layer.StatelessTag(inv, key), newRig(t).layer.StatelessTag(inv, key)
	ours := string(AppendBranch(nil, 7)) + ".0123456789abcdef"
	again := parsed(t, strings.Replace(request("INVITE", "z9hG4bKa"), "\r\nFrom", "\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx, SIP/2.0/UDP 192.0.2.2;branch="+ours+"\r\nFrom", 1))
	passed := r.layer.StatelessTag(again, key)
	if tag != r.layer.StatelessTag(inv, key) || tag == r.layer.StatelessTag(inv, key+1) {
		t.Error("not the same each time, or the same for all")
	}
	const plain = "To: <sip:bob@example.test>"
	for name, c := range map[string]struct {
		to             string
		settled, heard bool
	}{
		"the tag":                {plain + ";tag=" + tag, true, false},
		"came through us":        {plain + ";tag=" + passed, false, false},
		"and a parameter":        {plain + ";tag=" + tag + ";x=y", false, false},
		"compact":                {"t: <sip:bob@example.test>;tag=" + tag, false, false},
		"capitals, space":        {"TO :\t<sip:bob@example.test>; TAG = " + tag, false, false},
		"folded":                 {"To: <sip:bob@example.test>\r\n ;tag=" + tag, false, false},
		"in the address only":    {"To: <sip:bob@example.test;tag=" + tag + ">;tag=b1", false, true},
		"of a transaction":       {plain + ";tag=" + ToTag(key), false, true},
		"longer":                 {plain + ";tag=" + tag + "0", false, true},
		"shorter":                {plain + ";tag=" + tag[1:], false, true},
		"another proof":          {plain + ";tag=" + tag[:idDigits] + "00000000", false, true},
		"another key":            {plain + ";tag=0" + tag[1:], tag[0] == '0', tag[0] != '0'},
		"capital digits":         {plain + ";tag=" + strings.ToUpper(tag[:idDigits]) + "X" + tag[idDigits+1:], false, true},
		"of before a restart":    {plain + ";tag=" + other, false, true},
		"of the callee":          {plain + ";tag=b1", false, true},
		"none":                   {plain, false, true},
		"no To at the beginning": {"X: y\r\n" + plain + ";tag=" + tag, true, false},
	} {
		ack := strings.Replace(request("ACK", "z9hG4bKb"), plain, c.to, 1)
		if got := r.layer.Settled([]byte(ack)); got != c.settled {
			t.Errorf("%s: settled %v", name, got)
		}
		r.wantSent(r.receive(sip.UDP, alice, ack))
		if c.heard {
			r.wantHeard("ack")
		} else {
			r.wantHeard("")
		}
	}
	bye := strings.Replace(request("BYE", "z9hG4bKb"), plain, plain+";tag="+tag, 1)
	if r.layer.Settled([]byte(bye)) || r.layer.Settled([]byte("ACK ")) || r.layer.Settled(nil) {
		t.Error("what is no ACK is settled")
	}
}

func BenchmarkSettled(b *testing.B) {
	l := New(Config{}, nil)
	ack := []byte(strings.Replace(request("ACK", "z9hG4bKb"), "To: <sip:bob@example.test>", "To: <sip:bob@example.test>;tag="+l.StatelessTag(new(sip.Message), 7), 1))
	b.ReportAllocs()
	for b.Loop() {
		if !l.Settled(ack) {
			b.Fatal("not settled")
		}
	}
}
