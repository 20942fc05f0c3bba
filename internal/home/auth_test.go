package home

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/state/account"
	"gatehouse.example/sip"
	"gatehouse.example/sip/digest"
	"gatehouse.example/sip/uri"
)

// noStorage is an account storage that keeps nothing.
type noStorage struct{}

func (noStorage) LoadUsers(context.Context) ([]account.User, error) { return nil, nil }
func (noStorage) PutUser(context.Context, account.User) error       { return nil }
func (noStorage) DeleteUser(context.Context, string) (bool, error)  { return false, nil }

// newAuth makes an Authenticator that knows alice and bob of example.test; their passwords are their names.
func newAuth(t testing.TB, algorithms ...digest.Algorithm) *Authenticator {
	t.Helper()
	accounts := account.New(noStorage{}, []digest.Algorithm{digest.SHA512_256, digest.SHA256, digest.MD5})
	for _, name := range []string{"alice", "bob"} {
		if _, err := accounts.SetPassword(context.Background(), name+"@example.test", name, noon); err != nil {
			t.Fatal(err)
		}
	}
	return NewAuthenticator(AuthConfig{Domain: hosted, Algorithms: algorithms}, accounts, noon)
}

// phone answers challenges.
type phone struct {
	t        testing.TB
	user     string
	password string
	nc       uint32
	last     digest.Challenge
}

// challenged takes the first challenge out of header lines.
func (p *phone) challenged(lines []byte) {
	p.t.Helper()
	_, value, _ := strings.Cut(strings.SplitAfter(string(lines), "\r\n")[0], ": ")
	if err := p.last.Parse([]byte(value)); err != nil {
		p.t.Fatal(err)
	}
	p.nc = 0
}

// authorization answers the last challenge with the next nonce count.
func (p *phone) authorization(method, uri string) digest.Credentials {
	p.t.Helper()
	p.nc++
	c, err := p.last.Answer(&digest.Request{User: p.user, Password: p.password, Method: method, URI: uri, NC: p.nc})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

func header(svc Service, c digest.Credentials) string {
	name := "Authorization: "
	if svc == Calls {
		name = "Proxy-Authorization: "
	}
	return name + string(c.AppendTo(nil))
}

func TestPhoneRegistersThenCallsAndIsKnown(t *testing.T) {
	a := newAuth(t)
	now := noon.Add(time.Second)
	p := &phone{t: t, user: "alice", password: "alice"}

	if r := a.Check(message(t, "REGISTER sip:example.test"), example, Registration, now); r.Outcome != Absent {
		t.Fatalf("first REGISTER: %v", r.Outcome)
	}
	p.challenged(a.AppendChallenge(nil, example, Registration, false, now))
	r := a.Check(message(t, "REGISTER sip:example.test", header(Registration, p.authorization("REGISTER", "sip:example.test"))), example, Registration, now)
	if r.Outcome != OK || r.AoR != "sip:alice@example.test" {
		t.Fatalf("REGISTER with credentials: %+v", r)
	}

	// A phone that uses the challenge of the registration for a call gets a fresh one and need not ask.
	invite := "INVITE sip:bob@example.test"
	c := p.authorization("INVITE", "sip:bob@example.test")
	if r = a.Check(message(t, invite, header(Calls, c)), example, Calls, now); r.Outcome != Stale {
		t.Fatalf("INVITE with the nonce of a registration: %v", r.Outcome)
	}
	p.challenged(a.AppendChallenge(nil, example, Calls, true, now))
	if !p.last.Stale {
		t.Error("the challenge does not say stale")
	}
	c = p.authorization("INVITE", "sip:bob@example.test")
	if r = a.Check(message(t, invite, "To: <sip:bob@example.test>", header(Calls, c)), example, Calls, now); r.Outcome != OK {
		t.Fatalf("INVITE: %+v", r)
	}

	// RFC 3261 §22.1: the ACK repeats the INVITE's credentials, even after the nonce has expired.
	ack := message(t, "ACK sip:bob@192.0.2.9", "To: <sip:bob@example.test>;tag=2", header(Calls, c))
	if r = a.Check(ack, example, Calls, now.Add(time.Hour)); r.Outcome != OK {
		t.Errorf("ACK: %+v", r)
	}
	// The same credentials with another request are a replay.
	if r = a.Check(message(t, invite, header(Calls, c)), example, Calls, now); r.Outcome != Replayed || !r.Outcome.Suspicious() {
		t.Errorf("INVITE again: %+v", r)
	}
	// The nonce is good for more requests, in any order.
	second, third := p.authorization("MESSAGE", "sip:bob@example.test"), p.authorization("MESSAGE", "sip:bob@example.test")
	for _, c := range []digest.Credentials{third, second} {
		if r = a.Check(message(t, "MESSAGE sip:bob@example.test", header(Calls, c)), example, Calls, now); r.Outcome != OK {
			t.Errorf("MESSAGE nc=%d: %+v", c.NC, r)
		}
	}
}

func TestOutcomeOfEachCredential(t *testing.T) {
	type change func(c *digest.Credentials)
	tests := []struct {
		name    string
		user    string
		pass    string
		headers []string
		change  change
		after   time.Duration
		want    Outcome
	}{
		{name: "right", user: "alice", pass: "alice", want: OK},
		{name: "user with domain", user: "alice@example.test", pass: "alice", want: OK},
		{name: "wrong password", user: "alice", pass: "bob", want: Wrong},
		{name: "no such user", user: "carol", pass: "carol", want: Wrong},
		{name: "empty user", user: "", pass: "", want: Wrong},
		{name: "right but late", user: "alice", pass: "alice", after: time.Hour, want: Stale},
		{name: "wrong and late", user: "alice", pass: "bob", after: time.Hour, want: Wrong},
		{name: "late and nobody", user: "carol", pass: "carol", after: time.Hour, want: Wrong},
		{name: "own nonce", user: "alice", pass: "alice", want: Forged,
			change: func(c *digest.Credentials) { c.Nonce = strings.Repeat("A", 40) }},
		{name: "realm of another server", user: "alice", pass: "alice", want: Absent,
			change: func(c *digest.Credentials) { c.Realm = "elsewhere.test" }},
		{name: "realm of another hosted domain", user: "alice", pass: "alice", want: Absent,
			change: func(c *digest.Credentials) { c.Realm = "example.com" }},
		{name: "downgrade to MD5", user: "alice", pass: "alice", want: UnknownAlgorithm,
			change: func(c *digest.Credentials) { c.Algorithm, c.Response = digest.MD5, c.Response[:32] }},
		{name: "downgrade to no qop", user: "alice", pass: "alice", want: Malformed,
			change: func(c *digest.Credentials) { c.QOP, c.CNonce = 0, "" }},
		{name: "nc 0", user: "alice", pass: "alice", want: Malformed,
			change: func(c *digest.Credentials) {
				var zero digest.Credentials
				text := strings.Replace(string(c.AppendTo(nil)), "nc=00000001", "nc=00000000", 1)
				if zero.Parse([]byte(text)) == nil {
					*c = zero
				}
			}},
		{name: "uri elsewhere", user: "alice", pass: "alice", want: Malformed,
			change: func(c *digest.Credentials) { c.URI = "sip:elsewhere.test" }},
		{name: "uri changed on the way but ours", user: "alice", pass: "alice", want: Wrong,
			change: func(c *digest.Credentials) { c.URI = "sip:sip.example.test" }},
		{name: "registers bob", user: "alice", pass: "alice", headers: []string{"To: <sip:bob@example.test>"}, want: Mismatch},
		{name: "From bob", user: "alice", pass: "alice", headers: []string{"From: <sip:bob@example.test>;tag=1"}, want: Mismatch},
		{name: "From anonymous", user: "alice", pass: "alice", headers: []string{"From: <sip:anonymous@anonymous.invalid>;tag=1"}, want: Mismatch},
		{name: "alice of another domain", user: "alice", pass: "alice", headers: []string{"To: <sip:alice@example.com>"}, want: Mismatch},
		{name: "alias, sips, escapes, port", user: "alice", pass: "alice", want: OK,
			headers: []string{"To: <sips:%61lice@SIP.example.test>", "From: <sip:alice@192.0.2.1:5070;user=ip>;tag=1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAuth(t)
			now := noon.Add(time.Second)
			p := &phone{t: t, user: tt.user, password: tt.pass}
			p.challenged(a.AppendChallenge(nil, example, Registration, false, now))
			c := p.authorization("REGISTER", "sip:example.test")
			if tt.change != nil {
				tt.change(&c)
			}
			m := message(t, "REGISTER sip:example.test", append(tt.headers, header(Registration, c))...)
			r := a.Check(m, example, Registration, now.Add(tt.after))
			if r.Outcome != tt.want {
				t.Errorf("%v (%s), want %v", r.Outcome, r.Detail, tt.want)
			}
			if (r.AoR != "") != (tt.want == OK || tt.want == Mismatch) {
				t.Errorf("AoR %q with %v", r.AoR, r.Outcome)
			}
		})
	}
}

// RFC 3323 §4.1.1: a caller may hide its name from the callee and still prove it to us.
// A user may call by what is his besides his address, and registers as himself all the same.
func TestUserMayCallByANumberOfHis(t *testing.T) {
	a := newAuth(t)
	a.cfg.Also = func(aor string, from *uri.URI) bool {
		return aor == "sip:alice@example.test" && string(from.User) == "+15551230001"
	}
	for _, c := range []struct {
		user, from string
		want       Outcome
	}{
		{"alice", "<sip:+15551230001@example.test;user=phone>", OK}, {"alice", "<sip:+15551230002@example.test;user=phone>", Mismatch},
		{"bob", "<sip:+15551230001@example.test;user=phone>", Mismatch}, {"alice", "<sip:alice@example.test>", OK},
	} {
		p := &phone{t: t, user: c.user, password: c.user}
		p.challenged(a.AppendChallenge(nil, example, Calls, false, noon))
		m := message(t, "INVITE sip:bob@example.test", "From: "+c.from+";tag=1", header(Calls, p.authorization("INVITE", "sip:bob@example.test")))
		if r := a.Check(m, example, Calls, noon); r.Outcome != c.want {
			t.Errorf("%s as %s: %v, want %v", c.user, c.from, r.Outcome, c.want)
		}
	}
	p := &phone{t: t, user: "alice", password: "alice"}
	p.challenged(a.AppendChallenge(nil, example, Registration, false, noon))
	m := message(t, "REGISTER sip:example.test", "From: <sip:+15551230001@example.test>;tag=1", header(Registration, p.authorization("REGISTER", "sip:example.test")))
	if r := a.Check(m, example, Registration, noon); r.Outcome != Mismatch {
		t.Errorf("REGISTER by a number: %v", r.Outcome)
	}
}

func TestAnonymousCallerMayProveItself(t *testing.T) {
	a := newAuth(t)
	now := noon.Add(time.Second)
	p := &phone{t: t, user: "alice", password: "alice"}
	p.challenged(a.AppendChallenge(nil, example, Calls, false, now))
	for from, want := range map[string]Outcome{
		`"Anonymous" <sip:anonymous@anonymous.invalid>`: OK, "<sip:bob@example.test>": Mismatch,
		"<sip:alice@elsewhere.test>": Mismatch, "<tel:+15551230001>": Mismatch,
	} {
		m := message(t, "INVITE sip:bob@example.test", "From: "+from+";tag=1", header(Calls, p.authorization("INVITE", "sip:bob@example.test")))
		if r := a.Check(m, example, Calls, now); r.Outcome != want {
			t.Errorf("From %s: %v, want %v", from, r.Outcome, want)
		}
	}
}

func TestCredentialsAreChosenByRealm(t *testing.T) {
	a := newAuth(t)
	now := noon.Add(time.Second)
	p := &phone{t: t, user: "alice", password: "alice"}
	p.challenged(a.AppendChallenge(nil, example, Calls, false, now))
	good := header(Calls, p.authorization("INVITE", "sip:bob@example.test"))
	other := `Proxy-Authorization: Digest username="x", realm="elsewhere.test", nonce="n", uri="sip:bob@example.test", response="00"`
	unknown := "Proxy-Authorization: NoOneKnowsThisScheme opaque-data=here"
	broken := `Proxy-Authorization: Digest username="x`
	check := func(headers ...string) Outcome {
		return a.Check(message(t, "INVITE sip:bob@example.test", headers...), example, Calls, now).Outcome
	}
	for name, tt := range map[string]struct {
		headers []string
		want    Outcome
	}{
		"none of ours":           {[]string{other}, Absent},
		"scheme of RFC 4475":     {[]string{unknown}, Absent},
		"broken":                 {[]string{broken, other}, Malformed},
		"too many":               {append(slices.Repeat([]string{other}, maxCredentials), good), Absent},
		"in the wrong header":    {[]string{strings.TrimPrefix(good, "Proxy-")}, Absent},
		"ours among many others": {[]string{other, unknown, broken, good}, OK},
	} {
		if got := check(tt.headers...); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	// One request is one guess: a second header for the realm is not read.
	wrong := strings.Replace(header(Calls, p.authorization("INVITE", "sip:bob@example.test")), `response="`, `response="0`, 1)
	if got := check(wrong, header(Calls, p.authorization("INVITE", "sip:bob@example.test"))); got != Wrong {
		t.Errorf("a wrong guess and a right one: %v", got)
	}
}

// STANDARDS 5.14: whether a user exists shows in nothing: not in the outcome, nor the challenge's size, nor
// the work done.
func TestUnknownUsersLookAndCostLikeKnownOnes(t *testing.T) {
	for _, alg := range []digest.Algorithm{digest.SHA512_256, digest.SHA256, digest.MD5, digest.SHA256Sess} {
		for _, hash := range []bool{false, true} {
			for _, q := range []digest.QOP{digest.QOPAuth, digest.QOPAuthInt} {
				a := newAuth(t, alg)
				now := noon.Add(time.Second)
				check := func(user string) (Result, int) {
					p := &phone{t: t, user: user, password: "guess"}
					lines := a.AppendChallenge(nil, example, Registration, false, now)
					p.challenged(lines)
					p.last.QOP, p.last.UserHash = q, hash
					m := message(t, "REGISTER sip:example.test", "To: <sip:"+user+"@example.test>", "From: <sip:"+user+"@example.test>;tag=1",
						header(Registration, p.authorization("REGISTER", "sip:example.test")))
					return a.Check(m, example, Registration, now), len(lines)
				}
				known, size1 := check("alice")
				unknown, size2 := check("carol")
				if known.Outcome != Wrong || unknown.Outcome != Wrong || known.Detail != unknown.Detail || known.AoR+unknown.AoR != "" {
					t.Errorf("%v: known %+v, unknown %+v", alg, known, unknown)
				}
				if known.hashes != unknown.hashes || known.hashes < 2 {
					t.Errorf("%v: %d hashes for a known user, %d for an unknown one", alg, known.hashes, unknown.hashes)
				}
				if size1 != size2 {
					t.Errorf("%v: challenges of %d and %d octets", alg, size1, size2)
				}
			}
		}
	}
}

func TestChallengesAreOrderedAndWithoutMD5(t *testing.T) {
	lines := string(newAuth(t).AppendChallenge(nil, example, Calls, false, noon))
	var order []digest.Algorithm
	for line := range strings.Lines(lines) {
		value, ok := strings.CutPrefix(line, "Proxy-Authenticate: ")
		var c digest.Challenge
		if err := c.Parse([]byte(value)); !ok || err != nil {
			t.Fatal(line, err)
		}
		order = append(order, c.Algorithm)
		if c.Realm != example || c.QOP != digest.QOPAuth || c.Opaque == "" || strings.Contains(line, "stale") {
			t.Errorf("challenge %q", line)
		}
	}
	if fmt.Sprint(order) != "[SHA-256 SHA-512-256]" {
		t.Errorf("algorithms %v", order)
	}
	if lines = string(newAuth(t, digest.SHA256, digest.MD5).AppendChallenge(nil, example, Registration, true, noon)); !strings.Contains(lines, "algorithm=MD5, stale=true") {
		t.Errorf("MD5 switched on: %s", lines)
	}
}

// A nonce from before a restart may have been used: it is stale, though the key is the same.
func TestNoncesOfAnEarlierLifeAreStale(t *testing.T) {
	accounts := newAuth(t).accounts
	cfg := AuthConfig{Domain: hosted, Key: []byte("kept")}
	first := NewAuthenticator(cfg, accounts, noon)
	p := &phone{t: t, user: "alice", password: "alice"}
	p.challenged(first.AppendChallenge(nil, example, Registration, false, noon.Add(time.Second)))
	m := message(t, "REGISTER sip:example.test", header(Registration, p.authorization("REGISTER", "sip:example.test")))
	if r := first.Check(m, example, Registration, noon.Add(2*time.Second)); r.Outcome != OK {
		t.Fatal(r)
	}
	second := NewAuthenticator(cfg, accounts, noon.Add(3*time.Second))
	if r := second.Check(m, example, Registration, noon.Add(4*time.Second)); r.Outcome != Stale {
		t.Errorf("after a restart: %v", r.Outcome)
	}
}

func TestChallengeOutcomes(t *testing.T) {
	for o, want := range map[Outcome]string{
		Absent: "true false", Wrong: "true false", Forged: "true false", UnknownAlgorithm: "true false",
		Stale: "true true", Replayed: "true true", OK: "false false", Malformed: "false false", Mismatch: "false false",
	} {
		if got := fmt.Sprint(o.Challenge()); got != want || o.String() == "unknown" || o.Failure() != (o == Wrong) {
			t.Errorf("%v: %s, want %s", o, got, want)
		}
	}
}

var sinkResult Result

func BenchmarkCheck(b *testing.B) {
	a := newAuth(b)
	now := noon.Add(time.Second)
	p := &phone{t: b, user: "alice", password: "guess"}
	p.challenged(a.AppendChallenge(nil, example, Registration, false, now))
	c := p.authorization("REGISTER", "sip:example.test")
	text := "REGISTER sip:example.test SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:alice@example.test>;tag=1\r\n" +
		"To: <sip:alice@example.test>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n" + header(Registration, c) + "\r\nContent-Length: 0\r\n\r\n"
	var m sip.Message
	if err := m.Parse([]byte(text)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		sinkResult = a.Check(&m, example, Registration, now)
	}
}

// Who has answered a challenge is asked anew with that algorithm alone, and with the same nonce where the answer was wrong: pjsip takes any other for a
// new chance, and one wrong password was five wrong answers, which is a ban.
func TestWrongAnswerIsAskedForTheSame(t *testing.T) {
	a, now := newAuth(t), noon.Add(time.Second)
	for _, c := range []struct {
		user, password string
		after          time.Duration
		outcome        Outcome
		same           bool // nonce
	}{
		{"alice", "guess", 0, Wrong, true},
		{"carol", "guess", 0, Wrong, true}, // whom nobody knows
		{"alice", "guess", 10 * time.Minute, Wrong, false},
		{"bob", "bob", 10 * time.Minute, Stale, false},
	} {
		p := &phone{t: t, user: c.user, password: c.password}
		p.challenged(a.AppendChallenge(nil, example, Registration, false, now))
		first, at := p.last.Nonce, now.Add(c.after)
		m := message(t, "REGISTER sip:example.test", "To: <sip:"+c.user+"@example.test>", "From: <sip:"+c.user+"@example.test>;tag=1",
			header(Registration, p.authorization("REGISTER", "sip:example.test")))
		r := a.Check(m, example, Registration, at)
		lines := a.AppendRetry(nil, example, Registration, r.Outcome == Stale, at, r.Retry)
		p.challenged(lines)
		if r.Outcome != c.outcome || strings.Count(string(lines), "\n") != 1 || p.last.Algorithm != digest.SHA256 || (p.last.Nonce == first) != c.same {
			t.Errorf("%+v: %v, asked anew with %q", c, r.Outcome, lines)
		}
		p.password = c.user // set right: the same nonce does
		m = message(t, "REGISTER sip:example.test", "To: <sip:"+c.user+"@example.test>", "From: <sip:"+c.user+"@example.test>;tag=1",
			header(Registration, p.authorization("REGISTER", "sip:example.test")))
		if r = a.Check(m, example, Registration, at); (r.Outcome == OK) == (c.user == "carol") {
			t.Errorf("%+v: then %v", c, r.Outcome)
		}
	}
}
