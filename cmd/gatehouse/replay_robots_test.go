package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestWhereRobotsPassTheTestPeopleAreHeardWhoCallAgain: a campaign whose machines talk, with a number of its own for each call. Once people have objected, its calls end
// at a request to call again. People do that, and come through.
func TestWhereRobotsPassTheTestPeopleAreHeardWhoCallAgain(t *testing.T) {
	const calls, people = 60, 20 // of robots each day, and of people who call for the first time
	robots := func(s *story, day int) {
		for i := range calls {
			ev := s.calls(day, 7*i, fmt.Sprintf("sip:+1%d%07d@far.test", 200+(31*day+17*i)%700, 5550000+100*day+i), user(i), true)
			if ev.Outcome.DurationS = 4; i%3 == 0 {
				ev.Outcome.Feedback = "spam"
			}
		}
	}
	story := func() *story {
		s := &story{begin: time.Date(2026, 1, 5, 14, 0, 0, 0, time.UTC)}
		for day := range 14 {
			robots(s, day)
			for i := range 150 { // friends, so that people have patience left
				s.calls(day, 3*i, outsider(i), user(i), true).Outcome.DurationS = 120
			}
		}
		return s
	}
	campaign := story()
	robots(campaign, 14)
	if went := campaign.play(t); count(went, "rings") > 3 || !campaign.seen["STRANGER_TESTS_BROKEN"] {
		t.Errorf("%d of %d robots ring:\n%s", count(went, "rings"), calls, strings.Join(went, "\n"))
	}
	first := story()
	for i := range people {
		who := fmt.Sprintf("sip:+1646%07d@far.test", 7770000+13*i)
		id := first.calls(14, 20*i, who, user(100+i), true).ID
		first.calls(14, 20*i+3, who, user(100+i), true).AfterFailure = id
	}
	if went := first.play(t); count(went, "rings") != people || len(went) == people {
		t.Errorf("of %d people %d come through with %d calls:\n%s", people, count(went, "rings"), len(went), strings.Join(went, "\n"))
	}
}
