package wire

import "context"

// Net is the open sockets.
type Net struct{}

// Open binds all listeners. Nothing is read until Run.
func Open(cfg Config, h Handler) (*Net, error) { return &Net{}, nil }

// Run serves until ctx ends, then closes everything and waits for its goroutines.
func (n *Net) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Drain stops accepting connections and returns when all queued writes are out
// and the connections are closed, or when ctx ends. UDP goes on until Run ends.
func (n *Net) Drain(ctx context.Context) {}

// Outbox makes an Outbox for a goroutine that is not wire's: timers, workers.
func (n *Net) Outbox() *Outbox { return &Outbox{} }

// Listeners returns the open listeners, with the ports that the kernel chose.
func (n *Net) Listeners() []Listener { return nil }

// Stats returns the counters.
func (n *Net) Stats() Stats { return Stats{} }
