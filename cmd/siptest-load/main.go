// Command siptest-load puts SIP servers under load, alone (load, blast) or side
// by side (peers). It is a developer's tool; bench/README.md says how the
// numbers come about.
package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"gatehouse.example/internal/cputime"
	"gatehouse.example/internal/siptest"
)

type commands struct {
	Load    loadCommand    `cmd:"" help:"Make calls through a proxy that runs already."`
	Blast   blastCommand   `cmd:"" help:"Send datagrams from one source and read nothing."`
	Discard discardCommand `cmd:"" help:"Receive datagrams and throw them away."`
	Peers   peersCommand   `cmd:"" help:"Start servers in turn, load each, and write their figures side by side."`
}

func main() {
	var c commands
	k := kong.Parse(&c, kong.Name("siptest-load"), kong.Description("SIP load generator"))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "siptest-load:", err)
		os.Exit(1)
	}
}

type loadCommand struct {
	Proxy    netip.AddrPort `required:"" help:"Address of the proxy under test."`
	Caller   netip.AddrPort `default:"127.0.0.1:0" help:"Address of the callers."`
	Callee   netip.AddrPort `default:"127.0.0.1:5080" help:"Address of the callee, where the proxy delivers."`
	Callers  int            `default:"1" help:"Sockets on the callers' side."`
	Mode     string         `default:"calls" enum:"calls,blocked,hold" help:"${enum}"`
	Rate     float64        `default:"100" help:"Calls per second."`
	Duration time.Duration  `default:"10s" help:"How long new calls are made."`
	Tail     time.Duration  `default:"6s" help:"How long answers are waited for after that."`
	Ring     time.Duration  `help:"Time from 180 to 200."`
	Hold     time.Duration  `help:"Time from ACK to BYE."`
	MaxCalls int            `help:"Calls at a time."`
	Prefix   string         `default:"+1415" help:"How the callers' numbers begin; seven digits follow."`
	Step     int            `default:"1" help:"The numbers are multiples of this; 97 with +1312 hits the lists of the benchmark."`
	Domain   string         `default:"example.test" help:"Domain of the callees."`
}

func (c *loadCommand) config() siptest.Config {
	modes := map[string]siptest.Mode{"calls": siptest.Calls, "blocked": siptest.Blocked, "hold": siptest.Hold}
	return siptest.Config{Mode: modes[c.Mode], Proxy: c.Proxy, Caller: c.Caller, Callee: c.Callee, Callers: c.Callers,
		Ring: c.Ring, HoldTime: c.Hold, MaxCalls: c.MaxCalls, CallerPrefix: c.Prefix, CallerStep: c.Step, Domain: c.Domain}
}

// Run makes the calls and prints what became of them.
func (c *loadCommand) Run(ctx context.Context) error {
	l, err := siptest.Open(c.config())
	if err != nil {
		return err
	}
	defer l.Close()
	before := cputime.Used()
	r, err := l.Run(ctx, c.Rate, c.Duration, c.Tail)
	if err != nil {
		return err
	}
	if err := r.Write(os.Stdout); err != nil {
		return err
	}
	used := cputime.Used() - before
	_, err = fmt.Printf("generator CPU: %v, %v per call\n", used, used/time.Duration(max(r.Started, 1)))
	return err
}

type blastCommand struct {
	To       netip.AddrPort `required:"" help:"Where the datagrams go."`
	From     netip.AddrPort `default:"127.0.0.9:0" help:"The source."`
	Rate     float64        `default:"50000" help:"Datagrams per second."`
	Duration time.Duration  `default:"5s" help:"How long."`
}

// Run sends INVITEs from one source.
func (c *blastCommand) Run(ctx context.Context) error {
	b, err := siptest.Invite(siptest.Config{})
	if err != nil {
		return err
	}
	sent, err := siptest.Blast(ctx, c.From, c.To, c.Rate, c.Duration, b)
	fmt.Printf("sent %d datagrams of %d octets\n", sent, len(b))
	return err
}

type discardCommand struct {
	At netip.AddrPort `default:"127.0.0.1:5060" help:"Where to listen."`
}

// Run throws datagrams away until it is interrupted.
func (c *discardCommand) Run(ctx context.Context) error { return siptest.Discard(ctx, c.At) }
