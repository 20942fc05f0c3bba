package border_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gatehouse.example/internal/border"
	"gatehouse.example/internal/home"
	"gatehouse.example/internal/state/account"
	"gatehouse.example/screen"
	"gatehouse.example/sip/digest"
)

// nowhere is an account storage that keeps nothing.
type nowhere struct{}

func (nowhere) LoadUsers(context.Context) ([]account.User, error) { return nil, nil }
func (nowhere) PutUser(context.Context, account.User) error       { return nil }
func (nowhere) DeleteUser(context.Context, string) (bool, error)  { return false, nil }

func registerAgain(cseq, authorization string) string {
	return `
REGISTER sip:home.test SIP/2.0
Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKreg` + cseq + `;rport
Max-Forwards: 70
From: <sip:alice@home.test>;tag=a1
To: <sip:alice@home.test>
Call-ID: register@198.51.100.7
CSeq: ` + cseq + ` REGISTER
Contact: <sip:alice@198.51.100.7:5060>
User-Agent: a telephone that says enough of itself to be answered in full` + strings.Repeat(".", 300) + authorization
}

// newHome is a paper that hosts home.test, where alice has the password "secret".
func newHome(t *testing.T, change ...func(*border.Config)) *paper {
	t.Helper()
	accounts := account.New(nowhere{}, []digest.Algorithm{digest.SHA256})
	if _, err := accounts.SetPassword(t.Context(), "alice@home.test", "secret", time.Now()); err != nil {
		t.Fatal(err)
	}
	hosted := func(host []byte) (string, bool) { return "home.test", string(host) == "home.test" }
	p := newPaperWith(t, nil, screen.Layer{}, nil, append([]func(*border.Config){func(c *border.Config) {
		c.Site = new(border.Site)
		c.Site.AddDomain(&border.Domain{Name: "home.test", Home: true, Policy: new(screen.Policy)})
		c.Site.Seal()
		c.HasUser = accounts.Has
		c.Auth = home.NewAuthenticator(home.AuthConfig{Domain: hosted}, accounts, time.Unix(0, c.Clock()))
		c.Registrar = home.NewRegistrar(home.RegistrarConfig{Domain: hosted, IsOwn: func([]byte, uint16) bool { return false }})
	}}, change...)...)
	p.after(time.Second)
	return p
}

// proven is alice's REGISTER with her password, after a challenge.
func proven(t *testing.T, p *paper) string {
	t.Helper()
	sent := p.from(callerAddr, registerAgain("1", ""))
	if len(sent) != 1 || status(sent[0]) != "SIP/2.0 401 Unauthorized" {
		t.Fatalf("REGISTER got %+v", sent)
	}
	var c digest.Challenge
	if err := c.Parse([]byte(header(sent[0].text, "WWW-Authenticate"))); err != nil {
		t.Fatal(err)
	}
	answer, err := c.Answer(&digest.Request{User: "alice", Password: "secret", Method: "REGISTER", URI: "sip:home.test", NC: 1})
	if err != nil {
		t.Fatal(err)
	}
	return registerAgain("2", "\nAuthorization: "+string(answer.AppendTo(nil)))
}

// TestPhonesRegisterWhenTheClockIsSetBack: in the bubble of synctest the clock on the wall shows the year 2000, long before the packets' clock:
// it has been set back since the start.
func TestPhonesRegisterWhenTheClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newHome(t)
		if sent := p.from(callerAddr, proven(t, p)); len(sent) != 1 || status(sent[0]) != "SIP/2.0 200 OK" {
			t.Fatalf("REGISTER with credentials got %+v", sent)
		}
	})
}

// TestRegistrationThatComesAgainIsAnsweredAgain: over a slow line, or where the answer was lost.
func TestRegistrationThatComesAgainIsAnsweredAgain(t *testing.T) {
	p := newHome(t)
	request := proven(t, p)
	first := p.from(callerAddr, request)
	p.after(500 * time.Millisecond)
	again := p.from(callerAddr, request)
	if len(first) != 1 || status(first[0]) != "SIP/2.0 200 OK" || len(again) != 1 || again[0] != first[0] {
		t.Errorf("the first answer: %+v\nthe second: %+v", first, again)
	}
}
