package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
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

// WaitListening waits until a program has opened a socket.
func WaitListening(t testing.TB, transport string, addr netip.AddrPort) {
	t.Helper()
	Eventually(t, Patience, transport+" "+addr.String()+" is open", func() bool {
		if transport == "udp" {
			c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr))
			if err == nil {
				c.Close()
			}
			return err != nil
		}
		c, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(addr))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}
