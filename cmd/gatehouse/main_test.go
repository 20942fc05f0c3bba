package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gatehouse.example/verdict"
)

// TestMain runs the program itself where a test starts this binary again with
// GATEHOUSE_TEST_RUN set: exit statuses and streams are then the real ones.
func TestMain(m *testing.M) {
	if os.Getenv("GATEHOUSE_TEST_RUN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// place is a folder with a configuration of its own.
type place struct {
	t       *testing.T
	dir     string
	console string
	sip     string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir(), console: freePort(t), sip: freePort(t)}
	p.write("gatehouse.yaml", fmt.Sprintf("listen: [\"udp://%s\", \"tcp://%s\"]\nconsole: %s\n%s", p.sip, p.sip, p.console, `
domains:
  - {name: example.test, deliver: home, mode: enforce}
peers:
  - {name: carrier, addresses: [203.0.113.0/24]}
`))
	return p
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (p *place) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) command(ctx context.Context, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	c := exec.CommandContext(ctx, self, args...)
	c.Dir = p.dir
	c.Env = append(os.Environ(), "GATEHOUSE_TEST_RUN=1", "HTTP_PROXY=http://192.0.2.1:9", "http_proxy=http://192.0.2.1:9")
	return c
}

// run runs the program to its end.
func (p *place) run(stdin string, args ...string) (stdout, stderr string, status int) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	c := p.command(ctx, args...)
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// must runs the program and wants success and silence on stderr.
func (p *place) must(stdin string, args ...string) string {
	p.t.Helper()
	out, errs, status := p.run(stdin, args...)
	if status != 0 || errs != "" {
		p.t.Fatalf("%v: status %d, stderr %q", args, status, errs)
	}
	return out
}

// serve starts the server and waits until it is ready.
func (p *place) serve() (stop func() string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	c := p.command(ctx, "serve")
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	// hello's last line comes once everything listens.
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "API token") {
	}
	done := false
	stop = func() string {
		if done {
			return errs.String()
		}
		done = true
		defer cancel()
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			p.t.Errorf("the server was gone already: %v\n%s", err, errs.String())
		}
		for lines.Scan() {
		}
		if err := c.Wait(); err != nil {
			p.t.Errorf("the server ended with %v\n%s", err, errs.String())
		}
		return errs.String()
	}
	p.t.Cleanup(func() { stop() })
	return stop
}

// TestErrorsAreOneLineAndExitStatusesFollowTheContract needs no server.
func TestErrorsAreOneLineAndExitStatusesFollowTheContract(t *testing.T) {
	p := newPlace(t)
	p.write("bad.yaml", "lisen: []\n")
	p.write("signal.yaml", "policy: {weights: {LISTS_BLOKED: 1}}\n")
	p.write("tls.yaml", "listen: ['tls://127.0.0.1:5061']\ntls: {cert: none.pem, key: none.key}\n")
	p.write("ca.yaml", "tls: {client_ca: bad.yaml}\n")
	p.write("folder.yaml", "data: /dev/null/x\n")
	p.write("response.sip", "SIP/2.0 200 OK\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>;tag=2\nCall-ID: 1\nCSeq: 1 INVITE\n\n")
	for _, c := range []struct {
		args   string
		status int
		want   string // beginning of the line
	}{
		{"bogus", 2, "gatehouse: unexpected argument bogus"},
		{"list", 2, `gatehouse: expected one of "add"`},
		{"list add", 2, "gatehouse: expected \"<value> ...\""},
		{"serve --bogus", 2, "gatehouse: unknown flag --bogus"},
		{"--config none.yaml serve", 2, "gatehouse: none.yaml: cannot read it: no such file"},
		{"--config bad.yaml serve", 2, `gatehouse: bad.yaml:1:1: unknown key "lisen"; did you mean "listen"?`},
		{"--config bad.yaml config check", 2, `gatehouse: bad.yaml:1:1: unknown key "lisen"`},
		{"config check bad.yaml", 2, `gatehouse: bad.yaml:1:1: unknown key "lisen"`},
		{"ban list", 2, "gatehouse: unexpected argument list (see gatehouse ban --help)"},
		{"list add --block x", 2, "gatehouse: unknown flag --block (see gatehouse list add --help)"},
		{"bann", 2, `gatehouse: unexpected argument bann, did you mean "ban"? (see gatehouse --help)`},
		{"config check signal.yaml", 2, "gatehouse: signal.yaml:1:34: no check has a signal LISTS_BLOKED; did you mean LISTS_BLOCKED?"},
		{"config check tls.yaml", 2, "gatehouse: tls.yaml:2:13: the certificate cannot be used: open none.pem"},
		{"config check ca.yaml", 2, "gatehouse: ca.yaml:1:18: bad.yaml holds no PEM certificate"},
		{"--config folder.yaml list show", 2, "gatehouse: folder.yaml:1:7: cannot make the data folder"},
		{"list add not-a-value-at-all!", 2, "gatehouse: value "},
		{"list add +15551230009..+15551230001", 2, "gatehouse: "},
		{"list remove +15550000000", 1, "gatehouse: list local: +15550000000: this value is not on the list"},
		{"list add 192.0.2.7 --list declared", 2, `gatehouse: the list 'declared' holds numbers, number prefixes, addresses and domains, of kind allow: "192.0.2.7" is a source, which says nothing about who calls`},
		{"list add +1555 --for soon", 2, `gatehouse: --for: "soon" is not a time span`},
		{"list import none.txt", 1, "gatehouse: cannot read the input: open none.txt"},
		{"ban add bob", 2, `gatehouse: "bob": the source is not an IP address`},
		{"ban add 203.0.113.9", 1, "gatehouse: 203.0.113.9/32 belongs to a peer"},
		{"ban add ::/0", 2, "gatehouse: ::/0 is every address there is; write hosts or networks"},
		{"ban add 192.0.2.1 --for 0s", 2, "gatehouse: expires lies in the past"},
		{"ban remove 192.0.2.99", 1, "gatehouse: 192.0.2.99/32 is not banned"},
		{"user add alice@example.test", 2, "gatehouse: no password on stdin"},
		{"user remove alice@example.test", 1, "gatehouse: user alice@example.test: there is no such user"},
		{"attempts --limit 0", 2, "gatehouse: --limit: 0 is not between 1 and 1000"},
		{"attempts --before yesterday", 2, "gatehouse: validation failed"},
		{"list show no/list", 2, "gatehouse: validation failed"},
		{"list export --list no/list", 2, "gatehouse: validation failed"},
		{"report --since 2026-11-02 --until 2026-11-01", 2, "gatehouse: --until lies before --since"},
		{"attempts --kind fax", 2, "gatehouse: --kind must be one of"},
		{"attempts show nobody", 1, "gatehouse: attempt nobody: there is no attempt of this id"},
		{"attempts feedback nobody ham", 1, "gatehouse: attempt nobody: there is no attempt of this id"},
		{"attempts feedback nobody eggs", 2, "gatehouse: <label> must be one of"},
		{"screen", 1, "gatehouse: -: not a valid SIP message"},
		{"screen response.sip", 1, "gatehouse: response.sip: this is a response"},
		{"uri parse sip:", 2, `gatehouse: "sip:" is not a`},
		{"uri compare sip:a@b sip:", 2, `gatehouse: "sip:" is not a`},
		{"uri locate tel:+1555", 2, `gatehouse: config: "tel:+1555" is not a SIP URI`},
	} {
		t.Run(c.args, func(t *testing.T) {
			_, errs, status := p.run("", strings.Fields(c.args)...)
			if status != c.status || !strings.HasPrefix(errs, c.want) || strings.Count(errs, "\n") != 1 {
				t.Errorf("status %d, stderr %q\nwant %d %q", status, errs, c.status, c.want)
			}
		})
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	p := newPlace(t)
	for _, command := range []string{"serve", "screen", "attempts", "attempts list", "attempts show", "attempts feedback", "list", "list add", "list remove", "list import", "list export", "list show", "ban", "ban show",
		"ban add", "ban remove", "user", "user add", "user remove", "user show", "uri", "uri parse", "uri compare", "uri locate", "config", "config check", "config show", "version"} {
		out := p.must("", append(strings.Fields(command), "--help")...)
		if !strings.Contains(out, "Example") || !strings.Contains(out, "gatehouse "+strings.Fields(command)[0]) {
			t.Errorf("%s --help:\n%s", command, out)
		}
	}
}

const invite = "INVITE sip:bob@example.test SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1\nMax-Forwards: 70\n" +
	"From: \"Bank\" <sip:+15551230001@carrier.test>;tag=1\nTo: <sip:bob@example.test>\nCall-ID: 1\nCSeq: 1 INVITE\nContent-Length: 0\n\n"

// story is what an operator does, with or without a running server.
func (p *place) story(t *testing.T) {
	p.must("", "list", "add", "+15551230001", "--note", "claims to be a bank")
	p.must("", "list", "add", "192.0.2.0/24", "--list", "family", "--allow", "--for", "30d")
	p.must("+15551230007\n+15551230008 # bad\n", "list", "import", "--list", "more")
	var names struct {
		Lists []struct {
			Name         string
			Block, Allow int
		}
	}
	decode(t, p.must("", "list", "show", "--json"), &names)
	if len(names.Lists) != 3 || names.Lists[2].Name != "more" || names.Lists[2].Block != 2 {
		t.Errorf("lists: %+v", names)
	}
	if out := p.must("", "list", "export", "--list", "more", "--format", "lines"); !strings.Contains(out, "+15551230008") {
		t.Errorf("export: %q", out)
	}
	if out := p.must("", "list", "show", "local"); !strings.Contains(out, "claims to be a bank") {
		t.Errorf("show: %q", out)
	}
	var v verdict.Verdict
	decode(t, p.must(invite, "screen", "--json", "--source", "198.51.100.7:5060"), &v)
	if v.Action != verdict.Reject || v.Response == nil || v.Response.Code != 603 || v.From.Display != "Bank" || v.Source.Address != "198.51.100.7:5060" ||
		v.ID == "" || v.To.User != "sip:bob@example.test" || v.Time.Nanosecond()%1000 != 0 {
		t.Errorf("screen: %+v", v)
	}
	if out := p.must(invite, "screen"); !strings.HasPrefix(out, "reject 15: LISTS_BLOCKED +15 (number +15551230001 in list 'local'") {
		t.Errorf("screen: %q", out)
	}
	p.must("", "list", "remove", "+15551230001")
	p.declares(t)
	p.must("correct horse\n", "user", "add", "alice@example.test")
	if out := p.must("", "user", "show"); !strings.Contains(out, "alice@example.test") {
		t.Errorf("users: %q", out)
	}
	p.must("", "user", "remove", "alice@example.test")
	p.must("", "ban", "add", "192.0.2.7", "--for", "24h", "--reason", "guesses")
	if out := p.must("", "ban", "show", "--json"); !strings.Contains(out, `"source": "192.0.2.7/32"`) || !strings.Contains(out, `"reason": "guesses"`) {
		t.Errorf("bans: %q", out)
	}
	p.must("", "ban", "remove", "192.0.2.7")
}

// declares puts a pharmacy on the list of machines that people want to hear, by its number and as a register of such.
func (p *place) declares(t *testing.T) {
	t.Helper()
	if out := p.must("", "list", "add", "+15551230001", "--list", "declared", "--note", "Elm Pharmacy"); out != "declared: allow +15551230001\n" {
		t.Errorf("declared: %q", out)
	}
	if out := p.must("*.school.test\n192.0.2.7\n", "list", "import", "--list", "declared"); !strings.Contains(out, "declared: 1 entries imported, 1 left out\n  line 2: 192.0.2.7: is a source") {
		t.Errorf("a register: %q", out)
	}
	if out := p.must("", "list", "show", "declared"); !strings.Contains(out, "Elm Pharmacy") || !strings.Contains(out, "*.school.test") {
		t.Errorf("show: %q", out)
	}
	if out := p.must("", "list", "export", "--list", "declared", "--format", "lines"); out != "*.school.test\n+15551230001  # Elm Pharmacy\n" {
		t.Errorf("export: %q", out)
	}
	if out := p.must(invite, "screen", "--proof", "stir-a"); !strings.HasPrefix(out, "relay") || !strings.Contains(out, `LISTS_DECLARED -2 (declared: +15551230001 in list 'declared': "Elm Pharmacy")`) {
		t.Errorf("screen: %q", out)
	}
	p.must("", "list", "remove", "+15551230001", "--list", "declared")
	p.must("", "list", "remove", "*.school.test", "--list", "declared")
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

func TestCommandsWithoutAServer(t *testing.T) { newPlace(t).story(t) }

func TestCommandsOnARunningServer(t *testing.T) {
	p := newPlace(t)
	stop := p.serve()
	if info, err := os.Stat(filepath.Join(p.dir, "gatehouse-data", "api.token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("token: %v %v", info, err)
	}
	p.story(t)
	_, errs, status := p.run("", "serve")
	if status == 0 || !strings.Contains(errs, "in use") || strings.Count(errs, "\n") != 1 {
		t.Errorf("a second server: %d %q", status, errs)
	}
	stop()
	// What was changed through the server is there when none runs.
	if out := p.must("", "list", "show", "more"); !strings.Contains(out, "+15551230007") {
		t.Errorf("after the end: %q", out)
	}
}

func TestAnAddressThatIsNotThereYetIsTriedAgain(t *testing.T) {
	p := newPlace(t)
	p.write("gatehouse.yaml", "listen: [udp://192.0.2.1:5060]\nconsole: "+p.console+"\n")
	_, errs, status := p.run("", "serve")
	if status != 1 || !strings.HasPrefix(errs, "gatehouse: ./gatehouse.yaml:1:") || !strings.Contains(errs, "192.0.2.1:5060 is no address of this machine") {
		t.Errorf("%d %q", status, errs)
	}
}

func TestAPortInUseNamesTheLine(t *testing.T) {
	p := newPlace(t)
	l, err := net.Listen("tcp", p.console)
	if err != nil {
		t.Fatal(err)
	}
	_, errs, status := p.run("", "serve")
	l.Close()
	if want := "gatehouse: ./gatehouse.yaml:2:10: " + p.console + " is in use by another program"; status != 2 || !strings.HasPrefix(errs, want) {
		t.Errorf("console: %d %q", status, errs)
	}
	if l, err = net.Listen("tcp", p.sip); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, errs, status = p.run("", "serve")
	if status != 2 || !strings.HasPrefix(errs, "gatehouse: ./gatehouse.yaml:1:") || !strings.Contains(errs, p.sip) {
		t.Errorf("SIP: %d %q", status, errs)
	}
}

func TestReloadKeepsTheOldConfiguration(t *testing.T) {
	p := newPlace(t)
	p.serve()
	p.must("", "list", "add", "+15551230001")
	old, err := os.ReadFile(filepath.Join(p.dir, "gatehouse.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p.write("gatehouse.yaml", string(old)+"policy: {weights: {LISTS_BLOCKED: 3}}\n")
	p.eventually(func() bool { return strings.HasPrefix(p.must(invite, "screen"), "relay 3:") }, "a new weight")
	p.write("gatehouse.yaml", "policy: {weights: {LISTS_BLOCKED: many}}\n")
	// The command line refuses the file too: it goes on with one that is right.
	p.write("right.yaml", string(old))
	if out := p.must(invite, "--config", "right.yaml", "screen"); !strings.HasPrefix(out, "relay 3:") {
		t.Errorf("after a wrong file: %q", out)
	}
}

// patience is how long a test waits for what should take milliseconds: the machine may be busy.
const patience = time.Minute

// eventually asks again and again; the program under test is another process.
func (p *place) eventually(ok func() bool, what string) {
	p.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if ok() {
			return
		}
	}
	p.t.Errorf("%s: not seen within %v", what, patience)
}

func TestShownConfigurationLoads(t *testing.T) {
	p := newPlace(t)
	shown := p.must("", "config", "show")
	p.write("again.yaml", shown)
	if again := p.must("", "--config", "again.yaml", "config", "show"); again != shown {
		t.Errorf("shown again:\n%s\nfirst:\n%s", again, shown)
	}
	if out := p.must("", "config", "check"); out != "./gatehouse.yaml: ok\n" {
		t.Errorf("%q", out)
	}
	out, _, _ := p.run("", "config", "check", "--json", "none.yaml")
	if !strings.Contains(out, `"ok": false`) || !strings.Contains(out, "cannot read it") {
		t.Errorf("%q", out)
	}
}

func TestURICommands(t *testing.T) {
	p := newPlace(t)
	for args, want := range map[string]string{
		"uri compare sip:%61lice@example.test sip:alice@EXAMPLE.test":  "equal\n",
		"uri compare sip:alice@example.test sip:ALICE@example.test":    "different\n",
		"uri parse --json sip:+1-555-123-0001@carrier.test;user=phone": `"number": "+15551230001"`,
		"uri parse tel:+1-555-123-0001":                                "tel:+15551230001",
		"uri locate sip:127.0.0.1:5080;transport=tcp":                  "127.0.0.1:5080  tcp",
		"uri locate --json sip:192.0.2.1":                              `"address": "192.0.2.1:5060"`,
		"version":                                                      "gatehouse ",
		"version --json":                                               `"version": `,
	} {
		if out := p.must("", strings.Fields(args)...); !strings.Contains(out, want) {
			t.Errorf("%s: %q", args, out)
		}
	}
}
