package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/guard"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/internal/state/history"
	"gatehouse.example/internal/state/lists"
	"gatehouse.example/internal/telemetry"
	"gatehouse.example/screen"
	"gatehouse.example/sip/digest"
	"gatehouse.example/verdict"
)

const token = "secret-token"

// attempts is a history of one attempt.
type attempts struct {
	verdict verdict.Verdict
	asked   history.Filter
	label   string
	broken  error
}

func (a *attempts) Get(_ context.Context, id string) (verdict.Verdict, error) {
	if id != a.verdict.ID {
		return verdict.Verdict{}, history.ErrNotFound
	}
	return a.verdict, a.broken
}

func (a *attempts) Query(_ context.Context, f history.Filter) ([]verdict.Verdict, string, error) {
	a.asked = f
	return []verdict.Verdict{a.verdict}, "01NEXT", a.broken
}

func (a *attempts) Feedback(_ context.Context, id, label string) error {
	if id != a.verdict.ID {
		return history.ErrNotFound
	}
	a.label = label
	return a.broken
}

type users struct{ all map[string]account.User }

func (u *users) LoadUsers(context.Context) ([]account.User, error) { return nil, nil }
func (u *users) PutUser(_ context.Context, user account.User) error {
	u.all[user.AoR] = user
	return nil
}
func (u *users) DeleteUser(_ context.Context, aor string) (bool, error) {
	_, ok := u.all[aor]
	delete(u.all, aor)
	return ok, nil
}

type fixture struct {
	server   *Server
	attempts *attempts
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	g, err := guard.New(guard.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Peers([]Source{must(ParseSource("203.0.113.0/24"))}); err != nil {
		t.Fatal(err)
	}
	a := &attempts{verdict: verdict.Verdict{
		ID: "01JD", Time: time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC), Action: verdict.Reject, Score: 15.5,
		Mode: verdict.Enforce, Signals: []verdict.Signal{{Name: "LISTS_BLOCKED", Strength: 1, Weight: 15, Score: 15, Evidence: "e"}},
		Response: &verdict.Response{Code: 603, Reason: "Network Blocked"},
	}}
	s := New(Config{
		Version: "test", Token: token, Attempts: a,
		Lists:    lists.New(lists.Config{}),
		Bans:     g,
		Accounts: account.New(&users{map[string]account.User{}}, []digest.Algorithm{digest.SHA256}),
		Hosts:    func(domain string) bool { return domain == "example.test" },
		Metrics:  telemetry.NewMetrics("test").Gatherer(),
		Screen: func(_ context.Context, ev *screen.Event) (*verdict.Verdict, error) {
			if !strings.HasPrefix(ev.From, "sip:") {
				return nil, errors.New("from: not a URI")
			}
			return &verdict.Verdict{ID: ev.ID, Kind: ev.Kind, Action: verdict.Label}, nil
		},
	})
	return &fixture{s, a}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// call runs one request with the token and returns status and body.
func (f *fixture) call(method, path, body string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	f.server.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

// TestContract holds the JSON names that users and their scripts rely on.
func TestContract(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string // all of the body, or a part of it after ~
	}{
		{"GET", "/api/v1/attempts?limit=1", "", 200, `{"attempts":[{"id":"01JD","time":"2026-11-21T12:00:00.123456Z","kind":"call","mode":"enforce","action":"reject","score":15.5,"from":{"claimed":"","display":"","identity":"","proof":"none"},"to":{"requested":"","user":"","alias":""},"source":{"address":"","transport":"","peer":"","user_agent":""},"signals":[{"name":"LISTS_BLOCKED","strength":1,"weight":15,"score":15,"evidence":"e"}],"response":{"code":603,"reason":"Network Blocked"},"introduction":"","elapsed_us":0}],"next":"01NEXT"}`},
		{"GET", "/api/v1/attempts/01JD", "", 200, `~"action":"reject"`},
		{"GET", "/api/v1/attempts/nope", "", 404, `~"status":404`},
		{"POST", "/api/v1/attempts/01JD/feedback", `{"label":"spam"}`, 204, ""},
		{"POST", "/api/v1/attempts/01JD/feedback", `{"label":"eggs"}`, 422, `~"status":422`},
		{"POST", "/api/v1/attempts/x/feedback", `{"label":"ham"}`, 404, `~"title":"Not Found"`},
		{"POST", "/api/v1/screen", `{"id":"e1","time":"2026-01-05T08:00:00Z","direction":"in","kind":"call","from":"sip:+15551230001@carrier.test","display":"Bank","to":"sip:bob@example.test","source":"192.0.2.7:5060","transport":"udp","peer":"","user_agent":"x","proof":"stir-b","text":"","outcome":{"answered":true,"ring_s":12,"duration_s":40,"feedback":"","turing":"pass","consent":"","puzzle":""}}`, 200, `~"id":"e1"`},
		{"POST", "/api/v1/screen", `{"kind":"call","from":"nobody","to":"sip:b@example.test"}`, 422, `~not a URI`},
		{"POST", "/api/v1/screen", `{"kind":"visit","from":"sip:a@example.test","to":"sip:b@example.test"}`, 422, `~"status":422`},
		{"GET", "/api/v1/lists/local/entries", "", 200, `{"entries":[],"next":""}`},
		{"POST", "/api/v1/lists/local/entries", `{"value":"+15551230001","kind":"block","note":"n"}`, 201, `~"list":"local","value":"+15551230001","kind":"block","note":"n","added":"`},
		{"POST", "/api/v1/lists/local/entries", `{"value":"sip:al@example.test","kind":"allow"}`, 201, `~"kind":"allow"`},
		{"GET", "/api/v1/lists/local/entries?limit=1", "", 200, `~"next":"+15551230001"`},
		{"GET", "/api/v1/lists/local/entries?after=%2B15551230001", "", 200, `~{"entries":[{"list":"local","value":"sip:al@example.test"`},
		{"POST", "/api/v1/lists/local/entries", `{"value":"   ","kind":"block"}`, 422, `~"status":422`},
		{"POST", "/api/v1/lists/local/entries", `{"value":"+15551230001","kind":"maybe"}`, 422, `~"status":422`},
		{"POST", "/api/v1/lists/declared/entries", `{"value":"192.0.2.7","kind":"allow"}`, 422, `~is a source, which says nothing about who calls`},
		{"POST", "/api/v1/lists/declared/entries", `{"value":"+15551230001","kind":"block"}`, 422, `~is to be blocked`},
		{"POST", "/api/v1/lists/lo%20cal/entries", `{"value":"+15551230001","kind":"block"}`, 422, `~"status":422`},
		{"GET", "/api/v1/lists", "", 200, `{"lists":[{"name":"local","block":1,"allow":1}]}`},
		{"POST", "/api/v1/lists/big/import?kind=block&note=x", "+15551230005\n+15551230006\n", 200, `~"entries":2`},
		{"POST", "/api/v1/lists/big/import", "what is this\n", 422, `~line 1`},
		{"GET", "/api/v1/lists/big/export?format=lines", "", 200, "~+15551230005"},
		{"DELETE", "/api/v1/lists/local/entries?value=%2B15551230001", "", 204, ""},
		{"DELETE", "/api/v1/lists/local/entries?value=%2B15551230001", "", 404, `~not on the list`},
		{"DELETE", "/api/v1/lists/local/entries", "", 422, `~query.value`},
		{"GET", "/api/v1/bans", "", 200, `{"bans":[]}`},
		{"POST", "/api/v1/bans", `{"source":"192.0.2.7/32","reason":"r","expires":"2126-11-22T12:00:00Z"}`, 201, `~{"source":"192.0.2.7/32","reason":"r","evidence":"added by hand","created":"`},
		{"GET", "/api/v1/bans", "", 200, `~"expires":"2126-11-22T12:00:00Z"`},
		{"POST", "/api/v1/bans", `{"source":"203.0.113.9"}`, 409, `~belongs to a peer`},
		{"POST", "/api/v1/bans", `{"source":"bob"}`, 422, `~not an IP address`},
		{"POST", "/api/v1/bans", `{"source":"192.0.2.8","expires":"2001-01-01T00:00:00Z"}`, 422, `~in the past`},
		{"DELETE", "/api/v1/bans?source=192.0.2.7", "", 204, ""},
		{"DELETE", "/api/v1/bans?source=192.0.2.7/32", "", 404, `~not banned`},
		{"POST", "/api/v1/bans", `{"source":"::ffff:192.0.2.16/124"}`, 201, `~{"source":"192.0.2.16/28",`},
		{"DELETE", "/api/v1/bans?source=192.0.2.16/28", "", 204, ""},
		{"DELETE", "/api/v1/bans?source=x", "", 422, `~not an IP address`},
		{"POST", "/api/v1/users", `{"user":"alice@example.test","password":"correct horse"}`, 201, `~{"user":"alice@example.test","created":"`},
		{"GET", "/api/v1/users", "", 200, `~{"users":[{"user":"alice@example.test","created":"`},
		{"POST", "/api/v1/users", `{"user":"jürg@example.test","password":"correct horse"}`, 201, `~"login":"jürg"}`},
		{"DELETE", "/api/v1/users?user=j%25C3%25BCrg@example.test", "", 204, ``},
		{"POST", "/api/v1/users", `{"user":"alice@elsewhere.test","password":"correct horse"}`, 422, `~deliver: home`},
		{"POST", "/api/v1/users", `{"user":"alice@example.test","password":""}`, 422, `~not a usable password`},
		{"POST", "/api/v1/users", `{"user":"@","password":"x"}`, 422, `~not a user's address`},
		{"DELETE", "/api/v1/users?user=alice@example.test", "", 204, ""},
		{"DELETE", "/api/v1/users?user=alice@example.test", "", 404, `~no such user`},
		{"DELETE", "/api/v1/users?user=@", "", 422, `~not a user's address`},
		{"GET", "/healthz", "", 200, `{"name":"gatehouse","status":"ok","version":"test"}`},
		{"GET", "/readyz", "", 200, `{"ready":true,"checks":[]}`},
		{"GET", "/metrics", "", 200, "~gatehouse_build_info"},
		{"GET", "/openapi.json", "", 200, `~"openapi":"3.1.0"`},
		{"GET", "/", "", 200, `~/api/v1`},
		{"GET", "/api/v1/nothing", "", 404, `~"status":404`},
		{"GET", "/nothing", "", 404, `~"title":"Not Found"`},
		{"PUT", "/api/v1/bans", "{}", 405, `~GET, POST, DELETE do`},
		{"GET", "/api/v1/screen", "", 405, `~POST do`},
		{"POST", "/healthz", "", 405, `~"title":"Method Not Allowed"`},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			status, body := f.call(c.method, c.path, c.body)
			part, isPart := strings.CutPrefix(c.want, "~")
			if status != c.status || isPart && !strings.Contains(body, part) || !isPart && body != c.want {
				t.Errorf("%d %s\nwant %d %s", status, body, c.status, c.want)
			}
		})
	}
	if f.attempts.label != "spam" {
		t.Errorf("feedback kept: %q", f.attempts.label)
	}
}

func TestAttemptsTakesEveryFilter(t *testing.T) {
	f := newFixture(t)
	f.call("GET", "/api/v1/attempts?limit=7&before=01A&from=%2B1555&to=sip:bob@example.test&kind=message&action=reject", "")
	got := f.attempts.asked
	if got.Limit != 7 || got.Before != "01A" || got.From != "+1555" || got.To != "sip:bob@example.test" ||
		*got.Kind != verdict.Message || *got.Action != verdict.Reject {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"limit=0", "limit=x", "limit=1001", "kind=visit", "action=smile", "before=2026-11-22T12:00:00Z", "before=nonsense"} {
		if status, body := f.call("GET", "/api/v1/attempts?"+bad, ""); status != 422 {
			t.Errorf("%s: %d %s", bad, status, body)
		}
	}
}

// TestEveryErrorIsInTheOpenAPIDocument: a client made from the document knows each status that it gets.
func TestEveryErrorIsInTheOpenAPIDocument(t *testing.T) {
	f := newFixture(t)
	b, err := f.server.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct{ Responses map[string]any }
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, path, template, body string }{
		{"GET", "/attempts/nobody", "/attempts/{id}", ""},
		{"POST", "/attempts/nobody/feedback", "/attempts/{id}/feedback", `{"label":"ham"}`},
		{"POST", "/attempts/nobody/feedback", "/attempts/{id}/feedback", `{`},
		{"POST", "/screen", "/screen", `INVITE`},
		{"POST", "/screen", "/screen", `"` + strings.Repeat("a", maxBody) + `"`},
		{"DELETE", "/bans?source=192.0.2.99", "/bans", ""},
		{"POST", "/bans", "/bans", `{"source":"203.0.113.9"}`},
		{"DELETE", "/users?user=nobody@example.test", "/users", ""},
		{"DELETE", "/lists/local/entries?value=%2B1999", "/lists/{name}/entries", ""},
	} {
		status, body := f.call(c.method, Prefix+c.path, c.body)
		if _, known := doc.Paths[Prefix+c.template][strings.ToLower(c.method)].Responses[strconv.Itoa(status)]; !known || status < 400 {
			t.Errorf("%s %s: %d %s is not in the document", c.method, c.path, status, body)
		}
	}
}

func TestNothingWithoutTheToken(t *testing.T) {
	f := newFixture(t)
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer secret-toke", "Bearer secret-token2", "Basic " + token, token, "Bearer SECRET-TOKEN"} {
		for _, path := range []string{"/api/v1/attempts", "/api/v1/attempts/01JD", "/api/v1/lists", "/api/v1/users", "/api/v1/bans", "/api/v1/unknown"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Authorization", header)
			w := httptest.NewRecorder()
			f.server.ServeHTTP(w, r)
			if w.Code != 401 || w.Header().Get("Content-Type") != "application/problem+json" || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%q %s: %d %v", header, path, w.Code, w.Header())
			}
		}
	}
	if New(Config{}).authorized("Bearer ") {
		t.Error("an empty token lets somebody in")
	}
}

func TestErrorsAreProblemDocumentsAndEchoNoSecret(t *testing.T) {
	f := newFixture(t)
	for _, body := range []string{`{"user":"a@example.test","passwort":"hunter2","password":"hunter2"}`, `{"user":7,"password":"hunter2"}`, `{"password":"hunter2"}`, `["hunter2"]`, `{"password":"hunter2`} {
		status, answer := f.call("POST", "/api/v1/users", body)
		var p struct {
			Title, Detail string
			Status        int
		}
		if err := json.Unmarshal([]byte(answer), &p); err != nil || p.Status != status || status < 400 || p.Title == "" || strings.Contains(answer, "hunter2") {
			t.Errorf("%s: %d %s %v", body, status, answer, err)
		}
	}
	f.attempts.broken = errors.New("dial tcp 10.0.0.9: password=hunter2")
	if status, body := f.call("GET", "/api/v1/attempts", ""); status != 503 || strings.Contains(body, "10.0.0.9") {
		t.Errorf("%d %s", status, body)
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	f := newFixture(t)
	if status, body := f.call("POST", "/api/v1/users", `{"user":"`+strings.Repeat("a", maxBody)+`"}`); status != 413 {
		t.Errorf("%d %s", status, body)
	}
}

func TestReadySaysWhatIsWrong(t *testing.T) {
	s := New(Config{Probes: []Probe{
		{"store", func(context.Context) error { return errors.New("disk full") }},
		{"dns", func(context.Context) error { return nil }},
	}})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	want := `{"ready":false,"checks":[{"name":"store","ok":false,"problem":"disk full"},{"name":"dns","ok":true}]}`
	if got := strings.TrimSpace(w.Body.String()); w.Code != 503 || got != want {
		t.Errorf("%d %s", w.Code, got)
	}
}

func TestWarningLeavesReady(t *testing.T) {
	s := New(Config{Probes: []Probe{{"dns", func(context.Context) error { return Warning{errors.New("no answer")} }}}})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
	want := `{"ready":true,"checks":[{"name":"dns","ok":false,"problem":"no answer"}]}`
	if got := strings.TrimSpace(w.Body.String()); w.Code != 200 || got != want {
		t.Errorf("%d %s", w.Code, got)
	}
}

func TestOpenAPIHasEveryOperation(t *testing.T) {
	b, err := newFixture(t).server.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for path, methods := range doc.Paths {
		for _, m := range slices.Sorted(maps.Keys(methods)) {
			got = append(got, m+" "+strings.TrimPrefix(path, Prefix))
		}
	}
	slices.Sort(got)
	want := []string{"delete /bans", "delete /lists/{name}/entries", "delete /users", "get /attempts", "get /attempts/{id}", "get /bans", "get /lists",
		"get /lists/{name}/entries", "get /lists/{name}/export", "get /users", "post /attempts/{id}/feedback", "post /bans",
		"post /lists/{name}/entries", "post /lists/{name}/import", "post /screen", "post /users"}
	if !slices.Equal(got, want) || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("%s\n%v", doc.OpenAPI, got)
	}
	if bytes.Contains(b, []byte(`"$schema"`)) {
		t.Error("answers point to schemas that are not served")
	}
}

// TestOpenAPIShapesAreThoseOfTheAnswers: what encoding/json writes and no struct tag says.
func TestOpenAPIShapesAreThoseOfTheAnswers(t *testing.T) {
	b, err := newFixture(t).server.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"response":{"anyOf":[{"$ref":"#/components/schemas/Response"`, `{"type":"null"}]}`,
		`"content":{"text/csv":{"schema":{"type":"string"}},"text/plain":{"schema":{"type":"string"}}}`,
	} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("not in the document: %s", want)
		}
	}
}

func TestClientOverTheNetworkAndInProcess(t *testing.T) {
	f := newFixture(t)
	live := httptest.NewServer(f.server)
	defer live.Close()
	remote := NewClient(must(netip.ParseAddrPort(live.Listener.Addr().String())), token)
	if ok, err := remote.Running(t.Context()); !ok || err != nil {
		t.Errorf("running: %v %v", ok, err)
	}
	for name, c := range map[string]*Client{"network": remote, "process": Local(f.server)} {
		t.Run(name, func(t *testing.T) {
			if err := c.Do(t.Context(), http.MethodPost, "/users", NewUser{"bob@example.test", "correct horse"}, nil); err != nil {
				t.Fatal(err)
			}
			var users UserList
			if err := c.Do(t.Context(), http.MethodGet, "/users", nil, &users); err != nil || len(users.Users) != 1 {
				t.Errorf("%+v %v", users, err)
			}
			if err := c.Do(t.Context(), http.MethodPost, "/lists/l/import", strings.NewReader("+15551230009\n"), nil); err != nil {
				t.Error(err)
			}
			var out bytes.Buffer
			if err := c.Do(t.Context(), http.MethodGet, "/lists/l/export", nil, &out); err != nil || !strings.Contains(out.String(), "+15551230009") {
				t.Errorf("%q %v", out.String(), err)
			}
			err := c.Do(t.Context(), http.MethodDelete, "/users?user=nobody@example.test", nil, nil)
			var se *StatusError
			if !errors.As(err, &se) || se.Status != 404 || se.Detail != "there is no such user" {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestClientTellsWhoAnswers(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	addr := must(netip.ParseAddrPort(other.Listener.Addr().String()))
	if ok, err := NewClient(addr, "").Running(t.Context()); ok || err == nil {
		t.Errorf("another server: %v %v", ok, err)
	}
	other.Close()
	if ok, err := NewClient(addr, "").Running(t.Context()); ok || err != nil {
		t.Errorf("nobody: %v %v", ok, err)
	}
	if err := NewClient(addr, "").Do(t.Context(), "GET", "/users", nil, nil); err == nil {
		t.Error("nobody answers, and no error")
	}
}
