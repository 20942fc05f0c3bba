package home

import (
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"gatehouse.example/internal/state/binding"
	"gatehouse.example/sip"
	"gatehouse.example/sip/uri"
)

// RegistrarConfig says what may be registered.
type RegistrarConfig struct {
	// Domain names the hosted domains; it must be set.
	Domain Domain
	// IsOwn tells whether a host and port (0: none given) lead back to this server: its listeners, its names,
	// the hosted domains. Such a contact would make it call itself (RFC 5393 §3). It must be set.
	IsOwn func(host []byte, port uint16) bool
	// Storage keeps bindings over a restart; nil keeps none.
	Storage binding.Storage
	// DefaultExpires is for contacts that name no time. Default: 1 h.
	DefaultExpires time.Duration
	// MinExpires is the shortest time, less is answered by 423; at most 1 h (RFC 3261 §10.3 step 7).
	// Default: 60 s.
	MinExpires time.Duration
	// MaxExpires is the longest time; more is shortened to it. Default: 2 h.
	MaxExpires time.Duration
	// MaxContacts is how many contacts one user may have at a time. Default: 10.
	MaxContacts int
	// Log receives what goes wrong behind the caller's back. Default: nothing is logged.
	Log *slog.Logger
}

// Registrar knows the contacts of every registered user. Safe for concurrent use.
type Registrar struct {
	cfg     RegistrarConfig
	seed    maphash.Seed
	shards  [64]shard
	journal journal
	flows   flows
	reach   reach
}

// shard is a part of the users, so that registrations do not wait for each other.
type shard struct {
	mu    sync.RWMutex
	users map[string][]*entry // by AoR; a slice is never changed once it stands here
}

// entry is one binding with its parsed parts. It is not changed once it stands in a shard.
type entry struct {
	binding.Binding
	uri    uri.URI // of Contact
	source Source
}

func (e *entry) live(now time.Time) bool { return e.Expires.After(now) }

// Contact is where a user can be reached now.
type Contact struct {
	URI       string   // as registered
	Target    string   // as a Request-URI: without ?headers and method, which are never carried out
	Q         int      // thousandths; 1000 if none was given
	Path      []string // Route values to go through first, the topmost first (RFC 3327 §5.4)
	Source    Source   // the flow to send on, unless there is a Path; may be unknown
	Expires   time.Time
	Instance  string
	CallID    string
	UserAgent string
}

// NewRegistrar makes an empty registrar; Load fills it from the storage and Run keeps the storage up to date.
func NewRegistrar(cfg RegistrarConfig) *Registrar {
	if cfg.DefaultExpires <= 0 {
		cfg.DefaultExpires = time.Hour
	}
	if cfg.MinExpires <= 0 {
		cfg.MinExpires = time.Minute
	}
	cfg.MinExpires = min(cfg.MinExpires, time.Hour)
	if cfg.MaxExpires <= 0 {
		cfg.MaxExpires = 2 * time.Hour
	}
	cfg.MaxExpires = max(cfg.MaxExpires, cfg.MinExpires)
	cfg.DefaultExpires = min(max(cfg.DefaultExpires, cfg.MinExpires), cfg.MaxExpires)
	if cfg.MaxContacts <= 0 {
		cfg.MaxContacts = 10
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Registrar{cfg: cfg, seed: maphash.MakeSeed()}
	for i := range r.shards {
		r.shards[i].users = map[string][]*entry{}
	}
	r.journal.begin(cfg.Storage != nil)
	r.flows.users = map[uint64]map[string]struct{}{}
	r.reach.flows, r.reach.from = map[string][]*entry{}, map[Source][]*entry{}
	return r
}

// refusal is why a REGISTER fails; nothing has changed then.
type refusal struct {
	status  int
	reason  string
	headers []byte
}

func refuse(status int, reason string) *refusal { return &refusal{status: status, reason: reason} }

// Register carries out a REGISTER (RFC 3261 §10.3) that came over a flow from a proven user, whose AoR key
// an Authenticator found. It changes all contacts or none. The answer lacks only the To tag and where it
// goes to.
func (r *Registrar) Register(m *sip.Message, from Source, user string, now time.Time) sip.Response {
	req, no := r.read(m, user, now)
	if no == nil {
		req.source = from
		var left []*entry
		if left, no = r.update(req, now); no == nil {
			return sip.Response{Status: 200, Headers: appendSuccess(nil, left, req.path, now)}
		}
	}
	return sip.Response{Status: no.status, Reason: no.reason, Headers: no.headers}
}

// update applies a request to its user's bindings and returns those that are left.
func (r *Registrar) update(req *request, now time.Time) ([]*entry, *refusal) {
	s := r.shard(req.aor)
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.users[req.aor]
	left, no := plan(old, req, r.cfg.MaxContacts, now)
	if no != nil {
		return nil, no
	}
	if !req.fetch() {
		r.replace(s, req.aor, left)
	}
	return left, nil
}

// replace puts a user's new bindings in place and notes the differences; s.mu is held.
func (r *Registrar) replace(s *shard, aor string, next []*entry) {
	r.journal.note(s.users[aor], next)
	r.reach.replace(s.users[aor], next)
	if len(next) == 0 {
		delete(s.users, aor)
		return
	}
	s.users[aor] = next
	r.flows.note(aor, next)
}

// Contacts returns where a user can be reached, the most preferred first; users that share a preference
// keep the order of their first registration.
func (r *Registrar) Contacts(aor string, now time.Time) []Contact {
	s := r.shard(aor)
	s.mu.RLock()
	entries := s.users[aor]
	s.mu.RUnlock()
	return contacts(entries, now)
}

// Registered tells whether a user can be reached at all.
func (r *Registrar) Registered(aor string, now time.Time) bool {
	s := r.shard(aor)
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range s.users[aor] {
		if e.live(now) {
			return true
		}
	}
	return false
}

// Remove forgets every binding of a user, for an account that is deleted or has a new password.
func (r *Registrar) Remove(aor string) {
	s := r.shard(aor)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.replace(s, aor, nil)
}

// Users calls f for each user with live contacts, in no order, for lists; f must not call the Registrar.
func (r *Registrar) Users(now time.Time, f func(aor string, contacts []Contact)) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.RLock()
		for aor, entries := range s.users {
			if c := contacts(entries, now); len(c) > 0 {
				f(aor, c)
			}
		}
		s.mu.RUnlock()
	}
}

func (r *Registrar) shard(aor string) *shard {
	return &r.shards[maphash.String(r.seed, aor)%uint64(len(r.shards))]
}
