package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatehouse.example/test/harness"
)

// attack runs a SIPVicious tool from the attacker's address, which its option -b
// ought to choose and does not. With disguise it does not say who it is: the
// tools have no option for that, so the name is changed where the script keeps
// it, as attackers do.
func attack(t *testing.T, n harness.Net, disguise bool, tool string, args ...string) *harness.Program {
	t.Helper()
	harness.NeedProgram(t, tool)
	agent := "friendly-scanner"
	if disguise {
		agent = "Zoiper 5"
	}
	dir, address := t.TempDir(), n.Host(harness.AttackerHost).String()
	script := filepath.Join(dir, "attack.py")
	text := fmt.Sprintf(`import socket, sys
sys.path.insert(0, "/usr/share/sipvicious")
class bound(socket.socket):
    def bind(self, address):
        super().bind((%q, address[1]))
socket.socket = bound
from sipvicious.libs import svhelper
f = svhelper.makeRequest
f.__defaults__ = tuple(%q if d == "friendly-scanner" else d for d in f.__defaults__)
from sipvicious.%s import main
main()
`, address, agent, tool)
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return harness.Run(t, dir, "python3", append([]string{script, "-v", "-x", address}, args...)...)
}

// victims are the two kinds of server worth attacking.
var victims = map[string]string{
	"users are hosted": "domains: [{name: example.test, deliver: home}]\nhome: {md5: true}\n",
	"a PBX is behind":  "domains: [{name: example.test, deliver: \"sip:PBX\"}]\n",
}

// victim starts one of them with users 1001 and 1002, of whom 1001 has a phone.
func victim(t *testing.T, kind string) *harness.Server {
	t.Helper()
	n := harness.NewNet(t)
	s := harness.Start(t, n, strings.ReplaceAll(victims[kind], "PBX", n.PBX().String()))
	if kind == "a PBX is behind" {
		kamailio(t, n)
		wantSuccess(t, sipp(t, n, "register", n.Addr(harness.BobHost, 5060), "udp", 1,
			"example.test;1001;[authentication username=1001 password=secret-1001]"), "a phone")
		return s
	}
	for _, u := range []string{"1001", "1002"} {
		s.AddUser(t, u+"@example.test", "secret-"+u)
	}
	return s
}

// foundNothing wants nothing found.
func foundNothing(t *testing.T, s *harness.Server, p *harness.Program) {
	t.Helper()
	p.Wait(t, 10*time.Minute)
	out := p.Output()
	if found := regexp.MustCompile(`(?m)^\W*(1001|1002|\d{3,4})\s*\|.*$`).FindAllString(out, -1); len(found) > 0 {
		t.Errorf("found %q in\n%s", found, out)
	}
	if strings.Contains(out, "The password for") {
		t.Errorf("a password was found:\n%s", out)
	}
}

func banned(t *testing.T, s *harness.Server) {
	t.Helper()
	harness.Eventually(t, harness.Patience, "the attacker is banned", func() bool { return s.Banned(t, harness.AttackerHost) })
	address := fmt.Sprintf("src=%q", s.Net.Host(harness.AttackerHost))
	harness.Eventually(t, harness.Patience, "the ban stands in the security log", func() bool {
		return s.Said("gatehouse security v=1 event=ban", address)
	})
	if s.Banned(t, harness.BobHost) || s.Banned(t, harness.CallerHost) {
		t.Errorf("an innocent source is banned: %+v", s.Bans(t))
	}
}

func TestSvwarFindsNoExtension(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, method string
		disguise     bool
	}{
		{"users are hosted", "REGISTER", false},
		{"users are hosted", "REGISTER", true},
		{"users are hosted", "INVITE", true},
		{"users are hosted", "OPTIONS", true},
		{"a PBX is behind", "REGISTER", false},
		{"a PBX is behind", "INVITE", false},
		{"a PBX is behind", "OPTIONS", false},
		{"a PBX is behind", "REGISTER", true},
		{"a PBX is behind", "INVITE", true},
		{"a PBX is behind", "OPTIONS", true},
	} {
		t.Run(fmt.Sprintf("%s, %s, disguised %v", c.kind, c.method, c.disguise), func(t *testing.T) {
			t.Parallel()
			s := victim(t, c.kind)
			foundNothing(t, s, attack(t, s.Net, c.disguise, "svwar", "--force", "-m", c.method, "-e", "950-1010", "--domain=example.test",
				"--maximumtime=3", s.Net.Host(harness.ServerHost).String()))
			// Where all names get one answer, a disguised svwar gives up after two.
			if !c.disguise {
				banned(t, s)
			}
		})
	}
}

// TestSvwarFindsNobodyAbsent: the PBX has 100 to 104, whose telephones are switched off, and says so; of all others it says that they do not exist.
func TestSvwarFindsNobodyAbsent(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"INVITE", "OPTIONS", "REGISTER"} {
		for _, force := range []string{"--force", "--verbose"} { // without the first it stops where it sees that it learns nothing
			t.Run(method+" "+force, func(t *testing.T) {
				t.Parallel()
				n := harness.NewNet(t)
				harness.UDP(t, n.PBX(), n.Server()).Accept().Handle(absent)
				s := harness.Start(t, n, strings.ReplaceAll(victims["a PBX is behind"], "PBX", n.PBX().String()))
				foundNothing(t, s, attack(t, n, true, "svwar", force, "-m", method, "-e", "100-110", "--domain=example.test", "--maximumtime=3", n.Host(harness.ServerHost).String()))
				s.Attempt(t, "what it has tried", func(a *harness.Attempt) bool { return a.Source.Address != "" })
			})
		}
	}
}

// absent answers as such a PBX does.
func absent(m harness.Message) {
	if m.Status() != 0 || m.Method() == "ACK" {
		return
	}
	user, _, _ := strings.Cut(strings.TrimPrefix(harness.InBrackets(m.Get("To")), "sip:"), "@")
	exists := len(user) == 3 && "100" <= user && user <= "104"
	switch {
	case !exists:
		m.Reply(404, "Not Found", "Server: PBX")
	case m.Method() == "OPTIONS":
		m.Reply(200, "OK", "Server: PBX", "Allow: INVITE")
	case m.Method() == "REGISTER":
		m.Reply(401, "Unauthorized", "Server: PBX", `WWW-Authenticate: Digest realm="pbx",nonce="`+harness.Token()+`",qop="auth"`)
	default:
		m.Reply(480, "Temporarily unavailable", "Server: PBX", "Retry-After: 60")
	}
}

func TestSvcrackFindsNoPassword(t *testing.T) {
	t.Parallel()
	for kind := range victims {
		for _, disguise := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, disguised %v", kind, disguise), func(t *testing.T) {
				t.Parallel()
				s := victim(t, kind)
				words := filepath.Join(t.TempDir(), "words.txt")
				var list strings.Builder
				for i := range 200 {
					fmt.Fprintf(&list, "guess%d\n", i)
				}
				list.WriteString("secret-1001\n")
				if err := os.WriteFile(words, []byte(list.String()), 0o600); err != nil {
					t.Fatal(err)
				}
				foundNothing(t, s, attack(t, s.Net, disguise, "svcrack", "-u", "1001", "-d", words, "--domain=example.test",
					"--maximumtime=3", s.Net.Host(harness.ServerHost).String()))
				banned(t, s)
			})
		}
	}
}

// TestSvmapSeesNothing: the tool gets no answer and is banned, whatever it sends, also where it does
// not admit to be a scanner.
func TestSvmapSeesNothing(t *testing.T) {
	t.Parallel()
	for kind := range victims {
		for i, method := range []string{"OPTIONS", "OPTIONS", "REGISTER", "REGISTER", "INVITE", "INVITE"} {
			disguise := i%2 == 1
			t.Run(fmt.Sprintf("%s, %s, disguised %v", kind, method, disguise), func(t *testing.T) {
				t.Parallel()
				s := victim(t, kind)
				p := attack(t, s.Net, disguise, "svmap", "-m", method, s.Net.Host(harness.ServerHost).String())
				p.Wait(t, 10*time.Minute)
				if !strings.Contains(p.Output(), "found nothing") {
					t.Errorf("svmap sees the server:\n%s", p.Output())
				}
				banned(t, s)
			})
		}
	}
}
