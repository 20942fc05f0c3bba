// Package rings remembers which numbers ring once and hang up, and at how many people: what is called wangiri, "one ring and cut". The caller wants to be called
// back, at a number that he earns by.
//
// A number is remembered together with its block, the number without its last two digits, because such callers rotate through a block. Memory is fixed
// (package slots); what has not been heard of for a week is forgotten, and a Keeper stores the rest. Time is passed in and may be virtual. Safe for
// concurrent use; nothing is allocated.
package rings

import (
	"time"

	"gatehouse.example/internal/state/rate"
	"gatehouse.example/internal/state/slots"
)

// most is how many different callees of a number are told apart.
const most = 8

// week is how long a ring is remembered.
const week = int64(7 * 24 * time.Hour)

// entry is what is known of one number, or block.
type entry struct {
	last    int64
	callees [most]uint32
	n       uint8
	talks   uint8 // calls that were answered and went on for a while
}

// Memory remembers numbers.
type Memory struct {
	seed rate.Seed
	rows *slots.Table[entry]
}

// New returns a memory for about that many numbers and blocks, 56 octets each.
func New(numbers int, seed rate.Seed) *Memory {
	return &Memory{seed: seed, rows: slots.New(numbers, func(e *entry) int64 { return int64(e.n)<<56 | e.last>>8&(1<<56-1) })}
}

const (
	hashNumber uint64 = iota + 1
	hashBlock
	hashCallee
)

// blockDigits is how many digits of a number its block leaves out.
const blockDigits = 2

// keys are those of a number and its block.
func (m *Memory) keys(number string) (own, block uint64) {
	return m.seed.String(hashNumber, number), m.seed.String(hashBlock, number[:max(0, len(number)-blockDigits)])
}

// change changes what is known under a key.
func (m *Memory) change(key uint64, now int64, f func(*entry)) {
	m.rows.Lock(key)
	defer m.rows.Unlock(key)
	e := m.rows.Take(key)
	if now-e.last > week {
		*e = entry{}
	}
	e.last = max(e.last, now)
	f(e)
}

// Missed notes that a number rang at a callee, briefly, and hung up.
func (m *Memory) Missed(number, callee string, now int64) {
	own, block := m.keys(number)
	who := uint32(m.seed.String(hashCallee, callee))
	add := func(e *entry) {
		for _, c := range e.callees[:e.n] {
			if c == who {
				return
			}
		}
		if e.n < most {
			e.callees[e.n] = who
			e.n++
		}
	}
	m.change(own, now, add)
	m.change(block, now, add)
}

// Talked notes that a call from or to a number went on for a while.
func (m *Memory) Talked(number string, now int64) {
	own, block := m.keys(number)
	add := func(e *entry) {
		if e.talks < 255 {
			e.talks++
		}
	}
	m.change(own, now, add)
	m.change(block, now, add)
}

// Count is what is known of a number.
type Count struct {
	// Callees is how many different people it has rung at briefly, within about a week, at most 8; Block the same of its block.
	Callees, Block int
	// Talks is how many calls with it went on for a while, at most 255; BlockTalks the same of its block.
	Talks, BlockTalks int
}

// Look returns what is known of a number.
func (m *Memory) Look(number string, now int64) (c Count) {
	own, block := m.keys(number)
	if e, ok := m.rows.Get(own); ok && now-e.last <= week {
		c.Callees, c.Talks = int(e.n), int(e.talks)
	}
	if e, ok := m.rows.Get(block); ok && now-e.last <= week {
		c.Block, c.BlockTalks = int(e.n), int(e.talks)
	}
	return c
}

// Stats are figures about the memory.
func (m *Memory) Stats() slots.Stats { return m.rows.Stats() }
