package passport

// mediaKeys reads mky, an array of objects. RFC 8225 §5.2.2.
func (r *reader) mediaKeys(dst *[]MediaKey) bool {
	if r.peek() != '[' {
		return r.refuse(BadClaim, "mky")
	}
	s, ok := r.open('[')
	for ok && r.element(&s) {
		var k MediaKey
		if ok = r.mediaKey(&k); ok {
			*dst = append(*dst, k)
		}
	}
	if r.reason == NoReason && s.n == 0 {
		return r.fail(BadClaim, "mky")
	}
	return r.reason == NoReason
}

func (r *reader) mediaKey(k *MediaKey) bool {
	if r.peek() != '{' {
		return r.refuse(BadClaim, "mky")
	}
	s, ok := r.open('{')
	for ok {
		var name string
		if name, ok = r.member(&s); !ok {
			break
		}
		switch name {
		case "alg":
			ok = r.claim(&k.Alg, BadClaim, "mky")
		case "dig":
			ok = r.claim(&k.Digest, BadClaim, "mky")
		default:
			ok = r.refuse(BadClaim, "mky")
		}
	}
	if r.reason == NoReason && (k.Alg == "" || k.Digest == "") {
		return r.fail(BadClaim, "mky")
	}
	return r.reason == NoReason
}

// rcd reads the display data. RFC 9795 §5.1: nam must be there and may be empty.
func (r *reader) rcd(dst *RCD) bool {
	if r.peek() != '{' {
		return r.refuse(BadClaim, "rcd")
	}
	named := false
	s, ok := r.open('{')
	for ok {
		var name string
		if name, ok = r.member(&s); !ok {
			break
		}
		switch name {
		case "nam":
			named = true
			if r.peek() != '"' {
				return r.refuse(BadClaim, "nam")
			}
			dst.Name, ok = r.str()
		case "apn":
			ok = r.claim(&dst.Alias, BadNumber, "apn")
		case "icn":
			ok = r.claim(&dst.Icon, BadClaim, "icn")
		case "jcl":
			ok = r.claim(&dst.JCardURL, BadClaim, "jcl")
		case "jcd":
			dst.JCard, ok = r.raw()
		default:
			ok = r.extra(&dst.Extra, name)
		}
	}
	if r.reason == NoReason && !named {
		return r.fail(MissingClaim, "nam")
	}
	return r.reason == NoReason
}

// digests reads rcdi, an object of digests by JSON pointer. RFC 9795 §6.
func (r *reader) digests(dst *map[string]string) bool {
	if r.peek() != '{' {
		return r.refuse(BadClaim, "rcdi")
	}
	m := map[string]string{}
	s, ok := r.open('{')
	for ok {
		var pointer, digest string
		if pointer, ok = r.member(&s); !ok {
			break
		}
		if ok = r.claim(&digest, BadDigest, "rcdi"); ok {
			m[pointer] = digest
		}
	}
	if r.reason == NoReason && len(m) == 0 {
		return r.fail(BadClaim, "rcdi")
	}
	*dst = m
	return r.reason == NoReason
}

// priorities reads rph, an object of arrays by assertion. RFC 8443 §4. The order of the object has no meaning.
func (r *reader) priorities(dst *[]Priority) bool {
	if r.peek() != '{' {
		return r.refuse(BadClaim, "rph")
	}
	s, ok := r.open('{')
	for ok {
		var p Priority
		if p.Assertion, ok = r.member(&s); !ok {
			break
		}
		if ok = r.strings(&p.Values, BadClaim, "rph"); ok {
			*dst = append(*dst, p)
		}
	}
	if r.reason == NoReason && len(*dst) == 0 {
		return r.fail(BadClaim, "rph")
	}
	return r.reason == NoReason
}
