package replay

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net/netip"

	"gatehouse.example/internal/replay/pcap"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// Site is what a capture is read by.
type Site struct {
	// Domains are our own: a request from one of them to elsewhere is a local user's.
	Domains []string
	// Plan makes numbers comparable.
	Plan uri.Plan
	// Prove says who sends a request, as far as its source is trusted to say so; nil: nobody is.
	Prove func(m *sip.Message, source netip.Addr) (identity string, proof verdict.Proof)
}

// byteOrderMark is what some editors put before the text of a file.
const byteOrderMark = "\ufeff"

// Open reads events from a capture or an event file, whichever it is, compressed by gzip or not. A capture is read to its end first, because how a call ends stands
// behind its beginning.
func Open(in io.Reader, site Site) (Events, error) {
	r := bufio.NewReaderSize(in, 1<<16)
	if magic, _ := r.Peek(2); string(magic) == "\x1F\x8B" { // RFC 1952 §2.3.1
		unpacked, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		r = bufio.NewReaderSize(unpacked, 1<<16)
	}
	if mark, _ := r.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		r.Discard(len(byteOrderMark))
	}
	head, err := r.Peek(4)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("replay: %w", err)
	}
	if !pcap.IsCapture(head) {
		return NewFile(r), nil
	}
	c := newCapture(site)
	if err := c.read(r); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	return c.events(), nil
}

// given are events that are there already.
type given struct {
	all    []*screen.Event
	unread int
}

// Unread is how many packets of a capture were cut off when it was made, or damaged, and could not be read.
func Unread(events Events) int {
	if g, ok := events.(*given); ok {
		return g.unread
	}
	return 0
}

// Next implements Events.
func (g *given) Next(ev *screen.Event) error {
	if len(g.all) == 0 {
		return io.EOF
	}
	*ev = *g.all[0]
	g.all[0] = nil
	g.all = g.all[1:]
	return nil
}
