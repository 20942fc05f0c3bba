package border

import (
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/gaissmai/bart"

	"gatehouse.example/internal/action"
	"gatehouse.example/internal/locate"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// Domain is a domain that we answer for.
type Domain struct {
	// Name is the domain's name in lower case: the realm of its users.
	Name string
	// Home says that its phones register with us; Targets is then empty.
	Home bool
	// Targets are the PBX and its stand-ins, in order of preference.
	Targets []locate.Target
	// Policy is the site's policy with the domain's changes.
	Policy *screen.Policy
	// Rejection is how a rejected caller is answered.
	Rejection action.Rejection
	// Users are the rules of called users for whom others hold, by UserKeys.
	Users map[string]*Rules
	// Outbound takes calls to elsewhere; nil = such calls are refused.
	Outbound *Peer
}

// Peer is a source that we know.
type Peer struct {
	Name     string
	Number   uint16 // stands for the peer in Record-Route tokens
	Prefixes []netip.Prefix
	TLSNames []string
	Trust    action.Trust
	// Send is where requests to it go; Host is empty where nothing is sent to it.
	Send locate.Target
}

// Site is the part of the configuration that decides about requests. It is
// read-only once it has been given to a Border, except for the addresses of PBXs
// that are named by host: these follow DNS.
type Site struct {
	Plan   uri.Plan
	Label  action.LabelStyle
	Exempt []string // numbers, user parts and URNs that are never screened

	names   map[string]*Domain
	first   *Domain
	peers   bart.Table[*Peer]
	all     []*Peer
	byTLS   map[string]*Peer
	fixed   places
	named   []named
	now     atomic.Pointer[places]
	numbers map[string]struct{}
	urns    []string
	traps   map[string]struct{}
}

// AddDomain adds a domain under its names; the first one also takes what names
// no domain: a bare address of ours, or a tel: URI.
func (s *Site) AddDomain(d *Domain, aliases ...string) {
	if s.names == nil {
		s.names = make(map[string]*Domain)
	}
	if s.first == nil {
		s.first = d
	}
	for _, n := range append([]string{d.Name}, aliases...) {
		s.names[strings.ToLower(strings.Trim(n, "[]"))] = d
	}
	for _, t := range d.Targets {
		if at, ok := literal(t); ok {
			s.fixed.add(at, d)
		} else {
			s.named = append(s.named, named{t, d})
		}
	}
}

// AddPeer adds a peer.
func (s *Site) AddPeer(p *Peer) {
	s.all = append(s.all, p)
	for _, prefix := range p.Prefixes {
		s.peers.Insert(prefix, p)
	}
	if s.byTLS == nil {
		s.byTLS = make(map[string]*Peer)
	}
	for _, n := range p.TLSNames {
		s.byTLS[strings.ToLower(n)] = p
	}
}

// Seal prepares the look-ups once everything has been added.
func (s *Site) Seal() {
	s.settle(nil)
	s.numbers = make(map[string]struct{})
	for _, e := range s.Exempt {
		if strings.HasPrefix(strings.ToLower(e), "urn:") {
			s.urns = append(s.urns, strings.ToLower(e))
			continue
		}
		s.numbers[strings.ToLower(e)] = struct{}{}
	}
}

// domain returns the domain that a host names.
func (s *Site) domain(host []byte) *Domain {
	var low [256]byte
	host = trimBrackets(host)
	if len(host) > len(low) {
		return nil
	}
	for i, c := range host {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	n := len(host)
	if n > 0 && low[n-1] == '.' {
		n-- // RFC 1034 §3.1: the root's dot
	}
	return s.names[string(low[:n])]
}

func trimBrackets(h []byte) []byte {
	if len(h) > 1 && h[0] == '[' && h[len(h)-1] == ']' {
		return h[1 : len(h)-1]
	}
	return h
}

// peer returns who sends from an address, or over a connection that proved a name.
func (s *Site) peer(a netip.Addr, names []string) *Peer {
	for _, n := range names {
		if p := s.byTLS[n]; p != nil {
			return p
		}
	}
	p, _ := s.peers.Lookup(a)
	return p
}

// isPBX tells whether calls are delivered to this very address and port.
func (s *Site) isPBX(a netip.AddrPort) bool {
	_, ok := s.places().pbx[netip.AddrPortFrom(a.Addr().Unmap(), a.Port())]
	return ok
}

// fromPBX tells whether a request comes from a PBX that calls are delivered to:
// from its very address and port on UDP, from its address on a connection.
// Loopback is shared by whatever runs on this host, so there only the port tells.
func (s *Site) fromPBX(a netip.AddrPort, t sip.Transport) bool {
	p := s.places()
	if _, ok := p.pbx[a]; ok {
		return true
	}
	if t == sip.UDP || a.Addr().IsLoopback() {
		return false
	}
	_, ok := p.inside[a.Addr()]
	return ok
}

// FromPBX tells whether a request comes from a PBX of ours.
func (s *Site) FromPBX(a netip.AddrPort, t sip.Transport) bool { return s.fromPBX(a, t) }

// PeerAt returns the name of the peer that sends from an address, or "".
func (s *Site) PeerAt(a netip.Addr) string {
	if p := s.peer(a, nil); p != nil {
		return p.Name
	}
	return ""
}

// TrustsAt tells whether the peer that sends from an address is believed when it says who calls.
func (s *Site) TrustsAt(a netip.Addr) bool {
	p := s.peer(a, nil)
	return p != nil && p.Trust.Identity
}

// Exemption says why calls to an address are never screened, "" where they are, and whether they are calls for help.
func (s *Site) Exemption(address string) (why string, emergency bool) {
	u, err := uri.Parse([]byte(address))
	if err != nil {
		return "", false
	}
	return s.exempt(&u)
}

// mostEmergency is how many digits an emergency number has at most: exempt as well are internal numbers, and those are no call for help.
const mostEmergency = 3

// exempt says why calls to u are never screened, "" where they are, and whether they are calls for help.
func (s *Site) exempt(u *uri.URI) (why string, emergency bool) {
	if u.Scheme == uri.URN {
		text := strings.ToLower(string(u.AppendTo(nil)))
		for _, e := range s.urns {
			// RFC 5031 §4.2: urn:service:sos.police is a kind of urn:service:sos.
			if text == e || strings.HasPrefix(text, e+".") {
				return "emergency service " + e, strings.HasPrefix(e, "urn:service:sos")
			}
		}
		return "", false
	}
	var buf [64]byte
	if len(u.User) == 0 || len(u.User) > len(buf) {
		return "", false
	}
	n := 0
	for _, c := range u.User {
		switch {
		case c == '-' || c == '.' || c == '(' || c == ')':
			continue // visual separators, RFC 3966 §5.1.1
		case c == ';':
			return s.exemptNumber(buf[:n])
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		buf[n] = c
		n++
	}
	return s.exemptNumber(buf[:n])
}

func (s *Site) exemptNumber(b []byte) (why string, emergency bool) {
	if _, ok := s.numbers[string(b)]; ok {
		return "number " + string(b) + " is never screened", len(b) <= mostEmergency
	}
	return "", false
}
