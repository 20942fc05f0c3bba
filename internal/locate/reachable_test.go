package locate

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func TestReachable(t *testing.T) {
	alive := startFaulty(t, func(w dns.ResponseWriter, q *dns.Msg) { w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeRefused)) })
	dead := freePort(t)
	for _, c := range []struct {
		name    string
		servers []netip.AddrPort
		ok      bool
	}{
		{"any answer is one", []netip.AddrPort{alive.addr}, true},
		{"one of two", []netip.AddrPort{dead, alive.addr}, true},
		{"nobody is there", []netip.AddrPort{dead}, false},
		{"none is known", nil, false},
	} {
		r := New(Config{Servers: c.servers, QueryTimeout: 5 * time.Second})
		defer r.Close()
		if err := r.Reachable(t.Context()); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := New(Config{}).Reachable(t.Context()); !errors.Is(err, ErrNoServers) {
		t.Errorf("without servers: %v", err)
	}
}

func TestAsks(t *testing.T) {
	r := New(Config{Hosts: "127.0.0.5 pbx.example.test\n"})
	for host, want := range map[string]bool{
		"192.0.2.1": false, "[2001:db8::1]": false, "2001:db8::1": false, "PBX.example.test": false, "sbc.example.test": true,
	} {
		if got := r.Asks(host); got != want {
			t.Errorf("%s: %v, want %v", host, got, want)
		}
	}
}
