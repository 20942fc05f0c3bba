package uri

// Plan is the numbering plan of the trunk or the site that a number is dialled from. The North American one is
// {"1", "011", "1"}, the German one {"49", "00", "0"}, the Spanish one {"34", "00", ""}. The zero Plan understands "+" and
// "00" only and leaves all other numbers national.
type Plan struct {
	Country       string // country code, without "+"
	International string // what is dialled before a country code; "00" is always understood
	Trunk         string // what is dialled before a national number, "" where that is nothing
}

// maxDigits is far above the 15 digits of E.164: a longer number is not a number.
const maxDigits = 40

// minHeuristic is how many digits a user part without "+" and without user=phone needs to be taken for a number.
const minHeuristic = 7

// AppendNumber writes the canonical telephone number that the address holds, "+15551230001", and says whether it holds
// one: a tel: URI, a SIP URI with user=phone, or one whose user part looks like a number ("+" and digits, or seven or more
// digits; visual separators allowed). Otherwise it returns dst unchanged and false.
//
// All spellings of one number give one result: escapes are undone (once), visual separators dropped, as are the
// parameters in a user part (";isub=", ";ext=", ";npdi", ";rn=", ";phone-context=") and what follows a pause ("p", "w",
// ","). Digits of other scripts are not digits. What p does not make international stays as it is dialled, without "+";
// RFC 3966 §5.1.5: a phone-context is no prefix, so that it is not put before the number.
func (u *URI) AppendNumber(dst []byte, p Plan) ([]byte, bool) {
	var d dialled
	var ok bool
	switch u.Scheme {
	case TEL:
		d.service, d.hex = true, true
		ok = d.read(u.User)
	case SIP, SIPS:
		v, _ := u.Param("user")
		d.service = foldEqual(v, "phone")
		ok = d.read(u.User) && (d.plus || d.service || d.n >= minHeuristic)
	}
	if !ok {
		return dst, false
	}
	return d.appendTo(dst, p), true
}

// dialled is a number without its decoration.
type dialled struct {
	digits  [maxDigits]byte
	n       int
	plus    bool
	service bool // '*' and '#' are digits: the address says that it is a telephone's
	hex     bool // A–F are digits: RFC 3966 local numbers
	dials   bool // holds anything but decimal digits
}

// read takes the digits of a user part and says whether it is a number at all.
func (d *dialled) read(user []byte) bool {
	paused := false
	for i := 0; i < len(user); {
		c := user[i]
		i++
		if c == '%' {
			c, _ = escaped(user, i-1)
			i += 2
		}
		if c == ';' {
			break
		}
		switch {
		case class[c]&isSeparator != 0, c == ' ', c == '/':
		case (c|0x20 == 'p' || c|0x20 == 'w' || c == ',') && d.n > 0:
			paused = true
		case paused:
			if class[c]&isDigit == 0 && c != '*' && c != '#' {
				return false
			}
		case c == '+':
			if d.plus || d.n > 0 {
				return false
			}
			d.plus = true
		case !d.add(c):
			return false
		}
	}
	return d.n > 0
}

func (d *dialled) add(c byte) bool {
	switch {
	case class[c]&isDigit != 0:
	case d.plus:
		return false
	case d.service && (c == '*' || c == '#'), d.hex && class[c]&isHex != 0:
		d.dials = true
	default:
		return false
	}
	if d.n == maxDigits {
		return false
	}
	d.digits[d.n] = lower(c)
	d.n++
	return true
}

// Least digits that must follow a prefix for it to be one, so that short internal numbers keep their leading zeros.
const (
	minAfterInternational = 6
	minAfterTrunk         = 5
	minNational           = 7
)

// appendTo writes the number in its canonical form.
func (d *dialled) appendTo(dst []byte, p Plan) []byte {
	digits := d.digits[:d.n]
	if d.dials {
		return append(dst, digits...)
	}
	// No country code starts with 0: "+00…" and "+011…" are prefixes that were put behind a "+", and there may be several.
	for {
		rest, ok := after(digits, p.International, minAfterInternational)
		if !ok {
			rest, ok = after(digits, "00", minAfterInternational)
		}
		if !ok || d.plus && digits[0] != '0' {
			break
		}
		digits, d.plus = rest, true
	}
	if d.plus {
		dst = append(dst, '+')
		return append(dst, digits...)
	}
	if national, ok := p.national(digits); ok && len(p.Country)+len(national) <= maxDigits {
		dst = append(dst, '+')
		dst = append(dst, p.Country...)
		return append(dst, national...)
	}
	return append(dst, digits...)
}

// national returns the national (significant) number, if the digits are one as it is dialled under the plan.
func (p Plan) national(digits []byte) ([]byte, bool) {
	if p.Country == "" {
		return nil, false
	}
	if p.Trunk == "" {
		return digits, len(digits) >= minNational
	}
	if p.Trunk == p.Country { // the North American plan: 1 and ten digits, or ten digits
		rest, ok := after(digits, p.Trunk, 10)
		if ok && len(rest) == 10 {
			return rest, true
		}
		return digits, len(digits) == 10 && digits[0] >= '2'
	}
	return after(digits, p.Trunk, minAfterTrunk)
}

// after cuts a prefix that at least least digits follow.
func after(digits []byte, prefix string, least int) ([]byte, bool) {
	if prefix == "" || len(digits) < len(prefix)+least || string(digits[:len(prefix)]) != prefix {
		return nil, false
	}
	return digits[len(prefix):], true
}
