package replay

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"gatehouse.example/verdict"
)

// Writer writes a verdict a line, as the history and the API have it, with what became of the event behind it:
//
//	{…verdict…,"relayed":true,"introduced":""}
type Writer struct {
	// Brief leaves out of each verdict what stands in the event: {"id","time","action","score","signals":{name:score},"relayed","introduced"}.
	Brief bool
	out   *bufio.Writer
	line  []byte
}

// NewWriter writes to w; Flush ends it.
func NewWriter(w io.Writer) *Writer { return &Writer{out: bufio.NewWriterSize(w, 1<<16)} }

// Write writes one result. What did not happen has no line.
func (w *Writer) Write(res *Result) error {
	if !res.Happened {
		return nil
	}
	if w.Brief {
		w.line = appendBrief(w.line[:0], res.Verdict)
	} else {
		w.line = res.Verdict.AppendJSON(w.line[:0])
	}
	b := w.line[:len(w.line)-1] // without the closing brace
	b = strconv.AppendBool(append(b, `,"relayed":`...), res.Relayed)
	b = append(append(append(b, `,"introduced":"`...), res.Introduced...), '"', '}', '\n')
	w.line = b
	if _, err := w.out.Write(b); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

// Flush writes out what is still in memory.
func (w *Writer) Flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

// appendBrief takes id and time from the head of the whole form, which has escaped them already.
func appendBrief(dst []byte, v *verdict.Verdict) []byte {
	head := verdict.Verdict{ID: v.ID, Time: v.Time}
	dst = head.AppendJSON(dst)
	dst = dst[:headEnd(dst)]
	dst = append(append(append(dst, `,"action":"`...), v.Action.String()...), `","score":`...)
	dst = appendScore(dst, v.Score)
	dst = append(dst, `,"signals":{`...)
	first := true
	for i := range v.Signals {
		s := &v.Signals[i]
		if s.Strength == 0 {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(append(dst, '"'), s.Name...), '"', ':')
		dst = appendScore(dst, s.Score)
	}
	return append(dst, '}', '}')
}

// headEnd is where the key "kind" begins: no octet of a JSON string can be a bare quote, so the first such text is the key.
func headEnd(b []byte) int {
	const key = `,"kind":"`
	for i := 0; i+len(key) <= len(b); i++ {
		if string(b[i:i+len(key)]) == key {
			return i
		}
	}
	return len(b) - 1
}

func appendScore(dst []byte, x float64) []byte { return strconv.AppendFloat(dst, x, 'f', -1, 64) }
