package screen

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"gatehouse.example/sip/uri"
	"gatehouse.example/verdict"
)

// Event is one line of an event file and the body of the API's /screen: an attempt in words, with what would happen if it came through.
type Event struct {
	// ID names the event within its file.
	ID string `json:"id,omitempty"`
	// Time is when it happens.
	Time time.Time `json:"time,omitzero"`
	// Direction is "in" (also when empty) or "out": a call or message of a local user.
	Direction string `json:"direction,omitempty" enum:"in,out"`
	// Kind is what is attempted.
	Kind verdict.Kind `json:"kind"`
	// From is the caller's URI as claimed, Display its display name.
	From    string `json:"from"`
	Display string `json:"display,omitempty"`
	// Names are what a signed token or a card calls the caller besides.
	Names []string `json:"names,omitempty"`
	// To is the callee's URI.
	To string `json:"to"`
	// Source is address and port, Transport how it came, Peer the configured peer's name.
	Source    string `json:"source,omitempty"`
	Transport string `json:"transport,omitempty"`
	Peer      string `json:"peer,omitempty"`
	// UserAgent is the User-Agent header.
	UserAgent string `json:"user_agent,omitempty"`
	// Proof says how From is proven, Identity what is proven where that is something else: the number that a trunk asserts.
	Proof    verdict.Proof `json:"proof,omitempty"`
	Identity string        `json:"identity,omitempty"`
	// Signature says what became of the signature where Proof does not say it all: a stale or invalid one, or who signed. Left out, there is a
	// valid one where Proof is of a signature, and none where it is not.
	Signature *verdict.Signature `json:"signature,omitempty"`
	// SenderServes says whether the source is one of the hosts of From's domain: "yes", "no", or empty for unknown.
	SenderServes Ternary `json:"sender_serves,omitempty" enum:"unknown,no,yes"`
	// Text is the body of a message, Opaque the media type of one that nobody here can read.
	Text   string `json:"text,omitempty"`
	Opaque string `json:"opaque,omitempty"`
	// Outcome is what would happen if the attempt came through or were asked to introduce itself.
	Outcome Outcome `json:"outcome,omitzero"`
	// AfterFailure makes the event happen only if the event of that ID was not relayed, AfterSuccess only if it was.
	AfterFailure string `json:"after_failure,omitempty"`
	AfterSuccess string `json:"after_success,omitempty"`
}

// Outcome is what would happen. Replay uses each part only where its own verdict lets it happen.
type Outcome struct {
	// Answered, RingS and DurationS say how the call goes when the callee is reached.
	Answered  bool    `json:"answered,omitempty"`
	RingS     float64 `json:"ring_s,omitempty"`
	DurationS float64 `json:"duration_s,omitempty"`
	// Status is the callee's final SIP status where it is known: 404 for a user who does not exist, 486, 603, 607. 0: as Answered says.
	Status int `json:"status,omitempty"`
	// Refused tells that the callee, or its registrar, refused the credentials that the request bore: a wrong password.
	Refused bool `json:"refused,omitempty"`
	// Feedback is what the callee says then: "spam", "ham" or empty.
	Feedback string `json:"feedback,omitempty"`
	// Turing, Consent and Puzzle are what comes of each introduction that is asked for: "pass", "fail", "none" (no reaction, which is a failure where no other
	// way is left) or empty (there is no such way for this caller).
	Turing  string `json:"turing,omitempty"`
	Consent string `json:"consent,omitempty"`
	Puzzle  string `json:"puzzle,omitempty"`
}

// Attempt makes the attempt that the event describes, with keys by the given numbering plan. Exemptions and introductions are
// the caller's to fill in, as is Time where the event has none.
func (ev *Event) Attempt(plan uri.Plan) (*Attempt, error) {
	a := &Attempt{
		ID: ev.ID, Time: ev.Time, Kind: ev.Kind,
		From:      verdict.From{Display: ev.Display},
		Transport: ev.Transport, Peer: ev.Peer, UserAgent: ev.UserAgent, Text: ev.Text, Opaque: ev.Opaque, Names: ev.Names,
	}
	switch ev.Direction {
	case "", "in":
	case "out":
		a.Outbound = true
	default:
		return nil, fmt.Errorf("screen: event: direction: %q is neither in nor out", ev.Direction)
	}
	from, err := uri.Parse([]byte(ev.From))
	if err != nil {
		return nil, fmt.Errorf("screen: event: from: %q: %w", ev.From, err)
	}
	to, err := uri.Parse([]byte(ev.To))
	if err != nil {
		return nil, fmt.Errorf("screen: event: to: %q: %w", ev.To, err)
	}
	a.SetFrom(&from, plan)
	a.SetTo(&to, plan)
	if ev.Proof != verdict.None {
		proven := from
		if ev.Identity != "" {
			if proven, err = uri.Parse([]byte(ev.Identity)); err != nil {
				return nil, fmt.Errorf("screen: event: identity: %q: %w", ev.Identity, err)
			}
		}
		a.SetIdentity(&proven, ev.Proof, plan)
	}
	a.Signature, a.SenderServes = ev.signature(), ev.SenderServes
	if a.Source, err = parseSource(ev.Source); err != nil {
		return nil, fmt.Errorf("screen: event: source: %w", err)
	}
	return a, nil
}

// signature is what the event says of one, else what its proof stands for.
func (ev *Event) signature() verdict.Signature {
	if ev.Signature != nil {
		return *ev.Signature
	}
	s := verdict.Signature{Outcome: verdict.SignatureMissing}
	switch ev.Proof {
	case verdict.StirA, verdict.StirB, verdict.StirC:
		s.Outcome, s.Attestation = verdict.SignatureValid, strings.ToUpper(strings.TrimPrefix(ev.Proof.String(), "stir-"))
	case verdict.StirURI:
		s.Outcome = verdict.SignatureValid
	}
	return s
}

// parseSource reads "192.0.2.7:5060", or an address alone.
func parseSource(s string) (netip.AddrPort, error) {
	if s == "" {
		return netip.AddrPort{}, nil
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(addr.Unmap(), 0), nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
}
