package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const lockFile = "lock"

// lockFolder takes the lock on a data folder; it ends when the file is closed or the process dies, however it dies. The file
// stays: removing it would let two processes lock two files of that name.
func lockFolder(folder string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(folder, lockFile), os.O_RDWR|os.O_CREATE|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: cannot lock the data folder: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = notePID(f)
	}
	if err == nil {
		return f, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("store: %w: another Gatehouse%s is running on %s; stop it first, or give this one a folder of its own with `data:`",
			ErrLocked, holder(f), folder)
	} else {
		err = fmt.Errorf("store: cannot lock the data folder %s: %w", folder, err)
	}
	return nil, errors.Join(err, f.Close())
}

// notePID tells a second process who holds the lock. On a full disk it is only left out.
func notePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return nil
}

func holder(f *os.File) string {
	b, err := io.ReadAll(io.LimitReader(f, 32))
	if pid, perr := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && perr == nil {
		return fmt.Sprintf(" (process %d)", pid)
	}
	return ""
}
