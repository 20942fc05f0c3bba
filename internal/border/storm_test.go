package border_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/border"
	"gatehouse.example/internal/home"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/verdict"
)

// storming finds everybody to try far more than people do, so strongly, and weighs it so that he is refused.
type storming struct{ strength float64 }

func (*storming) Info() screen.Info {
	return screen.Info{Name: "suspect", Signals: []screen.SignalInfo{{Name: "SUSPECT_STORM", Description: "Everybody.", Weight: 50}}}
}

func (c *storming) Run(_ context.Context, _ *screen.Attempt, r *screen.Report) {
	r.Signal("SUSPECT_STORM", c.strength, "a test")
}

// dial lets a stranger call a user, by a transaction of its own, and returns the answer that he gets, "" for none.
func (p *paper) dial(user, domain string, n int) string {
	p.t.Helper()
	out := p.from(callerAddr, strings.NewReplacer("sip:bob@example.test", "sip:"+user+"@"+domain, "abc1", fmt.Sprint("storm", n), "call-1", fmt.Sprint("storm-", n)).Replace(invite))
	for _, l := range out {
		if l.to.Remote.String() == pbxAddr {
			p.from(pbxAddr, answer(l.text, "200 OK", "b1"))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return status(out[len(out)-1])
}

// A stranger whom no PBX ever gets to see, since all that he does is refused, is banned at the fifth user whom he tries so; not for one whom he tries again and again,
// nor where what is found is less than certain, nor a provider's server with such a customer, whose other calls are answered.
func TestRefusedStormIsBanned(t *testing.T) {
	mode, at := verdict.Enforce, netip.MustParseAddrPort(callerAddr)
	for _, c := range []struct {
		name     string
		strength float64
		user     func(i int) string
		reaches  bool
		refused  int // before he is banned
	}{
		{"one user after the other", 1, func(i int) string { return fmt.Sprint("user", i*i*7%101) }, false, 5},
		{"one user", 1, func(int) string { return "bob" }, false, 20},
		{"less than certain", 0.9, func(i int) string { return fmt.Sprint("user", i) }, false, 20},
		{"a provider's server", 1, func(i int) string { return fmt.Sprint("user", i) }, true, 20},
	} {
		check := new(storming)
		p := newPaperWith(t, []screen.Check{check}, screen.Layer{Mode: &mode}, nil, func(c *border.Config) { c.Storming = []string{"SUSPECT_STORM"} })
		if c.reaches {
			p.dial("carol", "example.test", 99)
		}
		check.strength = c.strength
		refused := 0
		for ; refused < 20 && p.border.Admit(at, sip.UDP, 500, p.now); refused++ {
			if got := p.dial(c.user(refused), "example.test", refused); got != "SIP/2.0 603 Network Blocked" {
				t.Fatalf("%s: %d got %q", c.name, refused, got)
			}
		}
		if refused != c.refused {
			t.Errorf("%s: banned after %d, want %d", c.name, refused, c.refused)
		}
	}
}

// Whom nobody has at a hosted domain counts, whatever the caller is answered: who is refused for all he does searches for users no less.
func TestRefusedSearchIsBanned(t *testing.T) {
	mode := verdict.Enforce
	check := &storming{1}
	p := newPaperWith(t, []screen.Check{check}, screen.Layer{}, nil, func(c *border.Config) {
		policy, err := c.Engine.Resolve(screen.Layer{Mode: &mode})
		if err != nil {
			t.Fatal(err)
		}
		c.Site = new(border.Site)
		c.Site.AddDomain(&border.Domain{Name: "home.test", Home: true, Policy: policy})
		c.Site.Seal()
		c.HasUser = account.New(nowhere{}, nil).Has
		c.Registrar = home.NewRegistrar(home.RegistrarConfig{
			Domain: func(host []byte) (string, bool) { return "home.test", string(host) == "home.test" }, IsOwn: func([]byte, uint16) bool { return false },
		})
	})
	refused := 0
	for ; refused < 20 && p.border.Admit(netip.MustParseAddrPort(callerAddr), sip.UDP, 500, p.now); refused++ {
		p.dial(fmt.Sprint("user", refused), "home.test", refused)
	}
	if refused != 5 {
		t.Errorf("banned after %d, want 5", refused)
	}
}

// However fast a stranger calls those whom nobody has, he is answered for four of them within a second; whom he calls again later, as telephones do, he is told of.
func TestFastSearchByCallsLearnsOfFourUsers(t *testing.T) {
	var errands []func(context.Context) // what a busy machine's workers have yet to do
	p := newHome(t, func(c *border.Config) {
		c.Go = func(f func(context.Context)) bool {
			errands = append(errands, f)
			return true
		}
	})
	answered := 0
	for i := range 40 {
		switch got := p.dial(fmt.Sprint("user", i), "home.test", i); got {
		case "SIP/2.0 480 Temporarily Unavailable":
			answered++
		case "":
		default:
			t.Fatalf("%d got %q", i, got)
		}
		p.after(10 * time.Millisecond)
	}
	if answered != 4 {
		t.Errorf("%d answers within 0.4 seconds", answered)
	}
	p.after(time.Second)
	if got := p.dial("user39", "home.test", 39); got != "SIP/2.0 480 Temporarily Unavailable" {
		t.Errorf("the last one again, after a second: %q", got)
	}
	for _, f := range errands {
		f(t.Context())
	}
	if p.border.Admit(netip.MustParseAddrPort(callerAddr), sip.UDP, 500, p.now) {
		t.Error("not banned")
	}
}
