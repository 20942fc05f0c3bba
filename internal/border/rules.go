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
// address of record, or a number.
func UserKey(aor string) string {
	key := aor[strings.IndexByte(aor, ':')+1:]
	if at := strings.LastIndexByte(key, '@'); at >= 0 {
		key = key[:at]
	}
	return key
}

// UserKeys are the keys of a user that is configured by name: as it is dialled,
// and as the number that it is.
func UserKeys(name string, plan uri.Plan) (keys []string) {
	var u uri.URI
	if u.Parse([]byte("sip:"+name+"@localhost")) != nil || !u.HasUser {
		return nil
	}
	keys = append(keys, UserKey(string(u.AppendAoR(nil))))
	if n, ok := u.AppendNumber(nil, plan); ok && string(n) != keys[0] {
		keys = append(keys, string(n))
	}
	return keys
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
	if v.spared != "" && p.Mode != verdict.Monitor {
		watching := *p
		watching.Mode = verdict.Monitor
		return &watching
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
