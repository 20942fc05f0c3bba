// Package register keeps very large sets of telephone numbers: registers of those who must not be called, and of numbers that
// never call (do-not-call, do-not-originate). RFC 5039 §3.2 at the size of a country.
//
// A register is one file that is mapped into memory, exact, and about 6 bits a number: 250 million numbers of the North American
// plan take 168 MB where all codes in use are assigned ones, 200 MB spread over every code there can be (docs/adr/0012).
// A look-up takes no lock, allocates nothing, and waits for far memory once: what is searched first is so small that it stays in near memory, and
// all else that is needed is asked for at the same time.
//
// A file is never changed. An import makes a new one beside it, from input in any order and in bounded memory, and puts it in place by one
// exchange of a pointer: look-ups that are under way end in the old one, which is unmapped when the last of them has ended. Each file bears checksums; one
// that is damaged or cut is refused with [ErrDamaged], one of another version with [ErrVersion], and what was in force stays so.
//
// What it leaves out: removing or adding single numbers. A small list (package lists) over the register does that.
package register

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of this package; test with errors.Is.
var (
	// ErrDamaged is wrapped where a file is not what was written.
	ErrDamaged = errors.New("the register file is damaged")
	// ErrVersion is wrapped where a file is of a form that another version of this program has written.
	ErrVersion = errors.New("the register file is of another version")
	// ErrNone says that a register has no file yet.
	ErrNone = errors.New("register: there is none of that name")
	// ErrName says what a register may be called.
	ErrName = errors.New("register: a register's name is 1 to 64 letters, digits, '.', '_' or '-'")
)

// Mapping is a file mapped into memory.
type Mapping interface {
	// Bytes is the content, until Close.
	Bytes() []byte
	// Identity changes when another file takes the name.
	Identity() string
	// Close unmaps it.
	Close() error
}

// NewFile is a file that is being written and has no name yet.
type NewFile interface {
	Write(b []byte) (int, error)
	WriteAt(b []byte, at int64) (int, error)
	// Commit makes it durable and gives it the register's name, in place of an older one. Nothing is written after it.
	Commit() error
	// Discard gives it up; after Commit it does nothing.
	Discard() error
}

// Scratch is a nameless file for what memory does not hold. It is gone when it is closed.
type Scratch interface {
	Write(b []byte) (int, error)
	ReadAt(b []byte, at int64) (int, error)
	Close() error
}

// Storage keeps register files.
type Storage interface {
	// MapRegister maps the file of a register; ErrNone where it has none.
	MapRegister(name string) (Mapping, error)
	// RegisterIdentity is the Identity of the file in place, or "" where there is none.
	RegisterIdentity(name string) (string, error)
	// CreateRegister begins a new file.
	CreateRegister(name string) (NewFile, error)
	// ScratchRegister begins a scratch file.
	ScratchRegister() (Scratch, error)
	// ListRegisters returns the names that have a file, in order.
	ListRegisters() ([]string, error)
}

// Register is one register. It is safe for concurrent use; look-ups never wait.
type Register struct {
	name    string
	storage Storage
	image   atomic.Pointer[image]
	swaps   atomic.Uint64

	mu sync.Mutex // one swap at a time
}

// New returns a register without numbers. Load fills it.
func New(name string, s Storage) (*Register, error) {
	if !validName(name) {
		return nil, fmt.Errorf("%w, not %s", ErrName, strconv.Quote(name))
	}
	return &Register{name: name, storage: s}, nil
}

// Name returns the register's name.
func (r *Register) Name() string { return r.name }

// Load maps the file that is in place now, unless it is in force already, and says whether anything has changed. Where it cannot be used, what
// was in force stays in force. A register without a file is empty.
func (r *Register) Load() (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	identity, err := r.storage.RegisterIdentity(r.name)
	if err != nil {
		return false, fmt.Errorf("register %s: %w", r.name, err)
	}
	old := r.image.Load()
	if old != nil && old.identity == identity || old == nil && identity == "" {
		return false, nil
	}
	if identity == "" {
		r.image.Store(nil)
		r.swaps.Add(1)
		return true, nil
	}
	m, err := r.storage.MapRegister(r.name)
	if err != nil {
		return false, fmt.Errorf("register %s: %w", r.name, err)
	}
	fresh, err := parse(m.Bytes())
	if err != nil {
		return false, errors.Join(fmt.Errorf("register %s: %w: import it anew", r.name, err), m.Close())
	}
	fresh.identity = m.Identity()
	// Look-ups hold the image as long as they read it, so the collector knows when nobody does any more.
	runtime.AddCleanup(fresh, func(m Mapping) { _ = m.Close() }, m)
	r.image.Store(fresh)
	r.swaps.Add(1)
	return true, nil
}

// Has says whether a canonical number ("+15551230001") is in the register.
func (r *Register) Has(number string) bool {
	n, ok := Number(number)
	return ok && r.Holds(n)
}

// Holds says whether the number with these digits is in the register.
func (r *Register) Holds(n uint64) bool {
	i := r.image.Load()
	if i == nil {
		return false
	}
	found := i.has(n)
	runtime.KeepAlive(i) // or its mapping could be gone while it is read
	return found
}

// maxNumber is above all numbers of 15 digits. RFC 3966 §5.1.4, ITU-T E.164.
const (
	maxDigits = 15
	minDigits = 4
	maxNumber = 1_000_000_000_000_000
)

// Number reads a canonical number: "+", then 4 to 15 digits that do not begin with 0.
func Number(s string) (uint64, bool) {
	if len(s) < 1+minDigits || len(s) > 1+maxDigits || s[0] != '+' || s[1] == '0' {
		return 0, false
	}
	n := uint64(0)
	for i := 1; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	return n, true
}

// Stats say what a register holds.
type Stats struct {
	// Numbers is how many it holds.
	Numbers uint64 `json:"numbers"`
	// Bytes is the size of its file, and of the memory that it takes where all of it is in use.
	Bytes int `json:"bytes"`
	// Made is when it was imported.
	Made time.Time `json:"made,omitzero"`
	// Swaps is how often a file was put in force since the start.
	Swaps uint64 `json:"swaps"`
}

// Stats returns what the register holds now.
func (r *Register) Stats() Stats {
	s := Stats{Swaps: r.swaps.Load()}
	if i := r.image.Load(); i != nil {
		s.Numbers, s.Bytes, s.Made = i.count, i.size, i.made
	}
	return s
}

func validName(s string) bool {
	if s == "" || len(s) > 64 || s[0] == '.' {
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
