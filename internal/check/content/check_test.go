package content_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gatehouse.example/internal/check/content"
	"gatehouse.example/internal/cputime"
	"gatehouse.example/internal/state/campaign"
	"gatehouse.example/internal/state/tokens"
	"gatehouse.example/internal/text"
	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
	"gatehouse.example/verdict"
)

var update = flag.Bool("update", false, "write what the check reports into testdata")

func newCheck(t testing.TB) *content.Check {
	t.Helper()
	c, _ := checkOf(t, content.Config{})
	return c
}

// checkOf returns a check with settings of its own, and its words.
func checkOf(t testing.TB, cfg content.Config) (*content.Check, *tokens.Memory) {
	t.Helper()
	words, err := tokens.New(tokens.Config{Entries: 1 << 15})
	if err != nil {
		t.Fatal(err)
	}
	reports, err := campaign.New(campaign.Config{Reports: 64})
	if err != nil {
		t.Fatal(err)
	}
	c, err := content.New(cfg, words, reports)
	if err != nil {
		t.Fatal(err)
	}
	return c, words
}

// message is a message from a sender of its own: what is said is its name.
func message(text string) *screen.Attempt {
	a := &screen.Attempt{ID: fmt.Sprintf("id%x", sha256.Sum256([]byte(text)))[:20], Time: screentest.Start(), Kind: verdict.Message, Text: text, ToDomain: "example.test"}
	a.From.Claimed = "sip:" + a.ID + "@caller.test"
	a.To.Requested, a.To.User = "sip:bob@example.test", "sip:bob@example.test"
	return a
}

// teach has ten people judge messages of two kinds.
func teach(c *content.Check) {
	for i := range 60 {
		by := fmt.Sprintf("sip:user%d@example.test", i%10)
		c.Judge(message(fmt.Sprintf("%s your free prize %d now, call 0900 %06d %s", []string{"Claim", "Get", "Collect"}[i%3], i, i*7919%1000000,
			[]string{"today", "before midnight", "and win"}[i%3])), "spam", by)
		c.Judge(message(fmt.Sprintf("%s see you at the %s tomorrow at %d, love %s", []string{"Hi,", "Ok,", "Sorry,"}[i%3],
			[]string{"station", "match", "school"}[i/3%3], i%12, []string{"mum", "dad", "Ann"}[i%3])), "ham", by)
	}
}

func setup(t testing.TB, lines []string) screen.Check {
	c := newCheck(t)
	for _, line := range lines {
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "teach":
			teach(c)
		case "report":
			by, quoted, _ := strings.Cut(rest, " ")
			text, err := strconv.Unquote(quoted)
			if err != nil {
				t.Fatal(err)
			}
			c.Judge(message(text), "spam", by)
		default:
			t.Fatalf("cannot %q", verb)
		}
	}
	return c
}

func TestCases(t *testing.T) {
	var write func(string, []byte) error
	if *update {
		write = func(name string, text []byte) error {
			return os.WriteFile(filepath.Join("testdata", name), text, 0o644)
		}
	}
	screentest.Run(t, os.DirFS("testdata"), setup, write)
}

func strength(t testing.TB, c *content.Check, a *screen.Attempt, signal string) float64 {
	t.Helper()
	for _, s := range screentest.Signals(t, c, a) {
		if s.Name == signal {
			return s.Strength
		}
	}
	return 0
}

func TestAbstainsWhereNobodyHasTaught(t *testing.T) {
	c := newCheck(t)
	teach(c)
	a := message("Claim your free prize now, call 0900 555444")
	if strength(t, c, a, "CONTENT_SPAM") == 0 {
		t.Fatal("nothing learned")
	}
	a.ToDomain, a.To.User = "elsewhere.test", "sip:bob@elsewhere.test"
	for _, s := range screentest.Signals(t, c, a) {
		if s.Name == "CONTENT_SPAM" || s.Name == "CONTENT_HAM" {
			t.Errorf("an opinion in a domain without feedback: %+v", s)
		}
	}
}

func TestItsOwnVerdictsTeachNothing(t *testing.T) {
	c := newCheck(t)
	teach(c)
	a := message("Claim your free prize now, call 0900 555444")
	before := strength(t, c, a, "CONTENT_SPAM")
	for range 50 {
		c.Learn(&screen.Ending{Attempt: a, Action: verdict.Reject, Status: 603, ByCallee: true})
	}
	if after := strength(t, c, a, "CONTENT_SPAM"); after != before {
		t.Errorf("strength %v became %v", before, after)
	}
}

// TestFloodOfOneAccountWeighsAsOne: somebody reports everything that others want.
func TestFloodOfOneAccountWeighsAsOne(t *testing.T) {
	c := newCheck(t)
	teach(c)
	for i := range 2000 {
		c.Judge(message(fmt.Sprintf("Ok, see you at the station tomorrow at %d, love mum %d", i%12, i)), "spam", "sip:mallory@example.test")
	}
	honest := message("Hi, see you at the match tomorrow at 5, love dad")
	if s := strength(t, c, honest, "CONTENT_SPAM"); s > 0.6 {
		t.Errorf("2000 reports of one account make it spam with strength %v", s)
	}
}

func TestFeedbackReachesTextsByID(t *testing.T) {
	c := newCheck(t)
	text := "Dear customer, your parcel 4711 is held at customs, pay the fee of 2 euro today"
	a := message(text)
	screentest.Signals(t, c, a)
	later := *a
	later.Text = "" // the history keeps no texts
	c.Judge(&later, "spam", "admin")
	again := message(text)
	if s := strength(t, c, again, "CONTENT_CAMPAIGN"); s != 0.5 {
		t.Errorf("strength %v after one report", s)
	}
	c.Judge(&later, "", "admin")
	if s := strength(t, c, again, "CONTENT_CAMPAIGN"); s != 0 {
		t.Errorf("strength %v after the report was taken back", s)
	}
}

func TestOpaqueBodiesAreNamedAtOnce(t *testing.T) {
	c := newCheck(t)
	a := message("")
	a.Opaque = "application/pkcs7-mime"
	if s := strength(t, c, a, "CONTENT_OPAQUE"); s != 1 {
		t.Errorf("strength %v", s)
	}
}

func TestProbesLeaveNothingBehind(t *testing.T) {
	c := newCheck(t)
	a := message("Dear customer, your parcel 4711 is held at customs, pay the fee of 2 euro today")
	a.Probe = true
	screentest.Signals(t, c, a)
	later := *a
	later.Text = ""
	c.Judge(&later, "spam", "admin")
	if s := strength(t, c, message(a.Text), "CONTENT_CAMPAIGN"); s != 0 {
		t.Errorf("a probe was remembered: %v", s)
	}
}

func TestCallsCostNothingBeforeTheyAreJudged(t *testing.T) {
	c, r := newCheck(t), &screen.Report{}
	a := message("")
	a.Kind, a.From.Display = verdict.Call, "Alice Example"
	if n := testing.AllocsPerRun(1000, func() {
		if c.Wants(a, r) {
			t.Fatal("a call is wanted")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What a token calls the caller is read with the name in From.
func TestSignedNamesOfCallsAreRead(t *testing.T) {
	c := newCheck(t)
	call := func(i int, name string) *screen.Attempt {
		a := message(fmt.Sprint(name, i))
		a.Kind, a.Text, a.Names = verdict.Call, "", []string{name}
		return a
	}
	for i := range 300 {
		c.Judge(call(i, fmt.Sprintf("Free prize department %d", i%7)), "spam", fmt.Sprintf("sip:user%d@example.test", i%10))
		c.Judge(call(i, fmt.Sprintf("Garden school %d", i%7)), "ham", fmt.Sprintf("sip:user%d@example.test", i%10))
	}
	if s := strength(t, c, call(301, "Free prize department 9"), "CONTENT_SPAM"); s == 0 {
		t.Error("a reported name in a token is not known again")
	}
	if s := strength(t, c, call(302, "Garden school 9"), "CONTENT_SPAM"); s != 0 {
		t.Errorf("a wanted name: %v", s)
	}
}

// TestASentenceInAUserPartIsHeard: it is shown where there is no display name (RFC 5039 §3.1 names it), and a name or a number there sends nobody to a worker.
func TestASentenceInAUserPartIsHeard(t *testing.T) {
	c, r := newCheck(t), &screen.Report{}
	call := func(kind verdict.Kind, user string) *screen.Attempt {
		a := message("")
		a.ID, a.Kind, a.From.Claimed, a.From.Display = user, kind, "sip:"+user+"@caller.test", ""
		return a
	}
	for i := range 300 {
		by := fmt.Sprintf("sip:user%d@example.test", i%10)
		c.Judge(call(verdict.Call, fmt.Sprintf("claim%%20your%%20free%%20prize%%20today%%20before%%20midnight%%20and%%20win%%20a%%20car%%20%d", i%7)), "spam", by)
		c.Judge(call(verdict.Call, fmt.Sprintf("reception%%20of%%20the%%20garden%%20school%%20in%%20the%%20old%%20town%%20%d", i%7)), "ham", by)
	}
	for _, kind := range []verdict.Kind{verdict.Call, verdict.Subscription} {
		spam := call(kind, "claim%20your%20free%20prize%20today%20before%20midnight%20and%20win%20a%20car%209")
		if !c.Wants(spam, r) || strength(t, c, spam, "CONTENT_SPAM") == 0 {
			t.Errorf("%s: a reported sentence in a user part is not known again", kind)
		}
		ham := call(kind, "reception%20of%20the%20garden%20school%20in%20the%20old%20town%209")
		if s := strength(t, c, ham, "CONTENT_SPAM"); s != 0 {
			t.Errorf("%s: a wanted one: %v", kind, s)
		}
	}
	short := call(verdict.Call, "alice.example")
	number := call(verdict.Call, "+15551230001;phone-context=long.example.test")
	number.FromNumber = "+15551230001"
	if c.Wants(short, r) || c.Wants(number, r) {
		t.Error("a name or a number is read")
	}
}

// TestANameIsNoSentence: what a call says in a name weighs little, and a Subject that says more is heard.
func TestANameIsNoSentence(t *testing.T) {
	c := newCheck(t)
	call := func(i int, subject string) *screen.Attempt {
		a := message(fmt.Sprint(subject, i))
		a.Kind, a.Text = verdict.Call, subject
		return a
	}
	const more = " of the international lottery: claim your free prize today, before midnight, and win a car"
	for i := range 300 {
		by := fmt.Sprintf("sip:user%d@example.test", i%10)
		c.Judge(call(i, fmt.Sprintf("Prize department %d", i%7)), "spam", by)
		c.Judge(call(i, fmt.Sprintf("Prize department %d", i%7)+more), "spam", by)
		c.Judge(call(i, fmt.Sprintf("Garden school %d: the outing of the third class begins tomorrow at the station, bring boots", i%7)), "ham", by)
	}
	name, sentence := strength(t, c, call(500, "Prize department 9"), "CONTENT_SPAM"), strength(t, c, call(501, "Prize department 9"+more), "CONTENT_SPAM")
	if name == 0 || name > .3 || sentence < .7 {
		t.Errorf("a name %v, a sentence %v", name, sentence)
	}
}

// TestNamesThatSayNothing: most robocalls withhold who calls, and so do people.
func TestNamesThatSayNothing(t *testing.T) {
	c := newCheck(t)
	call := func(i int, claimed, display string) *screen.Attempt {
		a := message(fmt.Sprint(claimed, display, i))
		a.Kind, a.Text, a.From.Claimed, a.From.Display = verdict.Call, "", claimed, display
		return a
	}
	silent := [][2]string{
		{"sip:anonymous@anonymous.invalid", "Anonymous"}, {"sip:anonymous@anonymous.invalid", ""}, {"sip:unknown@gw.test", "\"Unknown Caller\""},
		{"sip:restricted@gw.test", "PRIVATE"}, {"sip:+15550100@gw.test", "+1 (555) 0100"}, {"sip:unavailable@gw.test", "Out-of-Area"}, {"sip:+15550100@gw.test", "WIRELESS CALLER"},
	}
	for i := range 300 {
		by := fmt.Sprintf("sip:user%d@example.test", i%10)
		name := silent[i%len(silent)]
		a := call(i, name[0], name[1])
		if i%len(silent) >= 4 {
			a.FromNumber = "+15550100"
		}
		c.Judge(a, "spam", by)
		c.Judge(call(i, "sip:x@caller.test", fmt.Sprintf("Prize department %d", i%7)), "spam", by)
		c.Judge(call(i, "sip:y@caller.test", fmt.Sprintf("Garden school %d", i%7)), "ham", by)
	}
	if s := strength(t, c, call(500, "sip:x@caller.test", "Prize department 3"), "CONTENT_SPAM"); s == 0 {
		t.Error("a reported name is not known again")
	}
	for i, name := range silent {
		a := call(400+i, name[0], name[1])
		if i >= 4 {
			a.FromNumber = "+15550100"
		}
		if s := strength(t, c, a, "CONTENT_SPAM"); s != 0 {
			t.Errorf("%q of %s: strength %v", name[1], name[0], s)
		}
	}
}

// TestHostileTextCostsBoundedTime: of so much as is read of it, no more processor time than short texts that somebody might really have written. It also shows
// that nothing panics on it.
func TestHostileTextCostsBoundedTime(t *testing.T) {
	c := newCheck(t)
	teach(c)
	const hello = "Hello, we are late by twenty minutes or so, the train stands still somewhere behind Leeds. "
	const readings, length = 10, 10 * len(hello)
	honest := cost(t, c, strings.Repeat(hello, 10), readings*text.MaxText/length)
	for _, hostile := range []string{
		strings.Repeat("a ", 1<<19), strings.Repeat("a", 1<<20), strings.Repeat("www.", 1<<18), strings.Repeat("h t t p : / / ", 1<<16), strings.Repeat("\u0301", 1<<18),
		strings.Repeat("\u200b", 1<<18), strings.Repeat("0", 1<<20), strings.Repeat("1-", 1<<19), strings.Repeat("\xff", 1<<20), strings.Repeat(" . ", 1<<18),
	} {
		if took := cost(t, c, hostile, readings); took > 5*honest {
			t.Errorf("%.10q…: %s, honest texts %s", hostile, took, honest)
		}
	}
}

// cost is the processor time that readings of a text take: whoever else is busy on the machine has no part in it.
func cost(t *testing.T, c *content.Check, said string, readings int) time.Duration {
	t.Helper()
	start := cputime.Used()
	for i := range readings {
		a := message(said)
		a.ID += fmt.Sprint(i)
		screentest.Signals(t, c, a)
	}
	return cputime.Used() - start
}

func BenchmarkMessage(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"ordinary", "Hello, we are late by twenty minutes or so, the train stands still somewhere behind Leeds. Do begin without us, and please keep some of the pie! A."},
		{"like sixty reported ones", "Congratulations! You have won a £1000 prize, guaranteed. Claim your free prize now, call 09061701461 or visit www.prize.co.uk/win. Valid 12 hours."},
	} {
		b.Run(c.name, func(b *testing.B) {
			k := newCheck(b)
			teach(k)
			a := message(c.text)
			for b.Loop() {
				screentest.Signals(b, k, a)
			}
		})
	}
}

func BenchmarkCall(b *testing.B) {
	c, r := newCheck(b), &screen.Report{}
	a := message("")
	a.Kind, a.From.Display = verdict.Call, "Alice Example"
	b.ReportAllocs()
	for b.Loop() {
		c.Wants(a, r)
	}
}

// Who gets texts of another world than those that were judged is not kept from any of them.
func TestNothingIsHeldBackInAnotherWorld(t *testing.T) {
	const held = 0.75
	spam := message("Claim your free prize now, call 0900 555444 before midnight and win today")
	c := newCheck(t)
	for range 4 { // enough lessons to be sure
		teach(c)
	}
	if s := strength(t, c, spam, "CONTENT_SPAM"); s < held {
		t.Fatalf("strength %v where all is as usual", s)
	}
	words := strings.Fields("music video artist singer chorus melody concert guitar album record studio stage crowd channel comment viewer upload playlist")
	for i := range 40 {
		strange := fmt.Sprintf("Sorry, see you at the %s tomorrow at %d, love Ann %s", words[i%len(words)], i%12, words[i*7%len(words)])
		strength(t, c, message(strange), "CONTENT_SPAM")
	}
	if s := strength(t, c, spam, "CONTENT_SPAM"); s == 0 || s >= held {
		t.Errorf("strength %v among strange texts", s)
	}
}
