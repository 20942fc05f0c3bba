// Package content is the check that reads: what a message says, and what the headers of a call or a subscription say to a human (RFC 5039 §3.1).
//
// It has an opinion only from what people here have said about messages. Before that it reports how far it has learned, and nothing else: a filter that was
// trained elsewhere errs here in a third of the cases. Near-duplicates of reported messages are recognised from the first report on.
// Tricks that hide words from filters, and bodies that nobody here can read, are signals of their own.
//
// RFC 5039 doubts that content filtering helps against spam calls, for their content comes after the answer. So calls are judged by the little text
// in their headers, apart from messages, and not at all until people have judged enough of them.
//
// Cost: some ten microseconds for a message, on a worker; for a call, until calls have been judged, nanoseconds, and as much as for a message once for each text that
// calls bring along, so that it is known when a person judges one of them. What it cannot see: images, speech, text in
// sessions (MSRP), and words that nobody has judged.
package content

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"

	"gatehouse.example/internal/state/campaign"
	"gatehouse.example/internal/state/tokens"
	"gatehouse.example/internal/text"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// The signals of this check.
const (
	signalSpam       = "CONTENT_SPAM"
	signalHam        = "CONTENT_HAM"
	signalCampaign   = "CONTENT_CAMPAIGN"
	signalSender     = "CONTENT_SENDER"
	signalSenderHam  = "CONTENT_SENDER_HAM"
	signalKind       = "CONTENT_SENDER_KIND"
	signalOpaque     = "CONTENT_OPAQUE"
	signalObfuscated = "CONTENT_OBFUSCATED"
	signalLearning   = "CONTENT_LEARNING"
)

// Info returns the check's name, stage and signals.
func Info() screen.Info {
	return screen.Info{
		Name: "content", Stage: screen.Lookup, Computes: true, RFC: "5039 §3.1",
		Signals: []screen.SignalInfo{
			{Name: signalSpam, Weight: 8,
				Description: "The text reads like what people here report as spam; from strength 0.75 on fewer than one wanted message in a thousand does."},
			{Name: signalHam, Weight: -2, Description: "The text reads like what people here want."},
			{Name: signalCampaign, Weight: 9,
				Description: "The text is a near-duplicate of a reported one; full strength when the called user or three people have reported it."},
			{Name: signalSender, Weight: 6, Description: "Texts of this sender were reported before, by the called user or by others."},
			{Name: signalSenderHam, Weight: -4, Description: "The called user has said that he wants this sender's texts; worth little where nothing proves the sender."},
			{Name: signalKind, Weight: 6,
				Description: "The called user has not judged this sender, and nobody wants it, but senders of its kind and domain (short codes, telephone numbers, words) are mostly reported, and seldom heard without objection."},
			{Name: signalOpaque, Weight: 2, Description: "The body is encrypted, compressed or of an unknown type: nobody here can read it."},
			{Name: signalObfuscated, Weight: 3, Description: "Words are hidden from filters: look-alike letters, invisible characters, letters that stand apart, links taken apart."},
			{Name: signalLearning, Weight: 0, Description: "The check has no opinion yet, and says why."},
		},
	}
}

// Config holds the settings.
type Config struct {
	// Recent is how many octets of memory hold the features of recent messages, and an eighth of it those of the headers of recent calls, so that feedback can teach
	// later. Default: 16 MiB.
	Recent int `yaml:"recent" json:"recent"`
}

const defaultRecent = 16 << 20

// Check reads texts. It is safe for concurrent use.
type Check struct {
	tokens    *tokens.Memory
	campaigns *campaign.Memory
	recent    *tokens.Recent[string]
	headers   *tokens.Headers
	calls     atomic.Int64 // lessons about what is no message
}

// New returns the check over what was learned.
func New(cfg Config, t *tokens.Memory, c *campaign.Memory) (*Check, error) {
	if cfg.Recent == 0 {
		cfg.Recent = defaultRecent
	}
	if cfg.Recent < 1<<16 || cfg.Recent > 1<<33 {
		return nil, fmt.Errorf("content: recent: %d is not within %d and %d octets", cfg.Recent, 1<<16, 1<<33)
	}
	k := &Check{tokens: t, campaigns: c, recent: tokens.NewRecent[string](cfg.Recent - cfg.Recent/8), headers: tokens.NewHeaders(cfg.Recent / 8)}
	k.calls.Store(int64(t.LearnedIn(callsDomain)))
	return k, nil
}

// Octets is the most memory that recent messages and calls take; what was learned is counted where it is.
func (c *Check) Octets() int { return c.recent.Octets() + c.headers.Octets() }

// Info implements screen.Check.
func (c *Check) Info() screen.Info { return Info() }

// Wants implements screen.Selective: what has no text is dealt with at once. Of a call the history keeps the name and the address; what it says besides is wanted for what a
// person may say of it later, unless others have said the same.
func (c *Check) Wants(a *screen.Attempt, r *screen.Report) bool {
	if a.Outbound {
		return false
	}
	if a.Kind == verdict.Message {
		if a.Text != "" {
			return true
		}
	} else if readable(a.Kind) {
		if key := c.besides(a); key != 0 && !a.Probe && !c.headers.Known(a.ID, key) {
			return true
		}
		if c.listens() && (a.Text != "" || a.From.Display != "" || len(a.Names) > 0 || wordy(a)) {
			return true
		}
	}
	if a.Opaque != "" {
		opaque(a, r)
	}
	return false
}

// readable tells which attempts say something to a human.
func readable(k verdict.Kind) bool {
	return k == verdict.Message || k == verdict.Call || k == verdict.Subscription || k == verdict.Publication
}

// listens tells whether enough of what is no message was judged to have an opinion about more of it.
func (c *Check) listens() bool { return c.calls.Load() >= int64(c.tokens.Floor()) }

// besides is the key of what a call says besides the name and the address that the history keeps, 0 where that is nothing.
func (c *Check) besides(a *screen.Attempt) (key uint64) {
	for _, name := range a.Names {
		if name != a.From.Display {
			key = c.headers.Key(key, name)
		}
	}
	if a.Text != "" {
		key = c.headers.Key(key, a.Text)
	}
	return key
}

// wordy tells whether the caller's user part is longer than names are: such a one is read although nothing else of the request says anything.
func wordy(a *screen.Attempt) bool {
	user, _, ok := strings.Cut(a.From.Claimed, "@")
	return ok && len(user) > len("sip:")+name && a.FromNumber == ""
}

func opaque(a *screen.Attempt, r *screen.Report) {
	r.Signal(signalOpaque, 1, "nobody here can read "+screen.Quote(a.Opaque))
}

// Run implements screen.Check.
func (c *Check) Run(ctx context.Context, a *screen.Attempt, r *screen.Report) {
	if a.Outbound || !readable(a.Kind) {
		return
	}
	if a.Opaque != "" {
		opaque(a, r)
	}
	t := read(a)
	if !a.Probe {
		c.keep(a, &t)
	}
	if len(t.features) == 0 || ctx.Err() != nil || a.Kind != verdict.Message && !c.listens() {
		return
	}
	c.campaign(a, &t, r)
	c.sender(a, r)
	if n := t.normal.Tricks.Count(); n > 0 {
		r.Signal(signalObfuscated, float64(min(n, 4))/4, tricks(&t.normal.Tricks))
	}
	c.opinion(ctx, a, &t, r)
}

// keep remembers what was read until somebody judges it.
func (c *Check) keep(a *screen.Attempt, t *reading) {
	if a.Kind != verdict.Message {
		if key := c.besides(a); key != 0 {
			c.headers.Put(a.ID, key, t.besides)
		}
	} else if len(t.features) > 0 {
		c.recent.Put(a.ID, t.features)
	}
}

// What an opinion about the few words of a call, a subscription or a presence document counts: they are the caller's name and mostly the same each time, so that it
// would judge the caller, whom check reputation judges with more to go by. Who has more to say there than a name is taken at his word.
const (
	nameCounts = 0.2
	name       = 24 // letters
	sentence   = 72
)

// substance is what an opinion about a text counts.
func substance(a *screen.Attempt, t *reading) float64 {
	if a.Kind == verdict.Message {
		return 1
	}
	letters := 0
	for _, r := range t.normal.Folded {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return nameCounts + (1-nameCounts)*float64(min(max(letters-name, 0), sentence-name))/(sentence-name)
}

// elsewhereMost is the strength to a user whose texts are of another world than those that were judged: enough to label, too little to hold back.
const elsewhereMost = 0.7

// opinion reports what the memory of tokens thinks.
func (c *Check) opinion(ctx context.Context, a *screen.Attempt, t *reading, r *screen.Report) {
	o := c.tokens.Judge(t.features, place(a), a.Time)
	if !o.Ready {
		r.Signal(signalLearning, 0, o.Why)
		return
	}
	if !a.Probe && a.Kind == verdict.Message && o.Low < 0 { // spam in disguise is strange, too, and must not open the gate for itself
		c.tokens.Met(place(a), o.Known)
	}
	where := ""
	for _, window := range t.windows() {
		if ctx.Err() != nil {
			return
		}
		if w := c.tokens.Judge(window, place(a), a.Time); w.Ready && w.Score-windowMargin > o.Score {
			o.Score, o.Low, where = w.Score-windowMargin, w.Low-windowMargin, "a part of "
		}
	}
	// A young memory may say that something looks like spam, not that it is sure: its strength is bounded, so that such a text is labelled and no more.
	sure := o.Sureness(c.tokens.Floor())
	if o.Elsewhere && a.Kind == verdict.Message {
		sure = min(sure, elsewhereMost)
	}
	words := substance(a, t)
	if s := spamStrength(o.Score, o.Low); s > 0 {
		r.Signal(signalSpam, min(s, sure)*words, where+"the text reads like reported ones: "+above(&o)+", "+learned(&o))
		return
	}
	if o.Ham > 0 {
		r.Signal(signalHam, min(1, o.Ham/2)*sure*words, "the text reads like wanted ones, "+learned(&o))
	}
}

// spamStrength is 0.75 at the strict threshold and grows to 1 above it; between the two thresholds it lies between 0.5 and 0.75.
func spamStrength(score, low float64) float64 {
	switch {
	case score >= 0:
		return 0.75 + 0.25*min(1, score/4)
	case low >= 0 && low > score:
		return 0.5 + 0.25*low/(low-score)
	}
	return 0
}

// above says where a score that makes a text suspicious lies.
func above(o *tokens.Opinion) string {
	if o.Score >= 0 {
		return decimal(o.Score) + " above the threshold that fewer than one wanted text in a thousand passes"
	}
	return decimal(o.Low) + " above the threshold between both kinds, " + decimal(-o.Score) + " below the one that fewer than one wanted text in a thousand passes"
}

func learned(o *tokens.Opinion) string {
	s := "learned from " + strconv.Itoa(o.Learned) + " messages"
	if o.Elsewhere {
		s += ", which are unlike those that this user gets"
	}
	return s
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// campaign reports near-duplicates of reported texts.
func (c *Check) campaign(a *screen.Attempt, t *reading, r *screen.Report) {
	said := text.Said(nil, t.features)
	m := c.campaigns.Find(said, place(a).User, a.Time)
	if m.Likeness == 0 || m.Ham >= m.Spam {
		return
	}
	strength := 0.25 + 0.25*float64(min(m.Spam-m.Ham, 3))
	if m.Own {
		strength = 1
	}
	if !a.Probe {
		c.campaigns.Touch(said, a.Time)
	}
	who := " people have"
	if m.Spam == 1 {
		who = " person has"
	}
	r.Signal(signalCampaign, strength, strconv.Itoa(m.Spam)+who+" reported this text or one that is "+strconv.Itoa(int(100*m.Likeness))+
		" % like it, since "+m.First.Format("2006-01-02"))
}

// The part of what was said about a sender that counts when others have said it, and when nothing proves the sender.
const (
	othersPart  = 0.5
	claimedPart = 0.25
)

// sender reports what was said about this sender's texts before.
func (c *Check) sender(a *screen.Attempt, r *screen.Report) {
	if a.Kind != verdict.Message {
		return
	}
	key, proven := senderKey(a)
	s := c.tokens.Sender(key, place(a))
	switch own := lean(s.OwnSpam, s.OwnHam); {
	case s.OwnSpam+s.OwnHam == 0:
		c.stranger(a, &s, r)
	case own > 0:
		r.Signal(signalSender, own, said(&s))
	case own < 0:
		strength := -own
		if !proven {
			strength *= claimedPart
		}
		r.Signal(signalSenderHam, strength, said(&s))
	}
}

// stranger reports what others have said about a sender whom the called user has not judged, or what was said about its kind where that says more. Who sends says more
// than what is sent, and that is all that is known of him. What others want is not for its kind to make suspicious.
func (c *Check) stranger(a *screen.Attempt, s *tokens.Sender, r *screen.Report) {
	others := lean(s.AllSpam, s.AllHam) * othersPart
	if others < 0 {
		return
	}
	if strength, why := c.kind(a); strength > max(others, kindFloor) {
		r.Signal(signalKind, min(strength, kindMost), why)
	} else if others > 0 {
		r.Signal(signalSender, others, said(s))
	}
}

// kind says what was said about senders of a stranger's kind (RFC 5039 §3.5), and how many there are about whom nobody has said anything although people here got their messages:
// who wants one seldom says so, and from complaints alone the most usual kind would be the worst. The fewer of them were judged, the more the kinds that are alike count: as much
// as one word about its own.
func (c *Check) kind(a *screen.Attempt) (strength float64, why string) {
	kind, family := kindKeys(a)
	own := c.ofKind(kind, place(a))
	others := c.ofKind(family, place(a)).without(&own)
	strength = (own.spam - own.wanted() + (others.spam-others.wanted())/(others.spam+others.wanted()+1)) / (own.spam + own.wanted() + 1)
	if strength <= kindFloor {
		return 0, ""
	}
	why = "the called user has not judged this sender; senders of its kind (" + senderKind(a) + ") were reported " + own.String()
	if others.spam+others.wanted() > 0 {
		why += "; others that nobody can call back " + others.String()
	}
	return strength, why
}

// evidence is what there is about a kind of senders.
type evidence struct {
	spam, ham float64 // words
	quiet     tokens.Quiet
}

// ofKind is what the called user has said about a kind or, where that is more, what all have.
func (c *Check) ofKind(kind string, p tokens.Place) evidence {
	s := c.tokens.Sender(kind, p)
	return evidence{float64(max(s.OwnSpam, s.AllSpam)), float64(max(s.OwnHam, s.AllHam)), c.tokens.Quiet(kind)}
}

// wanted is what speaks for the kind.
func (e *evidence) wanted() float64 { return e.ham + e.quiet.Words }

// without is what there is about the others of a family.
func (e evidence) without(own *evidence) evidence {
	return evidence{max(0, e.spam-own.spam), max(0, e.ham-own.ham), tokens.Quiet{
		Senders: max(0, e.quiet.Senders-own.quiet.Senders), Words: max(0, e.quiet.Words-own.quiet.Words),
	}}
}

// String counts.
func (e *evidence) String() string {
	s := strconv.Itoa(int(e.spam)) + " times and wanted " + strconv.Itoa(int(e.ham)) + " times"
	if e.quiet.Senders > 0 {
		s += ", and " + strconv.Itoa(e.quiet.Senders) + " more have sent messages to which nobody objected"
	}
	return s
}

// kindFloor is how clear what was said about a kind must be: twice reported and never wanted, or four times as often. Under the shipped policy kindMost labels, and leaves room
// for other doubts below what is held back.
const (
	kindFloor = 0.6
	kindMost  = 0.75
)

// lean is how far what was said leans to one side, -1 to 1.
func lean(spam, ham int) float64 {
	return float64(spam-ham) / (float64(spam+ham) + 0.5)
}

func said(s *tokens.Sender) string {
	return "of this sender's texts the called user has reported " + strconv.Itoa(s.OwnSpam) + " and wanted " + strconv.Itoa(s.OwnHam) +
		", all together " + strconv.Itoa(s.AllSpam) + " and " + strconv.Itoa(s.AllHam)
}
