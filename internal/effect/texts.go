package effect

import (
	"fmt"
	"strings"
)

// smallTalk is what people write to each other, in a few words.
func smallTalk(c chance) string {
	s := pick(c, []string{"are you coming", "see you", "running late, there", "can you call me back", "thanks, talk to you", "dinner", "got the documents, more",
		"the meeting is moved, new time is", "happy birthday", "on my way, home", "did you see the game", "lunch", "please pick up the kids", "ok will do"})
	return s + " " + pick(c, []string{"at six", "tomorrow", "soon", "later", "on Monday", "in ten minutes", "tonight?", "after work", "next week", "at the station"}) +
		pick(c, []string{"", ".", " :)", "!", " x", " ok?"})
}

// pitches are the themes of campaigns; % stands for what changes.
var pitches = []string{
	"Your account % has been limited. Verify now at http://%.example/login to avoid suspension",
	"CONGRATULATIONS! You have been selected for a $% gift card. Claim at %.example today",
	"Final notice: unpaid toll of $%. Pay at https://%.example/pay or your licence is suspended",
	"Work from home and earn $% a day, no experience. Write to %@%.example",
	"Your parcel % could not be delivered. Confirm your address: http://%.example/p",
	"Invest in % coin now, guaranteed 40% profit, join t.me/%",
}

// spamText is one message of a campaign.
func spamText(c chance, theme int) string {
	var b strings.Builder
	for _, r := range pitches[theme] {
		switch {
		case r != '%':
			b.WriteRune(r)
		case c.is(.5):
			b.WriteString(fmt.Sprint(c.between(100, 9999)))
		default:
			b.WriteString(word(c))
		}
	}
	return b.String() + pick(c, []string{"", "!", "!!", " Reply STOP to end", " Hurry"})
}
