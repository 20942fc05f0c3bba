package content_test

import (
	"fmt"
	"testing"

	"gatehouse.example/internal/check/content"
	"gatehouse.example/internal/state/tokens"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/verdict"
)

// headed is a call, or a subscription, that says something besides its caller's name.
func headed(kind verdict.Kind, id int, subject string) *screen.Attempt {
	a := message(subject)
	a.ID, a.Kind, a.FromNumber = fmt.Sprint("call", id), kind, "+15551230001"
	a.From.Claimed, a.From.Display = "sip:+15551230001@caller.test", "Alice"
	return a
}

// remembered is what the history keeps of an attempt.
func remembered(a *screen.Attempt) *screen.Attempt {
	kept := *a
	kept.Text, kept.Names, kept.Opaque = "", nil, ""
	return &kept
}

var unwanted = []string{"Claim your free prize of %d euro today, before midnight, and win a car", "Your free prize of %d euro waits: call before midnight and win"}
var wanted = []string{"The outing of the third class begins tomorrow at %d at the station, bring boots", "Bring boots at %d tomorrow: the class goes from the station to the lake"}

// judgeCalls has calls come in, and people judge them from the history when all have ended.
func judgeCalls(t *testing.T, c *content.Check, kind verdict.Kind, names bool) {
	t.Helper()
	var said []func()
	for i := range 120 {
		for n, texts := range [][]string{unwanted, wanted} {
			a := headed(kind, 2*i+n, fmt.Sprintf(texts[i%2], i))
			if names {
				a.Text, a.Names = "", []string{a.Text}
			}
			screentest.Signals(t, c, a)
			said = append(said, func() {
				c.Judge(remembered(a), []string{"spam", "ham"}[n], fmt.Sprintf("sip:user%d@example.test", i%10))
			})
		}
	}
	for _, say := range said {
		say()
	}
}

// TestWhatHeadersSaidIsLearned: the history keeps a call's name and address, and a person's word about it is about its Subject, too.
func TestWhatHeadersSaidIsLearned(t *testing.T) {
	for _, kind := range []verdict.Kind{verdict.Call, verdict.Subscription} {
		for _, names := range []bool{false, true} {
			c := newCheck(t)
			judgeCalls(t, c, kind, names)
			if s := strength(t, c, headed(kind, 500, fmt.Sprintf(unwanted[0], 500)), "CONTENT_SPAM"); s < .5 {
				t.Errorf("%s, as names %v: a reported text has strength %v", kind, names, s)
			}
			if s := strength(t, c, headed(kind, 501, fmt.Sprintf(wanted[0], 7)), "CONTENT_SPAM"); s != 0 {
				t.Errorf("%s, as names %v: a wanted text has strength %v", kind, names, s)
			}
		}
	}
}

// TestWhatIsTakenBackOfACall: the word is found again by the same features.
func TestWhatIsTakenBackOfACall(t *testing.T) {
	c, words := checkOf(t, content.Config{})
	a := headed(verdict.Call, 1, "Claim your free prize")
	screentest.Signals(t, c, a)
	c.Judge(remembered(a), "spam", "admin")
	before := words.LearnedIn(" calls")
	c.Judge(remembered(a), "", "admin")
	if after := words.LearnedIn(" calls"); before != 1 || after != 0 {
		t.Errorf("%d lessons, and %d after it was taken back", before, after)
	}
}

// TestCallsSayNothingOfThemselvesBeforeTheyAreJudged: that a text is read to be remembered is no opinion about it.
func TestCallsSayNothingOfThemselvesBeforeTheyAreJudged(t *testing.T) {
	c := newCheck(t)
	for i := range 2 {
		if s := screentest.Signals(t, c, headed(verdict.Call, i, "Frее mоnеy, clаim it at www . prize . com")); len(s) != 0 {
			t.Errorf("call %d: %+v", i, s)
		}
	}
}

// TestWhatTelephonesAlwaysSayTakesNoRoom: it is read once, costs the next calls no allocation, and drives out neither messages nor what other calls have said.
func TestWhatTelephonesAlwaysSayTakesNoRoom(t *testing.T) {
	c, words := checkOf(t, content.Config{Recent: 1 << 20})
	first, called := message("Dear customer, your parcel 4711 is held at customs, pay the fee of 2 euro today"), headed(verdict.Call, 0, "Claim your free prize")
	screentest.Signals(t, c, first)
	screentest.Signals(t, c, called)
	screentest.Signals(t, c, headed(verdict.Call, 1, "Example PBX 16.28.0"))

	r, ordinary := &screen.Report{}, headed(verdict.Call, 2, "Example PBX 16.28.0")
	if n := testing.AllocsPerRun(1000, func() {
		if c.Wants(ordinary, r) {
			t.Fatal("what everybody says is wanted again")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for i := range 1500 { // of 2048 calls that are remembered
		screentest.Signals(t, c, headed(verdict.Call, 2+i, "Example PBX 16.28.0"))
	}
	c.Judge(remembered(called), "spam", "admin")
	if a := headed(verdict.Call, 0, "Claim your free prize"); !taughtSame(c, words, a) {
		t.Error("what a call has said is forgotten")
	}
	for i := range 4000 {
		screentest.Signals(t, c, headed(verdict.Call, 2000+i, fmt.Sprintf("Subject %d of a caller who has much to say", i)))
	}
	c.Judge(remembered(first), "spam", "admin")
	if strength(t, c, message(first.Text), "CONTENT_CAMPAIGN") == 0 {
		t.Error("calls have driven out a message")
	}
}

// taughtSame tells whether a word about a call is known to be about all that it says: said of the whole call it teaches nothing new.
func taughtSame(c *content.Check, words *tokens.Memory, a *screen.Attempt) bool {
	before := words.LearnedIn(" calls")
	c.Judge(a, "spam", "admin")
	return before == 1 && words.LearnedIn(" calls") == before
}

// TestProbesOfCallsLeaveNothingBehind: as those of messages.
func TestProbesOfCallsLeaveNothingBehind(t *testing.T) {
	c, r := newCheck(t), &screen.Report{}
	a := headed(verdict.Call, 1, "Claim your free prize")
	a.Probe = true
	screentest.Signals(t, c, a)
	a.Probe = false
	if !c.Wants(a, r) {
		t.Error("a probe was remembered")
	}
}
