package store

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"strings"
	"time"

	"gatehouse.example/verdict"
)

// errDamaged says that a segment's blob is not what was written. Its attempts cannot be read; all others can.
var errDamaged = errors.New("its checksum or its form is wrong: the data is damaged")

// decoder reads the blob of a segment. What it reads points into a copy of the blob and is as it came; see mend.
type decoder struct {
	rest   string
	failed bool
	before
	v         verdict.Verdict
	response  verdict.Response
	signature verdict.Signature
}

// newDecoder checks the blob as a whole.
func newDecoder(blob []byte) (*decoder, error) {
	n := len(blob) - checksumBytes
	if n < 1 || blob[0] != formatVersion || binary.LittleEndian.Uint32(blob[n:]) != checksum(blob[:n]) {
		return nil, errDamaged
	}
	return &decoder{rest: string(blob[1:n])}, nil
}

// next reads an attempt into d.v, which the following call overwrites; false at the end, or where the form is wrong: err tells.
func (d *decoder) next() bool {
	if d.rest == "" || d.failed {
		return false
	}
	v := &d.v
	v.ID = d.readID()
	d.at += d.int()
	v.Time = time.UnixMicro(d.at).UTC()
	head := d.octets(6)
	if d.failed {
		return false
	}
	v.Kind, v.Action, v.Mode = verdict.Kind(head[0]), verdict.Action(head[1]), verdict.Mode(head[2])
	v.Would, v.From.Proof = verdict.Action(head[3]), verdict.Proof(head[4])
	v.Score = d.number()
	v.ElapsedUS = d.int()
	d.readTexts(v)
	v.Response, v.From.Signature = nil, nil
	if head[5]&hasResponse != 0 {
		d.response = verdict.Response{Code: int(d.int()), Reason: d.text(reasonText)}
		v.Response = &d.response
	}
	if head[5]&hasSignature != 0 {
		d.readSignature(head[5]&isDiverted != 0)
		v.From.Signature = &d.signature
	}
	d.readSignals(v)
	return !d.failed
}

func (d *decoder) err() error {
	if d.failed {
		return errDamaged
	}
	return nil
}

func (d *decoder) readID() string {
	shared := d.uvarint() // of the id before, whatever is left of this attempt
	if shared > uint64(len(d.id)) {
		d.failed = true
		return ""
	}
	d.id = d.id[:shared] + d.octets(d.length())
	return d.id
}

func (d *decoder) readTexts(v *verdict.Verdict) {
	v.From.Claimed = d.text(claimedText)
	v.From.Display = d.text(displayText)
	v.From.Identity = d.text(identityText)
	v.To.Requested = d.text(requestedText)
	v.To.User = d.text(userText)
	v.To.Alias = d.text(aliasText)
	v.Source.Address = d.text(addressText)
	v.Source.Transport = d.text(transportText)
	v.Source.Peer = d.text(peerText)
	v.Source.UserAgent = d.text(agentText)
	v.Introduction = d.text(introductionText)
	v.Feedback = d.text(feedbackText)
}

func (d *decoder) readSignature(diverted bool) {
	d.signature = verdict.Signature{
		Outcome: d.text(outcomeText), Reason: d.text(whyText), Attestation: d.text(attestationText), Signer: d.text(signerText),
		Organization: d.text(organizationText), URL: d.text(urlText), OrigID: d.text(origIDText), Diverted: diverted,
		Verstat: d.text(verstatText),
	}
}

func (d *decoder) readSignals(v *verdict.Verdict) {
	n := d.length()
	if v.Signals = v.Signals[:0]; v.Signals == nil {
		v.Signals = verdict.Signals{}
	}
	for i := 0; i < n && !d.failed; i++ {
		name, evidence := signalPlaces(i)
		v.Signals = append(v.Signals, verdict.Signal{
			Name: d.text(name), Strength: d.number(), Weight: d.number(), Score: d.number(), Evidence: d.text(evidence),
		})
	}
}

func (d *decoder) text(place int) string {
	n := d.length()
	if n == 0 {
		if place < 0 {
			d.failed = true
			return ""
		}
		return d.texts[place]
	}
	s := d.octets(n - 1)
	if place >= 0 {
		d.texts[place] = s
	}
	return s
}

func (d *decoder) octets(n int) string {
	if n < 0 || n > len(d.rest) {
		d.failed = true
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

// length reads a length or a count; nothing has more than there are octets left.
func (d *decoder) length() int {
	n := d.uvarint()
	if n > uint64(len(d.rest))+1 {
		d.failed = true
		return 0
	}
	return int(n)
}

func (d *decoder) int() int64 {
	n := d.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (d *decoder) number() float64 { return math.Float64frombits(bits.ReverseBytes64(d.uvarint())) }

// uvarint is binary.Uvarint of a string.
func (d *decoder) uvarint() (n uint64) {
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		c := d.rest[i]
		n |= uint64(c&0x7F) << (7 * i)
		if c < 0x80 {
			d.rest = d.rest[i+1:]
			return n
		}
	}
	d.failed = true
	return 0
}

// mend makes a verdict that is going out: text of its own, so that it does not keep the whole segment in memory, in which octets that are
// not UTF-8 have become U+FFFD.
func mend(v *verdict.Verdict) {
	for _, s := range [...]*string{&v.ID, &v.From.Claimed, &v.From.Display, &v.From.Identity, &v.To.Requested, &v.To.User, &v.To.Alias,
		&v.Source.Address, &v.Source.Transport, &v.Source.Peer, &v.Source.UserAgent, &v.Introduction, &v.Feedback} {
		mendText(s)
	}
	if v.Response != nil {
		mendText(&v.Response.Reason)
	}
	if s := v.From.Signature; s != nil {
		for _, s := range [...]*string{&s.Outcome, &s.Reason, &s.Attestation, &s.Signer, &s.Organization, &s.URL, &s.OrigID, &s.Verstat} {
			mendText(s)
		}
	}
	for i := range v.Signals {
		mendText(&v.Signals[i].Name)
		mendText(&v.Signals[i].Evidence)
	}
}

func mendText(s *string) { *s = strings.Clone(strings.ToValidUTF8(*s, "\uFFFD")) }
