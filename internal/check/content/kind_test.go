package content_test

import (
	"fmt"
	"testing"

	"gatehouse.example/internal/check/content"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
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

// ended is how a message ended that was let through.
func ended(a *screen.Attempt) *screen.Ending {
	return &screen.Ending{Attempt: a, Action: verdict.Relay, Time: a.Time, Status: 200, Answered: true}
}

// TestSilenceSpeaksForAKind: nobody says of an ordinary message that he wants it.
func TestSilenceSpeaksForAKind(t *testing.T) {
	for _, tc := range []struct {
		name             string
		senders, each    int
		written, refused bool
		want             float64
	}{
		{"nothing else came", 0, 0, false, false, 0.75},
		{"many senders without objection", 100, 1, false, false, 0},
		{"one who writes much is one", 1, 1000, false, false, 0.75},
		{"few", 6, 3, false, false, 0.75},
		{"few to whom we write", 6, 3, true, false, 0},
		{"what is refused says nothing", 100, 1, false, true, 0.75},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCheck(t)
			say(c, []said{{"799", "spam", 2}, {"8181", "spam", 2}, {"5031", "spam", 2}})
			for i := range tc.senders {
				for n := range tc.each {
					a := from(fmt.Sprint(1000+i), "sms.test", n)
					if tc.written && n == 1 {
						out := &screen.Attempt{Kind: verdict.Message, Outbound: true, Time: a.Time}
						out.To.Requested = a.From.Identity
						c.Learn(ended(out))
					}
					e := ended(a)
					if tc.refused {
						e.Action, e.Answered, e.Status = verdict.Reject, false, 603
					}
					c.Learn(e)
				}
			}
			if s := strength(t, c, from("244", "sms.test", 999), "CONTENT_SENDER_KIND"); s != tc.want {
				t.Errorf("strength %v, want %v", s, tc.want)
			}
		})
	}
}

// TestWordsReplaceSilence: a sender of whom something is said counts for that alone, whether his messages came before or after.
func TestWordsReplaceSilence(t *testing.T) {
	c := newCheck(t)
	for i := range 30 {
		a := from(fmt.Sprint(1000+i), "sms.test", 0)
		c.Learn(ended(a))
		c.Judge(a, "spam", a.To.User)
		c.Learn(ended(from(fmt.Sprint(1000+i), "sms.test", 1)))
	}
	c.Learn(ended(from("77", "sms.test", 0)))
	const want = "the called user has not judged this sender; senders of its kind (short code) were reported 30 times and wanted 0 times, " +
		"and 1 more have sent messages to which nobody objected"
	for _, s := range screentest.Signals(t, c, from("244", "sms.test", 999)) {
		if s.Name == "CONTENT_SENDER_KIND" && s.Evidence != want {
			t.Errorf("%s\nwant %s", s.Evidence, want)
		}
	}
}

// TestProbesAreNotDelivered goes by the engine, which keeps probes from all that learns.
func TestProbesAreNotDelivered(t *testing.T) {
	c := newCheck(t)
	engine, err := screen.New([]screen.Check{c})
	if err != nil {
		t.Fatal(err)
	}
	say(c, []said{{"799", "spam", 2}, {"8181", "spam", 2}, {"5031", "spam", 2}})
	for i := range 100 {
		a := from(fmt.Sprint(1000+i), "sms.test", 0)
		a.Probe = true
		engine.Learn(ended(a))
	}
	if s := strength(t, c, from("244", "sms.test", 999), "CONTENT_SENDER_KIND"); s != 0.75 {
		t.Errorf("strength %v after probes", s)
	}
}
