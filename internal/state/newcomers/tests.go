package newcomers

import (
	"math"
	"time"
)

// test counts who passed a test, of whom people said then that he was not wanted, and who failed one.
type test struct {
	passed, deceived, failed float64
	at                       int64 // Unix seconds: when the counts were as they are
}

const (
	testHalf  = 30 * 24 * 3600 // seconds: machines learn, and so do tests
	testFades = 6 * 3600       // seconds from one time to the next
	testTrust = 200            // tests passed by those who are wanted, before there were any
	oneSays   = 0.05           // of unwanted calls people object to one in twenty
	leastKept = 40             // tests failed by those who are not wanted, before there were any
)

func (t *test) fade(now int64) {
	since := now - t.at
	if t.at != 0 && since < testFades {
		return
	}
	if t.at != 0 {
		f := math.Exp2(-float64(since) / testHalf)
		t.passed, t.deceived, t.failed = t.passed*f, t.deceived*f, t.failed*f
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

// Flunked puts down that somebody has failed a test.
func (m *Memory) Flunked() {
	m.mu.Lock()
	m.test.failed++
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

// Broken tells whether of those who are not wanted more pass a test than fail it, so that it is of no use to test anybody. Where there are many of them half of those who pass may be
// unwanted, and the test keeps out all others nevertheless. What was seen fades, so tests are tried again after some days.
func (m *Memory) Broken(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.test.fade(now.Unix())
	return m.test.deceived/oneSays > m.test.failed+leastKept
}
