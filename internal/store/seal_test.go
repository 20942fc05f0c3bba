package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gatehouse.example/internal/state/lists"
)

// filled is a folder whose store holds list entries and is closed.
func filled(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	s, err := Open(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Key(t.Context(), "nonce"); err != nil {
		t.Fatal(err)
	}
	var entries []lists.Entry
	for i := range 500 {
		entries = append(entries, lists.Entry{List: "local", Value: "+1555123" + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10)), Added: noon})
	}
	if err := s.PutEntries(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		b[at%len(b)] ^= 1
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// reopen opens the store of a folder and closes it again.
func reopen(t *testing.T, folder string) error {
	t.Helper()
	s, err := Open(t.Context(), folder)
	if err == nil {
		err = s.Close()
	}
	return err
}

// One bit that has changed since a clean stop is noticed, wherever it is, and the message says what to do. Doing that works.
func TestChangedBitIsRefused(t *testing.T) {
	for name, at := range map[string][]int{databaseFile: {101, 5000, 9999, 20001, 33333, 40007}, masterFile: {5}, sealFile: {0, 14}} {
		for _, i := range at {
			folder := filled(t)
			if err := reopen(t, folder); err != nil {
				t.Fatal(err)
			}
			flip(t, filepath.Join(folder, name), i)
			err := reopen(t, folder)
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), filepath.Join(folder, sealFile)) || !strings.Contains(err.Error(), "backup") {
				t.Errorf("%s, octet %d: %v", name, i, err)
			}
			flip(t, filepath.Join(folder, name), i)
			if err := reopen(t, folder); err != nil {
				t.Errorf("%s mended: %v", name, err)
			}
		}
	}
}

// A seal that was cut names no file that there never was, and one without anything in it vouches for nothing.
func TestCutSealVouchesForNothing(t *testing.T) {
	folder := filled(t)
	path := filepath.Join(folder, sealFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := strings.IndexByte(string(whole), '\n')
	for _, n := range []int{1, 8, first - 10, first - 1, first, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := reopen(t, folder); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "no file of checksums") {
			t.Errorf("%q: %v", whole[:n], err)
		}
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if found, _, err := verifySeal(folder); found || err != nil {
		t.Errorf("an empty seal: found %v, %v", found, err)
	}
}

// Who has restored or moved away a file may go on: without the seal the form of the tables is checked.
func TestWithoutASealTheFormIsChecked(t *testing.T) {
	folder := filled(t)
	for _, name := range []string{masterFile, databaseFile} {
		path := filepath.Join(folder, name)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), folder)
		if err != nil {
			t.Fatalf("%s moved away: %v", name, err)
		}
		if missing := s.Missing(); len(missing) != 1 || missing[0] != path {
			t.Errorf("%s moved away: missing are %q", name, missing)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := reopen(t, folder); err != nil {
			t.Errorf("%s moved away, and again: %v", name, err)
		}
	}
	folder = filled(t)
	if err := os.Remove(filepath.Join(folder, sealFile)); err != nil {
		t.Fatal(err)
	}
	if err := reopen(t, folder); err != nil {
		t.Errorf("after a crash: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(folder, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	found := 0
	for at := page; at < len(b); at += page { // the head of each page but the first
		bad := append([]byte(nil), b...)
		copy(bad[at:], "\xff\xff\xff\xff\xff\xff\xff\xff")
		if err := os.WriteFile(filepath.Join(folder, databaseFile), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(folder, sealFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if err := reopen(t, folder); errors.Is(err, ErrCorrupt) {
			found++
		}
	}
	if pages := len(b)/page - 1; found < pages*3/4 {
		t.Errorf("%d of %d damaged pages are noticed", found, pages)
	}
}
