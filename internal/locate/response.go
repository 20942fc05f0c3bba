package locate

import "gatehouse.example/sip"

// ResponseTarget returns where a response goes when the flow that brought the
// request is gone: RFC 3261 §18.2.2, RFC 3581 §4, RFC 3263 §5. v is our view of
// the top Via, with received and rport as we stamped them.
//
// Without received, sent-by is located: its port given, by address records;
// else by the SRV records of the transport, which is what Lookup does for a
// target that has a transport and no port.
//
// RFC 3261 §18.2.2 maddr not done: it would let a request point our answers at
// a third party.
func ResponseTarget(v *sip.Via) Target {
	t := Target{Host: string(v.Host), Port: v.Port, Transport: v.Transport, Secure: secure(v.Transport)}
	if len(v.Received) == 0 {
		return t
	}
	t.Host = string(v.Received)
	if v.RPort > 0 && v.RPort <= 65535 && !v.Transport.Reliable() {
		t.Port = uint16(v.RPort)
	}
	return t
}
