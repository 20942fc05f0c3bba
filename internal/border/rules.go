package border

import (
	"strings"

	"gatehouse.example/internal/action"
	"gatehouse.example/screen"
	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// Rules are how attempts at one user are judged, where that differs from the
// domain's: the uppermost layer of the policy.
type Rules struct {
	Policy    *screen.Policy
	Rejection action.Rejection
}

// UserKey is what the rules of a called user are found by: the user part of an
// address of record, or a number. A PBX may well take BOB and bob;x=1 for bob, so
// they do not lead past his rules (STANDARDS 5.1).
func UserKey(aor string) string {
	key := aor[strings.IndexByte(aor, ':')+1:]
	if at := strings.LastIndexByte(key, '@'); at >= 0 {
		key = key[:at]
	}
	key, _, _ = strings.Cut(key, ";")
	return strings.ToLower(key)
}

// UserKeys are the key of a user that is configured by name, as it is dialled,
// and that of the number that it is, "" for none.
func UserKeys(name string, plan uri.Plan) (dialled, number string) {
	var u uri.URI
	if u.Parse([]byte("sip:"+name+"@localhost")) != nil || !u.HasUser {
		return "", ""
	}
	dialled = UserKey(string(u.AppendAoR(nil)))
	if n, ok := u.AppendNumber(nil, plan); ok && string(n) != dialled {
		number = string(n)
	}
	return dialled, number
}

// rules returns what is special about a called user, nil where nothing is.
func (d *Domain) rules(aor, number string) *Rules {
	if len(d.Users) == 0 {
		return nil
	}
	if r := d.Users[UserKey(aor)]; r != nil || number == "" {
		return r
	}
	return d.Users[number]
}

// policy is what the attempt is judged by.
func (v *visit) policy() *screen.Policy {
	p := v.domain.Policy
	if v.rules != nil {
		p = v.rules.Policy
	}
	switch {
	case v.spared != "" && p.Mode != verdict.Monitor:
		watching := *p
		watching.Mode = verdict.Monitor
		return &watching
	case v.trapped && !p.Exhaustive: // what speaks against him besides decides how he is answered
		thorough := *p
		thorough.Exhaustive = true
		return &thorough
	}
	return p
}

// profile is how the caller is answered if he is rejected.
func (v *visit) profile() *action.Rejection {
	if v.rules != nil {
		return &v.rules.Rejection
	}
	return &v.domain.Rejection
}
