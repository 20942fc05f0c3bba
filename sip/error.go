package sip

import "strconv"

// ParseError says what is wrong with a message.
type ParseError struct {
	Offset int    // octet of the message at which the fault was noticed
	Status int    // the status of a response that says so: 400, 414, 505, 513; 0: drop without one
	Reason string // a constant text, fit for a reason phrase
}

// Error returns the reason with its offset.
func (e *ParseError) Error() string {
	return "sip: " + e.Reason + " at offset " + strconv.Itoa(e.Offset)
}
