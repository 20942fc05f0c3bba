package passport

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// AppendJSON appends the claims in the deterministic form of RFC 8225 §9. Claims that are not set are left out.
func (c *Claims) AppendJSON(dst []byte) []byte {
	o := beginObject(dst, c.Extra)
	o.text("attest", c.Attest)
	o.text("crn", c.CallReason)
	if len(c.Dest.TN)+len(c.Dest.URI) > 0 {
		o.name("dest")
		o.dst = c.Dest.appendJSON(o.dst)
	}
	o.identity("div", c.Div)
	if c.IssuedAt != 0 {
		o.name("iat")
		o.dst = strconv.AppendInt(o.dst, c.IssuedAt, 10)
	}
	o.mediaKeys(c.MediaKeys)
	o.text("msgi", c.MsgIntegrity)
	o.text("opt", c.Opt)
	o.identity("orig", c.Orig)
	o.text("origid", c.OrigID)
	if c.RCD != nil {
		o.name("rcd")
		o.dst = c.RCD.appendJSON(o.dst)
	}
	o.digests(c.RCDIntegrity)
	o.priorities(c.RPH)
	o.text("sph", c.SPH)
	return o.end()
}

func (o *object) identity(name string, id Identity) {
	if id.IsZero() {
		return
	}
	o.name(name)
	in := beginObject(o.dst, nil)
	in.text("tn", id.TN)
	in.text("uri", id.URI)
	o.dst = in.end()
}

func (d *Destinations) appendJSON(dst []byte) []byte {
	o := beginObject(dst, nil)
	if len(d.TN) > 0 {
		o.name("tn")
		o.dst = appendStrings(o.dst, d.TN)
	}
	if len(d.URI) > 0 {
		o.name("uri")
		o.dst = appendStrings(o.dst, d.URI)
	}
	return o.end()
}

func (o *object) mediaKeys(keys []MediaKey) {
	if len(keys) == 0 {
		return
	}
	o.name("mky")
	o.dst = append(o.dst, '[')
	for i, k := range keys {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		in := beginObject(o.dst, nil)
		in.text("alg", k.Alg)
		in.text("dig", k.Digest)
		o.dst = in.end()
	}
	o.dst = append(o.dst, ']')
}

func (d *RCD) appendJSON(dst []byte) []byte {
	o := beginObject(dst, d.Extra)
	o.text("apn", d.Alias)
	o.text("icn", d.Icon)
	if d.JCard != "" {
		o.name("jcd")
		o.dst = appendCanonical(o.dst, d.JCard)
	}
	o.text("jcl", d.JCardURL)
	o.name("nam")
	o.dst = appendString(o.dst, d.Name)
	return o.end()
}

func (o *object) digests(m map[string]string) {
	if len(m) == 0 {
		return
	}
	o.name("rcdi")
	in := beginObject(o.dst, nil)
	for _, pointer := range slices.Sorted(maps.Keys(m)) {
		in.name(pointer)
		in.dst = appendString(in.dst, m[pointer])
	}
	o.dst = in.end()
}

func (o *object) priorities(list []Priority) {
	if len(list) == 0 {
		return
	}
	o.name("rph")
	sorted := slices.SortedStableFunc(slices.Values(list), func(a, b Priority) int { return strings.Compare(a.Assertion, b.Assertion) })
	in := beginObject(o.dst, nil)
	for _, p := range sorted {
		in.name(p.Assertion)
		in.dst = appendStrings(in.dst, p.Values)
	}
	o.dst = in.end()
}
