package policy

import "strings"

// Label is the label below which a domain publishes its record.
const Label = "_sip-identity"

// maxInherited is how many labels a parent may have to be asked: one question for the domain and at most three for those above it.
const maxInherited = 4

// Names appends to dst the domains whose records may speak for domain, nearest first: domain itself, then those above it that have two to
// four labels. The first of them that has a record decides, and one above the domain only by its sp.
//
// A name of one label is never asked, so that no top-level domain speaks for all below it. A registry one level further down (co.example) could, but
// only for those that have no record of their own, and a zone that delegates a name has every power over it anyway. No list of public suffixes is needed.
//
// There are no names for an IP address, for a single label, for what is no host name, and for domains that DNS does not hold.
func Names(dst []string, domain string) []string {
	domain = strings.TrimSuffix(domain, ".")
	labels, ok := countLabels(domain)
	if !ok || labels < 2 || local(domain) {
		return dst
	}
	dst = append(dst, domain)
	for labels > 2 {
		domain = domain[strings.IndexByte(domain, '.')+1:]
		if labels--; labels <= maxInherited {
			dst = append(dst, domain)
		}
	}
	return dst
}

// Host returns the name that is asked for the record of a domain.
func Host(domain string) string { return Label + "." + domain }

// countLabels returns how many labels a host name has. What consists of digits and dots at its end is an IPv4 address (RFC 1123 §2.1).
func countLabels(name string) (n int, ok bool) {
	// 253 octets are the longest name, of which Label and its dot take some.
	if len(name) > 253-len(Label)-1 {
		return 0, false
	}
	digits := true
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return 0, false
		}
		digits = true
		for i := range len(label) {
			c := label[i]
			digit := '0' <= c && c <= '9'
			if !digit && !('a' <= c|0x20 && c|0x20 <= 'z') && c != '-' && c != '_' {
				return 0, false
			}
			digits = digits && digit
		}
		n++
	}
	return n, !digits
}

// local knows the domains that are not in the public DNS: RFC 6761 §6.3, §6.4, RFC 6762 §3, RFC 7686 §2. "anonymous.invalid" is how SIP spells a
// caller without a name (RFC 3323 §4.1.1.3).
func local(domain string) bool {
	switch strings.ToLower(domain[strings.LastIndexByte(domain, '.')+1:]) {
	case "invalid", "localhost", "local", "onion":
		return true
	}
	return false
}
