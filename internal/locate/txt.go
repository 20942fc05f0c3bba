package locate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/dns"
)

// maxTexts bounds the TXT records of one name that are looked at.
const maxTexts = 32

// Texts returns the TXT records at name, the strings of each joined without anything between them, and how long the answer may be believed.
// That there are none is an answer, too; an error means that DNS could not say.
//
// Nothing is remembered here and callers are not joined: who asks for texts keeps them under rules of its own.
func (r *Resolver) Texts(ctx context.Context, name string) (texts []string, ttl time.Duration, err error) {
	var buf [maxName]byte
	host, ok := canonical(buf[:0], name)
	if !ok {
		return nil, 0, ErrTarget
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil, 0, errClosed
	}
	r.wg.Add(1) // Close waits for it.
	r.mu.Unlock()
	defer r.wg.Done()
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()

	s := &survey{r: r, ctx: ctx, ttl: r.cfg.MaxTTL}
	a, err := s.ask(string(host), dns.TypeTXT)
	if errors.Is(err, ErrNoServers) {
		return nil, 0, err
	}
	if err != nil {
		return nil, 0, fmt.Errorf("locate: %w", err)
	}
	for _, rr := range a.records[:min(len(a.records), maxTexts)] {
		if t, ok := rr.(*dns.TXT); ok {
			texts = append(texts, joinStrings(t.Txt))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return texts, s.ttl, nil
}

// joinStrings undoes the escapes that the dns package puts into strings: \" and \\ and \ddd, as in a zone file (RFC 1035 §5.1).
func joinStrings(parts []string) string {
	var b []byte
	for _, s := range parts {
		for i := 0; i < len(s); i++ {
			c := s[i]
			if c == '\\' && i+1 < len(s) {
				i++
				c = s[i]
				if i+2 < len(s) && digit(s[i]) && digit(s[i+1]) && digit(s[i+2]) {
					c = (s[i]-'0')*100 + (s[i+1]-'0')*10 + (s[i+2] - '0')
					i += 2
				}
			}
			b = append(b, c)
		}
	}
	return string(b)
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
