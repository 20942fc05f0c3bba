package fetch

import (
	"fmt"
	"net/netip"
)

// Prefixes whose addresses lead on to an IPv4 address: NAT64 (RFC 6052 §2.1) and 6to4 (RFC 3056 §2).
var (
	prefixNAT64 = netip.MustParsePrefix("64:ff9b::/96")
	prefix6to4  = netip.MustParsePrefix("2002::/16")
)

// globalUnicast is what IANA has given out for the Internet; whatever else begins an IPv6 address is special (RFC 4291 §2.4).
var globalUnicast = netip.MustParsePrefix("2000::/3")

// special are the ranges that no server of the Internet has: RFC 6890 §2.2 and its registries, multicast, and one public address
// that a cloud answers its own machines on.
var special = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // shared by carrier-grade NAT; one cloud's metadata
	netip.MustParsePrefix("127.0.0.0/8"),     // loopback
	netip.MustParsePrefix("169.254.0.0/16"),  // link-local; most clouds' metadata
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("224.0.0.0/4"), // multicast
	netip.MustParsePrefix("240.0.0.0/4"), // reserved, broadcast
	netip.MustParsePrefix("2001::/23"),   // protocol assignments, Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),
	prefix6to4,
	netip.MustParsePrefix("3fff::/20"), // documentation (RFC 9637 §3)
}

// permit says whether a connection to an address may be made: not to a special one in whatever way it is written, unless the
// operator allows it. An allowed translator's prefix does not open what lies behind it: the inner address is judged as well.
func permit(a netip.Addr, allow []netip.Prefix) error {
	if !a.IsValid() || a.Zone() != "" {
		return fmt.Errorf("no plain address")
	}
	a = a.Unmap()
	if inner, ok := embedded(a); ok {
		if err := permit(inner, allow); err != nil {
			return fmt.Errorf("%s leads to %w", a, err)
		}
	}
	for _, p := range allow {
		if p.Contains(a) {
			return nil
		}
	}
	if a.Is6() && !globalUnicast.Contains(a) {
		return fmt.Errorf("%s is not of the Internet", a)
	}
	for _, p := range special {
		if p.Contains(a) {
			return fmt.Errorf("%s is in %s", a, p)
		}
	}
	return nil
}

// embedded returns the IPv4 address that a translator's address leads to.
func embedded(a netip.Addr) (netip.Addr, bool) {
	b := a.As16()
	switch {
	case prefixNAT64.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:])), true
	case prefix6to4.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// allowedLiteral says whether an address may stand in a URL itself: only what the operator has listed. Public addresses have no
// certificates of the web PKI to speak of, and a repository has a name.
func allowedLiteral(a netip.Addr, allow []netip.Prefix) bool {
	for _, p := range allow {
		if p.Contains(a.Unmap()) {
			return permit(a, allow) == nil
		}
	}
	return false
}
