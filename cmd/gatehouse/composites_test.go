package main

import (
	"slices"
	"testing"

	"gatehouse.example/screen"
)

// TestCompositesNameWhatThereIs: a misspelt signal would make a composite vanish silently.
func TestCompositesNameWhatThereIs(t *testing.T) {
	there := reported(checkInfos())
	for _, c := range composites() {
		for _, name := range slices.Concat(c.All, c.Any, c.Not, c.Cancels) {
			if !slices.Contains(there, name) {
				t.Errorf("%s names %s, which no check has", c.Name, name)
			}
		}
		if c.Description == "" {
			t.Errorf("%s says nothing of itself", c.Name)
		}
	}
}

// TestNoListHelpsAZombie: what a white list gives is taken away from a friend whose behaviour has broken.
func TestNoListHelpsAZombie(t *testing.T) {
	for _, c := range composites() {
		if c.Name == "FRIEND_IS_ZOMBIE" && slices.Contains(c.All, "REPUTATION_ZOMBIE") && slices.Contains(c.Cancels, "LISTS_ALLOWED") && slices.Contains(c.Cancels, "KNOWN_PEER") {
			return
		}
	}
	t.Error("there is no such composite")
}

// TestACallBackIsNotAskedForItsKind: after an emergency call the control room is let through however many unwanted strangers look like it, as any weight of other
// checks may change; it depends on nothing but that the call is expected.
func TestACallBackIsNotAskedForItsKind(t *testing.T) {
	for _, c := range composites() {
		if slices.Equal(c.All, []string{"KNOWN_EXPECTED"}) && len(c.Any) == 0 && len(c.Not) == 0 && slices.Contains(c.Cancels, "STRANGER_RISK") {
			return
		}
	}
	t.Error("there is no such composite")
}

// TestACheckTakesItsCompositesWithIt: where a check is off, no composite names its signals.
func TestACheckTakesItsCompositesWithIt(t *testing.T) {
	engine, err := screen.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if l := shipped(engine); len(l.Composites) != 0 {
		t.Errorf("without checks there are %d composites", len(l.Composites))
	}
}

// TestACompositeStaysWithoutWhatItDoesNotNeed: a check that is off reports nothing, so it neither stops a rule nor makes it fire; only what needs its signals goes with it.
func TestACompositeStaysWithoutWhatItDoesNotNeed(t *testing.T) {
	there := signals{"A", "B", "C"}
	for _, c := range []struct {
		of, want screen.Composite
		fires    bool
	}{
		{screen.Composite{All: []string{"A"}, Not: []string{"X", "B"}, Cancels: []string{"C", "X"}}, screen.Composite{All: []string{"A"}, Not: []string{"B"}, Cancels: []string{"C"}}, true},
		{screen.Composite{Any: []string{"X", "A"}}, screen.Composite{Any: []string{"A"}}, true},
		{of: screen.Composite{All: []string{"A", "X"}}},
		{of: screen.Composite{All: []string{"A"}, Any: []string{"X"}}},
	} {
		left, fires := there.of(c.of)
		if fires != c.fires || fires && !(slices.Equal(left.All, c.want.All) && slices.Equal(left.Any, c.want.Any) && slices.Equal(left.Not, c.want.Not) && slices.Equal(left.Cancels, c.want.Cancels)) {
			t.Errorf("%+v: left %+v, fires %v", c.of, left, fires)
		}
	}
}
