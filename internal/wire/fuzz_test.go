package wire

import (
	"net"
	"slices"
	"testing"
	"time"

	"gatehouse.example/sip"
)

// FuzzStreamSplit: where a stream is cut into reads makes no difference to the
// messages that the handler gets.
func FuzzStreamSplit(f *testing.F) {
	f.Add([]byte(request(1)+"\r\n\r\n"+request(2)), 100)
	f.Add([]byte("\r\n"+request(1)+"junk\r\n\r\n"), 3)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		if len(data) == 0 || len(data) > 4096 {
			return
		}
		cut = int(uint(cut) % uint(len(data)))
		whole, split := feed(data), feed(data[:cut], data[cut:])
		if !slices.Equal(whole, split) {
			t.Fatalf("whole: %q\ncut at %d: %q", whole, cut, split)
		}
	})
}

// feed gives the parts to a connection, and returns the messages that framed well.
func feed(parts ...[]byte) []string {
	h := newRecorder()
	n, err := Open(Config{}, h)
	check(err)
	defer n.Close()
	here, there := net.Pipe()
	done := make(chan struct{})
	c := newConn(n, Flow{Transport: sip.TCP, Conn: 1})
	go func() {
		defer close(done)
		_ = c.read(here)
		_ = here.Close()
	}()
	_ = there.SetDeadline(time.Now().Add(patience))
	for _, p := range parts {
		_, _ = there.Write(p)
	}
	_ = there.Close()
	<-done
	close(h.packets)
	var got []string
	for p := range h.packets {
		if k, err := sip.Frame([]byte(p.text), 0); err == nil && k == len(p.text) {
			got = append(got, p.text)
		}
	}
	return got
}
