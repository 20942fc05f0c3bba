package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"gatehouse.example/internal/siptest"
)

type peersCommand struct {
	Servers  []string      `default:"kamailio,gatehouse,everything" help:"Servers, in the order in which each round starts them."`
	Modes    []string      `default:"calls,blocked,banned,hold" enum:"calls,blocked,banned,hold,signed" help:"What to measure: ${enum}."`
	Rates    []float64     `default:"1000,2000,4000" help:"Calls per second, rising. A server that fails at one is spared the higher ones."`
	Duration time.Duration `default:"10s" help:"How long each load lasts."`
	Tail     time.Duration `default:"6s" help:"How long the CPU is counted after that."`
	Rounds   int           `default:"3" help:"How often all of it is done; medians are written."`
	Callers  int           `default:"1" help:"Sockets on the callers' side."`

	BlastRate float64 `default:"50000" help:"Datagrams per second of a banned source."`
	HoldCalls int     `default:"10000" help:"Calls held at a time."`
	HoldRate  float64 `default:"500" help:"Calls per second while they come up."`

	Kamailio     string        `default:"/usr/sbin/kamailio" help:"The peer."`
	Gatehouse    string        `help:"A gatehouse binary. Default: built from this tree."`
	Bench        string        `default:"bench" help:"Folder with kamailio.cfg, gatehouse.yaml and results."`
	Out          string        `help:"Where to write the results; - is standard output. Default: BENCH/results/DATE-COMMIT.md."`
	Note         string        `help:"A line to write above the tables."`
	StartTimeout time.Duration `default:"90s" help:"How long a server may take to start."`
	ImportArgs   string        `default:"list import --config {config} {file}" help:"How gatehouse takes a list."`
	BanArgs      string        `default:"ban add --config {config} {source}" help:"How gatehouse bans a source."`
	CertArgs     string        `default:"identity cert import --config {config} {url} {file}" help:"How gatehouse takes a certificate."`
	Keep         bool          `help:"Keep the servers' folders."`
}

// Run measures and writes the results.
func (c *peersCommand) Run(ctx context.Context) error {
	peers, err := c.peers()
	if err != nil {
		return err
	}
	if c.Gatehouse == "" && !slices.Equal(c.Servers, []string{"kamailio"}) {
		dir, err := os.MkdirTemp("", "bench-build-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.Gatehouse = filepath.Join(dir, "gatehouse")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", c.Gatehouse, "./cmd/gatehouse").CombinedOutput(); err != nil {
			return fmt.Errorf("building gatehouse: %w: %s", err, out)
		}
	}
	prefer()
	var figures []figure
	for round := range c.Rounds {
		for _, p := range peers {
			f, err := c.round(ctx, p, figures)
			figures = append(figures, f...)
			if err != nil {
				return fmt.Errorf("round %d: %w", round+1, err)
			}
		}
	}
	if slices.Contains(c.Modes, "hold") {
		for _, p := range peers {
			if p.name == "discard" {
				continue
			}
			f, err := c.hold(ctx, p)
			figures = append(figures, f...)
			if err != nil {
				return fmt.Errorf("held calls: %w", err)
			}
		}
	}
	if slices.Contains(c.Modes, "signed") {
		f, err := c.signed(ctx)
		figures = append(figures, f...)
		if err != nil {
			return fmt.Errorf("signed calls: %w", err)
		}
	}
	return c.report(ctx, figures)
}

func (c *peersCommand) peers() ([]peer, error) {
	var peers []peer
	for _, name := range c.Servers {
		switch name {
		case "kamailio":
			peers = append(peers, kamailio())
		case "gatehouse":
			peers = append(peers, gatehouse())
		case "everything":
			peers = append(peers, everything())
		default:
			return nil, fmt.Errorf("no server %q: there are kamailio, gatehouse and everything", name)
		}
	}
	if slices.Contains(c.Modes, "banned") {
		peers = append(peers, discard())
	}
	return peers, nil
}

// round starts a server and puts every load on it.
func (c *peersCommand) round(ctx context.Context, p peer, earlier []figure) ([]figure, error) {
	if p.name == "discard" {
		return c.floor(ctx, p)
	}
	var figures []figure
	l, r, err := c.launch(ctx, p, purpose{})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	defer r.stop()
	for _, mode := range []string{"calls", "blocked"} {
		if !slices.Contains(c.Modes, mode) {
			continue
		}
		f, err := c.rates(ctx, r, l, mode, earlier)
		figures = append(figures, f...)
		if err != nil {
			return figures, err
		}
	}
	if slices.Contains(c.Modes, "banned") {
		f, err := r.blast(ctx)
		figures = append(figures, f)
		if err != nil {
			return figures, err
		}
		c.progress(f)
	}
	return figures, nil
}

// launch starts a server with a load generator around it.
func (c *peersCommand) launch(ctx context.Context, p peer, why purpose) (*siptest.Load, *running, error) {
	l, err := siptest.Open(siptest.Config{Callers: c.Callers})
	if err != nil {
		return nil, nil, err
	}
	r, err := launch(p, c, l.Callee(), why)
	if err != nil {
		l.Close()
		return nil, nil, err
	}
	err = l.Configure(func(c *siptest.Config) { c.Proxy = r.addr })
	if err == nil {
		err = r.ready(ctx, l)
	}
	if err == nil {
		err = r.fill(ctx)
	}
	if err != nil {
		r.stop()
		l.Close()
	}
	return l, r, err
}

// rates loads a server at each rate, up to the first that it cannot bear.
func (c *peersCommand) rates(ctx context.Context, r *running, l *siptest.Load, mode string, earlier []figure) ([]figure, error) {
	err := l.Configure(func(c *siptest.Config) {
		c.Mode, c.CallerPrefix, c.CallerStep = siptest.Calls, "", 1
		c.Identity = nil
		if r.signer != nil {
			c.Identity, c.Size = r.signer.sign, signedSize
		}
		if mode == "blocked" {
			c.Mode, c.CallerPrefix, c.CallerStep = siptest.Blocked, listPrefix, listStep
		}
	})
	if err != nil {
		return nil, err
	}
	var figures []figure
	for _, rate := range c.Rates {
		if broke(earlier, r.name, mode, rate) || broke(figures, r.name, mode, rate) {
			break
		}
		f, err := r.load(ctx, l, mode, rate)
		if err != nil {
			return figures, err
		}
		figures = append(figures, f)
		c.progress(f)
	}
	return figures, nil
}

// broke says whether a server failed more than one call in fifty at a lower
// rate already.
func broke(figures []figure, server, mode string, rate float64) bool {
	return slices.ContainsFunc(figures, func(f figure) bool {
		return f.server == server && f.mode == mode && f.rate < rate && f.result != nil && f.result.Failed*50 > f.result.Started
	})
}

// floor measures the bare receive loop.
func (c *peersCommand) floor(ctx context.Context, p peer) ([]figure, error) {
	r, err := launch(p, c, netip.AddrPort{}, purpose{})
	if err != nil {
		return nil, err
	}
	defer r.stop()
	pause(ctx, 500*time.Millisecond)
	f, err := r.blast(ctx)
	c.progress(f)
	return []figure{f}, err
}

// hold measures the memory of held calls, each kind on a fresh server.
func (c *peersCommand) hold(ctx context.Context, p peer) ([]figure, error) {
	var figures []figure
	for _, mode := range []string{"ringing", "talking"} {
		l, r, err := c.launch(ctx, p, purpose{hold: true})
		if err != nil {
			return figures, err
		}
		f, err := r.holdCalls(ctx, l, mode)
		r.stop()
		l.Close()
		if err != nil {
			return figures, err
		}
		figures = append(figures, f)
		c.progress(f)
	}
	return figures, nil
}

// prefer asks the kernel to run us and the servers before whatever else the
// machine does, as far as we may: all of them alike, so that the comparison
// stays fair.
func prefer() {
	const strongly = -15
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, strongly); err != nil {
		fmt.Fprintln(os.Stderr, "running at normal priority:", err)
	}
}

func (c *peersCommand) progress(f figure) {
	fmt.Fprintln(os.Stderr, f)
}
