package fetch

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
)

func TestGuardOfWhereNamesLead(t *testing.T) {
	allow := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32"), netip.MustParsePrefix("64:ff9b::/96")}
	for addr, want := range map[string]struct{ strict, allowed bool }{
		"9.9.9.9":                    {true, true},
		"2620:fe::fe":                {true, true},
		"2001:4860:4860::8888":       {true, true},
		"10.1.2.3":                   {false, true},
		"::ffff:10.1.2.3":            {false, true},
		"fd00:1::1":                  {false, true},
		"64:ff9b::9.9.9.9":           {false, true},
		"64:ff9b::10.1.2.3":          {false, true},
		"64:ff9b::10.2.0.1":          {},
		"64:ff9b::127.0.0.1":         {},
		"64:ff9b::169.254.169.254":   {},
		"64:ff9b:1::9.9.9.9":         {},
		"0.0.0.0":                    {},
		"10.0.0.1":                   {},
		"100.100.100.200":            {}, // metadata of a cloud
		"127.0.0.1":                  {},
		"127.8.8.8":                  {},
		"169.254.169.254":            {}, // metadata of most clouds
		"168.63.129.16":              {},
		"172.16.0.1":                 {},
		"172.31.255.255":             {},
		"172.32.0.1":                 {true, true},
		"192.0.0.192":                {},
		"192.0.2.1":                  {},
		"192.88.99.1":                {},
		"192.168.1.1":                {},
		"198.18.0.1":                 {},
		"198.51.100.1":               {},
		"203.0.113.1":                {},
		"224.0.0.1":                  {},
		"240.0.0.1":                  {},
		"255.255.255.255":            {},
		"::":                         {},
		"::1":                        {},
		"::ffff:127.0.0.1":           {},
		"::ffff:169.254.169.254":     {},
		"::ffff:9.9.9.9":             {true, true},
		"::127.0.0.1":                {}, // IPv4-compatible
		"::ffff:0:127.0.0.1":         {}, // IPv4-translated
		"100::1":                     {},
		"2001::1":                    {}, // Teredo
		"2001:db8::1":                {},
		"2002:7f00:1::":              {}, // 6to4 of 127.0.0.1
		"2002:909:909::1":            {}, // 6to4 of 9.9.9.9
		"3fff::1":                    {},
		"5f00::1":                    {},
		"fc00::1":                    {},
		"fd00:ec2::254":              {}, // metadata of a cloud
		"fe80::1":                    {},
		"fe80::1%eth0":               {},
		"9.9.9.9 as the zero Addr":   {},
		"fec0::1":                    {},
		"ff02::1":                    {},
		"ff0e::1":                    {},
		"64:ff9b::a9fe:a9fe":         {},
		"2002:a9fe:a9fe::":           {},
		"0:0:0:0:0:ffff:0a00:0001":   {},
		"2001:1ff:ffff::1":           {},
		"2001:200::1":                {true, true},
		"4000::1":                    {},
		"1fff:ffff::1":               {},
		"2606:4700:4700::1111":       {true, true},
		"fd00:1:ffff::ffff:10.0.0.1": {false, true},
	} {
		a, _ := netip.ParseAddr(addr) // what is none is the zero Addr
		if err := permit(a, nil); (err == nil) != want.strict {
			t.Errorf("%s: %v", addr, err)
		}
		if err := permit(a, allow); (err == nil) != want.allowed {
			t.Errorf("%s, some being allowed: %v", addr, err)
		}
	}
}

// TestDialerAsksAgain: whatever has led it there, the default dialler does not connect to a special address.
func TestDialerAsksAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, err = dialer(nil)(context.Background(), "tcp", listener.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "127.0.0.0/8") {
		t.Errorf("dialled: %v", err)
	}
	conn, err := dialer([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")})(context.Background(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
