package lists

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gatehouse.example/internal/state/numbering"
	"gatehouse.example/sip/uri"
)

// Config is what Lists needs.
type Config struct {
	// Plan makes national numbers international, as for calls.
	Plan uri.Plan
	// Plans knows how wide a number prefix is; nil leaves that to the number of its digits.
	Plans *numbering.Table
	// Protected says why a value must not be blocked by an import ("it is peer 'carrier'"), or "". Nil protects nothing.
	Protected func(Value) string
	// Storage keeps entries between runs; nil keeps them in memory only.
	Storage Storage
	// Now is the clock for the Added time; nil is time.Now.
	Now func() time.Time
}

// Lists holds all lists. It is safe for concurrent use; look-ups never wait.
type Lists struct {
	cfg   Config
	index [kinds]atomic.Pointer[index] // by Kind

	mu    sync.Mutex
	lists map[string]map[string]*item // by list, by canonical value
}

// rebuildAbove is the number of changes from which building the index anew is cheaper than changing it in place.
const rebuildAbove = 4096

// New returns empty lists.
func New(cfg Config) *Lists {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	l := &Lists{cfg: cfg, lists: map[string]map[string]*item{}}
	l.publish(emptyIndexes())
	return l
}

func emptyIndexes() (all [kinds]*index) {
	for kind := range all {
		all[kind] = newIndex(Kind(kind))
	}
	return all
}

func (l *Lists) publish(all [kinds]*index) {
	for kind, x := range all {
		x.private = false
		l.index[kind].Store(x)
	}
}

// Load replaces everything by what the storage holds. Entries that have become invalid since they were stored are left out and
// named in the error, the others are loaded nevertheless.
func (l *Lists) Load(ctx context.Context) error {
	if l.cfg.Storage == nil {
		return nil
	}
	entries, err := l.cfg.Storage.LoadLists(ctx)
	if err != nil {
		return fmt.Errorf("lists: load: %w", err)
	}
	items, bad := make([]*item, 0, len(entries)), 0
	for i := range entries {
		it, e := l.item(entries[i])
		if e != nil {
			bad, err = bad+1, e
			continue
		}
		items = append(items, it)
	}
	l.mu.Lock()
	l.lists = map[string]map[string]*item{}
	for _, it := range items {
		l.keep(it)
	}
	l.rebuild()
	l.mu.Unlock()
	if bad > 0 {
		return fmt.Errorf("lists: load: %d entries left out, one of them: %w", bad, err)
	}
	return nil
}

// Add puts entries on their lists, replacing those of the same list and value, and returns them in canonical form. Up to 4096 are all
// or nothing; whatever their number, an entry that is wrong, or an IP prefix of a large part of the world, leaves everything as it was. The next look-up sees them.
func (l *Lists) Add(ctx context.Context, entries ...Entry) ([]Entry, error) {
	items := make([]*item, 0, len(entries))
	for _, e := range entries {
		values, err := expandRange(e.Value)
		if err != nil {
			return nil, err
		}
		for _, e.Value = range values {
			it, err := l.item(e)
			if err != nil {
				return nil, err
			}
			if it.is == Source {
				if wide := tooWide(sourcePrefix(it.Entry.Value)); wide != "" {
					return nil, fmt.Errorf("lists: value %q: %s holds a large part of the world: %w", e.Value, wide, ErrValue)
				}
			}
			if reason := it.misplaced(); reason != "" {
				return nil, fmt.Errorf("%w: %q %s", ErrDeclared, it.Entry.Value, reason)
			}
			items = append(items, it)
		}
	}
	if err := l.add(ctx, items); err != nil {
		return nil, err
	}
	out := make([]Entry, len(items))
	for i, it := range items {
		out[i] = it.Entry
	}
	return out, nil
}

// perTransaction is how many entries are stored at a time: who else writes, such as the history, gets his turn in between.
const perTransaction = 4096

// add stores items and takes them up. Where storing fails in the middle of more than perTransaction, those before are on their lists all the same, in
// memory as on the disk.
func (l *Lists) add(ctx context.Context, items []*item) error {
	stored, err := l.put(ctx, items)
	if stored < len(items) {
		err = fmt.Errorf("lists: add: after %d of %d entries: %w", stored, len(items), err)
	}
	items = items[:stored]
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, it := range items {
		old := l.keep(it)
		if len(items) > rebuildAbove {
			continue
		}
		if old != nil && old.kind() != it.kind() {
			l.index[old.kind()].Load().drop(old)
		}
		l.index[it.kind()].Load().put(it)
	}
	if len(items) > rebuildAbove {
		l.rebuild()
	}
	return err
}

// put stores items and says how many: all, or those before err.
func (l *Lists) put(ctx context.Context, items []*item) (stored int, err error) {
	if l.cfg.Storage == nil {
		return len(items), nil
	}
	entries := make([]Entry, 0, min(len(items), perTransaction))
	for some := range slices.Chunk(items, perTransaction) {
		entries = entries[:0]
		for _, it := range some {
			entries = append(entries, it.Entry)
		}
		if err := l.cfg.Storage.PutEntries(ctx, entries); err != nil {
			return stored, err
		}
		stored += len(some)
	}
	return stored, nil
}

// Remove takes a value off a list and says whether it was on it.
func (l *Lists) Remove(ctx context.Context, list, value string) (bool, error) {
	v, err := ParseValue(value, l.cfg.Plan)
	if err != nil {
		return false, err
	}
	stored := false
	if l.cfg.Storage != nil {
		if stored, err = l.cfg.Storage.DeleteEntry(ctx, list, v.Text); err != nil {
			return false, fmt.Errorf("lists: remove: %w", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.forget(list, v.Text) || stored, nil
}

// Expire removes the entries that have expired, from memory and storage, and says how many. They have stopped matching before.
func (l *Lists) Expire(ctx context.Context, now time.Time) (int, error) {
	var gone []*item
	l.mu.Lock()
	for _, values := range l.lists {
		for _, it := range values {
			if it.expires != 0 && now.UnixNano() >= it.expires {
				gone = append(gone, it)
			}
		}
	}
	for _, it := range gone {
		l.forget(it.Entry.List, it.Entry.Value)
	}
	l.mu.Unlock()
	if l.cfg.Storage == nil {
		return len(gone), nil
	}
	for _, it := range gone {
		if _, err := l.cfg.Storage.DeleteEntry(ctx, it.Entry.List, it.Entry.Value); err != nil {
			return len(gone), fmt.Errorf("lists: expire: %w", err)
		}
	}
	return len(gone), nil
}

// Summary says what is on one list.
type Summary struct {
	// Name is the list's.
	Name string `json:"name"`
	// Block and Allow count its entries.
	Block int `json:"block"`
	Allow int `json:"allow"`
}

// Summaries returns all lists, by name. A list comes to be by its first entry and ends with its last.
func (l *Lists) Summaries() []Summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Summary, 0, len(l.lists))
	for name, values := range l.lists {
		s := Summary{Name: name}
		for _, it := range values {
			if it.Entry.Kind == Allow {
				s.Allow++
			} else {
				s.Block++
			}
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Summary) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Entries returns the entries of one list, by value.
func (l *Lists) Entries(list string) []Entry {
	l.mu.Lock()
	entries := make([]Entry, 0, len(l.lists[list]))
	for _, it := range l.lists[list] {
		entries = append(entries, it.Entry)
	}
	l.mu.Unlock()
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Value, b.Value) })
	return entries
}

// Len returns how many entries there are in all.
func (l *Lists) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, values := range l.lists {
		n += len(values)
	}
	return n
}

// wide says why a number prefix is too wide by the numbering plans.
func (l *Lists) wide(prefix string) string {
	if l.cfg.Plans == nil {
		return ""
	}
	return l.cfg.Plans.Wide(prefix)
}

// item checks an entry and makes it canonical.
func (l *Lists) item(e Entry) (*item, error) {
	if !validName(e.List) {
		return nil, fmt.Errorf("%w, not %q", ErrList, e.List)
	}
	if e.Kind > Allow {
		return nil, fmt.Errorf("lists: value %q: no such kind", e.Value)
	}
	v, err := ParseValue(e.Value, l.cfg.Plan)
	if err != nil {
		return nil, err
	}
	e.Value = v.Text
	if e.Added.IsZero() {
		e.Added = l.cfg.Now().UTC().Truncate(time.Microsecond)
	}
	return &item{Match: Match{Entry: e, is: v.Type}, expires: nanoseconds(e.Expires)}, nil
}

// misplaced says why an item must not be on the list [Declared], or "".
func (it *item) misplaced() string {
	switch {
	case it.Entry.List != Declared:
		return ""
	case it.Entry.Kind != Allow:
		return "is to be blocked"
	case it.is == Source, it.is == Agent, it.is == AgentPrefix:
		return "is a " + it.is.String() + ", which says nothing about who calls"
	}
	return ""
}

// nanoseconds turns an expiry into Unix nanoseconds, where 0 is never. They reach from 1678 to 2262: the year 9999, as much as never, is never, and 1900 is over.
func nanoseconds(expires time.Time) int64 {
	switch year := expires.Year(); {
	case expires.IsZero(), year > 2261:
		return 0
	case year < 1971:
		return 1
	}
	return expires.UnixNano()
}

// keep notes an item and returns the one that it replaces. The caller holds mu.
func (l *Lists) keep(it *item) (old *item) {
	values := l.lists[it.Entry.List]
	if values == nil {
		values = map[string]*item{}
		l.lists[it.Entry.List] = values
	}
	old = values[it.Entry.Value]
	values[it.Entry.Value] = it
	return old
}

// forget removes an item. The caller holds mu.
func (l *Lists) forget(list, value string) bool {
	it := l.lists[list][value]
	if it == nil {
		return false
	}
	delete(l.lists[list], value)
	if len(l.lists[list]) == 0 {
		delete(l.lists, list)
	}
	l.index[it.kind()].Load().drop(it)
	return true
}

// rebuild makes the index anew. The caller holds mu.
func (l *Lists) rebuild() {
	fresh := emptyIndexes()
	var patterns [kinds][]*item
	for _, values := range l.lists {
		for _, it := range values {
			if it.is == Agent || it.is == AgentPrefix {
				patterns[it.kind()] = append(patterns[it.kind()], it)
				continue
			}
			fresh[it.kind()].put(it)
		}
	}
	for kind, items := range patterns {
		fresh[kind].agents.Store(newAgents(items))
	}
	l.publish(fresh)
}

func validName(s string) bool {
	if s == "" || len(s) > 64 || s == "." || s == ".." { // a path names it, and these two go nowhere
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
