package lists

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
)

// ErrRange is wrapped where a value begins like a range and is none.
var ErrRange = errors.New("lists: a range goes from the lower to the higher of two numbers of one length, or of two addresses of one kind")

// expandRange makes the prefixes that a range consists of, or returns the value itself where it is none. Ranges are written "+15551230000..+15551239999",
// "+15551230000-+15551239999" or "192.0.2.0-192.0.2.255".
func expandRange(value string) ([]string, error) {
	from, to, ok := strings.Cut(value, "..")
	if !ok {
		if from, to, ok = strings.Cut(value, "-"); !ok || strings.Contains(to, "-") || strings.ContainsRune(value, ':') && strings.Contains(value, "@") {
			return []string{value}, nil
		}
	}
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	if first, err := netip.ParseAddr(from); err == nil {
		last, err := netip.ParseAddr(to)
		if err != nil || first.Is4() != last.Is4() || last.Less(first) || first.Zone() != "" || last.Zone() != "" {
			return nil, fmt.Errorf("%w: %q", ErrRange, value)
		}
		return addresses(first, last), nil
	}
	if !strings.HasPrefix(from, "+") || !strings.HasPrefix(to, "+") {
		if strings.Contains(value, "..") && strings.Trim(value, "+0123456789 .") == "" {
			return nil, fmt.Errorf("%w: %q", ErrRange, value)
		}
		return []string{value}, nil
	}
	return numbers(digitsOf(from), digitsOf(to), value)
}

// digitsOf drops what separates digits for the eye.
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()/", r) {
			return -1
		}
		return r
	}, s)
}

func numbers(from, to, value string) ([]string, error) {
	const most = 15
	if len(from) != len(to) || len(from) < 2 || len(from) > 1+most || from > to || strings.Trim(from[1:]+to[1:], "0123456789") != "" {
		return nil, fmt.Errorf("%w: %q", ErrRange, value)
	}
	return decimal(nil, "+", from[1:], to[1:]), nil
}

// decimal appends the prefixes of the numbers from … to, all of which begin with head.
func decimal(dst []string, head, from, to string) []string {
	switch {
	case from == "":
		return append(dst, head)
	case strings.Trim(from, "0") == "" && strings.Trim(to, "9") == "":
		return append(dst, head+"*")
	}
	zeros, nines := strings.Repeat("0", len(from)-1), strings.Repeat("9", len(from)-1)
	for d := from[0]; d <= to[0]; d++ {
		low, high := zeros, nines
		if d == from[0] {
			low = from[1:]
		}
		if d == to[0] {
			high = to[1:]
		}
		dst = decimal(dst, head+string(d), low, high)
	}
	return dst
}

// mostOf tells whether the prefixes that a range of numbers consists of are half or more of a wider one, and which.
func mostOf(values []string) (prefix string, ok bool) {
	if len(values) < 2 || values[0][0] != '+' {
		return "", false
	}
	first, last := strings.TrimSuffix(values[0], "*"), strings.TrimSuffix(values[len(values)-1], "*")
	n := 0
	for n < min(len(first), len(last)) && first[n] == last[n] {
		n++
	}
	share := 0.0
	for _, v := range values {
		share += math.Pow10(n - len(strings.TrimSuffix(v, "*")))
	}
	return first[:n], share >= 0.5
}

// addresses makes the prefixes of the addresses from … to: each time the widest that begins at from and does not go beyond to.
func addresses(from, to netip.Addr) (all []string) {
	for from.IsValid() && !to.Less(from) {
		bits := from.BitLen()
		for bits > 0 {
			p, err := from.Prefix(bits - 1)
			if err != nil || p.Addr() != from || to.Less(last(p)) {
				break
			}
			bits--
		}
		p := netip.PrefixFrom(from, bits)
		all = append(all, p.String())
		from = last(p).Next()
	}
	return all
}

// last is the last address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
