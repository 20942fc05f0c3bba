package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Host is a machine of its own: a network namespace without a name, which goes
// when the test does.
type Host struct {
	t  testing.TB
	ns *os.File
}

// NewHost makes a machine. Where that is not permitted the test is skipped.
func NewHost(t testing.TB) *Host {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("iproute2 is not installed")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	old := thisNetwork(t)
	defer old.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("network namespaces cannot be made here: %v", err)
	}
	h := &Host{t: t, ns: thisNetwork(t)}
	enter(t, old)
	t.Cleanup(func() { h.ns.Close() })
	h.IP("link set lo up")
	return h
}

func thisNetwork(t testing.TB) *os.File {
	f, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// enter puts this thread into a namespace. A thread that cannot get home may serve
// nobody else: then all ends.
func enter(t testing.TB, ns *os.File) {
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		panic(fmt.Sprintf("%s: setns: %v", t.Name(), err))
	}
}

// Do runs f on the machine: sockets that it opens, and programs that it starts,
// stay there.
func (h *Host) Do(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	old := thisNetwork(h.t)
	defer old.Close()
	enter(h.t, h.ns)
	defer enter(h.t, old)
	f()
}

// IP runs ip(8) with words on the machine.
func (h *Host) IP(words string) {
	h.t.Helper()
	var out []byte
	var err error
	h.Do(func() { out, err = exec.Command("ip", strings.Fields(words)...).CombinedOutput() })
	if err != nil {
		h.t.Fatalf("ip %s: %v\n%s", words, err, out)
	}
}

// Set sets a variable of the kernel: "net/ipv4/ip_forward" and the like.
func (h *Host) Set(name, value string) {
	h.t.Helper()
	h.Do(func() {
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o644); err != nil {
			h.t.Fatal(err)
		}
	})
}

// Link puts a cable between two machines. Each end has the name of the other
// machine's network and an address with its length, as 192.0.2.1/24.
func (h *Host) Link(dev, addr string, to *Host, toDev, toAddr string) {
	h.t.Helper()
	h.IP(fmt.Sprintf("link add %s type veth peer name %s netns /proc/%d/fd/%d", dev, toDev, os.Getpid(), to.ns.Fd()))
	for _, end := range []struct {
		h         *Host
		dev, addr string
	}{{h, dev, addr}, {to, toDev, toAddr}} {
		end.h.IP(fmt.Sprintf("address add %s dev %s", end.addr, end.dev))
		end.h.IP(fmt.Sprintf("link set %s up", end.dev))
	}
}

// Masquerade makes the machine a NAT: what leaves by a device leaves as its own, and
// from another port.
func (h *Host) Masquerade(dev string) {
	h.t.Helper()
	c, err := nftables.New(nftables.WithNetNSFd(int(h.ns.Fd())))
	if err != nil {
		h.t.Fatal(err)
	}
	table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: "nat"})
	chain := c.AddChain(&nftables.Chain{
		Name: "out", Table: table, Type: nftables.ChainTypeNAT, Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, dev)
	c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
		&expr.Meta{Key: expr.MetaKeyOIFNAME, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: name},
		&expr.Masq{FullyRandom: true},
	}})
	if err := c.Flush(); err != nil {
		h.t.Skipf("no NAT can be made here: %v", err)
	}
}
