package screentest_test

import (
	"context"
	"testing"
	"testing/fstest"

	"gatehouse.example/screen"
	"gatehouse.example/screen/screentest"
)

// parrot reports who calls, after how long, and what it was told beforehand.
type parrot struct{ said []string }

func (parrot) Info() screen.Info {
	return screen.Info{Name: "parrot", Signals: []screen.SignalInfo{{Name: "PARROT_HEARD"}}}
}

func (p parrot) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	for _, s := range p.said {
		r.Signal("PARROT_HEARD", 0.5, s+", "+a.From.Claimed+", "+a.UserAgent+", "+a.Time.Sub(screentest.Start()).String())
	}
}

const cases = `# what a parrot hears

== it hears
@ polly
call ua="a b" times=3 every=2s
message from=sip:x@y.test after=1m
----
1: PARROT_HEARD 0.5: polly, sip:alice@caller.test, a b, 4s
2: PARROT_HEARD 0.5: polly, sip:x@y.test, , 1m4s

== it hears nothing
call
----
nothing
`

func TestRun(t *testing.T) {
	files := fstest.MapFS{"parrot.txt": {Data: []byte(cases)}}
	setup := func(_ testing.TB, lines []string) screen.Check { return parrot{lines} }
	screentest.Run(t, files, setup, nil)
	screentest.Run(t, files, setup, func(name string, text []byte) error {
		if string(text) != string(files[name].Data) {
			t.Errorf("an update of what is right changed it to\n%s", text)
		}
		return nil
	})
}
