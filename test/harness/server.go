package harness

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is a running gatehouse.
type Server struct {
	// Net is where it listens: SIP on host 1, port 5060, the API on 8060.
	Net Net
	// Dir is its folder: gatehouse.yaml, and the data in data/.
	Dir string

	cmd    *exec.Cmd
	exited chan struct{}

	mu    sync.Mutex
	lines []string
}

// Config completes a configuration: where a key is missing that every test
// needs (data, listen, console), it is put in.
func Config(n Net, dir, yaml string) string {
	var b strings.Builder
	for _, d := range []struct{ key, value string }{
		{"data", filepath.Join(dir, "data")},
		{"listen", fmt.Sprintf("[\"udp://%s\", \"tcp://%s\"]", n.Server(), n.Server())},
		{"console", n.Addr(ServerHost, 8060).String()},
	} {
		if !strings.HasPrefix(yaml, d.key+":") && !strings.Contains(yaml, "\n"+d.key+":") {
			fmt.Fprintf(&b, "%s: %s\n", d.key, d.value)
		}
	}
	return b.String() + strings.TrimLeft(yaml, "\n")
}

// Start writes the configuration, starts the server and waits until it is
// ready. It is ended with the test.
func Start(t testing.TB, n Net, yaml string) *Server {
	t.Helper()
	s := &Server{Net: n, Dir: t.TempDir()}
	s.Write(t, yaml)
	s.Restart(t)
	return s
}

// Write writes the configuration file.
func (s *Server) Write(t testing.TB, yaml string) {
	t.Helper()
	if err := os.WriteFile(s.ConfigFile(), []byte(Config(s.Net, s.Dir, yaml)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ConfigFile is the path of the configuration.
func (s *Server) ConfigFile() string { return filepath.Join(s.Dir, "gatehouse.yaml") }

// Restart starts the server again over the same data, after Stop or Kill.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if s.cmd != nil && !s.Exited() {
		t.Fatal("the server still runs")
	}
	s.Launch(t, "--config", s.ConfigFile(), "serve")
	s.WaitReady(t)
}

// Launch starts the binary with any arguments in the server's folder.
func (s *Server) Launch(t testing.TB, args ...string) {
	t.Helper()
	s.cmd = exec.Command(Binary(), args...)
	s.cmd.Dir = s.Dir
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stdout, s.cmd.Stderr = in, in
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	done := make(chan struct{})
	s.exited = done
	cmd := s.cmd
	go func() {
		defer close(done)
		s.read(out)
		out.Close()
		cmd.Wait()
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-done
		if t.Failed() {
			t.Logf("the server wrote:\n%s", strings.Join(s.tail(60), "\n"))
		}
	})
}

func (s *Server) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		s.mu.Lock()
		s.lines = append(s.lines, lines.Text())
		s.mu.Unlock()
	}
}

func (s *Server) tail(n int) []string {
	all := s.Lines()
	return all[max(0, len(all)-n):]
}

// Lines are what the server has written so far, on stdout and stderr.
func (s *Server) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

// Said reports whether a line that holds every one of the texts was written.
func (s *Server) Said(texts ...string) bool {
	return slices.ContainsFunc(s.Lines(), func(line string) bool {
		return !slices.ContainsFunc(texts, func(x string) bool { return !strings.Contains(line, x) })
	})
}

// Security are the lines of the security log.
func (s *Server) Security() []string {
	return slices.DeleteFunc(s.Lines(), func(l string) bool { return !strings.HasPrefix(l, "gatehouse security ") })
}

// WaitReady waits until the server answers. What /readyz finds wrong, such as a
// DNS server that a test does not start, is not waited for.
func (s *Server) WaitReady(t testing.TB) {
	t.Helper()
	ok := Until(2*Patience, func() bool {
		if s.Exited() {
			return true
		}
		resp, err := http.Get(s.URL("/readyz"))
		if err != nil {
			return false
		}
		resp.Body.Close()
		return true
	})
	if !ok || s.Exited() {
		t.Fatalf("the server is not ready:\n%s", strings.Join(s.tail(30), "\n"))
	}
}

// Exited reports whether the process has ended.
func (s *Server) Exited() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// Pid is the process id.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Signal sends a signal to the process.
func (s *Server) Signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// Wait waits for the end of the process and returns its exit status.
func (s *Server) Wait(t testing.TB, within time.Duration) int {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(within):
		t.Fatalf("the server has not ended within %v", within)
	}
	return s.cmd.ProcessState.ExitCode()
}

// Stop ends the server as an operator does and wants exit status 0.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.Signal(t, syscall.SIGTERM)
	if code := s.Wait(t, 2*Patience); code != 0 {
		t.Errorf("exit status %d after SIGTERM", code)
	}
}

// Kill ends the server as a power cut does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.Signal(t, syscall.SIGKILL)
	s.Wait(t, Patience)
}
