package passport

// Identity is who calls, or who a call was diverted from: a telephone number or a URI, never both. RFC 8225 §5.2.1.
type Identity struct {
	TN  string // digits, * and #, canonical as in RFC 8224 §8.3
	URI string // canonical as in RFC 8224 §8.5
}

// IsZero says whether neither is set.
func (id Identity) IsZero() bool { return id == Identity{} }

// String returns the number or the URI.
func (id Identity) String() string {
	if id.TN != "" {
		return id.TN
	}
	return id.URI
}

// Destinations are who is called: one or more numbers and URIs. RFC 8225 §5.2.1.
type Destinations struct {
	TN  []string
	URI []string
}

// Contains says whether id is one of them, octet by octet: both sides are canonical.
func (d *Destinations) Contains(id Identity) bool {
	list, want := d.TN, id.TN
	if want == "" {
		list, want = d.URI, id.URI
	}
	for _, s := range list {
		if s == want && s != "" {
			return true
		}
	}
	return false
}

// MediaKey is a fingerprint of the call's media keys. RFC 8225 §5.2.2.
type MediaKey struct {
	Alg    string // as in SDP, such as sha-256
	Digest string // hexadecimal octets, with colons or without
}

// Member is a member of a JSON object that this package does not interpret.
type Member struct {
	Name  string // unescaped
	Value string // JSON text
}

// RCD is what a caller wants to be shown as. Nothing here is an identity: who signed vouches for it as for any text.
// RFC 9795 §5.
type RCD struct {
	Name     string // nam
	Alias    string // apn, a number to show instead
	Icon     string // icn, a URI
	JCard    string // jcd, a jCard (RFC 7095) as JSON text
	JCardURL string // jcl, where a jCard is; never together with JCard
	Extra    []Member
}

// Priority is one assertion about a Resource-Priority header field. RFC 8443 §4, RFC 9027 §4.
type Priority struct {
	Assertion string   // auth, ESorig or EScallback
	Values    []string // such as ets.0
}

// Claims are what a token says. RFC 8225 §5; which of them a token needs depends on its ppt.
type Claims struct {
	Orig      Identity
	Dest      Destinations
	IssuedAt  int64      // iat: seconds since 1970
	MediaKeys []MediaKey // mky

	Attest string // attest: A, B or C. RFC 8588 §4
	OrigID string // origid: a UUID. RFC 8588 §5

	Div Identity // div: whom the call was for before it was diverted. RFC 8946 §3
	Opt string   // opt: the full token that was there before. RFC 8946 §5

	RCD          *RCD              // rcd
	RCDIntegrity map[string]string // rcdi: JSON pointer into rcd to digest. RFC 9795 §6
	CallReason   string            // crn. RFC 9795 §10

	MsgIntegrity string // msgi: digest of a message's body. RFC 9475 §3.2

	RPH []Priority // rph. RFC 8443 §4
	SPH string     // sph: the SIP Priority header field's value. RFC 9027 §5

	Extra []Member // claims that this package does not know, as they stood
}
