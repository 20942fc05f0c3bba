package newcomers

import (
	"math"
	"time"
)

// test counts who passed a test, and of whom people said then that he was not wanted.
type test struct {
	passed, deceived float64
	at               int64 // Unix seconds: when the counts were as they are
}

const (
	testHalf  = 10 * 24 * 3600 // seconds: machines learn, and so do tests
	testFades = 6 * 3600       // seconds from one time to the next
	testTrust = 100            // tests passed by those who are wanted, before there were any
	oneSays   = 0.05           // of unwanted calls people object to one in twenty
	leastSure = 0.5            // a test's worth below which it is broken
)

func (t *test) fade(now int64) {
	since := now - t.at
	if t.at != 0 && since < testFades {
		return
	}
	if t.at != 0 {
		f := math.Exp2(-float64(since) / testHalf)
		t.passed, t.deceived = t.passed*f, t.deceived*f
	}
	t.at = now
}

func (m *Memory) passed() {
	m.mu.Lock()
	m.test.passed++
	m.mu.Unlock()
}

func (m *Memory) deceived() {
	m.mu.Lock()
	m.test.deceived++
	m.mu.Unlock()
}

// Worth is what it says about a stranger that he has passed a test, from 1 to 0: a test that those pass to whom people then object is worth nothing.
func (m *Memory) Worth(now time.Time) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.test.fade(now.Unix())
	share := (m.test.deceived + 1) / (m.test.passed + testTrust) / oneSays
	return max(0, 1-share)
}

// Broken tells whether half of those who pass a test are not wanted, so that it is of no use to test anybody. What was seen fades, so tests are tried again after some days.
func (m *Memory) Broken(now time.Time) bool { return m.Worth(now) < leastSure }
