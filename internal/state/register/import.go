package register

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gatehouse.example/sip/uri"
)

// Options say how a file of numbers is read.
type Options struct {
	// Plan makes national numbers international, as for calls.
	Plan uri.Plan
	// MaxRefused is which share of the lines may be unfit before the whole file is refused, 0.01 for one in a hundred: a file of something
	// else must not become a register of the few numbers in it. Zero stands for that one in a hundred.
	MaxRefused float64
	// AllowEmpty takes a file without any number, which empties the register. Else it is refused: an empty file is more often an accident.
	AllowEmpty bool
	// Memory bounds what is kept in memory for sorting, in octets. Zero stands for 64 MiB.
	Memory int
	// Progress is called now and then, with what has been read so far, and once for each stage; nil is silence.
	Progress func(Progress)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Progress is how far an import has come.
type Progress struct {
	// Octets and Numbers have been read; Octets are those of the input.
	Octets  int64
	Numbers uint64
	// Merged is how many numbers have been written, in the second stage.
	Merged uint64
}

// Imported says what came of an import.
type Imported struct {
	// Lines is how many lines were read, Numbers how many different numbers they hold.
	Lines   uint64 `json:"lines"`
	Numbers uint64 `json:"numbers"`
	// Refused are lines that hold no number, the first 100 of them; RefusedCount is how many there were.
	Refused      []Refusal `json:"refused,omitempty"`
	RefusedCount uint64    `json:"refused_count"`
	// Bytes is the size of the file that was made.
	Bytes int64 `json:"bytes"`
}

// Refusal says why a line was left out.
type Refusal struct {
	Line   uint64 `json:"line"`
	Text   string `json:"text"`
	Reason string `json:"reason"`
}

// ErrUnfit is wrapped where a whole input is refused.
var ErrUnfit = errors.New("register: import: refused, and the register left as it was")

const (
	maxRefusals   = 100
	maxLine       = 1024
	defaultMemory = 64 << 20
	defaultShare  = 0.01
	fewLines      = 100 // below so many, one bad line is not yet a bad file
	readBuffer    = 1 << 20
	reportEvery   = 1 << 20 // octets
)

// Import reads numbers, one a line, in any order, and puts a register of them in place of the older one: all of it or nothing. A line is a
// number in any usual form, or the first fields of CSV: "+15551230001", "(555) 123-0001", "555,1230001", "+15551230001,name,2026-01-01". Empty lines and what
// follows a '#' do not count, nor does a first line without digits, which is a header. Look-ups go on meanwhile.
func (r *Register) Import(ctx context.Context, in io.Reader, o Options) (done Imported, err error) {
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	if o.MaxRefused == 0 {
		o.MaxRefused = defaultShare
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	sorter := newSorter(r.storage, o.Memory)
	defer func() { err = errors.Join(err, sorter.close()) }()
	read := reader{options: &o, sorter: sorter}
	if err := read.all(ctx, bufio.NewReaderSize(in, readBuffer)); err != nil {
		return read.done, err
	}
	if err := read.judge(); err != nil {
		return read.done, err
	}
	done = read.done
	file, err := r.storage.CreateRegister(r.name)
	if err != nil {
		return done, fmt.Errorf("register: import: %w", err)
	}
	defer func() { err = errors.Join(err, file.Discard()) }()
	w := newWriter(file)
	if err := read.write(ctx, w); err != nil {
		return done, err
	}
	if err := file.Commit(); err != nil {
		return done, fmt.Errorf("register: import: %w", err)
	}
	done.Numbers, done.Bytes = w.header.count, int64(w.header.size)
	_, err = r.Load()
	return done, err
}

// reader takes numbers from lines.
type reader struct {
	options *Options
	sorter  *sorter
	done    Imported
	octets  int64
	told    int64
	line    parser
}

func (rd *reader) all(ctx context.Context, in *bufio.Reader) error {
	rd.line.plan = rd.options.Plan
	for {
		line, err := in.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		size := int64(len(line))
		if long { // it is passed over in the memory that there is
			line = line[:maxLine+1]
			err = rd.pass(ctx, in)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("register: import: line %d: %w", rd.done.Lines+1, err)
		}
		rd.octets += size
		if len(line) > 0 {
			if err := rd.take(line); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		if rd.octets-rd.told >= reportEvery {
			if err := rd.report(ctx); err != nil {
				return err
			}
		}
	}
}

// pass reads on to the end of a line.
func (rd *reader) pass(ctx context.Context, in *bufio.Reader) error {
	for {
		more, err := in.ReadSlice('\n')
		rd.octets += int64(len(more))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if err := rd.report(ctx); err != nil {
			return err
		}
	}
}

func (rd *reader) report(ctx context.Context) error {
	rd.told = rd.octets
	if rd.options.Progress != nil {
		rd.options.Progress(Progress{Octets: rd.octets, Numbers: rd.sorter.count})
	}
	return ctx.Err()
}

// take reads one line.
func (rd *reader) take(line []byte) error {
	rd.done.Lines++
	if len(line) > maxLine {
		rd.refuse(line, "the line is longer than 1024 octets")
		return nil
	}
	n, what := rd.line.parse(line)
	switch what {
	case good:
		return rd.sorter.add(n)
	case nothing:
	default:
		if what == noDigits && rd.done.Lines == 1 {
			break // a header
		}
		rd.refuse(line, what.String())
	}
	return nil
}

func (rd *reader) refuse(line []byte, reason string) {
	rd.done.RefusedCount++
	if len(rd.done.Refused) < maxRefusals {
		text := string(line[:min(len(line), 64)])
		rd.done.Refused = append(rd.done.Refused, Refusal{rd.done.Lines, text, reason})
	}
}

// judge refuses an input that as a whole is not what it should be.
func (rd *reader) judge() error {
	d := &rd.done
	if d.Lines >= fewLines && float64(d.RefusedCount) > rd.options.MaxRefused*float64(d.Lines) || d.Lines < fewLines && 2*d.RefusedCount > d.Lines {
		return fmt.Errorf("%w: %d of its %d lines hold no number, the first of them line %d: %s", ErrUnfit, d.RefusedCount, d.Lines,
			d.Refused[0].Line, d.Refused[0].Reason)
	}
	if rd.sorter.count == 0 && !rd.options.AllowEmpty {
		return fmt.Errorf("%w: there is no number in it", ErrUnfit)
	}
	return nil
}

// write gives the numbers in order to the writer.
func (rd *reader) write(ctx context.Context, w *writer) error {
	merged := uint64(0)
	err := rd.sorter.each(func(n uint64) error {
		w.add(n)
		if merged++; merged&(1<<20-1) != 0 {
			return w.err
		}
		if rd.options.Progress != nil {
			rd.options.Progress(Progress{Octets: rd.octets, Numbers: rd.sorter.count, Merged: merged})
		}
		return errors.Join(w.err, ctx.Err())
	})
	if err != nil {
		return fmt.Errorf("register: import: %w", err)
	}
	return w.close(rd.options.Now())
}
