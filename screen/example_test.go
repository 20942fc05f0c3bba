package screen_test

import (
	"context"
	"fmt"
	"strings"

	"gatehouse.example/screen"
	"gatehouse.example/verdict"
)

// shouting is a complete check: it reports display names in capitals.
type shouting struct{}

func (shouting) Info() screen.Info {
	return screen.Info{
		Name: "shouting", Stage: screen.Cheap, RFC: "5039 §3.1",
		Signals: []screen.SignalInfo{{Name: "SHOUTING_NAME", Weight: 4.5, Description: "The display name is in capitals."}},
	}
}

func (shouting) Run(_ context.Context, a *screen.Attempt, r *screen.Report) {
	if name := a.From.Display; len(name) > 3 && name == strings.ToUpper(name) {
		r.Signal("SHOUTING_NAME", 1, "display name "+screen.Quote(name))
	}
}

func Example() {
	engine, err := screen.New([]screen.Check{shouting{}})
	if err != nil {
		panic(err)
	}
	enforce := verdict.Enforce
	policy, err := engine.Resolve(screen.Layer{Name: "policy", Mode: &enforce})
	if err != nil {
		panic(err)
	}
	attempt := &screen.Attempt{From: verdict.From{Display: "FREE CRUISE"}}
	var v verdict.Verdict
	if !engine.Cheap(attempt, policy, &v) {
		engine.Lookup(context.Background(), attempt, policy, &v)
	}
	fmt.Println(v.Why())
	// Output: label 4.5: SHOUTING_NAME +4.5 (display name "FREE CRUISE")
}
