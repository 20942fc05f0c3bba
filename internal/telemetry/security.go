package telemetry

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// SecurityVersion is the v= of the security line. It changes whenever a field
// is removed, renamed or moved; a new field at the end is no change.
const SecurityVersion = 1

// SecurityKind is what happened.
type SecurityKind uint8

// The kinds of security event.
const (
	AuthFailure SecurityKind = iota // a wrong credential, never a mere challenge
	Scan                            // a scanner's request, or the search for users
	TollFraud                       // a stranger's call to elsewhere
	Flood                           // more packets than a stranger may send
	Ban                             // a source has been banned
	Unban                           // a ban has been lifted or has ended
	Malformed                       // messages that no parser accepts
)

func kindWords() [7]string {
	return [...]string{"auth-failure", "scan", "toll-fraud", "flood", "ban", "unban", "malformed"}
}

// String is the word in the line.
func (k SecurityKind) String() string {
	if words := kindWords(); int(k) < len(words) {
		return words[k]
	}
	return "unknown"
}

// SecurityEvent is one line of the security log.
type SecurityEvent struct {
	Kind SecurityKind
	// Source is where it came from: one address, or the prefix of a ban.
	Source netip.Prefix
	// Port is the source's port, 0 where it has none.
	Port uint16
	// Transport is "udp", "tcp" …; anything but lower-case letters is "none".
	Transport string
	// Account is the user name that was tried: an attacker's text.
	Account string
	// Reason is our own text, but may quote the network's.
	Reason string
	// Count is how many times it has happened.
	Count int
}

// From is the prefix of one address, for SecurityEvent.Source.
func From(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen())
}

// AppendSecurity appends the line, with its final newline:
//
//	gatehouse security v=1 event=auth-failure src="192.0.2.7" port=5060 transport=udp account="bob" reason="bad password" count=3
//
// account and reason are quoted as Go string literals in ASCII: a quote, a line
// end, an escape sequence or a character that looks like another one appears as
// a backslash sequence. Both are cut.
func AppendSecurity(dst []byte, e *SecurityEvent) []byte {
	dst = append(dst, "gatehouse security v="...)
	dst = strconv.AppendInt(dst, SecurityVersion, 10)
	dst = append(dst, " event="...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, ` src="`...)
	dst = appendSource(dst, e.Source)
	dst = append(dst, `" port=`...)
	dst = strconv.AppendUint(dst, uint64(e.Port), 10)
	dst = append(dst, " transport="...)
	dst = append(dst, transportWord(e.Transport)...)
	dst = append(dst, " account="...)
	dst = appendQuoted(dst, e.Account)
	dst = append(dst, " reason="...)
	dst = appendQuoted(dst, e.Reason)
	dst = append(dst, " count="...)
	dst = strconv.AppendInt(dst, int64(max(0, e.Count)), 10)
	return append(dst, '\n')
}

// appendSource writes an address without a zone, which could hold any text.
func appendSource(dst []byte, p netip.Prefix) []byte {
	a := p.Addr().WithZone("")
	if !a.IsValid() {
		return append(dst, "none"...)
	}
	if p.Bits() < 0 || p.Bits() == a.BitLen() {
		return a.AppendTo(dst)
	}
	return p.AppendTo(dst)
}

func transportWord(s string) string {
	if s == "" || len(s) > 8 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "none"
	}
	return s
}

// ErrSecurityLine says that a line is not one of the security log.
var ErrSecurityLine = errors.New("telemetry: not a security line")

// ParseSecurity reads a line that AppendSecurity has written, for tools and
// tests. The reading is strict: fields in order, nothing between or behind.
func ParseSecurity(line string) (SecurityEvent, error) {
	var e SecurityEvent
	r := reader{rest: line}
	r.literal("gatehouse security v=1 event=")
	word := r.until(' ')
	r.literal(`src="`)
	source := r.until('"')
	r.literal(" port=")
	port := r.until(' ')
	r.literal("transport=")
	transport := r.until(' ')
	r.literal("account=")
	e.Account = r.quoted()
	r.literal(" reason=")
	e.Reason = r.quoted()
	r.literal(" count=")
	count := r.until('\n')
	if r.failed || r.rest != "" {
		return SecurityEvent{}, ErrSecurityLine
	}
	return e, e.fill(word, source, port, transport, count)
}

func (e *SecurityEvent) fill(word, source, port, transport, count string) error {
	words := kindWords()
	found := false
	for i, w := range words {
		if w == word {
			e.Kind, found = SecurityKind(i), true
		}
	}
	if !found {
		return fmt.Errorf("%w: event %q", ErrSecurityLine, word)
	}
	if source != "none" {
		var err error
		if e.Source, err = parseSource(source); err != nil {
			return fmt.Errorf("%w: %w", ErrSecurityLine, err)
		}
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("%w: port: %w", ErrSecurityLine, err)
	}
	e.Port = uint16(p)
	if transport != "none" {
		e.Transport = transport
	}
	if e.Count, err = strconv.Atoi(count); err != nil {
		return fmt.Errorf("%w: count: %w", ErrSecurityLine, err)
	}
	return nil
}

func parseSource(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		return netip.ParsePrefix(s)
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// reader takes a line apart from left to right.
type reader struct {
	rest   string
	failed bool
}

func (r *reader) literal(s string) {
	var ok bool
	if r.rest, ok = strings.CutPrefix(r.rest, s); !ok {
		r.failed = true
	}
}

func (r *reader) until(c byte) string {
	s, rest, ok := strings.Cut(r.rest, string(c))
	if !ok {
		r.failed = true
		return ""
	}
	r.rest = rest
	return s
}

func (r *reader) quoted() string {
	q, err := strconv.QuotedPrefix(r.rest)
	if err != nil || q[0] != '"' {
		r.failed = true
		return ""
	}
	r.rest = r.rest[len(q):]
	s, err := strconv.Unquote(q)
	if err != nil {
		r.failed = true
	}
	return s
}

// SecurityLog writes security lines, each in one Write.
type SecurityLog struct {
	mu    sync.Mutex
	w     io.Writer
	line  []byte
	count [8]uint64
	lost  uint64
}

// NewSecurityLog writes to w.
func NewSecurityLog(w io.Writer) *SecurityLog { return &SecurityLog{w: w} }

// Write appends an event. A line that cannot be written is counted: there is
// nobody to tell.
func (l *SecurityLog) Write(e *SecurityEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count[min(int(e.Kind), len(l.count)-1)]++
	l.line = AppendSecurity(l.line[:0], e)
	if _, err := l.w.Write(l.line); err != nil {
		l.lost++
	}
}

// Collect reports the counters of the security log.
func (l *SecurityLog) Collect(emit func(Sample)) {
	l.mu.Lock()
	count, lost := l.count, l.lost
	l.mu.Unlock()
	for i, word := range kindWords() {
		emit(Sample{Name: "gatehouse_security_events_total", Help: "Security events by kind.", Kind: Counter,
			Labels: []string{"event", word}, Value: float64(count[i])})
	}
	emit(Sample{Name: "gatehouse_security_lines_lost_total", Help: "Security lines that could not be written.",
		Kind: Counter, Value: float64(lost)})
}
