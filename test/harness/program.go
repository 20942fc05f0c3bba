package harness

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Program is another program that runs beside the server.
type Program struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	exited chan struct{}

	mu     sync.Mutex
	output strings.Builder
}

// NeedProgram fails the test where a program is not installed.
func NeedProgram(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed; `make test`, run as root, installs it: %v", name, err)
	}
	return path
}

// Run starts a program in a folder. It is ended, by its process id, with the
// test at the latest.
func Run(t testing.TB, dir, name string, args ...string) *Program {
	t.Helper()
	p := &Program{name: name, cmd: exec.Command(NeedProgram(t, name), args...), exited: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	p.cmd.Env = append(os.Environ(), "TERM=dumb", "HOME="+dir)
	p.cmd.WaitDelay = time.Second
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			out := p.Output()
			t.Logf("%s wrote:\n%s", name, out[max(0, len(out)-6000):])
		}
	})
	return p
}

// Write takes the program's output.
func (p *Program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

// Output is what the program has written so far.
func (p *Program) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// Says waits until the program has written a text.
func (p *Program) Says(t testing.TB, within time.Duration, text string) {
	t.Helper()
	Eventually(t, within, p.name+" says "+text, func() bool { return strings.Contains(p.Output(), text) || p.ended() })
	if !strings.Contains(p.Output(), text) {
		t.Fatalf("%s ended and has not said %q", p.name, text)
	}
}

// Type writes a text to the program's stdin.
func (p *Program) Type(t testing.TB, text string) {
	t.Helper()
	if _, err := io.WriteString(p.stdin, text); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
}

func (p *Program) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Wait waits for the end of the program and returns its exit status.
func (p *Program) Wait(t testing.TB, within time.Duration) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(within):
		t.Fatalf("%s has not ended within %v", p.name, within)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Kill ends the program and its children: it is the leader of a process group
// of its own.
func (p *Program) Kill() {
	if !p.ended() {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
	<-p.exited
}
