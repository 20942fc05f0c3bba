package content_test

import (
	"fmt"
	"testing"

	"gatehouse.example/internal/check/content"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// from is a message from a sender whom his network proves.
func from(user, domain string, n int) *screen.Attempt {
	a := message(fmt.Sprintf("text %d of %s", n, user))
	a.From.Claimed = "sip:" + user + "@" + domain
	a.From.Identity, a.From.Proof = a.From.Claimed, verdict.Trunk
	a.FromDomain, a.IdentityDomain = domain, domain
	return a
}

// said is what bob says about a sender's messages.
type said struct {
	user, label string
	times       int
}

func TestKindsOfSenders(t *testing.T) {
	for _, tc := range []struct {
		name    string
		said    []said
		user    string
		domain  string
		want    float64
		claimed bool
	}{
		{"one report says nothing", []said{{"799", "spam", 1}}, "244", "sms.test", 0, false},
		{"two say what its kind is", []said{{"799", "spam", 1}, {"8181", "spam", 1}}, "244", "sms.test", 2. / 3, false},
		{"a sender's hundred messages are two words", []said{{"799", "spam", 100}}, "244", "sms.test", 2. / 3, false},
		{"and do not outweigh other senders", []said{{"799", "spam", 100}, {"8181", "ham", 1}, {"5031", "ham", 1}}, "244", "sms.test", 0, false},
		{"words are like short codes where no word was judged", []said{{"799", "spam", 2}, {"8181", "spam", 2}}, "Viber", "sms.test", 0.75, false},
		{"less where one was wanted", []said{{"799", "spam", 2}, {"8181", "spam", 2}, {"School", "ham", 1}}, "Viber", "sms.test", 0, false},
		{"numbers are like no other kind", []said{{"799", "spam", 2}, {"8181", "spam", 2}, {"Viber", "spam", 2}}, "2348037045878", "sms.test", 0, false},
		{"another domain's are others", []said{{"799", "spam", 2}, {"8181", "spam", 2}}, "244", "office.test", 0, false},
		{"what is claimed is another, too", []said{{"799", "spam", 2}, {"8181", "spam", 2}}, "244", "sms.test", 0, true},
		{"many reports label and hold nothing back", []said{{"1", "spam", 2}, {"2", "spam", 2}, {"3", "spam", 2}, {"4", "spam", 2}, {"5", "spam", 2}}, "244", "sms.test", 0.75, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCheck(t)
			say(c, tc.said)
			a := from(tc.user, tc.domain, 999)
			if tc.claimed {
				a.From.Identity, a.From.Proof, a.IdentityDomain = "", verdict.None, ""
			}
			if s := strength(t, c, a, "CONTENT_SENDER_KIND"); s != tc.want {
				t.Errorf("strength %v, want %v", s, tc.want)
			}
		})
	}
}

func say(c *content.Check, all []said) {
	for _, s := range all {
		for i := range s.times {
			a := from(s.user, "sms.test", i)
			c.Judge(a, s.label, a.To.User)
		}
	}
}

// TestWhomOthersHaveReported: what is said about a sender's kind counts no less because others have reported the sender as well, and no more where they want it.
func TestWhomOthersHaveReported(t *testing.T) {
	for _, tc := range []struct {
		name         string
		kind, sender string // what bob says of three others of the kind, and alice of the sender
		ofKind, own  float64
	}{
		{"reported as its kind is", "spam", "spam", 0.75, 0},
		{"wanted", "spam", "ham", 0, 0},
		{"reported, of a kind that is wanted", "ham", "spam", 0, 1. / 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCheck(t)
			say(c, []said{{"799", tc.kind, 2}, {"8181", tc.kind, 2}, {"5031", tc.kind, 2}})
			a := from("244", "sms.test", 1)
			a.To.Requested, a.To.User = "sip:alice@example.test", "sip:alice@example.test"
			c.Judge(a, tc.sender, a.To.User)
			b := from("244", "sms.test", 2)
			if s := strength(t, c, b, "CONTENT_SENDER_KIND"); s != tc.ofKind {
				t.Errorf("by its kind %v, want %v", s, tc.ofKind)
			}
			if s := strength(t, c, b, "CONTENT_SENDER"); s != tc.own {
				t.Errorf("by itself %v, want %v", s, tc.own)
			}
		})
	}
}

// TestKindsAreTakenBack: what is said about a kind goes when what was said about its senders goes.
func TestKindsAreTakenBack(t *testing.T) {
	c := newCheck(t)
	say(c, []said{{"799", "spam", 5}, {"8181", "spam", 5}})
	stranger := from("244", "sms.test", 999)
	if s := strength(t, c, stranger, "CONTENT_SENDER_KIND"); s != 0.75 {
		t.Fatalf("strength %v", s)
	}
	for _, user := range []string{"799", "8181"} {
		for i := range 5 {
			a := from(user, "sms.test", i)
			c.Judge(a, "ham", a.To.User) // the opposite
			if user == "8181" {
				c.Judge(a, "", a.To.User) // nothing any more
			}
		}
	}
	if s := strength(t, c, stranger, "CONTENT_SENDER_KIND"); s != 0 {
		t.Errorf("strength %v of what was taken back", s)
	}
	say(c, []said{{"1", "spam", 2}, {"2", "spam", 2}, {"3", "spam", 2}, {"4", "spam", 2}, {"5", "spam", 2}})
	if s := strength(t, c, stranger, "CONTENT_SENDER_KIND"); s != 8./13 {
		t.Errorf("strength %v of ten reports against two wanted", s)
	}
}
