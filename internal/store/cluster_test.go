package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// cluster is a real PostgreSQL for this test run, on a socket in a folder of its own.
type cluster struct {
	folder    string
	process   *exec.Cmd
	databases atomic.Int64
}

// postgres starts the cluster on first use; TestMain stops it.
var postgres = struct {
	sync.Mutex
	started *cluster
}{}

// newDatabase returns the dsn of a new, empty database.
func newDatabase(t testing.TB) string {
	t.Helper()
	postgres.Lock()
	defer postgres.Unlock()
	if postgres.started == nil {
		c, err := startCluster()
		if err != nil {
			t.Fatalf("PostgreSQL is needed for this test (Debian: apt-get install postgresql): %v", err)
		}
		postgres.started = c
	}
	c := postgres.started
	name := "t" + strconv.FormatInt(c.databases.Add(1), 10)
	if err := c.create(name); err != nil {
		t.Fatal(err)
	}
	return c.dsn(name)
}

func (c *cluster) dsn(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {c.folder}, "user": {"postgres"}}.Encode()
}

func (c *cluster) create(database string) error {
	s, err := openPostgres(c.dsn("postgres"))
	if err != nil {
		return err
	}
	_, err = s.exec(context.Background(), "create", `CREATE DATABASE `+database)
	return errors.Join(err, s.Close())
}

func startCluster() (*cluster, error) {
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(programs) == 0 {
		return nil, errors.New("no /usr/lib/postgresql/*/bin")
	}
	bin := programs[len(programs)-1]
	folder, err := os.MkdirTemp("", "gh") // short: a socket's path has 107 octets
	if err != nil {
		return nil, err
	}
	as, err := owner(folder)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	// An ICU locale, which orders text as people do: the ids' order must not depend on it.
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = as, folder
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off")
	var log bytes.Buffer
	server.SysProcAttr, server.Dir, server.Stderr = as, folder, &log
	if err := server.Start(); err != nil {
		return nil, err
	}
	c := &cluster{folder: folder, process: server}
	if err := c.ready(); err != nil {
		return nil, errors.Join(fmt.Errorf("postgres: %w: %s", err, &log), c.stop())
	}
	return c, nil
}

// owner gives the folder to the user postgres, which the server insists on where we are root.
func owner(folder string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(folder, int(uid), int(gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func (c *cluster) ready() error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var err error
	for range 600 {
		<-tick.C
		s, oerr := openPostgres(c.dsn("postgres"))
		if oerr != nil {
			return oerr
		}
		err = s.writer.Ping()
		if cerr := s.Close(); err == nil {
			return cerr
		}
	}
	return err
}

// stop ends the server at once (SIGQUIT): nothing in it is kept.
func (c *cluster) stop() error {
	err := c.process.Process.Signal(syscall.SIGQUIT)
	_ = c.process.Wait() // it says that it was told to quit
	return errors.Join(err, os.RemoveAll(c.folder))
}

func TestMain(m *testing.M) {
	if folder := os.Getenv(childFolder); folder != "" {
		recordUntilKilled(folder)
		return
	}
	code := m.Run()
	if c := postgres.started; c != nil {
		if err := c.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping PostgreSQL:", err)
		}
	}
	os.Exit(code)
}

// both runs a test over SQLite and over PostgreSQL.
func both(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, t.TempDir())) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, newDatabase(t))) })
}

func open(t testing.TB, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
