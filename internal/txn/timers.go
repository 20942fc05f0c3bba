package txn

import "time"

// Timers holds the base values of RFC 3261 §17.1.1.1; every timer is a
// multiple of them. The zero value stands for the RFC's defaults.
type Timers struct {
	T1 time.Duration // round-trip estimate, 500 ms
	T2 time.Duration // longest interval between retransmissions, 4 s
	T4 time.Duration // longest time a message stays in the network, 5 s
}

func (t Timers) withDefaults() Timers {
	if t.T1 == 0 {
		t.T1 = 500 * time.Millisecond
	}
	if t.T2 == 0 {
		t.T2 = 4 * time.Second
	}
	if t.T4 == 0 {
		t.T4 = 5 * time.Second
	}
	return t
}

// intervals are the timers in nanoseconds, computed once.
type intervals struct {
	t1, t2, t4 int64
	n          int64 // 64*T1: timers B, F, H, J, L, M
	d          int64 // Timer D: at least 32 s on unreliable transports
	slow       int64 // until a peer's Timer E has reached T2 (RFC 4320 §4.1)
}

func (t Timers) intervals() intervals {
	t = t.withDefaults()
	iv := intervals{t1: int64(t.T1), t2: int64(t.T2), t4: int64(t.T4)}
	iv.n = 64 * iv.t1
	// RFC 3261 §17.1.1.2: Timer D is at least 32 s, and no shorter than the
	// server's Timer H.
	iv.d = max(iv.n, int64(32*time.Second))
	for e := iv.t1; e < iv.t2; e *= 2 {
		iv.slow += e
	}
	return iv
}
