// Package harness runs the real gatehouse binary for tests: it builds it once,
// starts it on loopback addresses of its own, waits until it is ready, talks to
// its API, reads what it writes, and ends it by its process id.
//
// It also has small SIP endpoints that read and write messages as text. They
// share no code with the server, because a tester with the parser of what it
// tests would share its errors.
//
// Nothing here sleeps: everything waits for a condition, with a deadline.
package harness

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// binaryVariable names the binary under test. Whoever sets it chooses another
// one than a fresh build.
const binaryVariable = "GATEHOUSE_BINARY"

// Main builds the server, runs a package's tests and removes the build. Call it
// from TestMain.
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if os.Getenv(binaryVariable) == "" {
		dir, err := os.MkdirTemp("", "gatehouse-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, "harness:", err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary := filepath.Join(dir, "gatehouse")
		build := exec.Command("go", "build", "-o", binary, "gatehouse.example/cmd/gatehouse")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "harness: the server does not build: %v\n%s", err, out)
			return 1
		}
		os.Setenv(binaryVariable, binary)
	}
	// Most of the time tests wait: for programs, for timers. More of them at
	// once than there are processors costs nothing.
	flag.Parse()
	flag.Set("test.parallel", "12")
	return m.Run()
}

// Binary is the path of the server under test.
func Binary() string { return os.Getenv(binaryVariable) }

// Patience is how long a test waits for what should take milliseconds. It is
// long because the machine may be busy.
const Patience = 30 * time.Second

// Eventually waits until the condition holds, and fails the test if it does not
// within the time.
func Eventually(t testing.TB, within time.Duration, what string, condition func() bool) {
	t.Helper()
	if !Until(within, condition) {
		t.Fatalf("not within %v: %s", within, what)
	}
}

// Until waits until the condition holds and reports whether it came to hold.
func Until(within time.Duration, condition func() bool) bool {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return condition()
		}
	}
	return true
}

// Command runs the binary with arguments in a folder and returns what it wrote
// and its exit status.
func Command(t testing.TB, dir, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), Binary(), args...)
	cmd.Dir = dir
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewBufferString(stdin), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("gatehouse %v: %v", args, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// Shared finds a folder of shared/testdata beside the project; "" if it is not
// there.
func Shared(name string) string {
	_, file, _, _ := runtime.Caller(0)
	for dir := filepath.Dir(file); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", "testdata", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}
