package main

import (
	"context"
	"time"

	"gatehouse.example/internal/home"
	"gatehouse.example/internal/wire"
)

// emptyLines is what every SIP element ignores (RFC 3261 §7.5).
var emptyLines = []byte("\r\n\r\n")

// keepAlive sends empty lines to the phones on UDP behind a NAT, often enough that
// the NAT does not forget them. RFC 4787 §4.3: what comes from outside may refresh a
// mapping; most NATs have it so. Where not, the phone has to send something itself.
func (side *sipSide) keepAlive(ctx context.Context) error {
	every := time.Duration(side.s.live.Current().Home.KeepAlive)
	if every == 0 {
		return nil
	}
	out, phones := side.net.Outbox(), []home.Source(nil)
	return each(ctx, every, func(now time.Time) {
		phones = side.registrar.Hidden(phones[:0], now)
		for _, p := range phones {
			out.Send(wire.Dest{Flow: wire.Flow{Transport: p.Transport, Socket: p.Socket, Remote: p.Remote}}, 0, emptyLines)
		}
		out.Flush()
	})
}
