package locate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"gatehouse.example/sip"
)

// faulty is a name server that does what a test wants.
type faulty struct {
	addr  netip.AddrPort
	asked atomic.Int64
}

// startFaulty serves handle over UDP and TCP until the test ends.
func startFaulty(t *testing.T, handle func(w dns.ResponseWriter, q *dns.Msg)) *faulty {
	t.Helper()
	f := &faulty{addr: freePort(t)}
	mux := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		f.asked.Add(1)
		handle(w, q)
	})
	for _, network := range []string{"udp", "tcp"} {
		up := make(chan struct{})
		s := &dns.Server{Addr: f.addr.String(), Net: network, Handler: mux, NotifyStartedFunc: func() { close(up) }}
		failed := make(chan error, 1)
		go func() { failed <- s.ListenAndServe() }()
		select {
		case <-up:
		case err := <-failed:
			t.Fatal(err)
		}
		t.Cleanup(func() {
			s.Shutdown()
			<-failed
		})
	}
	return f
}

// reply answers q with records in zone-file form.
func reply(w dns.ResponseWriter, q *dns.Msg, records ...string) {
	w.WriteMsg(response(q, records...))
}

func response(q *dns.Msg, records ...string) *dns.Msg {
	m := new(dns.Msg).SetReply(q)
	m.RecursionAvailable = true
	for _, s := range records {
		rr, err := dns.NewRR(s)
		if err != nil {
			panic(err)
		}
		if _, negative := rr.(*dns.SOA); negative {
			m.Ns = append(m.Ns, rr)
		} else if rr.Header().Rrtype == q.Question[0].Qtype || rr.Header().Rrtype == dns.TypeCNAME {
			m.Answer = append(m.Answer, rr)
		}
	}
	return m
}

func rcode(w dns.ResponseWriter, q *dns.Msg, code int) { w.WriteMsg(new(dns.Msg).SetRcode(q, code)) }

const (
	goodA  = "a.example.test. 60 IN A 192.0.2.1"
	anySOA = "example.test. 60 IN SOA ns.example.test. h.example.test. 1 2 3 4 30"
)

func good(w dns.ResponseWriter, q *dns.Msg) { reply(w, q, goodA, anySOA) }

// direct is a target that needs nothing but addresses.
var direct = Target{Host: "a.example.test", Port: 5060}

// moment is what a test waits that has to wait for nothing: long enough for an answer on loopback.
const moment = 2 * time.Second

// TestFirstServerAtFault puts a bad server before a good one.
func TestFirstServerAtFault(t *testing.T) {
	cases := map[string]func(w dns.ResponseWriter, q *dns.Msg){
		"silent":   func(dns.ResponseWriter, *dns.Msg) {},
		"servfail": func(w dns.ResponseWriter, q *dns.Msg) { rcode(w, q, dns.RcodeServerFailure) },
		"refused":  func(w dns.ResponseWriter, q *dns.Msg) { rcode(w, q, dns.RcodeRefused) },
		"lame": func(w dns.ResponseWriter, q *dns.Msg) {
			m := new(dns.Msg).SetReply(q)
			rr, _ := dns.NewRR("test. 60 IN NS elsewhere.test.")
			m.Ns = append(m.Ns, rr)
			w.WriteMsg(m)
		},
		"wrong id": func(w dns.ResponseWriter, q *dns.Msg) {
			m := response(q, "a.example.test. 60 IN A 192.0.2.66")
			m.Id++
			w.WriteMsg(m)
		},
		"another question": func(w dns.ResponseWriter, q *dns.Msg) {
			m := response(q, "a.example.test. 60 IN A 192.0.2.66")
			m.Question[0].Name = "b.example.test."
			w.WriteMsg(m)
		},
		"garbage": func(w dns.ResponseWriter, q *dns.Msg) { w.Write([]byte("\x00\x00garbage that is no message")) },
		"a query for an answer": func(w dns.ResponseWriter, q *dns.Msg) {
			m := response(q, "a.example.test. 60 IN A 192.0.2.66")
			m.Response = false
			w.WriteMsg(m)
		},
	}
	for name, fault := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad, fine := startFaulty(t, fault), startFaulty(t, good)
			r := newResolver(t, Config{Servers: []netip.AddrPort{bad.addr, fine.addr}, QueryTimeout: moment})
			hops, err := r.Lookup(t.Context(), direct)
			if got := show(hops, err); got != "UDP 192.0.2.1:5060" {
				t.Fatalf("Lookup = %s", got)
			}
			asked := bad.asked.Load()
			if _, err := r.Lookup(t.Context(), Target{Host: "b.example.test", Port: 5060}); !errors.Is(err, ErrNotFound) {
				t.Fatalf("second Lookup: %v", err)
			}
			if n := bad.asked.Load() - asked; n != 0 {
				t.Errorf("the server that failed was asked first again, %d times", n)
			}
		})
	}
}

func TestForgedAnswersArePassedOver(t *testing.T) {
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		forged := response(q, "a.example.test. 60 IN A 192.0.2.66")
		forged.Id++
		w.WriteMsg(forged)
		forged.Id = q.Id
		forged.Question = []dns.Question{{Name: "x.example.test.", Qtype: q.Question[0].Qtype, Qclass: dns.ClassINET}}
		w.WriteMsg(forged)
		w.Write([]byte{1})
		good(w, q)
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	if got := show(r.Lookup(t.Context(), direct)); got != "UDP 192.0.2.1:5060" {
		t.Errorf("Lookup = %s", got)
	}
}

func TestRandomCaseIsWantedBack(t *testing.T) {
	t.Parallel()
	fold := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := response(q, "a.example.test. 60 IN A 192.0.2.66")
		m.Question[0].Name = strings.ToLower(m.Question[0].Name)
		w.WriteMsg(m)
	})
	fine := startFaulty(t, good)
	host := strings.Repeat("abcdefgh.", 8) + "example.test" // 2^-75 that nothing varies
	r := newResolver(t, Config{Servers: []netip.AddrPort{fold.addr, fine.addr}, RandomCase: true, QueryTimeout: moment})
	if got := show(r.Lookup(t.Context(), Target{Host: host, Port: 5060})); got != "no such SIP service" {
		t.Errorf("Lookup = %s; the answer that lost its case was believed", got)
	}
	if got := show(r.Lookup(t.Context(), direct)); got != "UDP 192.0.2.1:5060" {
		t.Errorf("Lookup = %s", got)
	}
}

func TestTruncatedAnswerIsAskedForOverTCP(t *testing.T) {
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := response(q, goodA, anySOA)
		if w.RemoteAddr().Network() == "udp" {
			m.Answer, m.Truncated = nil, true
		}
		w.WriteMsg(m)
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	if got := show(r.Lookup(t.Context(), direct)); got != "UDP 192.0.2.1:5060" {
		t.Errorf("Lookup = %s", got)
	}
}

func TestServerWithoutEDNSIsAskedWithout(t *testing.T) {
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if q.IsEdns0() != nil {
			rcode(w, q, dns.RcodeFormatError)
			return
		}
		good(w, q)
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	if got := show(r.Lookup(t.Context(), direct)); got != "UDP 192.0.2.1:5060" {
		t.Errorf("Lookup = %s", got)
	}
}

// TestFailureIsNotRemembered is the cache that a failed call must not poison.
func TestFailureIsNotRemembered(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if broken.Load() {
			rcode(w, q, dns.RcodeServerFailure)
			return
		}
		good(w, q)
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	if got := show(r.Lookup(t.Context(), direct)); got != "no usable answer from DNS" {
		t.Fatalf("Lookup = %s", got)
	}
	broken.Store(false)
	if got := show(r.Lookup(t.Context(), direct)); got != "UDP 192.0.2.1:5060" {
		t.Errorf("the next Lookup = %s", got)
	}
}

// TestSRVFailureIsNotNoSRV: without knowing the SRV records, the addresses of
// the domain itself, perhaps its web server's, are no answer.
func TestSRVFailureIsNotNoSRV(t *testing.T) {
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if q.Question[0].Qtype == dns.TypeSRV {
			rcode(w, q, dns.RcodeServerFailure)
			return
		}
		good(w, q)
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	if got := show(r.Lookup(t.Context(), Target{Host: "a.example.test"})); got != "no usable answer from DNS" {
		t.Errorf("Lookup = %s", got)
	}
}

func TestNAPTRFailureIsNoObstacle(t *testing.T) {
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if q.Question[0].Qtype == dns.TypeNAPTR {
			rcode(w, q, dns.RcodeNotImplemented)
			return
		}
		good(w, q)
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	if got := show(r.Lookup(t.Context(), Target{Host: "a.example.test"})); got != "UDP 192.0.2.1:5060" {
		t.Errorf("Lookup = %s", got)
	}
}

// TestOneFamilySilent: RFC 7984 asks for both families; one that does not
// answer holds up the other for a moment only, far less than a question lasts.
func TestOneFamilySilent(t *testing.T) {
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if q.Question[0].Qtype != dns.TypeAAAA {
			good(w, q)
		}
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	r.delay = resolutionDelay
	ctx, cancel := context.WithTimeout(t.Context(), r.cfg.QueryTimeout/2)
	defer cancel()
	if got := show(r.Lookup(ctx, direct)); got != "UDP 192.0.2.1:5060" {
		t.Errorf("Lookup = %s", got)
	}
}

// TestAdditionalSectionWithOneFamily: what it lacks is asked for (RFC 7984).
func TestAdditionalSectionWithOneFamily(t *testing.T) {
	var askedA atomic.Int32
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		switch q.Question[0].Qtype {
		case dns.TypeSRV:
			m := response(q, "_sip._udp.example.test. 60 IN SRV 1 1 5060 a.example.test.")
			rr, _ := dns.NewRR(goodA)
			stray, _ := dns.NewRR("b.example.test. 60 IN A 192.0.2.66")
			m.Extra = append(m.Extra, stray, rr)
			w.WriteMsg(m)
		case dns.TypeAAAA:
			reply(w, q, "a.example.test. 60 IN AAAA 2001:db8::1")
		case dns.TypeA:
			askedA.Add(1)
		}
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	got := show(r.Lookup(t.Context(), Target{Host: "example.test", Transport: sip.UDP}))
	if want := "UDP [2001:db8::1]:5060, UDP 192.0.2.1:5060"; got != want || askedA.Load() != 0 {
		t.Errorf("Lookup = %s (A asked %d times), want %s", got, askedA.Load(), want)
	}
}

// TestLookupEndsInTime: one question to one of these servers would last for longer than the look-up may.
func TestLookupEndsInTime(t *testing.T) {
	silent := startFaulty(t, func(dns.ResponseWriter, *dns.Msg) {})
	servers := make([]netip.AddrPort, 5)
	for i := range servers {
		servers[i] = silent.addr
	}
	r := newResolver(t, Config{Servers: servers, Timeout: 250 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), r.cfg.QueryTimeout/2)
	defer cancel()
	if got := show(r.Lookup(ctx, direct)); got != "no usable answer from DNS" {
		t.Errorf("Lookup = %s", got)
	}
	impatient := errors.New("too long for this one")
	ctx, cancel = context.WithTimeoutCause(t.Context(), 20*time.Millisecond, impatient)
	defer cancel()
	if _, err := newResolver(t, Config{Servers: servers}).Lookup(ctx, direct); !errors.Is(err, impatient) {
		t.Errorf("with a short context: %v", err)
	}
}

func TestUnreachableServerFailsAtOnce(t *testing.T) {
	fine := startFaulty(t, good)
	r := newResolver(t, Config{Servers: []netip.AddrPort{freePort(t), fine.addr}})
	ctx, cancel := context.WithTimeout(t.Context(), r.cfg.QueryTimeout/2)
	defer cancel()
	if got := show(r.Lookup(ctx, direct)); got != "UDP 192.0.2.1:5060" {
		t.Errorf("Lookup = %s", got)
	}
}

// TestManyAskOnce: callers of one target share one look-up, and one who gives
// up does not spoil it for the others.
func TestManyAskOnce(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{}, 1)
	server := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) {
		select {
		case arrived <- struct{}{}:
		default:
		}
		<-release
		good(w, q)
	})
	r := newResolver(t, Config{Servers: []netip.AddrPort{server.addr}})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if got := show(r.Lookup(t.Context(), direct)); got != "UDP 192.0.2.1:5060" {
				t.Errorf("Lookup = %s", got)
			}
		})
	}
	<-arrived
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Lookup(impatient, direct); !errors.Is(err, context.Canceled) {
		t.Errorf("the one who gave up: %v", err)
	}
	close(release)
	wg.Wait()
	if n := server.asked.Load(); n != 2 {
		t.Errorf("%d questions, want one each for A and AAAA", n)
	}
}

func TestCloseEndsLookups(t *testing.T) {
	silent := startFaulty(t, func(dns.ResponseWriter, *dns.Msg) {})
	r := New(Config{Servers: []netip.AddrPort{silent.addr}})
	failed := make(chan error)
	go func() {
		_, err := r.Lookup(context.Background(), direct)
		failed <- err
	}()
	for silent.asked.Load() == 0 {
		<-time.After(time.Millisecond)
	}
	r.Close()
	if err := <-failed; err == nil {
		t.Error("Lookup succeeded")
	}
	if _, err := r.Lookup(context.Background(), direct); !errors.Is(err, errClosed) {
		t.Errorf("Lookup after Close: %v", err)
	}
}

func TestNoServers(t *testing.T) {
	r := newResolver(t, Config{})
	if got := show(r.Lookup(t.Context(), direct)); got != "no DNS server configured" {
		t.Errorf("Lookup = %s", got)
	}
}

func TestServersOfResolvConf(t *testing.T) {
	got, err := Servers("# comment\nsearch example.test\nnameserver 192.0.2.53\nnameserver 2001:db8::53\noptions ndots:2\n")
	if want := "[192.0.2.53:53 [2001:db8::53]:53] <nil>"; fmt.Sprint(got, err) != want {
		t.Errorf("Servers = %v, %v", got, err)
	}
	if _, err := Servers("nameserver nonsense\n"); err == nil {
		t.Error("nonsense is accepted")
	}
}
