package border_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/border"
	"gatehouse.example/internal/home"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/screen"
	"gatehouse.example/sip"
	"gatehouse.example/sip/digest"
	"gatehouse.example/verdict"
)

// asked is told of what was refused; the third time shows something.
func (p *paper) asked(_ netip.Addr, user string, _ time.Time) string {
	if p.probed = append(p.probed, user); len(p.probed) == 3 {
		return "the same number under 3 prefixes"
	}
	return ""
}

func TestWhoSearchesForTheWayOutIsBannedAtTheThirdTry(t *testing.T) {
	p := newPaper(t, nil, screen.Layer{})
	at := netip.MustParseAddrPort(callerAddr)
	tries := []string{"9011972595551234", "7011972595551234", "00972595551234"}
	for i, user := range tries {
		if !p.border.Admit(at, sip.UDP, 500, p.now) {
			t.Fatalf("banned before try %d", i)
		}
		call := strings.NewReplacer("INVITE sip:bob@example.test", "INVITE sip:"+user+"@elsewhere.test", "abc1", fmt.Sprint("try", i), "call-1", fmt.Sprint("try-", i)).Replace(invite)
		if out := p.from(callerAddr, call); len(out) != 1 || status(out[0]) != "SIP/2.0 403 Relaying Denied" {
			t.Fatalf("try %d: %v", i, out)
		}
	}
	if p.border.Admit(at, sip.UDP, 500, p.now) {
		t.Error("not banned")
	}
	if !slices.Equal(p.probed, tries) {
		t.Errorf("asked about %v", p.probed)
	}
}

// Who calls in the name of a user of ours is asked for a password, whatever he dials. Whoever has none, and goes on
// dialling, is banned as well.
func TestWhoSearchesForTheWayOutInOurNameIsBannedAtTheThirdTry(t *testing.T) {
	p := newPaperWith(t, nil, screen.Layer{}, nil, func(c *border.Config) {
		hosted := func(host []byte) (string, bool) { return "home.test", string(host) == "home.test" }
		c.Site = new(border.Site)
		c.Site.AddDomain(&border.Domain{Name: "home.test", Home: true, Policy: new(screen.Policy)})
		c.Site.Seal()
		accounts := account.New(nowhere{}, []digest.Algorithm{digest.SHA256})
		c.HasUser = accounts.Has
		c.Auth = home.NewAuthenticator(home.AuthConfig{Domain: hosted}, accounts, time.Unix(0, c.Clock()))
	})
	at := netip.MustParseAddrPort(callerAddr)
	for i, dialled := range []string{"9011972595551234@home.test", "7011972595551234@elsewhere.test", "00972595551234@home.test"} {
		if !p.border.Admit(at, sip.UDP, 500, p.now) {
			t.Fatalf("banned before try %d", i)
		}
		call := strings.NewReplacer("INVITE sip:bob@example.test", "INVITE sip:"+dialled, "<sip:alice@elsewhere.test>;tag", "<sip:100@home.test>;tag",
			"abc1", fmt.Sprint("try", i), "call-1", fmt.Sprint("try-", i)).Replace(invite)
		if out := p.from(callerAddr, call); len(out) != 1 || status(out[0]) != "SIP/2.0 407 Proxy Authentication Required" {
			t.Fatalf("try %d: %v", i, out)
		}
	}
	if p.border.Admit(at, sip.UDP, 500, p.now) {
		t.Error("not banned")
	}
}

// searching finds everybody to be searching for the way out.
type searching struct{}

func (searching) Info() screen.Info {
	return screen.Info{Name: "suspect", Signals: []screen.SignalInfo{{Name: "SUSPECT_SEARCH", Description: "Everybody.", Weight: 5}}}
}

func (searching) Run(_ context.Context, _ *screen.Attempt, r *screen.Report) {
	r.Signal("SUSPECT_SEARCH", 1, "a test")
}

func TestStrangerWhomAVerdictAccusesIsBannedAndAPeerIsNot(t *testing.T) {
	p := newPaper(t, []screen.Check{searching{}}, screen.Layer{})
	for from, banned := range map[string]bool{callerAddr: true, "203.0.113.7:5060": false, pbxAddr: false} {
		p.from(from, strings.NewReplacer("abc1", "abc"+from[:3], "call-1", from).Replace(invite))
		if got := !p.border.Admit(netip.MustParseAddrPort(from), sip.UDP, 500, p.now); got != banned {
			t.Errorf("%s is banned: %v", from, got)
		}
	}
}

// sequence finds everybody to dial in sequence, and weighs it so that he is rejected.
type sequence struct{}

func (sequence) Info() screen.Info {
	return screen.Info{Name: "suspect", Signals: []screen.SignalInfo{{Name: "SUSPECT_SEQUENCE", Description: "Everybody.", Weight: 50}}}
}

func (sequence) Run(_ context.Context, _ *screen.Attempt, r *screen.Report) {
	r.Signal("SUSPECT_SEQUENCE", 0.5, "a test")
}

// Who is not let through is refused by no PBX: a search in the name of one of us bans by what the checks find, one in another name does not.
func TestSearchInOurNameThatIsNotLetThroughIsBanned(t *testing.T) {
	mode := verdict.Enforce
	for from, banned := range map[string]bool{"sip:100@example.test": true, "sip:100@elsewhere.test": false} {
		p := newPaper(t, []screen.Check{sequence{}}, screen.Layer{Mode: &mode})
		out := p.from(callerAddr, strings.NewReplacer("sip:alice@elsewhere.test", from).Replace(invite))
		if got := !p.border.Admit(netip.MustParseAddrPort(callerAddr), sip.UDP, 500, p.now); got != banned {
			t.Errorf("%s is banned: %v\n%v", from, got, out)
		}
	}
}

// Who says that he is one of us and asks for those whom nobody has is banned at the third, though telephones ring between; in a name of his own, or as one whose calls
// are answered, at the fifth.
func TestWhoSearchesInOurNameIsBannedAtTheThird(t *testing.T) {
	for _, c := range []struct {
		name, from string
		answered   bool // the first of the calls that ring
		allowed    int
	}{
		{"a search", "sip:100@example.test", false, 3},
		{"in another name", "sip:100@elsewhere.test", false, 5},
		{"a carrier that shows our domain", "sip:100@example.test", true, 5},
	} {
		p := newPaper(t, nil, screen.Layer{})
		at, missed := netip.MustParseAddrPort(callerAddr), 0
		for i := 0; i < 20 && p.border.Admit(at, sip.UDP, 500, p.now); i++ {
			out := p.from(callerAddr, strings.NewReplacer("sip:alice@elsewhere.test", c.from, "sip:bob@example.test", fmt.Sprintf("sip:user%d@example.test", i),
				"abc1", fmt.Sprint("try", i), "call-1", fmt.Sprint("try-", i)).Replace(invite))
			status := "404 Not Found"
			switch {
			case i == 1 && c.answered:
				status = "200 OK"
			case i == 1:
				status = "180 Ringing"
			default:
				missed++
			}
			p.from(pbxAddr, answer(out[len(out)-1].text, status, "b1"))
		}
		if missed != c.allowed {
			t.Errorf("%s: banned after %d, want %d", c.name, missed, c.allowed)
		}
	}
}

// asking finds everybody worth asking for an introduction, as long as it is on.
type asking struct{ on bool }

func (*asking) Info() screen.Info {
	return screen.Info{Name: "suspect", Signals: []screen.SignalInfo{{Name: "SUSPECT_ASKED", Description: "Everybody.", Weight: 50}}}
}

func (c *asking) Run(_ context.Context, _ *screen.Attempt, r *screen.Report) {
	if c.on {
		r.Signal("SUSPECT_ASKED", 1, "a test")
	}
}

// A stranger who calls in the name of one of us and is not let through is banned at the fifth whom he tries, whatever their names are; not for one whom he tries
// five times, nor in a name of his own, nor where he is let through, nor a carrier for one customer: it reaches people besides.
func TestWhoGetsNowhereInOurNameIsBannedAtTheFifth(t *testing.T) {
	mode := verdict.Enforce
	for _, c := range []struct {
		name, from string
		stopped    bool
		user       func(i int) string
		reaches    bool // people, with other calls
		banned     bool
	}{
		{"a search", "sip:100@example.test", true, func(i int) string { return fmt.Sprint("user", i*i*7%11) }, false, true},
		{"one callee", "sip:100@example.test", true, func(int) string { return "bob" }, false, false},
		{"in another name", "sip:100@elsewhere.test", true, func(i int) string { return fmt.Sprint("user", i) }, false, false},
		{"let through", "sip:100@example.test", false, func(i int) string { return fmt.Sprint("user", i) }, false, false},
		{"a carrier with such a customer", "sip:100@example.test", true, func(i int) string { return fmt.Sprint("user", i) }, true, false},
	} {
		check := &asking{c.stopped}
		p := newPaper(t, []screen.Check{check}, screen.Layer{Mode: &mode})
		at := netip.MustParseAddrPort(callerAddr)
		for i := range 5 {
			if !p.border.Admit(at, sip.UDP, 500, p.now) {
				t.Fatalf("%s: banned before try %d", c.name, i)
			}
			p.from(callerAddr, strings.NewReplacer("sip:alice@elsewhere.test", c.from, "sip:bob@example.test", "sip:"+c.user(i)+"@example.test",
				"abc1", fmt.Sprint("try", i), "call-1", fmt.Sprint("try-", i)).Replace(invite))
			if c.reaches {
				check.on = false
				fwd := p.from(callerAddr, strings.NewReplacer("sip:bob@example.test", fmt.Sprintf("sip:carol%d@example.test", i),
					"abc1", fmt.Sprint("good", i), "call-1", fmt.Sprint("good-", i)).Replace(invite))
				p.from(pbxAddr, answer(fwd[len(fwd)-1].text, "200 OK", "b1"))
				check.on = true
			}
		}
		if got := !p.border.Admit(at, sip.UDP, 500, p.now); got != c.banned {
			t.Errorf("%s: banned %v", c.name, got)
		}
	}
}
