package numbering

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// build makes the table from the library's patterns: each becomes a program of regexp/syntax, those of one country code are run side by side, and
// the sets of places in them become the states of an automaton. Numbers are finite, so it has no circles, and equal ends are shared.
func build(t *testing.T) []byte {
	t.Helper()
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{shared: map[state]uint16{}, states: []state{{}, {}}}
	plans := map[int][]*phonenumbers.PhoneMetadata{}
	for _, m := range all.GetMetadata() {
		code := int(m.GetCountryCode())
		plans[code] = append(plans[code], m)
	}
	var top [1000]uint16
	var codes [codesSize]byte
	for code := range 1000 {
		regions := plans[code]
		if len(regions) == 0 {
			continue
		}
		codes[code>>3] |= 1 << (code & 7)
		slices.SortFunc(regions, func(x, y *phonenumbers.PhoneMetadata) int {
			if x.GetMainCountryForCode() != y.GetMainCountryForCode() {
				if x.GetMainCountryForCode() {
					return -1
				}
				return 1
			}
			return cmp.Compare(x.GetId(), y.GetId())
		})
		top[code] = b.country(regions)
	}
	b.states[root] = b.prefix(&top, 0)
	return b.bytes(codes)
}

// state is one state of the automaton.
type state struct {
	label uint16
	next  [digitCount]uint16
}

type builder struct {
	states  []state
	shared  map[state]uint16
	regions []string
}

func (b *builder) share(s state) uint16 {
	if s == (state{}) {
		return 0
	}
	if n, ok := b.shared[s]; ok {
		return n
	}
	n := uint16(len(b.states))
	if int(n) != len(b.states) {
		panic("more states than 16 bits can name")
	}
	b.states = append(b.states, s)
	b.shared[s] = n
	return n
}

// prefix makes the states in which the country code is not read to its end.
func (b *builder) prefix(top *[1000]uint16, code int) (s state) {
	for d := range digitCount {
		next := 10*code + d
		switch {
		case next == 0 || next >= 1000:
		case top[next] != 0:
			s.next[d] = top[next]
		default:
			s.next[d] = b.share(b.prefix(top, next))
		}
	}
	return s
}

// pattern is one description of a region: what matches it is of that kind there.
type pattern struct {
	region, rank int // the place among the regions of the code, and that of the kind among the kinds
	kind         Kind
	prog         *syntax.Prog
	lengths      []int32
}

// general marks the pattern that every number of the region must match as well.
const general = 0

func (b *builder) country(regions []*phonenumbers.PhoneMetadata) uint16 {
	var patterns []pattern
	for i, m := range regions {
		b.regions = append(b.regions, m.GetId())
		add := func(rank int, k Kind, d *phonenumbers.PhoneNumberDesc) {
			if p := d.GetNationalNumberPattern(); p != "" && p != "NA" {
				patterns = append(patterns, pattern{region: i, rank: rank, kind: k, prog: program(p), lengths: d.GetPossibleLength()})
			}
		}
		add(general, Invalid, m.GetGeneralDesc())
		for rank, d := range []struct {
			kind Kind
			desc *phonenumbers.PhoneNumberDesc
		}{
			{Premium, m.GetPremiumRate()}, {TollFree, m.GetTollFree()}, {SharedCost, m.GetSharedCost()}, {VoIP, m.GetVoip()},
			{Personal, m.GetPersonalNumber()}, {Pager, m.GetPager()}, {Universal, m.GetUan()}, {Voicemail, m.GetVoicemail()},
			{Fixed, m.GetFixedLine()}, {Mobile, m.GetMobile()},
		} {
			add(rank+1, d.kind, d.desc)
		}
	}
	c := &country{builder: b, patterns: patterns, known: map[string]uint16{}, first: len(b.regions) - len(regions)}
	var start []place
	for i := range patterns {
		start = c.follow(start, i, uint32(patterns[i].prog.Start))
	}
	return c.state(start, 0)
}

func program(p string) *syntax.Prog {
	re, err := syntax.Parse("(?:"+p+")", syntax.Perl)
	if err != nil {
		panic(err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		panic(err)
	}
	return prog
}

// place is where one pattern's program stands.
type place struct {
	pattern int
	pc      uint32
}

type country struct {
	*builder
	patterns []pattern
	known    map[string]uint16
	first    int // of the regions
}

// follow adds a place and those that it leads to without a digit.
func (c *country) follow(to []place, pattern int, pc uint32) []place {
	p := place{pattern, pc}
	if slices.Contains(to, p) {
		return to
	}
	inst := &c.patterns[pattern].prog.Inst[pc]
	switch inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		return c.follow(c.follow(to, pattern, inst.Out), pattern, inst.Arg)
	case syntax.InstNop, syntax.InstCapture, syntax.InstEmptyWidth:
		return c.follow(to, pattern, inst.Out)
	case syntax.InstFail:
		return to
	}
	return append(to, p)
}

// state makes the state for these places, behind n digits of the national number.
func (c *country) state(places []place, n int32) uint16 {
	if len(places) == 0 || n > 17 {
		return 0
	}
	slices.SortFunc(places, func(x, y place) int { return cmp.Or(cmp.Compare(x.pattern, y.pattern), cmp.Compare(x.pc, y.pc)) })
	key := fmt.Sprint(n, places)
	if known, ok := c.known[key]; ok {
		return known
	}
	s := state{label: c.label(places, n)}
	for d := range digitCount {
		var next []place
		for _, p := range places {
			inst := &c.patterns[p.pattern].prog.Inst[p.pc]
			if inst.Op != syntax.InstMatch && inst.MatchRune('0'+rune(d)) {
				next = c.follow(next, p.pattern, inst.Out)
			}
		}
		s.next[d] = c.state(next, n+1)
	}
	made := c.share(s)
	c.known[key] = made
	return made
}

// label is what a number is that ends here: of the first region that has such numbers, the first kind that it is.
func (c *country) label(places []place, n int32) uint16 {
	matched := map[[2]int]Kind{}
	for _, p := range places {
		pat := &c.patterns[p.pattern]
		if pat.prog.Inst[p.pc].Op == syntax.InstMatch && (len(pat.lengths) == 0 || slices.Contains(pat.lengths, n)) {
			matched[[2]int{pat.region, pat.rank}] = pat.kind
		}
	}
	for region := range c.regions[c.first:] {
		if _, ok := matched[[2]int{region, general}]; !ok {
			continue
		}
		for rank := 1; rank <= 10; rank++ {
			kind, ok := matched[[2]int{region, rank}]
			if !ok {
				continue
			}
			if _, both := matched[[2]int{region, 10}]; kind == Fixed && both {
				kind = FixedOrMobile
			}
			return uint16(kind)<<12 | uint16(c.first+region)
		}
	}
	return 0
}

func (b *builder) bytes(codes [codesSize]byte) []byte {
	out := []byte(magic)
	out = binary.BigEndian.AppendUint16(out, uint16(len(b.regions)))
	out = binary.BigEndian.AppendUint32(out, uint32(len(b.states)))
	for _, r := range b.regions {
		out = append(out, (r + strings.Repeat(" ", 3))[:3]...)
	}
	out = append(out, codes[:]...)
	for _, s := range b.states {
		out = binary.BigEndian.AppendUint16(out, s.label)
	}
	for _, s := range b.states {
		for _, n := range s.next {
			out = binary.BigEndian.AppendUint16(out, n)
		}
	}
	return out
}
