package main

import (
	"context"

	"gatehouse.example/internal/config"
	"gatehouse.example/internal/guard/kernel"
)

// kernelBans makes the part that has the kernel drop what banned sources send,
// where the configuration wants that.
func (s *server) kernelBans(cfg *config.Config) error {
	if !cfg.Limits.Ban.Kernel {
		return nil
	}
	var ports []uint16
	for _, l := range cfg.Listen {
		ports = append(ports, l.Addr.Port())
	}
	var err error
	s.kernel, err = kernel.New(kernel.Config{Ports: ports, Bans: s.guard.Bans, Peers: s.guard.PeerList, Log: s.log})
	if err != nil {
		return cfg.Problem("limits.ban.kernel", err.Error()+"; give it the capability, or set it to false", err)
	}
	s.metrics.AddStats("kernel_bans", "Bans in the kernel:", func() any { return s.kernel.Stats() }, "Elements")
	return nil
}

// runKernel keeps the kernel's bans until ctx ends.
func (s *server) runKernel(ctx context.Context) error {
	if s.kernel == nil {
		return nil
	}
	return s.kernel.Run(ctx)
}

// peersChanged lets new peers through.
func (s *server) peersChanged() {
	if s.kernel != nil {
		s.kernel.PeersChanged()
	}
}
