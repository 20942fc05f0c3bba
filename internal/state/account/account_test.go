package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse.example/sip/digest"
)

// memory is a Storage that forgets with the test; fail makes every call fail.
type memory struct {
	mu    sync.Mutex
	users map[string]User
	fail  error
}

func (m *memory) LoadUsers(context.Context) ([]User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.users)), m.fail
}

func (m *memory) PutUser(_ context.Context, u User) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		m.users[u.AoR] = u
	}
	return m.fail
}

func (m *memory) DeleteUser(_ context.Context, aor string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.users[aor]
	if m.fail == nil {
		delete(m.users, aor)
	}
	return ok, m.fail
}

func newAccounts() (*Accounts, *memory) {
	m := &memory{users: map[string]User{}}
	return New(m, []digest.Algorithm{digest.SHA512_256, digest.SHA256, digest.SHA256Sess}), m
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestCanonicalAddress(t *testing.T) {
	tests := []struct{ in, want string }{
		{"alice@example.test", "sip:alice@example.test"},
		{"sip:alice@EXAMPLE.test:5070;transport=tcp", "sip:alice@example.test"},
		{"sips:alice@example.test", "sip:alice@example.test"},
		{"sip:%61lice@example.test", "sip:alice@example.test"},
		{"Alice@example.test", "sip:Alice@example.test"},
		{"jürg@example.test", "sip:j%C3%BCrg@example.test"},
		{"sip:j%c3%bcrg@example.test", "sip:j%C3%BCrg@example.test"},
		{"j\xfcrg@example.test", ""},
		{"alice@exämple.test", ""},
		{"example.test", ""},
		{"sip:example.test", ""},
		{"", ""},
		{"tel:+15551230001", ""},
		{"a%3Ab@example.test", ""},
		{"a%0ab@example.test", ""},
	}
	for _, tt := range tests {
		got, err := Canonical(tt.in)
		if got != tt.want || (err != nil) != (tt.want == "") || err != nil && !errors.Is(err, ErrAddress) {
			t.Errorf("Canonical(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestUserAnswersToEachOfHerNames(t *testing.T) {
	ctx := context.Background()
	a, _ := newAccounts()
	if _, err := a.SetPassword(ctx, "alice@example.test", "secret", noon); err != nil {
		t.Fatal(err)
	}
	const realm = "example.test"
	for _, alg := range []digest.Algorithm{digest.SHA256, digest.SHA512_256, digest.SHA512_256Sess} {
		for _, name := range []string{"alice", "alice@example.test"} {
			want := alg.HA1(name, realm, "secret")
			aor, ha1, ok := a.Lookup(alg, realm, name, false)
			if !ok || aor != "sip:alice@example.test" || ha1 != want {
				t.Errorf("%v %s: %q %q %v", alg, name, aor, ha1, ok)
			}
			if _, ha1, ok = a.Lookup(alg, realm, alg.UserHash(name, realm), true); !ok || ha1 != want {
				t.Errorf("%v hash of %s: %q %v", alg, name, ha1, ok)
			}
		}
	}
	misses := []struct {
		alg         digest.Algorithm
		realm, name string
		hash        bool
	}{
		{digest.MD5, realm, "alice", false}, // not enabled when the password was set
		{digest.SHA256, realm, "Alice", false},
		{digest.SHA256, realm, "bob", false},
		{digest.SHA256, "example.com", "alice", false},
		{digest.SHA256, realm, "alice", true},
		{digest.SHA256, realm, digest.SHA512_256.UserHash("alice", realm), true},
		{digest.SHA256, realm, digest.SHA256.UserHash("alice", realm), false},
		{digest.SHA256, realm, "", false},
		{digest.UnknownAlgorithm, realm, "alice", false},
	}
	for _, m := range misses {
		if _, ha1, ok := a.Lookup(m.alg, m.realm, m.name, m.hash); ok || ha1 != "" {
			t.Errorf("%+v is found", m)
		}
	}
}

func TestUserNameWithEscapesIsTypedDecoded(t *testing.T) {
	a, _ := newAccounts()
	if _, err := a.SetPassword(context.Background(), "j%C3%A4s%20on@example.test", "pw", noon); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := a.Lookup(digest.SHA256, "example.test", "jäs on", false); !ok {
		t.Error("not found by the decoded name")
	}
}

func TestPasswordIsNeverStored(t *testing.T) {
	a, m := newAccounts()
	if _, err := a.SetPassword(context.Background(), "alice@example.test", "hunter2hunter2", noon); err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%+v", m.users); strings.Contains(s, "hunter2") {
		t.Errorf("stored: %s", s)
	}
}

func TestPasswordsRefused(t *testing.T) {
	a, m := newAccounts()
	for _, pw := range []string{"", "a\nb", "\x00", "\xff", strings.Repeat("x", 513)} {
		if _, err := a.SetPassword(context.Background(), "alice@example.test", pw, noon); !errors.Is(err, ErrPassword) {
			t.Errorf("password %q: %v", pw, err)
		}
	}
	if len(m.users) != 0 || a.Len() != 0 {
		t.Error("something was stored")
	}
}

func TestNewPasswordReplacesTheOldAndKeepsTheDate(t *testing.T) {
	ctx := context.Background()
	a, _ := newAccounts()
	for i, pw := range []string{"first", "second"} {
		if _, err := a.SetPassword(ctx, "alice@example.test", pw, noon.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	u, ok := a.Get("sip:alice@example.test")
	if !ok || !u.Created.Equal(noon) || u.HA1[digest.SHA256] != digest.SHA256.HA1("alice", "example.test", "second") {
		t.Errorf("%+v %v", u, ok)
	}
	u.HA1[digest.SHA256] = "changed by the caller"
	if again, _ := a.Get("sips:alice@example.test"); again.HA1[digest.SHA256] == "changed by the caller" {
		t.Error("Get hands out the index's own map")
	}
}

func TestDeleteForgetsEveryName(t *testing.T) {
	ctx := context.Background()
	a, _ := newAccounts()
	for _, who := range []string{"alice@example.test", "bob@example.test"} {
		if _, err := a.SetPassword(ctx, who, "pw", noon); err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := a.Delete(ctx, "alice@example.test"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if ok, err := a.Delete(ctx, "alice@example.test"); ok || err != nil {
		t.Error("deleted twice", ok, err)
	}
	if a.Has("sip:alice@example.test") || !a.Has("sip:bob@example.test") || a.Len() != 1 || a.List()[0].AoR != "sip:bob@example.test" {
		t.Errorf("left: %+v", a.List())
	}
	if len(a.names) != 6 {
		t.Errorf("%d names left for one user, want 6", len(a.names))
	}
}

func TestFailedStorageChangesNothing(t *testing.T) {
	ctx := context.Background()
	a, m := newAccounts()
	if _, err := a.SetPassword(ctx, "alice@example.test", "pw", noon); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	m.fail = full
	if _, err := a.SetPassword(ctx, "bob@example.test", "pw", noon); !errors.Is(err, full) {
		t.Error(err)
	}
	if _, err := a.Delete(ctx, "alice@example.test"); !errors.Is(err, full) {
		t.Error(err)
	}
	if err := a.Load(ctx); !errors.Is(err, full) {
		t.Error(err)
	}
	if a.Len() != 1 || !a.Has("sip:alice@example.test") {
		t.Errorf("index changed: %+v", a.List())
	}
}

func TestUsersSurviveARestart(t *testing.T) {
	ctx := context.Background()
	a, m := newAccounts()
	if _, err := a.SetPassword(ctx, "alice@example.test", "pw", noon); err != nil {
		t.Fatal(err)
	}
	b := New(m, nil)
	if err := b.Load(ctx); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := b.Lookup(digest.SHA256, "example.test", "alice@example.test", false); !ok {
		t.Error("not found after Load")
	}
}

func TestConcurrentUse(t *testing.T) {
	ctx := context.Background()
	a, _ := newAccounts()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			who := fmt.Sprintf("u%d@example.test", i)
			for range 50 {
				if _, err := a.SetPassword(ctx, who, "pw", noon); err != nil {
					t.Error(err)
				}
				a.Lookup(digest.SHA256, "example.test", fmt.Sprintf("u%d", (i+1)%4), false)
				a.List()
				if _, err := a.Delete(ctx, who); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if a.Len() != 0 || len(a.names) != 0 {
		t.Errorf("%d users, %d names left", a.Len(), len(a.names))
	}
}
