// Package siptest puts SIP servers under load and looks closely at what comes
// back. It is for developers: the server itself never imports it.
//
// A Load is a caller (UAC) and a callee (UAS) in one process, around a proxy
// under test. It makes calls at a fixed rate whatever the proxy does (an open
// loop), retransmits by RFC 3261 §17 so that losses show as retransmissions
// and not as silence, follows Record-Route, Contact and Via like any user agent
// (RFC 3261 §12.1, §12.2.1.1, §18.2.2), and measures how long each message took
// through the proxy, from the sender's clock before the send to the kernel's
// receive stamp, so that its own scheduling does not count.
//
// One thread does it all with recvmmsg and sendmmsg, and allocates nothing per
// call once warm, because on a small machine the generator's CPU is taken from
// the server. It reads messages with its own small scanner: a tester that
// shares the parser of what it tests would share its errors.
//
// Linux and IPv4 only. Nothing here is safe for concurrent use.
package siptest
