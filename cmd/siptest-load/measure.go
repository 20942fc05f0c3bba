package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"gatehouse.example/internal/siptest"
)

// figure is what one load of one server brought.
type figure struct {
	server string
	mode   string
	rate   float64
	cpu    time.Duration // of the process tree, over load and tail
	per    time.Duration // of it, per call or packet
	memory int64         // octets: peak of the process, or of the tree while it holds
	idle   int64         // octets of the tree before it holds calls
	result *siptest.Result
	taken  uint64 // datagrams that the server received (banned)
}

// load makes calls at a rate and takes the server's CPU over load and tail.
func (r *running) load(ctx context.Context, l *siptest.Load, mode string, rate float64) (figure, error) {
	f := figure{server: r.name, mode: mode, rate: rate}
	before, err := treeCPU(r.pid())
	if err != nil {
		return f, err
	}
	if f.result, err = l.Run(ctx, rate, r.options.Duration, r.options.Tail); err != nil {
		return f, err
	}
	after, err := treeCPU(r.pid())
	if err != nil {
		return f, fmt.Errorf("%s under load: %w%s", r.name, err, r.tailOfLog())
	}
	f.cpu = after - before
	f.per = f.cpu / time.Duration(max(f.result.Started, 1))
	f.memory, err = peakRSS(r.pid())
	return f, err
}

// settle is the time between the last new call and the look at the memory.
const settle = 5 * time.Second

// holdCalls measures the memory of calls that ring (INVITE transactions) or
// that are up (dialogs).
func (r *running) holdCalls(ctx context.Context, l *siptest.Load, mode string) (figure, error) {
	f := figure{server: r.name, mode: mode, rate: r.options.HoldRate}
	climb := time.Duration(float64(r.options.HoldCalls) / f.rate * float64(time.Second))
	err := l.Configure(func(c *siptest.Config) {
		if c.MaxCalls = r.options.HoldCalls; mode == "ringing" {
			c.Mode, c.Ring = siptest.Calls, climb+settle
		} else {
			c.Mode = siptest.Hold
		}
	})
	if err != nil {
		return f, err
	}
	if f.idle, err = treePSS(r.pid()); err != nil {
		return f, err
	}
	sampled := make(chan error, 1)
	timer := time.AfterFunc(climb+settle-time.Second, func() {
		var err error
		f.memory, err = treePSS(r.pid())
		sampled <- err
	})
	defer timer.Stop()
	load, tail := climb, settle+climb+r.options.Tail
	if mode == "talking" {
		load, tail = climb+settle, climb+r.options.Tail
	}
	if f.result, err = l.Run(ctx, f.rate, load, tail); err != nil {
		return f, err
	}
	select {
	case err = <-sampled:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return f, err
}

// blast sends packets of a banned source and takes the server's CPU for each
// that its sockets took.
func (r *running) blast(ctx context.Context) (figure, error) {
	f := figure{server: r.name, mode: "banned", rate: r.options.BlastRate}
	packet, err := siptest.Invite(siptest.Config{})
	if err != nil {
		return f, err
	}
	drops, err := udpDrops(r.addr.Port())
	if err != nil {
		return f, err
	}
	before, err := treeCPU(r.pid())
	if err != nil {
		return f, err
	}
	from := netip.AddrPortFrom(netip.MustParseAddr(banned), 0)
	sent, err := siptest.Blast(ctx, from, r.addr, f.rate, r.options.Duration, packet)
	if err != nil {
		return f, err
	}
	pause(ctx, time.Second)
	after, err := treeCPU(r.pid())
	if err != nil {
		return f, err
	}
	dropped, err := udpDrops(r.addr.Port())
	if err != nil {
		return f, err
	}
	f.taken = sent - (dropped - drops)
	f.cpu = after - before
	f.per = f.cpu / time.Duration(max(f.taken, 1))
	return f, nil
}

// pause waits, but not longer than ctx lives.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
