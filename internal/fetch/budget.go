package fetch

import (
	"context"
	"sync"
	"time"
)

// A Cause is who made us fetch: a peer by its name, or a stranger by the network that its request came from.
type Cause struct {
	// Name tells causes apart. Whoever makes it up from an address takes the prefix that one party holds: a /64 of IPv6.
	Name string
	// Known says that the operator named this peer: it has a larger budget, and strangers cannot use up its share.
	Known bool
}

type causeKey struct{}

// CausedBy returns a context in which Path and CRLs charge c for what they have to fetch. Without it all is charged to one stranger.
func CausedBy(ctx context.Context, c Cause) context.Context {
	return context.WithValue(ctx, causeKey{}, c)
}

func causeOf(ctx context.Context) Cause {
	c, _ := ctx.Value(causeKey{}).(Cause)
	return c
}

// Budget is a token bucket: so many fetches at once, and so many a minute from then on.
type Budget struct {
	Burst     int
	PerMinute int
}

// A bucket is how many tokens there were at a time.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes one token if there is one.
func (b *bucket) take(size Budget, now time.Time) bool {
	b.fill(size, now)
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (b *bucket) fill(size Budget, now time.Time) {
	if gone := now.Sub(b.at); gone > 0 {
		b.tokens = min(b.tokens+gone.Minutes()*float64(size.PerMinute), float64(size.Burst))
		b.at = now
	}
}

// budgets are the buckets of all keys. At most so many are kept: one that has filled up again says nothing and is forgotten. When all
// are in use, further keys share one bucket among them, so that inventing keys buys no more fetches.
type budgets struct {
	size Budget
	most int

	mu    sync.Mutex
	each  map[string]*bucket
	rest  *bucket
	swept time.Time
}

func newBudgets(size Budget, most int, now time.Time) *budgets {
	return &budgets{size: size, most: most, each: make(map[string]*bucket), rest: full(size, now)}
}

func full(size Budget, now time.Time) *bucket { return &bucket{tokens: float64(size.Burst), at: now} }

// take charges one fetch to a key and says whether it may be made.
func (b *budgets) take(key string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	one := b.each[key]
	if one == nil {
		one = b.admit(key, now)
	}
	return one.take(b.size, now)
}

func (b *budgets) admit(key string, now time.Time) *bucket {
	if len(b.each) >= b.most && now.Sub(b.swept) >= time.Second {
		b.swept = now
		for k, old := range b.each {
			if old.fill(b.size, now); old.tokens >= float64(b.size.Burst) {
				delete(b.each, k)
			}
		}
	}
	if len(b.each) >= b.most {
		return b.rest
	}
	one := full(b.size, now)
	b.each[key] = one
	return one
}
