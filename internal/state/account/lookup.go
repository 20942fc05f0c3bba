package account

import "gatehouse.example/sip/digest"

// nameKey is a name that a user may give at a challenge: plain, or hashed under an algorithm (RFC 7616 §3.4.4).
type nameKey struct {
	algorithm digest.Algorithm // UnknownAlgorithm for a plain name
	realm     string
	name      string
}

// named says whose name it is, and which of the two forms.
type named struct {
	aor  string
	full bool // "alice@example.test"
}

// Lookup finds the key that the credentials of a user must have been computed with. Name is the user name
// as it came: "alice", "alice@example.test", or the hash of either where userHash. Realm is the domain.
//
// Nothing is hashed here, and a name that does not exist takes the same steps as one that does, so that
// the time it takes says nothing (STANDARDS 5.14).
func (a *Accounts) Lookup(alg digest.Algorithm, realm, name string, userHash bool) (aor, ha1 string, ok bool) {
	alg = alg.Base()
	key := nameKey{realm: realm, name: name}
	if userHash {
		key.algorithm = alg
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	who := a.names[key]
	u := a.users[who.aor]
	if who.full {
		ha1 = u.HA1Full[alg]
	} else {
		ha1 = u.HA1[alg]
	}
	return who.aor, ha1, ha1 != ""
}

// nameKeys returns every name of a user: both forms, plain and hashed under each algorithm with a key.
func nameKeys(u User) map[nameKey]named {
	name, domain := Names(u.AoR)
	out := make(map[nameKey]named, 2+2*len(u.HA1))
	for _, n := range []struct {
		text string
		who  named
	}{{name, named{u.AoR, false}}, {name + "@" + domain, named{u.AoR, true}}} {
		out[nameKey{realm: domain, name: n.text}] = n.who
		for alg := range u.HA1 {
			out[nameKey{alg, domain, alg.UserHash(n.text, domain)}] = n.who
		}
	}
	return out
}
