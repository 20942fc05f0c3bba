package harness

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// Net is a /24 of the loopback network that one test has for itself, so that
// tests run in parallel, each with the ports that it likes.
type Net struct{ a, b byte }

// Hosts of a Net.
const (
	ServerHost   = 1
	PBXHost      = 2
	StandbyHost  = 3
	NameHost     = 4
	CarrierHost  = 10
	CallerHost   = 50
	AliceHost    = 51
	BobHost      = 52
	AttackerHost = 66
)

// NewNet claims a network until the test ends.
func NewNet(t testing.TB) Net {
	t.Helper()
	for range 1000 {
		n := Net{byte(16 + rand.IntN(230)), byte(1 + rand.IntN(250))}
		// Whoever holds this port holds the network.
		lock, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(n.Addr(254, 9)))
		if err == nil {
			t.Cleanup(func() { lock.Close() })
			return n
		}
	}
	t.Fatal("no free loopback network")
	return Net{}
}

// Host is an address of the network.
func (n Net) Host(host byte) netip.Addr { return netip.AddrFrom4([4]byte{127, n.a, n.b, host}) }

// Addr is an address with a port.
func (n Net) Addr(host byte, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(n.Host(host), port)
}

// Server is where SIP of the server under test is.
func (n Net) Server() netip.AddrPort { return n.Addr(ServerHost, 5060) }

// PBX is where the PBX behind it is.
func (n Net) PBX() netip.AddrPort { return n.Addr(PBXHost, 5060) }

// String is the network as it stands in a configuration.
func (n Net) String() string { return fmt.Sprintf("127.%d.%d.0/24", n.a, n.b) }

// WaitListening waits until a program has opened a socket. It asks the kernel:
// to try the port would take it from the program in that moment.
func WaitListening(t testing.TB, transport string, addr netip.AddrPort) {
	t.Helper()
	ip := addr.Addr().As4()
	local := fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), addr.Port())
	const listen = "0A" // TCP_LISTEN of the kernel's tcp_states.h
	Eventually(t, Patience, transport+" "+addr.String()+" is open", func() bool {
		table, err := os.ReadFile("/proc/net/" + transport)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(table)) {
			if f := strings.Fields(line); len(f) > 3 && f[1] == local && (transport == "udp" || f[3] == listen) {
				return true
			}
		}
		return false
	})
}
