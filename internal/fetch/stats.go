package fetch

import "sync/atomic"

// Stats are counters since New, and sizes now.
type Stats struct {
	Hits          uint64 // answered from the cache
	Stale         uint64 // answered from the cache after its time, the host being unreachable
	Negative      uint64 // refused because it failed a moment ago
	Joined        uint64 // waited for a fetch that another had caused
	Fetches       uint64 // requests to a host, refreshing included
	Refreshes     uint64 // of those, before something became stale
	ReceivedBytes uint64 // received in bodies
	Evicted       uint64 // gave way in the cache
	Lost          uint64 // changes that the storage did not get
	Failures      map[Reason]uint64

	Chains, CRLs, Failed, UnderWay int
}

type counters struct {
	hits, stale, negative, joined, fetches, refreshes, octets, evicted atomic.Uint64

	failures [len(reasonNames)]atomic.Uint64
}

// fail counts a failure and passes it on.
func (c *counters) fail(e *Error) *Error {
	if e != nil {
		c.failures[e.Reason].Add(1)
	}
	return e
}

// Stats returns what has been counted.
func (f *Fetcher) Stats() Stats {
	c := &f.counts
	s := Stats{
		Hits: c.hits.Load(), Stale: c.stale.Load(), Negative: c.negative.Load(), Joined: c.joined.Load(), Fetches: c.fetches.Load(),
		Refreshes: c.refreshes.Load(), ReceivedBytes: c.octets.Load(), Evicted: c.evicted.Load(),
		Failures: make(map[Reason]uint64),
		Chains:   f.chains.len(), CRLs: f.crls.len(), Failed: f.failed.len(),
	}
	for r := range c.failures {
		if n := c.failures[r].Load(); n > 0 {
			s.Failures[Reason(r)] = n
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s.UnderWay, s.Lost = len(f.flights), f.journal.lostChanges()
	return s
}
