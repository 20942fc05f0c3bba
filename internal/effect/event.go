package effect

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"gatehouse.example/verdict"
)

// mark is the result of an introduction, or what a callee says.
type mark uint8

const (
	unsaid mark = iota
	pass
	fail
	spam
	ham
)

var markWords = [...]string{"", "pass", "fail", "spam", "ham"}

// event is one event of a world.
type event struct {
	at                        int64 // milliseconds since the beginning
	actor                     Actor
	kind                      verdict.Kind
	proof                     verdict.Proof
	turing, consent, puzzle   mark
	feedback                  mark
	out, answered, first      bool
	status                    uint16
	group                     int32 // which hijacked friend, campaign …
	number                    int32 // its place in the file
	ring, talk                float32
	from, display, to, source string
	transport, peer, agent    string
	text                      string
	afterFailure              *event
	afterSuccess              *event
	again                     bool // a second try
}

// epoch is when a world begins: a Monday.
var epoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// number puts the events in order and numbers them.
func (w *World) number() {
	end := int64(w.Options.Days) * day
	w.events = slices.DeleteFunc(w.events, func(e *event) bool { return e.at >= end || e.at < 0 })
	slices.SortStableFunc(w.events, func(a, b *event) int { return cmp.Compare(a.at, b.at) })
	for i, e := range w.events {
		e.number = int32(i)
	}
}

// WriteTo writes the event file. Its ids are numbers in the order of time and say nothing.
func (w *World) WriteTo(out io.Writer) (int64, error) {
	b := bufio.NewWriterSize(out, 1<<16)
	var line []byte
	var n int64
	for _, e := range w.events {
		line = e.appendJSON(line[:0])
		n += int64(len(line))
		if _, err := b.Write(line); err != nil {
			return n, fmt.Errorf("effect: %w", err)
		}
	}
	if err := b.Flush(); err != nil {
		return n, fmt.Errorf("effect: %w", err)
	}
	return n, nil
}

// id is the name of an event in the file.
func (e *event) id() string { return "e" + strconv.Itoa(int(e.number)) }

// numberOf is the reverse of id.
func numberOf(id []byte) (int, bool) {
	if len(id) < 2 || id[0] != 'e' {
		return 0, false
	}
	n, err := strconv.Atoi(string(id[1:]))
	return n, err == nil
}

func (e *event) appendJSON(b []byte) []byte {
	b = append(strconv.AppendInt(append(b, `{"id":"e`...), int64(e.number), 10), `","time":"`...)
	b = epoch.Add(time.Duration(e.at)*time.Millisecond).AppendFormat(b, "2006-01-02T15:04:05.000Z07:00")
	direction := "in"
	if e.out {
		direction = "out"
	}
	b = append(b, '"')
	b = text(b, "direction", direction)
	b = text(b, "kind", e.kind.String())
	b = text(b, "from", e.from)
	b = text(b, "display", e.display)
	b = text(b, "to", e.to)
	b = text(b, "source", e.source)
	b = text(b, "transport", e.transport)
	b = text(b, "peer", e.peer)
	b = text(b, "user_agent", e.agent)
	if e.proof != verdict.None {
		b = text(b, "proof", e.proof.String())
	}
	b = text(b, "text", e.text)
	b = append(b, `,"outcome":{"answered":`...)
	b = strconv.AppendBool(b, e.answered)
	b = strconv.AppendFloat(append(b, `,"ring_s":`...), float64(e.ring), 'f', 1, 32)
	b = strconv.AppendFloat(append(b, `,"duration_s":`...), float64(e.talk), 'f', 0, 32)
	if e.status != 0 {
		b = strconv.AppendInt(append(b, `,"status":`...), int64(e.status), 10)
	}
	b = text(b, "feedback", markWords[e.feedback])
	b = text(b, "turing", markWords[e.turing])
	b = text(b, "consent", markWords[e.consent])
	b = text(b, "puzzle", markWords[e.puzzle])
	b = append(b, '}')
	if e.afterFailure != nil {
		b = text(b, "after_failure", e.afterFailure.id())
	}
	if e.afterSuccess != nil {
		b = text(b, "after_success", e.afterSuccess.id())
	}
	return append(b, '}', '\n')
}

// text appends a key with a value, unless that is empty.
func text(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, ',', '"'), key...), `":`...)
	return strconv.AppendQuote(b, value)
}
