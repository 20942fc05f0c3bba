package lists

import (
	"net/netip"
	"strings"
)

// The look-ups return the entry that matches at the time now (Unix nanoseconds), or nil. It is shared and must not be changed.

// Any tells whether there is anything of that kind to find, or has been.
func (l *Lists) Any(kind Kind) bool { return l.index[kind].Load().any.Load() }

// FindNumber looks a canonical number up: itself, else the longest listed prefix of it.
func (l *Lists) FindNumber(kind Kind, number string, now int64) *Match {
	if number == "" {
		return nil
	}
	x := l.index[kind].Load()
	if e := x.numbers.find(x, number, now); e != nil {
		return e
	}
	prefixes := x.prefixes.Load()
	if prefixes.Size() == 0 {
		return nil
	}
	p, ok := digitPrefix(number)
	if !ok {
		return nil
	}
	return longest(prefixes, p.Addr(), now)
}

// HasTraps tells whether any number or address is on the list [Traps]: mostly none is, and nobody has to look.
func (l *Lists) HasTraps() bool {
	x := l.index[Trap].Load()
	return x.numbers.any.Load() || x.addresses.any.Load() || x.prefixes.Load().Size() > 0
}

// FindTrap looks a canonical number, which may be empty, and an AoR key up among the traps.
func (l *Lists) FindTrap(number, aor string, now int64) *Match {
	if e := l.FindNumber(Trap, number, now); e != nil {
		return e
	}
	return l.FindAddress(Trap, aor, now)
}

// FindAddress looks an AoR key up ("sip:bob@example.test"). Block entries match without regard to case, allow entries exactly.
func (l *Lists) FindAddress(kind Kind, aor string, now int64) *Match {
	at := strings.IndexByte(aor, ':') + 1
	if len(aor)-at > maxValue || at == len(aor) {
		return nil
	}
	x := l.index[kind].Load()
	if !x.fold {
		return x.addresses.find(x, aor[at:], now)
	}
	if !x.addresses.any.Load() {
		return nil
	}
	var buf [maxValue]byte
	return x.addresses.findBytes(x, appendFold(buf[:0], aor[at:]), now)
}

// maxLabels bounds the work for a name that an attacker has made of many labels.
const maxLabels = 8

// FindDomain looks a lower-case domain up: itself, else the longest listed parent as "*.parent".
func (l *Lists) FindDomain(kind Kind, domain string, now int64) *Match {
	if domain == "" || len(domain) > maxValue {
		return nil
	}
	x := l.index[kind].Load()
	if !x.domains.any.Load() && !x.subdomains.any.Load() {
		return nil
	}
	if e := x.domains.find(x, domain, now); e != nil {
		return e
	}
	for strings.Count(domain, ".") > maxLabels {
		domain = domain[strings.IndexByte(domain, '.')+1:]
	}
	for {
		dot := strings.IndexByte(domain, '.')
		if dot < 0 {
			return nil
		}
		domain = domain[dot+1:]
		if e := x.subdomains.find(x, domain, now); e != nil {
			return e
		}
	}
}

// FindSource looks an IP address up: the longest listed prefix that holds it.
func (l *Lists) FindSource(kind Kind, addr netip.Addr, now int64) *Match {
	if !addr.IsValid() {
		return nil
	}
	sources := l.index[kind].Load().sources.Load()
	if sources.Size() == 0 {
		return nil
	}
	return longest(sources, addr.Unmap().WithZone(""), now)
}

// FindAgent looks a User-Agent up.
func (l *Lists) FindAgent(kind Kind, agent string, now int64) *Match {
	return l.index[kind].Load().agents.Load().find(agent, now)
}
