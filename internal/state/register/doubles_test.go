package register_test

import (
	"fmt"
	"slices"
	"sync"

	"gatehouse.example/internal/state/register"
)

// memory is a Storage.
type memory struct {
	mu     sync.Mutex
	files  map[string]*file
	serial int
	open   int // mappings
	fail   error
}

func newMemory() *memory { return &memory{files: map[string]*file{}} }

// file is a file, a mapping and a scratch at once.
type file struct {
	m        *memory
	name     string
	bytes    []byte
	identity string
}

func (f *file) Write(b []byte) (int, error) {
	f.bytes = append(f.bytes, b...)
	return len(b), f.m.fail
}
func (f *file) WriteAt(b []byte, at int64) (int, error) { return copy(f.bytes[at:], b), nil }
func (f *file) ReadAt(b []byte, at int64) (int, error)  { return copy(b, f.bytes[at:]), nil }
func (f *file) Discard() error                          { return nil }
func (f *file) Bytes() []byte                           { return f.bytes }
func (f *file) Identity() string                        { return f.identity }
func (f *file) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.m.open--
	return nil
}

func (f *file) Commit() error {
	f.m.put(f.name, f.bytes)
	return nil
}

func (m *memory) put(name string, b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serial++
	m.files[name] = &file{m: m, bytes: b, identity: fmt.Sprint(m.serial)}
}

func (m *memory) MapRegister(name string) (register.Mapping, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open++
	if f := m.files[name]; f != nil {
		return f, nil
	}
	return nil, register.ErrNone
}

func (m *memory) RegisterIdentity(name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.files[name]; f != nil {
		return f.identity, nil
	}
	return "", nil
}

func (m *memory) CreateRegister(name string) (register.NewFile, error) {
	return &file{m: m, name: name}, nil
}
func (m *memory) ScratchRegister() (register.Scratch, error) { return &file{m: m}, nil }
func (m *memory) ListRegisters() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name := range m.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}
