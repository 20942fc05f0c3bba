package wire

// Outbox collects messages in order and sends them in batches. It belongs to
// one goroutine.
type Outbox struct{}

// Send queues a copy of msg. token comes back in Handler.SendFailed.
func (o *Outbox) Send(to Dest, token uint64, msg []byte) {}

// Flush sends what was queued. Handler.SendFailed may be called from it, so the
// caller holds no lock that SendFailed takes.
func (o *Outbox) Flush() {}
