// Package verdict is the narrow waist of Gatehouse: what was decided about one attempt, and why, as plain data.
//
// Engine, actions, history, log, API, console and command line meet only here, and all of them print the same reasons
// ([Verdict.Why]). The package imports nothing of ours and holds no rules: who weighs signals is package screen, who acts
// on a verdict is the border.
//
// The JSON form is part of the contract with users. encoding/json reads and writes it through the struct tags, and
// [Verdict.AppendJSON] writes the same bytes without reflection, for the paths that write thousands a second.
//
// A Verdict is an ordinary value without locks. One goroutine owns it at a time; [Verdict.Clone] makes an independent copy.
package verdict

import (
	"encoding/json"
	"time"
)

// Verdict says what was decided about one attempt and every reason for it.
type Verdict struct {
	// ID names the attempt: a ULID, so ids sort by time.
	ID string `json:"id"`
	// Time is when the attempt arrived, in UTC.
	Time time.Time `json:"time"`
	// Kind is what was attempted.
	Kind Kind `json:"kind"`
	// Mode is the mode of the policy that judged: in Monitor the action is Relay whatever the score.
	Mode Mode `json:"mode"`
	// Action is what is done. It is never a mere wish: what enforce mode would have done is in Would.
	Action Action `json:"action"`
	// Would is the action that enforce mode would have taken, where monitor mode relayed instead; else it is Relay
	// and left out of the JSON.
	Would Action `json:"would,omitempty"`
	// Score is the sum of the signals' scores.
	Score float64 `json:"score"`
	// From is who calls.
	From From `json:"from"`
	// To is who is called.
	To To `json:"to"`
	// Source is where the attempt came from on the network.
	Source Source `json:"source"`
	// Signals are the reasons, in the order in which the checks reported them, composites last.
	Signals Signals `json:"signals"`
	// Response is the final SIP response that we gave ourselves; nil where the attempt was relayed or dropped.
	Response *Response `json:"response"`
	// Introduction is the way of introduction that was asked for ("consent", "turing" …), or empty.
	Introduction string `json:"introduction"`
	// ElapsedUS is how long screening took, in microseconds, look-ups included.
	ElapsedUS int64 `json:"elapsed_us"`
	// Feedback is what a person said about it later: "spam", "ham" or empty.
	Feedback string `json:"feedback,omitempty"`
}

// Signal is one thing that a check or a composite rule has found.
type Signal struct {
	// Name is upper case and starts with the check's name: LISTS_BLOCKED.
	Name string `json:"name"`
	// Strength says how clearly it was found, from 0 (could not tell, or only worth a note) to 1.
	Strength float64 `json:"strength"`
	// Weight is what the policy gives to strength 1.
	Weight float64 `json:"weight"`
	// Score is Weight × Strength, or 0 where a composite cancels the signal.
	Score float64 `json:"score"`
	// Evidence says in words what was found and where. Text that came from the network is quoted in it.
	Evidence string `json:"evidence"`
}

// Signals are the reasons of a verdict. The type exists so that no reasons are written as [] and not as null.
type Signals []Signal

// MarshalJSON writes an array also where there are no signals.
func (s Signals) MarshalJSON() ([]byte, error) {
	if s == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]Signal(s))
}

// From says who calls: what is claimed, what is proven, and how.
type From struct {
	// Claimed is the AoR key of the From header: anyone can write anything there.
	Claimed string `json:"claimed"`
	// Display is the display name: attacker's text, never verified.
	Display string `json:"display"`
	// Identity is who it is as far as Proof proves it ("tel:+15551230001", "sip:alice@example.test"), or empty.
	Identity string `json:"identity"`
	// Proof says how strongly Identity is proven.
	Proof Proof `json:"proof"`
	// Signature says what became of the caller's signature; nil where there was none or nobody has looked.
	Signature *Signature `json:"signature,omitempty"`
}

// To says who is called.
type To struct {
	// Requested is the AoR key of the Request-URI as it came.
	Requested string `json:"requested"`
	// User is the local user that it stands for, or empty.
	User string `json:"user"`
	// Alias is the limited-use address or other alias that was dialled, or empty.
	Alias string `json:"alias"`
}

// Source says where the attempt came from on the network.
type Source struct {
	// Address is the address and port that the packet came from.
	Address string `json:"address"`
	// Transport is "udp", "tcp", "tls", "ws" or "wss".
	Transport string `json:"transport"`
	// Peer is the name of the configured peer at that address, or empty for a stranger.
	Peer string `json:"peer"`
	// UserAgent is what the User-Agent header says.
	UserAgent string `json:"user_agent"`
}

// Response is a SIP response of ours.
type Response struct {
	// Code is the status code, 300 to 699.
	Code int `json:"code"`
	// Reason is the reason phrase; where a stranger heard it in place of what the PBX or a telephone said, it is "instead of" that.
	Reason string `json:"reason"`
}

// Clone returns a copy that shares nothing with v.
func (v *Verdict) Clone() *Verdict {
	c := *v
	c.From.Signature = v.From.Signature.Clone()
	if v.Signals != nil {
		c.Signals = append(make(Signals, 0, len(v.Signals)), v.Signals...)
	}
	if v.Response != nil {
		r := *v.Response
		c.Response = &r
	}
	return &c
}

// Signal returns the signal of that name and whether there is one.
func (v *Verdict) Signal(name string) (Signal, bool) {
	for i := range v.Signals {
		if v.Signals[i].Name == name {
			return v.Signals[i], true
		}
	}
	return Signal{}, false
}
