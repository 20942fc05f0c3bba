package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gatehouse.example/internal/siptest"
)

// banned is the source that each server is told to ban.
const banned = "127.0.0.9"

// peer is a server under test that can be started.
type peer struct {
	name  string
	ours  bool // Gatehouse, in whatever configuration
	start func(r *running) error
}

// running is a server that has been started, with all that belongs to it.
type running struct {
	peer
	options *peersCommand
	dir     string // its own folder, removed at the end
	addr    netip.AddrPort
	callee  netip.AddrPort
	purpose
	cmd *exec.Cmd
	log *os.File
}

// purpose is what a server is started for, where that is not CPU under plain load.
type purpose struct {
	hold   bool    // the memory of held calls
	signer *signer // calls that bear signatures
}

// launch starts a peer; ready says when it takes calls.
func launch(p peer, o *peersCommand, callee netip.AddrPort, why purpose) (*running, error) {
	dir, err := os.MkdirTemp("", "bench-"+p.name+"-")
	if err != nil {
		return nil, err
	}
	r := &running{peer: p, options: o, dir: dir, callee: callee, purpose: why}
	if r.addr, err = freeAddr(); err == nil {
		r.log, err = os.Create(filepath.Join(dir, "log"))
	}
	if err == nil {
		err = p.start(r)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w%s", p.name, err, r.tailOfLog())
		r.stop()
		return nil, err
	}
	return r, nil
}

// freeAddr finds a loopback port that is free now.
func freeAddr() (netip.AddrPort, error) {
	s, err := siptest.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer s.Close()
	return s.Local(), nil
}

// run starts the server's process.
func (r *running) run(name string, args ...string) error {
	r.cmd = exec.Command(name, args...)
	r.cmd.Dir = r.dir
	r.cmd.Stdout, r.cmd.Stderr = r.log, r.log
	// The server ends with us, however we end.
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := r.cmd.Start(); err != nil {
		r.cmd = nil
		return err
	}
	return nil
}

// tool runs a helper program to its end.
func (r *running) tool(ctx context.Context, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (r *running) pid() int { return r.cmd.Process.Pid }

// ready makes calls until one gets through.
func (r *running) ready(ctx context.Context, l *siptest.Load) error {
	deadline := time.Now().Add(r.options.StartTimeout)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		res, err := l.Run(ctx, 20, 200*time.Millisecond, 300*time.Millisecond)
		if err != nil {
			return err
		}
		if res.Completed > 0 {
			// What was left over from trying must not count later.
			_, err := l.Run(ctx, 200, time.Second, 2*time.Second)
			return err
		}
	}
	return errors.Join(ctx.Err(), fmt.Errorf("%s does not take calls%s", r.name, r.tailOfLog()))
}

func (r *running) tailOfLog() string {
	const most = 2000
	if r.log == nil {
		return ""
	}
	b, err := os.ReadFile(r.log.Name())
	if err != nil || len(b) == 0 {
		return ""
	}
	return "; its log ends:\n" + string(b[max(0, len(b)-most):])
}

// stop ends the process, by force when it does not go by itself.
func (r *running) stop() {
	if r.cmd != nil {
		done := make(chan struct{})
		go func() {
			r.cmd.Wait()
			close(done)
		}()
		r.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(15 * time.Second):
			r.cmd.Process.Kill()
			<-done
		}
	}
	if r.log != nil {
		r.log.Close()
	}
	if !r.options.Keep {
		os.RemoveAll(r.dir)
	}
}

// kamailio is the peer of the issue: Kamailio 5.6 at its best.
func kamailio() peer {
	return peer{name: "kamailio", start: func(r *running) error {
		config, err := filepath.Abs(filepath.Join(r.options.Bench, "kamailio.cfg"))
		if err != nil {
			return err
		}
		args := []string{"-f", config, "-x", "fm", "-X", "fm", "-m", "4096", "-M", "64", "-DD", "-E", "-Y", r.dir,
			"-A", fmt.Sprintf("PORT=%d", r.addr.Port()), "-A", fmt.Sprintf(`CALLEE="sip:%s"`, r.callee)}
		if !r.hold {
			args = append(args, "-A", "FORCE")
		}
		return r.run(r.options.Kamailio, args...)
	}}
}

// discard is the floor for the packets of a banned source.
func discard() peer {
	return peer{name: "discard", start: func(r *running) error {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		return r.run(self, "discard", "--at", r.addr.String())
	}}
}
