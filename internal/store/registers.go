package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"gatehouse.example/internal/state/register"
)

// Registers keeps the files of number registers in a folder, outside of the database: they are mapped, and other programs may bring them.
type Registers struct{ folder string }

var _ register.Storage = Registers{}

const registerSuffix = ".register"

// NewRegisters returns the registers of a data folder.
func NewRegisters(data string) Registers { return Registers{filepath.Join(data, "registers")} }

func (r Registers) path(name string) string { return filepath.Join(r.folder, name+registerSuffix) }

// mapping is a file in memory.
type mapping struct {
	bytes    []byte
	identity string
}

func (m *mapping) Bytes() []byte    { return m.bytes }
func (m *mapping) Identity() string { return m.identity }

func (m *mapping) Close() error {
	if m.bytes == nil {
		return nil
	}
	b := m.bytes
	m.bytes = nil
	if err := unix.Munmap(b); err != nil {
		return fmt.Errorf("store: register: %w", err)
	}
	return nil
}

// MapRegister maps the file of a register into memory, readable only.
func (r Registers) MapRegister(name string) (register.Mapping, error) {
	f, err := os.Open(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, register.ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("store: register: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("store: register: %w", err)
	}
	m := &mapping{identity: identityOf(info)}
	if info.Size() == 0 {
		return m, nil // which cannot be mapped, and is no register either
	}
	if m.bytes, err = unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("store: register: map %s: %w", f.Name(), err)
	}
	// Large pages spare a look-up the walk through page tables, which in a virtual machine costs a fifth of it; all of the file is read soon, for its
	// checksum. A kernel that does not take advice costs a little time.
	_ = unix.Madvise(m.bytes, unix.MADV_HUGEPAGE)
	_ = unix.Madvise(m.bytes, unix.MADV_WILLNEED)
	return m, nil
}

// identityOf tells files apart by what changes when another one takes the name.
func identityOf(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%d-%v", info.Size(), info.ModTime().UnixNano(), inode(info))
}

func inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}

// RegisterIdentity tells which file is in place.
func (r Registers) RegisterIdentity(name string) (string, error) {
	info, err := os.Stat(r.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("store: register: %w", err)
	}
	return identityOf(info), nil
}

// ListRegisters returns the names of all registers.
func (r Registers) ListRegisters() ([]string, error) {
	files, err := os.ReadDir(r.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: register: %w", err)
	}
	var names []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), registerSuffix); ok && name != "" && name[0] != '.' {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// CreateRegister begins a file that takes a register's name when it is committed.
func (r Registers) CreateRegister(name string) (register.NewFile, error) {
	f, err := r.temporary()
	if err != nil {
		return nil, err
	}
	return &newRegister{File: f, to: r.path(name)}, nil
}

func (r Registers) temporary() (*os.File, error) {
	if err := os.MkdirAll(r.folder, 0o700); err != nil {
		return nil, fmt.Errorf("store: register: %w", err)
	}
	f, err := os.CreateTemp(r.folder, ".new-*")
	if err != nil {
		return nil, fmt.Errorf("store: register: %w", err)
	}
	return f, nil
}

type newRegister struct {
	*os.File
	to   string
	done bool
}

// Commit makes the file durable before it gets its name, so that a power failure leaves the old register or the new one.
func (n *newRegister) Commit() error {
	n.done = true
	err := n.Sync()
	if cerr := n.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(n.Name(), n.to)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("store: register: %w", err), os.Remove(n.Name()))
	}
	return syncFolder(filepath.Dir(n.to))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("store: register: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("store: register: %w", err)
	}
	return nil
}

// Discard removes the file.
func (n *newRegister) Discard() error {
	if n.done {
		return nil
	}
	n.done = true
	if err := errors.Join(n.Close(), os.Remove(n.Name())); err != nil {
		return fmt.Errorf("store: register: %w", err)
	}
	return nil
}

// ScratchRegister begins a file without a name, beside the registers, where there must be room anyway.
func (r Registers) ScratchRegister() (register.Scratch, error) {
	f, err := r.temporary()
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("store: register: %w", err), f.Close())
	}
	return f, nil
}
