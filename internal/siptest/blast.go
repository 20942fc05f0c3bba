package siptest

import (
	"context"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Blast sends datagrams from one source address at a fixed rate and reads
// nothing: what a banned source does. It returns how many it sent.
func Blast(ctx context.Context, from, to netip.AddrPort, rate float64, duration time.Duration, datagram []byte) (sent uint64, err error) {
	s, err := Listen(from)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	start := time.Now()
	for ctx.Err() == nil {
		elapsed := time.Since(start)
		if elapsed >= duration {
			break
		}
		due := uint64(rate * elapsed.Seconds())
		for n := 0; s.Sent+s.Refused+uint64(s.queued) < due && n < batch; n++ {
			s.queue(datagram, to)
		}
		s.flush()
		if s.Sent+s.Refused >= due {
			poll(nil, 200*time.Microsecond)
		}
	}
	return s.Sent, nil
}

// Discard receives datagrams in batches and throws them away until ctx ends:
// the least that a server can do, as a measure for others.
func Discard(ctx context.Context, at netip.AddrPort) error {
	s, err := Listen(at)
	if err != nil {
		return err
	}
	defer s.Close()
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
	for ctx.Err() == nil {
		for s.receive() == batch {
		}
		poll(fds, 100*time.Millisecond)
	}
	return nil
}

// Invite returns an INVITE as a Load sends it, for Blast.
func Invite(cfg Config) ([]byte, error) {
	l, err := Open(cfg)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return l.appendInvite(nil, 0, &call{invited: 1}), nil
}
