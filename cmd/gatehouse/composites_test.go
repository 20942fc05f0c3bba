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
		if !there.all(c) {
			t.Errorf("%s names a signal that no check has", c.Name)
		}
		for _, name := range c.Cancels {
			if !slices.Contains(there, name) {
				t.Errorf("%s cancels %s, which no check has", c.Name, name)
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
