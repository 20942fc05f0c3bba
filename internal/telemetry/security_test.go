package telemetry

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestSecurityLine(t *testing.T) {
	source := From(netip.MustParseAddr("192.0.2.7"))
	for _, c := range []struct {
		name string
		e    SecurityEvent
		want string
	}{
		{"of the contract", SecurityEvent{AuthFailure, source, 5060, "udp", `"bob\r\n"`, "bad password", 3},
			`gatehouse security v=1 event=auth-failure src="192.0.2.7" port=5060 transport=udp account="\"bob\\r\\n\"" reason="bad password" count=3`},
		{"forged line", SecurityEvent{Scan, source, 1, "tcp", "x\r\ngatehouse security v=1 event=ban src=\"10.0.0.1\"", "", 1},
			`gatehouse security v=1 event=scan src="192.0.2.7" port=1 transport=tcp account="x\r\ngatehouse security v=1 event=ban src=\"10.0.0.1\"" reason="" count=1`},
		{"terminal", SecurityEvent{Malformed, source, 1, "ws", "\x1b[2J\x00\x7f\xff\u202e", "", 1},
			`gatehouse security v=1 event=malformed src="192.0.2.7" port=1 transport=ws account="\x1b[2J\x00\x7f\xff\u202e" reason="" count=1`},
		{"prefix", SecurityEvent{Ban, netip.MustParsePrefix("2001:db8::/64"), 0, "", "", "flood", 0},
			`gatehouse security v=1 event=ban src="2001:db8::/64" port=0 transport=none account="" reason="flood" count=0`},
		{"mapped", SecurityEvent{Unban, From(netip.MustParseAddr("::ffff:192.0.2.9")), 0, "UDP x", "", "", -4},
			`gatehouse security v=1 event=unban src="192.0.2.9" port=0 transport=none account="" reason="" count=0`},
		{"no source", SecurityEvent{Kind: Flood}, `gatehouse security v=1 event=flood src="none" port=0 transport=none account="" reason="" count=0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(AppendSecurity(nil, &c.e)); got != c.want+"\n" {
				t.Errorf("got  %swant %s", got, c.want)
			}
		})
	}
}

func TestSecurityLineIsCut(t *testing.T) {
	e := SecurityEvent{Account: strings.Repeat("é", 5000), Reason: strings.Repeat("\x00", 5000)}
	line := AppendSecurity(nil, &e)
	if len(line) > 1500 {
		t.Errorf("line of %d octets", len(line))
	}
	if _, err := ParseSecurity(string(line)); err != nil {
		t.Error(err)
	}
}

func TestParseSecurityRefuses(t *testing.T) {
	for _, line := range []string{"", "gatehouse", `gatehouse security v=2 event=ban src="" port=0 transport=x account="" reason="" count=0` + "\n",
		`gatehouse security v=1 event=nonsense src="192.0.2.7" port=0 transport=udp account="" reason="" count=0` + "\n",
		`gatehouse security v=1 event=ban src="192.0.2.7" port=99999 transport=udp account="" reason="" count=0` + "\n",
		`gatehouse security v=1 event=ban src="192.0.2.7" port=9 transport=udp account=bob reason="" count=0` + "\n"} {
		if _, err := ParseSecurity(line); !errors.Is(err, ErrSecurityLine) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// FuzzSecurity holds the property that fail2ban relies on: whatever the network
// sends, one event is one line of printable ASCII, its source is ours, and what
// was written can be read back.
func FuzzSecurity(f *testing.F) {
	f.Add(uint8(0), []byte{192, 0, 2, 7}, uint16(5060), "udp", "bob\r\n", `" src="10.0.0.1"`, 3)
	f.Add(uint8(9), []byte{}, uint16(0), "\x1b", "\xff\"", "\u2028", -1)
	f.Fuzz(func(t *testing.T, kind uint8, addr []byte, port uint16, transport, account, reason string, count int) {
		e := SecurityEvent{Kind: SecurityKind(kind % 7), Port: port, Transport: transport, Account: account, Reason: reason, Count: count}
		if a, ok := netip.AddrFromSlice(addr); ok {
			e.Source = From(a)
		}
		line := AppendSecurity(nil, &e)
		if n := bytes.IndexByte(line, '\n'); n != len(line)-1 {
			t.Fatalf("not one line: %q", line)
		}
		if bytes.ContainsFunc(line[:len(line)-1], func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("not printable ASCII: %q", line)
		}
		if n := bytes.Index(line, []byte("src=")); n != bytes.Index(line, []byte(` src="`))+1 || n > 50 {
			t.Fatalf("something stands before src: %q", line)
		}
		got, err := ParseSecurity(string(line))
		if err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if got.Kind != e.Kind || got.Source != e.Source || got.Port != port || got.Count != max(0, count) {
			t.Fatalf("read back %+v from %q", got, line)
		}
		if utf8Short(account) && got.Account != account || utf8Short(reason) && got.Reason != reason {
			t.Fatalf("text changed: %+v", got)
		}
	})
}

func utf8Short(s string) bool { return len(s) <= maxText }

func TestSecurityLogCounts(t *testing.T) {
	var b bytes.Buffer
	l := NewSecurityLog(&b)
	l.Write(&SecurityEvent{Kind: Scan})
	l.Write(&SecurityEvent{Kind: 200})
	NewSecurityLog(broken{}).Write(&SecurityEvent{})
	if got := strings.Count(b.String(), "\n"); got != 2 {
		t.Errorf("%d lines", got)
	}
	m := NewMetrics("test")
	m.Add("security", l.Collect)
	if got := value(t, m, "gatehouse_security_events_total", "scan"); got != 1 {
		t.Errorf("scan counted %g times", got)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }
