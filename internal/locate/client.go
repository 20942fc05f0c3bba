package locate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// errQuery is the root of each failure to get an answer out of DNS.
var errQuery = errors.New("no usable answer from DNS")

// client puts one question to the configured servers until one gives a usable
// answer: UDP first, TCP when the answer was cut.
type client struct {
	cfg *Config

	mu   sync.Mutex
	last map[netip.AddrPort]time.Time // when a server last gave no usable answer
}

const (
	// udpSize avoids IP fragmentation (DNS flag day 2020).
	udpSize = 1232
	// rounds is how often each server is asked.
	rounds = 2
	// serverPenalty is how long a silent server is asked after the others.
	serverPenalty = 30 * time.Second
)

// ask returns the first usable response: NOERROR or NXDOMAIN to our question.
func (c *client) ask(ctx context.Context, name string, qtype uint16) (*dns.Msg, error) {
	if len(c.cfg.Servers) == 0 {
		return nil, ErrNoServers
	}
	var last error
	for range rounds {
		for _, server := range c.order() {
			m, err := c.askServer(ctx, server, name, qtype)
			if err == nil {
				c.mark(server, false)
				return m, nil
			}
			if over(ctx) {
				return nil, fmt.Errorf("%s %s: %w: %w", dns.TypeToString[qtype], name, errQuery, context.Cause(ctx))
			}
			c.mark(server, true)
			last = fmt.Errorf("%s %s at %s: %w: %w", dns.TypeToString[qtype], name, server, errQuery, err)
		}
	}
	return nil, last
}

// over tells whether a context has ended, also where a socket has noticed its deadline before its timer has.
func over(ctx context.Context) bool {
	if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}

// order returns the servers with those that failed lately at the end.
func (c *client) order() []netip.AddrPort {
	c.mu.Lock()
	defer c.mu.Unlock()
	servers := slices.Clone(c.cfg.Servers)
	if len(c.last) > 0 {
		slices.SortStableFunc(servers, func(a, b netip.AddrPort) int { return c.last[a].Compare(c.last[b]) })
	}
	return servers
}

// mark notes whether a server gave a usable answer.
func (c *client) mark(server netip.AddrPort, failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if failed {
		c.last[server] = now
		return
	}
	for s, t := range c.last {
		if s == server || now.Sub(t) > serverPenalty {
			delete(c.last, s)
		}
	}
}

// askServer asks one server: over UDP with EDNS0, without EDNS0 where the
// server does not know it (RFC 6891 §7), over TCP where the answer was cut.
func (c *client) askServer(ctx context.Context, server netip.AddrPort, name string, qtype uint16) (*dns.Msg, error) {
	q := question(name, qtype, c.cfg.RandomCase)
	q.SetEdns0(udpSize, false)
	m, err := c.exchange(ctx, "udp", server, q)
	if err == nil && (m.Rcode == dns.RcodeFormatError || m.Rcode == dns.RcodeNotImplemented) {
		q = question(name, qtype, c.cfg.RandomCase)
		m, err = c.exchange(ctx, "udp", server, q)
	}
	if err == nil && m.Truncated {
		q = question(name, qtype, c.cfg.RandomCase)
		m, err = c.exchange(ctx, "tcp", server, q)
	}
	if err != nil {
		return nil, err
	}
	return m, usable(m)
}

// usable tells an answer from a server's excuse.
func usable(m *dns.Msg) error {
	switch {
	case m.Truncated:
		return errors.New("answer cut over TCP too")
	case m.Rcode == dns.RcodeNameError:
		return nil
	case m.Rcode != dns.RcodeSuccess:
		return fmt.Errorf("server says %s", dns.RcodeToString[m.Rcode])
	case len(m.Answer) == 0 && !m.Authoritative && soa(m) == nil && len(m.Ns) > 0:
		return errors.New("lame server: it refers us elsewhere")
	}
	return nil
}

// question makes a query with a random id.
func question(name string, qtype uint16, randomCase bool) *dns.Msg {
	name = dns.Fqdn(name)
	if randomCase {
		b := []byte(name)
		for i, c := range b {
			if 'a' <= c && c <= 'z' && rand.Uint32()&1 == 0 {
				b[i] = c - 'a' + 'A'
			}
		}
		name = string(b)
	}
	q := new(dns.Msg)
	q.SetQuestion(name, qtype)
	q.RecursionDesired = true
	return q
}

// exchange sends q from a fresh socket, whose random port is half of the
// protection against forged answers, and waits for the response to it.
func (c *client) exchange(ctx context.Context, network string, server netip.AddrPort, q *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.QueryTimeout)
	defer cancel()
	var d net.Dialer
	raw, err := d.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	conn := &dns.Conn{Conn: raw, UDPSize: udpSize}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := conn.WriteMsg(q); err != nil {
		return nil, err
	}
	return c.read(conn, q, network == "udp")
}

// read returns the response to q. On a datagram socket anything else may be a
// forgery meant to end the wait, so it is passed over; RFC 5452 §9.1.
func (c *client) read(conn *dns.Conn, q *dns.Msg, datagrams bool) (*dns.Msg, error) {
	for {
		b, err := conn.ReadMsgHeader(nil)
		if err != nil && !(datagrams && errors.Is(err, dns.ErrShortRead)) {
			return nil, err
		}
		m := new(dns.Msg)
		if err == nil {
			err = m.Unpack(b)
		}
		// A cut answer may end in the middle of a record.
		if (err == nil || m.Truncated) && c.matches(q, m) {
			return m, nil
		}
		if !datagrams {
			return nil, errors.New("the response does not match the question")
		}
	}
}

func (c *client) matches(q, m *dns.Msg) bool {
	if m.Id != q.Id || !m.Response || m.Opcode != dns.OpcodeQuery || len(m.Question) != 1 {
		return false
	}
	want, got := q.Question[0], m.Question[0]
	if want.Qtype != got.Qtype || want.Qclass != got.Qclass {
		return false
	}
	if c.cfg.RandomCase {
		return want.Name == got.Name
	}
	return strings.EqualFold(want.Name, got.Name)
}

// soa returns the SOA record of a negative answer (RFC 2308 §3).
func soa(m *dns.Msg) *dns.SOA {
	for _, rr := range m.Ns {
		if s, ok := rr.(*dns.SOA); ok {
			return s
		}
	}
	return nil
}
