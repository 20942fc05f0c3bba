// Package uri parses, compares and canonicalises sip:, sips:, tel: and urn: addresses.
package uri

import "net/netip"

// Scheme is the kind of a URI.
type Scheme uint8

// The schemes that are parsed into parts; every other one is Other.
const (
	Other Scheme = iota
	SIP
	SIPS
	TEL
	URN
)

// URI is a parsed address. All slices are views into the parsed bytes.
type URI struct {
	Scheme     Scheme
	HasUser    bool // a userinfo part is present (it may not be empty)
	HasPass    bool
	HasPort    bool
	Port       uint16
	SchemeName []byte
	User       []byte // sip: raw user part; tel: the number
	Password   []byte
	Host       []byte // with brackets for an IPv6 reference
	Params     []byte // after the first ';', without it
	Headers    []byte // after '?', without it
	Opaque     []byte // everything after "scheme:"
}

// Plan is a trunk's numbering plan.
type Plan struct{ Country, International, Trunk string }

func (u *URI) Parse(b []byte) error                           { return nil }
func Parse(b []byte) (URI, error)                             { var u URI; return u, u.Parse(b) }
func (u *URI) Param(name string) ([]byte, bool)               { return nil, false }
func Equal(a, b *URI) bool                                    { return false }
func (u *URI) AppendAoR(dst []byte) []byte                    { return dst }
func (u *URI) AppendNumber(dst []byte, p Plan) ([]byte, bool) { return dst, false }
func (u *URI) Addr() (netip.Addr, bool)                       { return netip.Addr{}, false }
func (u *URI) AppendTo(dst []byte) []byte                     { return dst }
func (u *URI) UserBase() []byte                               { return u.User }
