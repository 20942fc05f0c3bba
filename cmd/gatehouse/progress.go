package main

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sys/unix"
)

// progress shows on a terminal how much of a file has been read; elsewhere it is silent. It is read instead of the file.
type progress struct {
	in  io.Reader
	bar *progressbar.ProgressBar // nil: nobody watches
}

func (a *app) progress(in *os.File, what string) *progress {
	p := &progress{in: in}
	size := int64(-1)
	if info, err := in.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	out, ok := a.stderr.(*os.File)
	if !ok || !terminal(out) {
		return p
	}
	p.bar = progressbar.NewOptions64(size, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
	return p
}

func terminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Read implements io.Reader.
func (p *progress) Read(b []byte) (int, error) {
	n, err := p.in.Read(b)
	if p.bar != nil {
		_ = p.bar.Add(n) // a bar that cannot be drawn is no reason to stop
	}
	return n, err
}

// end removes the bar.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
