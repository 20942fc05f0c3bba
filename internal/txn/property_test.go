package txn

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/wire"
	"gatehouse.example/sip"
	"pgregory.net/rapid"
)

// chain is a transaction user that does what a proxy does: each request goes on
// as a client transaction, whose responses go back.
type chain struct {
	*rig
	t     *rapid.T
	links []*link
	ended map[uint64]bool // clients that must not send any more
}

type link struct {
	*chain
	server *Server
	client *Client
	id     uint64
	req    string // what was forwarded
	finals int    // reported by the client
	late   bool   // a 2xx came after impatience
	gone   bool
}

func (c *chain) Request(sh *Shard, in *Incoming, out Sender) {
	l := &link{chain: c, id: sh.ReserveID()}
	l.server = sh.NewServer(in, serverLink{l}, "ours", false)
	text := string(in.Msg.Bytes())
	l.req = strings.Replace(text, "Via: ", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch="+string(AppendBranch(nil, l.id))+"\r\nVia: ", 1)
	l.client = sh.NewClient(l.id, in.Msg.Method(), sh.Copy([]byte(l.req)), wire.Dest{Flow: in.Packet.Flow}, clientLink{l}, in.Packet.Now, out)
	if len(c.links)%3 == 1 {
		l.client.SetDeadline(in.Packet.Now + int64(4*time.Second))
	}
	c.links = append(c.links, l)
}

func (c *chain) Send(to wire.Dest, token uint64, msg []byte) {
	if c.ended[token] {
		c.t.Fatalf("client %x sends after its end: %.60q", token, msg)
	}
	c.rig.Send(to, token, msg)
}

type serverLink struct{ *link }

func (l serverLink) Cancelled(_ *Server, in *Incoming, out Sender) {
	if l.client != nil {
		l.client.Cancel("", in.Packet.Now, out)
	}
}
func (l serverLink) Ended(s *Server) {
	if s != l.server {
		l.t.Fatal("another's end")
	}
	l.server = nil
}

type clientLink struct{ *link }

func (l clientLink) Response(c *Client, in *Incoming, out Sender) {
	if l.gone {
		l.t.Fatal("a response after the end")
	}
	status := in.Msg.Status()
	if status >= 200 {
		l.finals++
		l.late = c.Abandoned()
		if status < 300 && c.Method() == sip.INVITE {
			c.Linger(Upstream{}, in.Packet.Now)
		}
	}
	l.answer(status, in.Packet.Now, out)
}

func (l clientLink) Failed(_ *Client, _ error, now int64, out Sender) {
	l.finals++
	l.answer(408, now, out)
}

func (l clientLink) Ended(c *Client) {
	if c != l.client {
		l.t.Fatal("another's end")
	}
	l.gone, l.client, l.ended[l.id] = true, nil, true
}

func (l *link) answer(status int, now int64, out Sender) {
	if l.finals > 1 && !(l.finals == 2 && l.client.Abandoned() && status/100 == 2) {
		l.t.Fatalf("%d final responses of one client", l.finals)
	}
	if l.server != nil {
		l.server.Respond([]byte("SIP/2.0 "+strconv.Itoa(status)+" X\r\n\r\n"), status, now, out)
	}
}

// TestInterleavings: whatever comes in whatever order, nothing panics, nothing
// sends after its end, each client has one final outcome, and all of it ends.
func TestInterleavings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &chain{t: t, ended: make(map[uint64]bool)}
		c.rig = newRig(t)
		c.layer.core = c
		c.rig.t = t
		statuses := rapid.SampledFrom([]int{100, 180, 183, 200, 202, 302, 404, 486, 487, 503, 603})
		methods := rapid.SampledFrom([]string{"INVITE", "INVITE", "MESSAGE", "FOO"})
		var reqs []string
		t.Repeat(map[string]func(*rapid.T){
			"new": func(t *rapid.T) {
				m := methods.Draw(t, "method")
				branch := "z9hG4bK" + strconv.Itoa(len(reqs))
				if rapid.Bool().Draw(t, "2543") {
					branch = strconv.Itoa(len(reqs))
				}
				reqs = append(reqs, strings.Replace(request(m, branch), "CSeq: 1", "CSeq: "+strconv.Itoa(len(reqs)+1), 1))
				c.arrive(reqs[len(reqs)-1])
			},
			"again": func(t *rapid.T) {
				if len(reqs) > 0 {
					as := rapid.SampledFrom([]string{"", "ACK", "CANCEL"}).Draw(t, "as")
					c.arrive(renamed(rapid.SampledFrom(reqs).Draw(t, "request"), as))
				}
			},
			"response": func(t *rapid.T) {
				if len(c.links) == 0 {
					return
				}
				l := rapid.SampledFrom(c.links).Draw(t, "link")
				text := response(l.req, statuses.Draw(t, "status"), "b"+strconv.Itoa(rapid.IntRange(1, 2).Draw(t, "tag")))
				if rapid.IntRange(0, 4).Draw(t, "to cancel") == 0 {
					text = strings.Replace(text, " INVITE\r\n", " CANCEL\r\n", 1)
				}
				c.arrive(text)
			},
			"fail": func(t *rapid.T) {
				if len(c.links) > 0 {
					l := rapid.SampledFrom(c.links).Draw(t, "link")
					c.layer.SendFailed(l.id, nil, errors.New("refused"), c.now, c)
				}
			},
			"time": func(t *rapid.T) { c.wait(time.Duration(rapid.IntRange(1, 40000).Draw(t, "ms")) * ms) },
			"":     func(*rapid.T) { c.check() },
		})
		c.wait(250 * time.Second)
		if n := c.layer.Active(); n != 0 {
			t.Fatalf("%d transactions left", n)
		}
		for i, l := range c.links {
			if l.finals != 1 && !l.late || l.server != nil || l.client != nil {
				t.Fatalf("link %d: %d finals, server %v, client %v", i, l.finals, l.server, l.client)
			}
		}
		c.rig.checkPool(t)
	})
}

// renamed gives a request another method, "" for none.
func renamed(req, method string) string {
	if method == "" {
		return req
	}
	old, _, _ := strings.Cut(req, " ")
	return method + strings.Replace(strings.TrimPrefix(req, old), " "+old+"\r\n", " "+method+"\r\n", 1)
}

// arrive is receive with the chain as the sender.
func (c *chain) arrive(text string) {
	data := []byte(text)
	m := new(sip.Message)
	if err := m.Parse(data); err != nil {
		c.t.Fatalf("%v in\n%s", err, text)
	}
	c.layer.Receive(&Incoming{Msg: m, Packet: &wire.Packet{Data: data, Now: c.now, Flow: wire.Flow{Transport: sip.UDP}}}, c)
	clear(data)
}

func (c *chain) wait(d time.Duration) {
	for end := c.now + int64(d); c.now < end; {
		c.now = min(c.now+int64(tick), end)
		c.layer.Advance(c.now, c)
	}
}

// check compares the layer's books with each other.
func (c *chain) check() {
	sh := &c.layer.shards[0]
	if n := len(sh.servers) + len(sh.clients); n != c.layer.Active() {
		c.t.Fatalf("%d transactions, Active says %d", n, c.layer.Active())
	}
	for id, cl := range sh.clients {
		if cl.id != id || cl.sh != sh || !cl.timer.armed() || c.ended[id] && cl.state != clientCompleted {
			c.t.Fatalf("client %x: state %d, armed %v, abandoned %v, ended %v", id, cl.state, cl.timer.armed(), cl.abandoned, c.ended[id])
		}
	}
	for key, s := range sh.servers {
		if s.key != key || s.sh != sh {
			c.t.Fatalf("server %x: %+v", key, s)
		}
	}
}

// checkPool looks for buffers and objects that were given back twice.
func (r *rig) checkPool(t interface{ Fatalf(string, ...any) }) {
	for i := range r.layer.shards {
		p := &r.layer.shards[i].pool
		seen := make(map[any]bool)
		add := func(x any) {
			if seen[x] {
				t.Fatalf("%T %p is in the pool twice", x, x)
			}
			seen[x] = true
		}
		for _, b := range p.buffers {
			add(&b[:1][0])
		}
		for _, s := range p.servers {
			add(s)
		}
		for _, c := range p.clients {
			add(c)
		}
	}
}
