package wire

import (
	"net/netip"
	"sync"
	"time"

	"gatehouse.example/sip"
)

// conn is a stream connection: one goroutine that reads and handles (run…), one
// that writes (write).
type conn struct {
	net     *Net
	flow    Flow
	local   netip.AddrPort
	name    string // ServerName, of connections that we dialled
	dialled bool
	peer    *PeerCert
	link    link // set before the goroutines start

	wake chan struct{} // something for the writer, capacity 1
	done chan struct{} // the connection is dead

	mu      sync.Mutex
	queue   []byte // octets to be written …
	marks   []mark // … and the messages in it
	flying  int    // octets that the writer has in hand
	closing bool   // take no more; close when the queue is written
	opened  bool
	err     error // why it died

	tokens []uint64 // of what was written last, a ring; see remember
	oldest int      // in tokens, where that is full
}

// mostTokens bounds conn.tokens: what has been written last is what may still be
// unanswered.
const mostTokens = 1024

// mark is the end of a message in conn.queue.
type mark struct {
	end   int
	token uint64
	quiet bool // a keep-alive: nobody asks what became of it
}

// link is what differs between octet streams and WebSockets.
type link interface {
	// write writes the messages in b and returns how many octets of b are out.
	write(b []byte, marks []mark, limit time.Duration) (int, error)
	ping(limit time.Duration) error
	// finish tells the peer that nothing more is coming.
	finish()
	close()
}

func newConn(n *Net, f Flow) *conn {
	return &conn{net: n, flow: f, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

func (c *conn) key() peerKey {
	return peerKey{c.flow.Transport, c.flow.Remote, c.name}
}

// enqueue copies msg into the write queue. A connection that takes octets more
// slowly than they are made is closed.
func (c *conn) enqueue(msg []byte, token uint64, quiet bool) error {
	c.mu.Lock()
	if c.closing || c.err != nil {
		c.mu.Unlock()
		return ErrClosed
	}
	lim := &c.net.cfg.Limits
	if c.flying+len(c.queue)+len(msg) > lim.WriteQueue || !c.net.takeBuffer(len(msg), keptWrites, c.flow.Remote.Addr()) {
		slow := c.opened
		c.mu.Unlock()
		if slow && !quiet {
			c.net.count.slowReaders.Add(1)
			c.kill(ErrQueueFull)
		}
		return ErrQueueFull
	}
	c.queue = append(c.queue, msg...)
	c.marks = append(c.marks, mark{len(c.queue), token, quiet})
	c.mu.Unlock()
	c.nudge()
	return nil
}

func (c *conn) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// kill ends the connection now. The first reason stays.
func (c *conn) kill(err error) {
	c.mu.Lock()
	first := c.err == nil
	if first {
		c.err = err
		close(c.done)
	}
	opened := c.opened
	c.mu.Unlock()
	if first && opened {
		c.link.close()
	}
}

// finish ends the connection when everything queued has been written.
func (c *conn) finish() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.nudge()
}

func (c *conn) finishing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// open makes l the connection's link; false when it was killed meanwhile.
func (c *conn) open(l link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return false
	}
	c.link, c.opened = l, true
	return true
}

// write is the writing goroutine. It takes all that is queued at once, so that
// the answers to one batch leave in one system call. It returns when the
// connection is dead, or finished and written.
func (c *conn) write() {
	var spare []byte
	var spareMarks []mark
	var tick <-chan time.Time
	if every := c.pingInterval(); every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-c.done:
			return
		case <-tick:
			if err := c.link.ping(c.net.cfg.Limits.WriteTime); err != nil {
				c.kill(err)
			}
			continue
		case <-c.wake:
		}
		b, marks, last := c.take(spare, spareMarks)
		if len(b) > 0 {
			n, err := c.link.write(b, marks, c.net.cfg.Limits.WriteTime)
			c.written(b, marks, n, err)
		}
		if last {
			c.link.finish()
			return
		}
		spare, spareMarks = keep(b), marks
	}
}

// take swaps the queue for empty buffers. last: nothing will come after it.
func (c *conn) take(b []byte, marks []mark) ([]byte, []mark, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q, m := c.queue, c.marks
	c.queue, c.marks, c.flying = b[:0], marks[:0], len(q)
	return q, m, c.closing
}

// keep returns a buffer worth keeping for an idle connection.
func keep(b []byte) []byte {
	if cap(b) > 4096 {
		return nil
	}
	return b
}

// written settles the messages of one write: n octets of b are out.
func (c *conn) written(b []byte, marks []mark, n int, err error) {
	c.net.giveBuffer(len(b))
	c.mu.Lock()
	c.flying = 0
	c.mu.Unlock()
	if err != nil {
		c.kill(err)
	}
	sent := c.fail(b, marks, n, err)
	c.net.count.sent.Add(uint64(sent))
	c.net.count.sentBytes.Add(uint64(n))
}

// fail reports the messages of b that end after its first n octets, and returns
// how many do not.
func (c *conn) fail(b []byte, marks []mark, n int, err error) (good int) {
	start := 0
	for _, m := range marks {
		switch {
		case m.end <= n:
			good++
			c.remember(m.token)
		case !m.quiet:
			c.net.handler.SendFailed(c.flow, m.token, b[start:min(m.end, start+headLength)], err)
		}
		start = m.end
	}
	return good
}

// remember keeps the token of a message that is out. Only the goroutine that
// writes calls it, and end when that has returned.
func (c *conn) remember(token uint64) {
	switch {
	case token == 0:
	case len(c.tokens) < mostTokens:
		c.tokens = append(c.tokens, token)
	default:
		c.tokens[c.oldest] = token
		c.oldest = (c.oldest + 1) % mostTokens
	}
}

// lose reports what was written and can have no answer here any more. Most of
// it has one: whoever gave the token knows.
func (c *conn) lose() {
	for i := range c.tokens {
		c.net.handler.SendFailed(c.flow, c.tokens[(c.oldest+i)%len(c.tokens)], nil, ErrLost)
	}
	c.tokens = nil
}

// end cleans up after both goroutines: what is still queued has failed.
func (c *conn) end() {
	c.kill(ErrClosed)
	c.net.conns.remove(c)
	c.mu.Lock()
	queue, marks, err, opened := c.queue, c.marks, c.err, c.opened
	c.queue, c.marks = nil, nil
	c.mu.Unlock()
	c.net.giveBuffer(len(queue))
	c.fail(queue, marks, 0, err)
	c.lose()
	if opened {
		c.net.handler.Closed(c.flow)
	}
}

// takeBuffer accounts octets that are held for a to Limits.Buffers, of which one in kept is for those whom we know.
func (n *Net) takeBuffer(size, kept int, a netip.Addr) bool {
	held, most := int(n.buffers.Add(int64(size))), int(n.cfg.Limits.Buffers)
	if held <= most-most/kept || held <= n.conns.places(most, kept, a) {
		return true
	}
	n.giveBuffer(size)
	return false
}

func (n *Net) giveBuffer(size int) { n.buffers.Add(-int64(size)) }

// pingInterval is 0 where we send no keep-alives. RFC 5626 §4.4: the side that
// opened a connection keeps it alive; browsers cannot (RFC 7118 §6).
func (c *conn) pingInterval() time.Duration {
	if c.dialled || c.flow.Transport == sip.WS || c.flow.Transport == sip.WSS {
		return max(c.net.cfg.Limits.Ping, 0)
	}
	return 0
}
