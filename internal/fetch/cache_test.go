package fetch

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"testing"
	"time"
)

// chainAt is an item as the cache sees it: an address, a certificate, and when it was used.
func chainAt(url, leaf string, used int64) *item {
	i := &item{Entry: Entry{URL: url}, leaf: sha256.Sum256([]byte(leaf))}
	i.used.Store(used)
	return i
}

func (c *cache) proven() (n int) {
	for _, i := range c.all() {
		if i.proven.Load() {
			n++
		}
	}
	return n
}

// TestInventedAddressesDoNotEvict: copies of public chains at ten thousand addresses push out each other and nothing that is
// proven.
func TestInventedAddressesDoNotEvict(t *testing.T) {
	c := newCache(100)
	for n := range 60 {
		good := chainAt(fmt.Sprint("good ", n), fmt.Sprint("leaf ", n), int64(n))
		c.put(good)
		if !c.prove(good) || c.prove(good) {
			t.Fatal("proven once")
		}
	}
	evicted := 0
	for n := range 10_000 {
		evicted += len(c.put(chainAt(fmt.Sprint("evil ", n), fmt.Sprint("leaf ", n%60), int64(1000+n))))
	}
	if c.len() != 100 || c.proven() != 60 || evicted != 10_000-40 {
		t.Errorf("%d kept, %d proven, %d evicted", c.len(), c.proven(), evicted)
	}
	for n := range 60 {
		if c.get(fmt.Sprint("good ", n)) == nil {
			t.Errorf("good %d is gone", n)
		}
	}
	if c.get("evil 9999") == nil || c.get("evil 0") != nil {
		t.Error("of those on probation not the latest ones are left")
	}
}

// TestOneKeyCannotProveManyAddresses: whoever has one certificate has a few places.
func TestOneKeyCannotProveManyAddresses(t *testing.T) {
	c := newCache(100)
	for n := range 50 {
		i := chainAt(fmt.Sprint("evil ", n), "one leaf", int64(n))
		c.put(i)
		c.prove(i)
	}
	if c.proven() != perLeaf {
		t.Errorf("%d proven", c.proven())
	}
}

// TestProvenOnesLeaveRoom: the one used longest ago goes back to probation, so that new ones always find a place.
func TestProvenOnesLeaveRoom(t *testing.T) {
	c := newCache(100)
	for n := range 200 {
		i := chainAt(strconv.Itoa(n), strconv.Itoa(n), int64(n))
		c.put(i)
		c.prove(i)
	}
	if c.proven() != 75 || c.len() != 100 || c.get("199") == nil || c.get("0") != nil {
		t.Errorf("%d proven of %d", c.proven(), c.len())
	}
	renewed := chainAt("199", "renewed", 200)
	c.put(renewed)
	if !renewed.proven.Load() {
		t.Error("what is renewed at a proven address is on probation")
	}
}

func TestImportedStaysWhateverComes(t *testing.T) {
	c := newCache(4)
	mine := chainAt("mine", "mine", 0)
	mine.Pinned = true
	mine.proven.Store(true)
	c.put(mine)
	for n := range 20 {
		i := chainAt(strconv.Itoa(n), strconv.Itoa(n), int64(n+1))
		c.put(i)
		c.prove(i)
	}
	c.put(chainAt("mine", "fetched", 100))
	if c.get("mine") != mine || c.len() != 4 {
		t.Errorf("%d kept", c.len())
	}
}

func TestFailuresAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	f := newFailures(10)
	for n := range 100 {
		f.put(strconv.Itoa(n), &Error{Reason: NoName}, now, now.Add(time.Duration(n)*time.Second+time.Minute))
	}
	if f.len() != 10 || f.find("99", now) == nil || f.find("0", now) != nil {
		t.Errorf("%d remembered", f.len())
	}
	if later := now.Add(time.Hour); f.find("99", later) != nil || f.len() != 9 {
		t.Errorf("%d remembered an hour later", f.len())
	}
}

func TestBudgetsAreBounded(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBudgets(Budget{2, 60}, 100, now)
	took := 0
	for n := range 10_000 {
		if b.take(strconv.Itoa(n), now) {
			took++
		}
	}
	if len(b.each) != 100 || took != 102 {
		t.Errorf("%d keys, %d taken", len(b.each), took)
	}
	if !b.take("5", now) || b.take("5", now) {
		t.Error("who came before has lost its own budget, or has got more")
	}
	if now = now.Add(time.Minute); !b.take("new", now) || len(b.each) != 1 {
		t.Errorf("%d keys after a minute", len(b.each))
	}
	if b.take("new", now.Add(-time.Hour)); b.take("new", now.Add(-time.Hour)) {
		t.Error("a clock that is set back gives tokens")
	}
}
