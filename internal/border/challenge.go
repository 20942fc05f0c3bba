package border

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"gatehouse.example/sip"
	"gatehouse.example/sip/digest"
)

// challengeForm is a challenge, and how others like it are made.
type challengeForm struct {
	status int    // 401, or 407
	lines  []byte // its header lines
	opaque bool   // its opaque is another each time
}

// challengeOf returns the challenge of a response, without lines where it has none, and whether it asks for the same credentials with another
// nonce (RFC 7616 §3.3). Asterisk does so, with the right password, where a request came from another port or over another transport than the one
// that it had challenged.
func challengeOf(m *sip.Message) (f challengeForm, stale bool) {
	f.status = m.Status()
	for _, field := range m.Fields() {
		if field.ID != sip.HeaderWWWAuthenticate && field.ID != sip.HeaderProxyAuthenticate {
			continue
		}
		f.lines = append(f.lines, m.Text(field.Line)...)
		var c digest.Challenge
		stale = stale || c.Parse(m.Text(field.Value)) == nil && c.Stale
	}
	return f, stale
}

// values calls each with the values that a server draws for each of its challenges.
func (f *challengeForm) values(each func(c *digest.Challenge)) {
	for line := range bytes.Lines(f.lines) {
		_, value, _ := bytes.Cut(line, []byte{':'})
		var c digest.Challenge
		if c.Parse(bytes.TrimSpace(value)) == nil {
			each(&c)
		}
	}
}

// draw returns header lines of the same form with values of their own: one that comes twice would tell that it is made up.
func (f *challengeForm) draw() []byte {
	lines := f.lines
	f.values(func(c *digest.Challenge) {
		lines = redraw(lines, c.Nonce)
		if f.opaque {
			lines = redraw(lines, c.Opaque)
		}
	})
	return lines
}

// leastDrawn is how long a value is at least that is drawn anew; a shorter one may stand elsewhere in the lines by chance.
const leastDrawn = 6

// redraw replaces a value in lines, wherever it stands, by another that looks like it: each run of letters and digits by one of the same
// kind and length, and the time by the time.
func redraw(lines []byte, value string) []byte {
	if len(value) < leastDrawn {
		return lines
	}
	drawn := []byte(value)
	for i := 0; i < len(drawn); {
		n := 0
		for n < len(drawn)-i && kindOf(drawn[i+n]) != 0 {
			n++
		}
		drawRun(drawn[i : i+n])
		i += n + 1
	}
	return bytes.ReplaceAll(lines, []byte(value), drawn)
}

// The kinds of characters in a run.
const (
	digit = 1 << iota
	lowerHex
	upperHex
	lower
	upper
)

func kindOf(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return digit
	case 'a' <= c && c <= 'f':
		return lowerHex
	case 'A' <= c && c <= 'F':
		return upperHex
	case 'g' <= c && c <= 'z':
		return lower
	case 'G' <= c && c <= 'Z':
		return upper
	}
	return 0
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// drawRun draws a run anew.
func drawRun(run []byte) {
	kinds := 0
	for _, c := range run {
		kinds |= kindOf(c)
	}
	letters := alphabet
	switch {
	case kinds == digit:
		// Asterisk begins its nonces with the time in seconds.
		if t, now := number(run), time.Now().Unix(); t > now-86400 && t < now+86400 {
			copy(run, strconv.FormatInt(now, 10))
			return
		}
		letters = alphabet[:10]
	case kinds&^(digit|lowerHex) == 0:
		letters = alphabet[:16]
	case kinds&^(digit|upperHex) == 0:
		letters = alphabet[:10] + "ABCDEF"
	case kinds&^(digit|lowerHex|lower) == 0:
		letters = alphabet[:36]
	}
	for i := range run {
		run[i] = letters[rand.IntN(len(letters))]
	}
}

func number(run []byte) int64 {
	n, err := strconv.ParseInt(string(run), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// challengeForms are how PBXs challenge those who register, by domain.
type challengeForms struct {
	mu sync.Mutex
	by map[string]challengeForm
}

// learn notes how a domain's PBX challenges.
func (s *challengeForms) learn(domain string, f challengeForm) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = make(map[string]challengeForm)
	}
	old := s.by[domain]
	f.opaque = old.opaque || old.lines != nil && opaqueOf(&old) != opaqueOf(&f)
	s.by[domain] = f
}

func opaqueOf(f *challengeForm) (opaque string) {
	f.values(func(c *digest.Challenge) { opaque = c.Opaque })
	return opaque
}

// of returns how a domain's PBX challenges; before it has challenged anybody, a form that many have.
func (s *challengeForms) of(domain string) challengeForm {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.by[domain]; ok {
		return f
	}
	return challengeForm{status: 401, lines: []byte("WWW-Authenticate: Digest realm=\"" + domain + "\",nonce=\"0123456789abcdef0123456789abcdef\",algorithm=MD5,qop=\"auth\"\r\n")}
}
