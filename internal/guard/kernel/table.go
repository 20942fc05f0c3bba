package kernel

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"

	"gatehouse.example/internal/guard"
)

// perCall is how many elements one netlink message carries; a buffer of the
// usual size takes that many.
const perCall = 1000

// sets are those of the table, [0] of IPv4 and [1] of IPv6.
type sets struct {
	table *nftables.Table
	ports *nftables.Set
	hosts [2]*nftables.Set
	nets  [2]*nftables.Set
	peers [2]*nftables.Set
}

// create makes the table anew: one chain before connection tracking, which
// lets peers pass and drops what banned sources send to our ports.
func (e *Exporter) create() error {
	e.conn.AddTable(&nftables.Table{Name: e.cfg.Table, Family: nftables.TableFamilyINet})
	e.conn.DelTable(&nftables.Table{Name: e.cfg.Table, Family: nftables.TableFamilyINet})
	t := e.conn.AddTable(&nftables.Table{Name: e.cfg.Table, Family: nftables.TableFamilyINet})
	s := sets{table: t, ports: &nftables.Set{Table: t, Name: "ports", KeyType: nftables.TypeInetService}}
	var ports []nftables.SetElement
	for _, p := range slices.Compact(slices.Sorted(slices.Values(e.cfg.Ports))) {
		ports = append(ports, nftables.SetElement{Key: binaryutil.BigEndian.PutUint16(p)})
	}
	if err := e.conn.AddSet(s.ports, ports); err != nil {
		return err
	}
	for i, kind := range [...]nftables.SetDatatype{nftables.TypeIPAddr, nftables.TypeIP6Addr} {
		family := [...]string{"4", "6"}[i]
		s.hosts[i] = &nftables.Set{Table: t, Name: "hosts" + family, KeyType: kind, HasTimeout: true}
		s.nets[i] = &nftables.Set{Table: t, Name: "nets" + family, KeyType: kind, HasTimeout: true, Interval: true}
		s.peers[i] = &nftables.Set{Table: t, Name: "peers" + family, KeyType: kind, Interval: true}
		for _, set := range [...]*nftables.Set{s.hosts[i], s.nets[i], s.peers[i]} {
			if err := e.conn.AddSet(set, nil); err != nil {
				return err
			}
		}
	}
	policy := nftables.ChainPolicyAccept
	chain := e.conn.AddChain(&nftables.Chain{
		Name: "banned", Table: t, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookPrerouting,
		Priority: nftables.ChainPriorityRaw, Policy: &policy,
	})
	for i := range s.hosts {
		e.rule(chain, i, s.peers[i], false, expr.VerdictReturn)
		e.drop(chain, &s, i, s.hosts[i], i == 1)
		e.drop(chain, &s, i, s.nets[i], false)
	}
	if err := e.conn.Flush(); err != nil {
		return err
	}
	e.sets = s
	e.installed = make(map[netip.Prefix]time.Time)
	return nil
}

// source is the part of a rule that looks the source address up in a set, with
// net64 the /64 that it is in.
func source(family int, set *nftables.Set, net64 bool) []expr.Any {
	proto, offset, length := byte(2), uint32(12), uint32(4) // NFPROTO_IPV4
	if family == 1 {
		proto, offset, length = 10, 8, 16 // NFPROTO_IPV6
	}
	out := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{proto}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: length},
	}
	if net64 {
		mask := make([]byte, 16)
		copy(mask, []byte{255, 255, 255, 255, 255, 255, 255, 255})
		out = append(out, &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 16, Mask: mask, Xor: make([]byte, 16)})
	}
	return append(out, &expr.Lookup{SourceRegister: 1, SetName: set.Name, SetID: set.ID})
}

func (e *Exporter) rule(c *nftables.Chain, family int, set *nftables.Set, net64 bool, v expr.VerdictKind, more ...expr.Any) {
	exprs := append(source(family, set, net64), more...)
	e.conn.AddRule(&nftables.Rule{Table: c.Table, Chain: c, Exprs: append(exprs, &expr.Verdict{Kind: v})})
}

// drop adds the rules for a set: what comes over UDP and TCP to our ports.
func (e *Exporter) drop(c *nftables.Chain, s *sets, family int, set *nftables.Set, net64 bool) {
	for _, proto := range [...]byte{17, 6} {
		e.rule(c, family, set, net64, expr.VerdictDrop,
			&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{proto}},
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
			&expr.Lookup{SourceRegister: 1, SetName: s.ports.Name, SetID: s.ports.ID},
			&expr.Counter{})
	}
}

// remove takes the table away.
func (e *Exporter) remove() error {
	e.conn.DelTable(e.sets.table)
	if err := e.conn.Flush(); err != nil {
		return fmt.Errorf("kernel: the table stays: %w", err)
	}
	return nil
}

func family(p netip.Prefix) int {
	if p.Addr().Is4() {
		return 0
	}
	return 1
}

func element(p netip.Prefix, left time.Duration) nftables.SetElement {
	return nftables.SetElement{Key: p.Addr().AsSlice(), Timeout: left}
}

// change writes single hosts. One that is there already is taken out first,
// since the kernel does not change an element's time.
func (e *Exporter) change(changes map[netip.Prefix]time.Time, now time.Time) error {
	var out, in [2][]nftables.SetElement
	for p, until := range changes {
		f := family(p)
		if old, ok := e.installed[p]; ok && old.After(now.Add(time.Second)) {
			out[f] = append(out[f], element(p, 0))
		}
		delete(e.installed, p)
		if left := until.Sub(now); left > 0 {
			in[f] = append(in[f], element(p, left))
			e.installed[p] = until
		}
	}
	for f := range in {
		if err := e.elements(e.conn.SetDeleteElements, e.sets.hosts[f], out[f]); err != nil {
			return err
		}
		if err := e.elements(e.conn.SetAddElements, e.sets.hosts[f], in[f]); err != nil {
			return err
		}
		e.stats.removed.Add(uint64(len(out[f])))
		e.stats.written.Add(uint64(len(in[f])))
	}
	e.sweep(now)
	return nil
}

// sweep forgets, now and then, what the kernel has forgotten.
func (e *Exporter) sweep(now time.Time) {
	if now.Sub(e.swept) < 10*time.Second {
		return
	}
	e.swept = now
	for p, until := range e.installed {
		if !until.After(now) {
			delete(e.installed, p)
		}
	}
}

func (e *Exporter) elements(do func(*nftables.Set, []nftables.SetElement) error, set *nftables.Set, all []nftables.SetElement) error {
	for part := range slices.Chunk(all, perCall) {
		if err := do(set, part); err != nil {
			return fmt.Errorf("kernel: %s: %w", set.Name, err)
		}
		if err := e.conn.Flush(); err != nil {
			return fmt.Errorf("kernel: %s: %w", set.Name, err)
		}
	}
	return nil
}

// rebuild writes everything anew. Between two calls a source that is banned may
// get a packet through to the guard, which drops it.
func (e *Exporter) rebuild(now time.Time) error {
	if err := e.create(); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	hosts := make(map[netip.Prefix]time.Time)
	var wide []guard.Ban
	for _, b := range e.cfg.Bans() {
		if !e.exports(b.Source) {
			continue
		}
		if b.Expires.IsZero() {
			b.Expires = now.Add(never)
		}
		if host(b.Source) {
			hosts[b.Source] = b.Expires
		} else {
			wide = append(wide, b)
		}
	}
	if e.cfg.Peers != nil {
		var peers []guard.Ban
		for _, p := range e.cfg.Peers() {
			peers = append(peers, guard.Ban{Source: p.Masked()})
		}
		if err := e.intervals(e.sets.peers, peers, now); err != nil {
			return err
		}
	}
	if err := e.intervals(e.sets.nets, wide, now); err != nil {
		return err
	}
	return e.change(hosts, now)
}

// intervals writes prefixes that are no hosts. Intervals must not overlap: of
// two the wider stays. What it hides and outlasts it comes with the next repair.
func (e *Exporter) intervals(to [2]*nftables.Set, bans []guard.Ban, now time.Time) error {
	slices.SortFunc(bans, func(a, b guard.Ban) int { return a.Source.Bits() - b.Source.Bits() })
	kept := make(map[netip.Prefix]struct{})
	var in [2][]nftables.SetElement
	for _, b := range bans {
		p, left := b.Source, b.Expires.Sub(now)
		if b.Expires.IsZero() {
			left = 0
		} else if left <= 0 {
			continue
		}
		if p.Bits() == 0 || inside(kept, p) {
			continue
		}
		kept[p] = struct{}{}
		f := family(p)
		in[f] = append(in[f], element(p, left))
		if end, ok := after(p); ok {
			in[f] = append(in[f], nftables.SetElement{Key: end.AsSlice(), IntervalEnd: true})
		}
	}
	for f := range in {
		if err := e.elements(e.conn.SetAddElements, to[f], in[f]); err != nil {
			return err
		}
	}
	return nil
}

// inside tells whether a prefix is one of all or within one.
func inside(all map[netip.Prefix]struct{}, p netip.Prefix) bool {
	for n := 1; n <= p.Bits(); n++ {
		wider, _ := p.Addr().Prefix(n)
		if _, ok := all[wider]; ok {
			return true
		}
	}
	return false
}

// after is the first address behind a prefix; ok is false at the end of all.
func after(p netip.Prefix) (a netip.Addr, ok bool) {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	next := last.Next()
	return next, next.IsValid()
}
