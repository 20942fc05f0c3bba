package kernel

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"gatehouse.example/internal/guard"
)

const insideNamespace = "GATEHOUSE_TEST_NAMESPACE"

// TestMain runs the tests in a network namespace of their own, where they may
// write rules and harm nobody's.
func TestMain(m *testing.M) {
	if os.Getenv(insideNamespace) != "" {
		up()
		os.Exit(m.Run())
	}
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Env = append(os.Environ(), insideNamespace+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 { // a user may have a namespace where he is root, if the kernel lets him
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		os.Setenv(insideNamespace, "refused: "+err.Error())
		os.Exit(m.Run())
	}
	if cmd.Wait() != nil {
		os.Exit(1)
	}
}

// up switches the loopback interface on.
func up() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		panic(err)
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq("lo")
	if err != nil {
		panic(err)
	}
	r.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r); err != nil {
		panic(err)
	}
}

// lab is an Exporter that runs, over bans that a test changes.
type lab struct {
	*Exporter
	t     *testing.T
	mu    sync.Mutex
	bans  []guard.Ban
	peers []netip.Prefix
	stop  func()
}

func newLab(t *testing.T) *lab {
	t.Helper()
	if why := os.Getenv(insideNamespace); strings.HasPrefix(why, "refused") {
		t.Skip("no network namespace can be made here, and without one this test would change the machine's rules; run it as root: " + why)
	}
	l := &lab{t: t, peers: []netip.Prefix{netip.MustParsePrefix("127.0.3.9/32"), netip.MustParsePrefix("fd00::/16")}}
	var err error
	l.Exporter, err = New(Config{
		Ports: []uint16{5060, 5060, 5080}, Loopback: true,
		Bans:  func() []guard.Ban { l.mu.Lock(); defer l.mu.Unlock(); return slices.Clone(l.bans) },
		Peers: func() []netip.Prefix { return l.peers },
	})
	if err != nil {
		t.Skip("this kernel has no nf_tables, so there is nothing to test: " + err.Error())
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	l.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(l.stop)
	return l
}

func (l *lab) ban(source string, life time.Duration) {
	b := guard.Ban{Source: netip.MustParsePrefix(source), Expires: time.Now().Add(life)}
	l.mu.Lock()
	l.bans = append(l.bans, b)
	l.mu.Unlock()
	l.Note(guard.Event{Kind: guard.EventBan, Source: b.Source, Expires: b.Expires, Time: time.Now()})
}

func (l *lab) lift(source string) {
	p := netip.MustParsePrefix(source)
	l.mu.Lock()
	l.bans = slices.DeleteFunc(l.bans, func(b guard.Ban) bool { return b.Source == p })
	l.mu.Unlock()
	l.Note(guard.Event{Kind: guard.EventUnban, Source: p, Reason: "lifted", Time: time.Now()})
}

// herald is never banned: what it sends comes, and after what was sent before it.
const herald = "127.0.0.200"

// arrives sends a datagram and tells whether it comes.
func arrives(t *testing.T, from, to string) bool {
	t.Helper()
	_, port, err := net.SplitHostPort(to)
	if err != nil {
		t.Fatal(err)
	}
	server, err := net.ListenPacket("udp", ":"+port) // of both families
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, way := range [][2]string{{from, to}, {herald, "127.0.0.1:" + port}} {
		d := net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(way[0]), 0))}
		c, err := d.Dial("udp", way[1])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = c.Write([]byte(way[0])) // the kernel may say at once that it does not let it out
	}
	server.SetReadDeadline(time.Now().Add(time.Minute))
	first := make([]byte, 100)
	n, _, err := server.ReadFrom(first)
	if err != nil {
		t.Fatalf("not even the herald comes: %v", err)
	}
	return string(first[:n]) == from
}

// becomes waits until packets arrive, or do not.
func becomes(t *testing.T, want bool, from, to, why string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); arrives(t, from, to) != want; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s: from %s to %s arrives: %v", why, from, to, !want)
		}
	}
}

func TestKernelDropsWhatIsBanned(t *testing.T) {
	l := newLab(t)
	const sip = "127.0.0.1:5060"
	becomes(t, true, "127.0.0.7", sip, "nobody is banned")
	l.ban("127.0.0.7/32", time.Hour)
	becomes(t, false, "127.0.0.7", sip, "banned")
	for to, from := range map[string]string{"127.0.0.1:5061": "127.0.0.7", sip: "127.0.0.8"} {
		if !arrives(t, from, to) {
			t.Errorf("from %s to %s is dropped too", from, to)
		}
	}
	d := net.Dialer{Timeout: 300 * time.Millisecond, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 7)}}
	var timeout net.Error
	if _, err := d.Dial("tcp", sip); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("TCP of a banned source: %v; a refusal would mean that it was let through", err)
	}
	l.lift("127.0.0.7/32")
	becomes(t, true, "127.0.0.7", sip, "lifted")
}

func TestKernelForgetsByItself(t *testing.T) {
	l := newLab(t)
	const sip = "127.0.0.1:5080"
	l.ban("127.0.0.7/32", time.Hour)
	becomes(t, false, "127.0.0.7", sip, "banned for an hour")
	l.ban("127.0.0.7/32", 5*time.Second)
	l.ban("127.0.0.8/32", 5*time.Second)
	becomes(t, false, "127.0.0.8", sip, "banned for five seconds")
	becomes(t, true, "127.0.0.8", sip, "its time is over")
	becomes(t, true, "127.0.0.7", sip, "the ban was shortened")
	if s := l.Stats(); s.Failed != 0 || s.Rebuilt != 1 {
		t.Errorf("%+v", s)
	}
}

func TestKernelKnowsNetworksAndPeers(t *testing.T) {
	l := newLab(t)
	const sip = "127.0.0.1:5060"
	l.ban("127.0.3.0/24", time.Hour)
	l.ban("127.0.3.8/29", time.Hour) // lies within the other
	l.ban("127.0.3.9/32", time.Hour) // the guard would not: peers come first all the same
	l.ban("128.0.0.0/1", time.Hour)  // ends with the last address there is
	becomes(t, false, "127.0.3.77", sip, "its network is banned")
	becomes(t, false, "127.0.3.8", sip, "and a smaller one")
	if !arrives(t, "127.0.3.9", sip) || !arrives(t, "127.0.4.1", sip) {
		t.Error("a peer or a neighbour is dropped")
	}
	l.ban("::/64", time.Hour)
	becomes(t, false, "::1", "[::1]:5060", "its /64 is banned")
	if !arrives(t, "::1", "[::1]:5061") {
		t.Error("the other port is closed too")
	}
	l.lift("127.0.3.0/24")
	l.lift("::/64")
	becomes(t, true, "127.0.3.77", sip, "lifted")
	becomes(t, false, "127.0.3.8", sip, "the smaller network stays banned")
	becomes(t, true, "::1", "[::1]:5060", "lifted")
}

// TestKernelTakesManyAndRepairs: tens of thousands of bans, and somebody else
// flushes our table.
func TestKernelTakesManyAndRepairs(t *testing.T) {
	l := newLab(t)
	const many = 30_000
	a := netip.MustParseAddr("10.0.0.0")
	for range many {
		a = a.Next()
		l.ban(netip.PrefixFrom(a, 32).String(), time.Hour)
	}
	l.ban("127.0.0.7/32", time.Hour)
	becomes(t, false, "127.0.0.7", "127.0.0.1:5060", "the last of many")
	conn, err := nftables.New()
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; {
		elements, err := conn.GetSetElements(l.sets.hosts[0])
		if err == nil && len(elements) == many+1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d elements, %v", len(elements), err)
		}
	}
	conn.FlushSet(l.sets.hosts[0])
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	becomes(t, true, "127.0.0.7", "127.0.0.1:5060", "somebody else has flushed the set")
	l.lift("10.0.0.1/32") // is not there any more: everything is written anew
	becomes(t, false, "127.0.0.7", "127.0.0.1:5060", "repaired")
	l.stop()
	tables, err := conn.ListTables()
	if err != nil || len(tables) != 0 {
		t.Errorf("left behind: %v, %v", tables, err)
	}
}

func TestEndOfPrefixes(t *testing.T) {
	for p, want := range map[string]string{
		"10.0.0.0/8": "11.0.0.0", "192.0.2.7/32": "192.0.2.8", "2001:db8::/64": "2001:db8:0:1::", "128.0.0.0/1": "",
	} {
		a, ok := after(netip.MustParsePrefix(p))
		if ok != (want != "") || ok && a.String() != want {
			t.Errorf("%s ends before %v, %v", p, a, ok)
		}
	}
}
