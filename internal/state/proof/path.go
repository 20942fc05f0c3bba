package proof

import "net/netip"

// pathsOf returns the way on which an attempt came, exactly (the peer or the address; of IPv6 what one subscriber has) and as a network.
func pathsOf(o *Observation) (exact, network uint64) {
	if o.Peer != "" {
		h := hashText(o.Peer) ^ 1
		return h, h
	}
	if !o.Source.IsValid() {
		return 0, 0
	}
	narrow, wide := 32, 24
	if a := o.Source.Unmap(); a.Is6() {
		narrow, wide = 64, 48
	}
	return hashPrefix(o.Source, narrow), hashPrefix(o.Source, wide)
}

func hashPrefix(a netip.Addr, bits int) uint64 {
	p, err := a.Unmap().WithZone("").Prefix(bits)
	if err != nil {
		return 0
	}
	b := p.Addr().As16()
	h := uint64(fnvOffset) ^ uint64(bits)
	for _, c := range b {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}

// The hash is FNV-1a: it is stored, so it must not change, and nobody gains by making his address collide with another's.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func hashText(s string) uint64 {
	h := uint64(fnvOffset)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}

// has says whether proofs came on this way.
func has(known *[3]Path, hash uint64) bool {
	for i := range known {
		if known[i].Proven > 0 && known[i].Hash == hash && hash != 0 {
			return true
		}
	}
	return false
}

// know counts a proof on its way; a new way takes the place of the one with the fewest.
func know(known *[3]Path, hash uint64) {
	if hash == 0 {
		return
	}
	least := 0
	for i := range known {
		if known[i].Hash == hash {
			known[i].Proven = min(known[i].Proven+1, 1<<15)
			return
		}
		if known[i].Proven < known[least].Proven {
			least = i
		}
	}
	known[least] = Path{Hash: hash, Proven: 1}
}

// regular counts the days on which a way brought attempts without proof. A new way takes a free place, or that of one that was seen on one day only, so that
// passing strangers do not push out what is regular. It returns whether something has changed.
func regular(others *[3]Path, hash uint64, day int32) bool {
	if hash == 0 {
		return false
	}
	free := -1
	for i := range others {
		p := &others[i]
		if p.Hash == hash {
			if p.Day == day {
				return false
			}
			if day-p.Day > forgetPath {
				p.Days = 0
			}
			p.Days, p.Day = min(p.Days+1, explainedDays), day
			return true
		}
		if p.Hash == 0 || p.Days <= 1 && p.Day < day || day-p.Day > forgetPath {
			free = i
		}
	}
	if free < 0 {
		return false
	}
	others[free] = Path{Hash: hash, Days: 1, Day: day}
	return true
}
