package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"gatehouse.example/screen"
)

// maxLine bounds one line of an event file: a message body of 64 KB, escaped, and the rest.
const maxLine = 1 << 20

// Events is where events come from, in the order of time.
type Events interface {
	// Next fills in the next event, or returns io.EOF.
	Next(ev *screen.Event) error
}

// File reads an event file: one JSON object a line.
type File struct {
	in     *bufio.Scanner
	number int
}

// NewFile reads events from r.
func NewFile(r io.Reader) *File {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	return &File{in: s}
}

// Next implements Events. Empty lines are skipped, and so are keys that no event has: files of others carry labels and notes of their own.
func (f *File) Next(ev *screen.Event) error {
	for f.in.Scan() {
		f.number++
		line := bytes.TrimSpace(f.in.Bytes())
		if len(line) == 0 {
			continue
		}
		*ev = screen.Event{}
		if err := json.Unmarshal(line, ev); err != nil {
			return fmt.Errorf("replay: line %d: %w", f.number, err)
		}
		if ev.Time.IsZero() {
			return fmt.Errorf("replay: line %d: the event has no time", f.number)
		}
		ev.Time = ev.Time.UTC()
		if ev.ID == "" {
			ev.ID = "line-" + strconv.Itoa(f.number)
		}
		return nil
	}
	if err := f.in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("replay: line %d is longer than %d octets", f.number+1, maxLine)
	} else if err != nil {
		return fmt.Errorf("replay: after line %d: %w", f.number, err)
	}
	return io.EOF
}
