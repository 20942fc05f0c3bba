package content

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"gatehouse.example/internal/state/tokens"
	"gatehouse.example/internal/text"
	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// reading is an attempt's text, made comparable.
type reading struct {
	said     string
	normal   text.Normal
	features []uint64
	besides  []uint64 // those of what is no message that come from neither name nor address of the caller
}

// read makes the attempt's text comparable. A message is its body, and what kind of name its sender has; of others all headers that speak.
func read(a *screen.Attempt) (t reading) {
	if a.Kind != verdict.Message {
		return listen(a)
	}
	t.said, t.normal = a.Text, text.Normalise(a.Text)
	if silent(&t.normal) {
		return t
	}
	t.features = insert(text.Append(nil, &t.normal), text.Named("sender "+senderKind(a)))
	return t
}

// listen makes comparable what the headers of a call or a subscription say: by itself what the caller is called, for that is all that the history keeps of it.
func listen(a *screen.Attempt) (t reading) {
	called, besides := called(a), besides(a)
	t.said = strings.TrimSpace(called + " " + besides)
	t.normal = text.Normalise(t.said)
	t.features, t.besides = headed(called), headed(besides)
	t.features = together(t.features, t.besides)
	return t
}

// headed are the features of a part of what headers say.
func headed(said string) []uint64 {
	n := text.Normalise(said)
	if silent(&n) {
		return nil
	}
	return apart(text.Append(nil, &n))
}

func silent(n *text.Normal) bool { return strings.TrimSpace(n.Folded) == "" }

// together are the features of both, sorted and without duplicates.
func together(a, b []uint64) []uint64 {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...)
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// apart gives the features of headers names of their own: what a name says and what a message says with the same word are two things.
func apart(features []uint64) []uint64 {
	const headers = 1
	for i := range features {
		features[i] = text.Marked(features[i], headers)
	}
	slices.Sort(features)
	return features
}

// called is what the headers of a call or a subscription call its caller: the name, and the user part where it is no number. That somebody does not say who he is
// (RFC 3323 §4.1.1.3) is nothing that is said: many do, for many reasons.
func called(a *screen.Attempt) string {
	b := make([]byte, 0, 128)
	if telling(a.From.Display, a.From.Claimed) {
		b = append(b, a.From.Display...)
	}
	if a.FromNumber == "" && !a.Withheld() {
		b = append(b, ' ')
		b = text.AppendUser(b, a.From.Claimed)
	}
	return strings.ToValidUTF8(string(b), " ")
}

// besides is what they say besides: other names, Subject and the like.
func besides(a *screen.Attempt) string {
	b := make([]byte, 0, 128)
	for _, name := range a.Names {
		if name != a.From.Display && telling(name, a.From.Claimed) {
			b = append(append(b, ' '), name...)
		}
	}
	if a.Text != "" {
		b = append(append(b, ' '), a.Text...)
	}
	return strings.ToValidUTF8(string(b), " ")
}

// telling tells whether a name says anything: not where it is a number or the caller's own user part, nor where it says in the words of telephones and gateways that there is none.
func telling(name, aor string) bool {
	if strings.EqualFold(name, string(text.AppendUser(nil, aor))) {
		return false
	}
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch strings.ToLower(word) {
		case "anonymous", "unknown", "unavailable", "private", "restricted", "withheld", "blocked", "hidden", "nobody", "none", "no", "not", "available",
			"name", "number", "caller", "callerid", "id", "call", "user", "phone", "wireless", "mobile", "cell", "cellular", "out", "of", "area":
		default:
			return true
		}
	}
	return false
}

// insert puts a feature in its place.
func insert(features []uint64, f uint64) []uint64 {
	i := len(features)
	features = append(features, f)
	for ; i > 0 && features[i-1] > f; i-- {
		features[i] = features[i-1]
	}
	features[i] = f
	if i > 0 && features[i-1] == f {
		return append(features[:i], features[i+1:]...)
	}
	return features
}

// The kinds of names that a network gives to what cannot be called back.
const (
	kindCode = "short code"
	kindWord = "word"
)

// senderKind is what kind of name a sender has, not which: a short code, a telephone number, a word, an address.
func senderKind(a *screen.Attempt) string {
	user := string(text.AppendUser(nil, a.From.Claimed))
	digits := 0
	for i := 0; i < len(user); i++ {
		if '0' <= user[i] && user[i] <= '9' {
			digits++
		}
	}
	switch {
	case user == "":
		return "nobody"
	case digits == len(user) && digits <= 6:
		return kindCode
	case digits > 6 && digits >= len(user)-4:
		return "number"
	case digits == 0:
		return kindWord
	}
	return "word and digits"
}

// senderKey names the sender: by what is proven, else by what is claimed. The two are never mixed, so that a claim earns nothing of what was proven.
func senderKey(a *screen.Attempt) (key string, proven bool) {
	if a.From.Proof != verdict.None && a.From.Identity != "" {
		return "proven " + a.From.Identity, true
	}
	return "claimed " + a.From.Claimed, false
}

// kindKeys names the kind of a sender among the senders of its domain, and the family of kinds that are alike, empty where there is none. What is said of one domain's
// short codes says nothing about another's: they are extensions of an office there. Nor does what is claimed say anything about what is proven.
func kindKeys(a *screen.Attempt) (kind, family string) {
	of := " claimed to be of " + a.FromDomain
	if _, proven := senderKey(a); proven {
		of = " of " + a.IdentityDomain
	}
	kind = senderKind(a)
	if kind == kindCode || kind == kindWord {
		family = "family of names" + of
	}
	return "kind " + kind + of, family
}

// place is where the attempt was meant to go. What is no message has experience of its own.
func place(a *screen.Attempt) tokens.Place {
	p := tokens.Place{Domain: a.ToDomain, User: a.To.User}
	if p.User == "" {
		p.User = a.To.Requested
	}
	if a.Kind != verdict.Message {
		p.Domain += callsDomain
	}
	return p
}

// callsDomain marks the domains in which what is no message is counted.
const callsDomain = " calls"

// A long text is looked at by parts as well: what is padded with harmless words is spam in the part that matters. A part must stand out by
// windowMargin more, for many parts have many chances to.
const (
	windowSize   = 160
	windowStep   = 50
	mostWindows  = 32
	windowMargin = 0.5
)

// windows are the features of the parts of a long text.
func (t *reading) windows() (out [][]uint64) {
	s := t.said
	if len(s) < windowSize+windowStep {
		return nil
	}
	for at := 0; at+windowStep < len(s) && len(out) < mostWindows; at += windowStep {
		begin, end := wordAt(s, at), wordAt(s, min(len(s), at+windowSize))
		if end <= begin {
			continue
		}
		part := text.Normalise(s[begin:end])
		out = append(out, text.Append(nil, &part))
	}
	return out
}

// wordAt moves a place to the next beginning of a word, not far.
func wordAt(s string, at int) int {
	for i := at; i < len(s) && i < at+40; i++ {
		if i == 0 || s[i-1] == ' ' {
			return i
		}
	}
	for at < len(s) && s[at]&0xc0 == 0x80 {
		at++
	}
	return at
}

// tricks says what was undone.
func tricks(t *text.Tricks) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{t.Hidden, "with invisible characters"}, {t.Mixed, "in letters of several scripts"}, {t.Spaced, "in letters that stand apart"},
		{t.Turned, "direction marks"}, {t.Split, "links taken apart"},
	} {
		if p.n > 0 {
			parts = append(parts, strconv.Itoa(p.n)+" "+p.what)
		}
	}
	return "words that hide: " + strings.Join(parts, ", ")
}
