package locate

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	// maxChain bounds CNAME and NAPTR chains.
	maxChain = 8
	// maxQuestions bounds the questions of one look-up.
	maxQuestions = 64
	// noSOA is how long a negative answer without SOA is believed.
	noSOA = 5 * time.Second
	// partialTTL is how long a plan lives that was made although a question had
	// no answer: long enough against a storm, short enough not to poison.
	partialTTL = 2 * time.Second
)

// survey is one look-up on its way: it asks, and keeps account of how long what
// it learned may be believed.
type survey struct {
	r   *Resolver
	ctx context.Context

	mu        sync.Mutex
	ttl       time.Duration // the least of all answers
	questions int
	partial   bool // a question had no answer
}

// answer is what one question brought: records of the name, or of the name
// that its CNAMEs lead to. No records means that DNS says there are none.
type answer struct {
	records []dns.RR
	extra   []dns.RR
}

// ask puts a question and follows CNAMEs.
func (s *survey) ask(name string, qtype uint16) (answer, error) {
	for range maxChain {
		if err := s.count(); err != nil {
			return answer{}, err
		}
		m, err := s.r.client.ask(s.ctx, name, qtype)
		if err != nil {
			s.fault()
			return answer{}, err
		}
		records, end, ttl := follow(m.Answer, dns.Fqdn(name), qtype)
		switch {
		case len(records) > 0:
			s.limit(max(ttl, s.r.cfg.MinTTL))
			return answer{records, m.Extra}, nil
		case end == dns.Fqdn(name), m.Rcode == dns.RcodeNameError, soa(m) != nil:
			s.limit(s.negativeTTL(m))
			return answer{}, nil
		}
		s.limit(max(ttl, s.r.cfg.MinTTL))
		name = end
	}
	s.limit(noSOA)
	return answer{}, nil // A chain without end leads nowhere.
}

// follow picks the records of qtype out of an answer section, going from name
// along the CNAMEs in it. Records of other names are not what was asked for.
func follow(section []dns.RR, name string, qtype uint16) (records []dns.RR, end string, ttl time.Duration) {
	ttl = math.MaxInt64
	for range maxChain {
		next := ""
		for _, rr := range section {
			h := rr.Header()
			if h.Class != dns.ClassINET || !strings.EqualFold(h.Name, name) {
				continue
			}
			if h.Rrtype == qtype {
				records = append(records, rr)
			} else if c, ok := rr.(*dns.CNAME); ok {
				next = c.Target
			} else {
				continue
			}
			ttl = min(ttl, time.Duration(h.Ttl)*time.Second)
		}
		if len(records) > 0 || next == "" {
			break
		}
		name = strings.ToLower(next)
	}
	return records, name, ttl
}

// negativeTTL is how long a negative answer is believed: RFC 2308 §5.
func (s *survey) negativeTTL(m *dns.Msg) time.Duration {
	ttl := noSOA
	if rr := soa(m); rr != nil {
		ttl = time.Duration(min(rr.Minttl, rr.Hdr.Ttl)) * time.Second
	}
	return max(min(ttl, s.r.cfg.MaxNegativeTTL), s.r.cfg.MinTTL)
}

func (s *survey) limit(ttl time.Duration) {
	s.mu.Lock()
	s.ttl = min(s.ttl, ttl)
	s.mu.Unlock()
}

func (s *survey) fault() {
	s.mu.Lock()
	s.partial = true
	s.mu.Unlock()
}

func (s *survey) count() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.questions++; s.questions > maxQuestions {
		return fmt.Errorf("%w: more than %d questions", errQuery, maxQuestions)
	}
	return nil
}
