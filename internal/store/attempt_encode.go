package store

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
	"unicode/utf8"

	"gatehouse.example/verdict"
)

// The blob of a segment: an octet that is the version of this format, the attempts in the order of their ids, and the CRC-32C of
// all that in four octets, the lowest first. It is made to be cheap to write: a text that the attempt before it has in the same
// place is one octet.
//
//	attempt   length of what the id shares with the id before, length of its rest, the rest; the time as difference to the one before;
//	          kind, action, mode, would, proof, flags, an octet each; score, elapsed;
//	          texts of the caller, the called one, the source, introduction, feedback (a person's, that came with the verdict);
//	          if flagged: response code and reason; the signature's texts;
//	          the number of signals, for each: name, strength, weight, score, evidence
//	text      0: as in the attempt before; else its length + 1 and its octets, as they came: readers mend what is not UTF-8
//	number    an unsigned varint of the octets of the float64, the lowest first; what JSON cannot hold is 0
//
// Lengths and counts are unsigned, times and other integers signed varints. A new field goes to the end of the attempt under a new version:
// a reader takes it as zero where the version is lower.
const (
	formatVersion = 1
	checksumBytes = 4
)

// fieldLimit bounds each text of an attempt: nobody reads further, and a caller must not fill the disk with one header.
const fieldLimit = 1024

// The flags of an attempt.
const (
	hasResponse = 1 << iota
	hasSignature
	isDiverted
)

// The places of texts. Those of the signals follow, two each; signals that come later than placedSignals have none and are written in full.
const (
	claimedText = iota
	displayText
	identityText
	requestedText
	userText
	aliasText
	addressText
	transportText
	peerText
	agentText
	introductionText
	feedbackText
	reasonText
	outcomeText
	whyText
	attestationText
	signerText
	organizationText
	urlText
	origIDText
	verstatText
	signalTexts
	placedSignals = 8
	places        = signalTexts + 2*placedSignals
)

// before is what is known of the attempt before, to both sides.
type before struct {
	id    string
	at    int64
	texts [places]string
}

// encoder writes the blob of a segment.
type encoder struct {
	buf []byte
	before
}

func (e *encoder) start() {
	e.buf = append(e.buf[:0], formatVersion)
	e.before = before{}
}

// finish returns the blob, which is the encoder's until the next start.
func (e *encoder) finish() []byte {
	e.buf = binary.LittleEndian.AppendUint32(e.buf, checksum(e.buf))
	return e.buf
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// add writes an attempt whose id is above that of the one before.
func (e *encoder) add(id string, v *verdict.Verdict) {
	e.addID(id)
	at := v.Time.UnixMicro()
	e.int(at - e.at)
	e.at = at
	e.buf = append(e.buf, byte(v.Kind), byte(v.Action), byte(v.Mode), byte(v.Would), byte(v.From.Proof), flags(v))
	e.number(v.Score)
	e.int(v.ElapsedUS)
	e.text(claimedText, v.From.Claimed)
	e.text(displayText, v.From.Display)
	e.text(identityText, v.From.Identity)
	e.text(requestedText, v.To.Requested)
	e.text(userText, v.To.User)
	e.text(aliasText, v.To.Alias)
	e.text(addressText, v.Source.Address)
	e.text(transportText, v.Source.Transport)
	e.text(peerText, v.Source.Peer)
	e.text(agentText, v.Source.UserAgent)
	e.text(introductionText, v.Introduction)
	e.text(feedbackText, v.Feedback)
	if v.Response != nil {
		e.int(int64(v.Response.Code))
		e.text(reasonText, v.Response.Reason)
	}
	if v.From.Signature != nil {
		e.signature(v.From.Signature)
	}
	e.length(len(v.Signals))
	for i := range v.Signals {
		e.signal(i, &v.Signals[i])
	}
}

func (e *encoder) addID(id string) {
	shared := 0
	for shared < len(id) && shared < len(e.id) && id[shared] == e.id[shared] {
		shared++
	}
	e.length(shared)
	e.length(len(id) - shared)
	e.buf = append(e.buf, id[shared:]...)
	e.id = id
}

func flags(v *verdict.Verdict) (f byte) {
	if v.Response != nil {
		f |= hasResponse
	}
	if s := v.From.Signature; s != nil {
		f |= hasSignature
		if s.Diverted {
			f |= isDiverted
		}
	}
	return f
}

func (e *encoder) signature(s *verdict.Signature) {
	e.text(outcomeText, s.Outcome)
	e.text(whyText, s.Reason)
	e.text(attestationText, s.Attestation)
	e.text(signerText, s.Signer)
	e.text(organizationText, s.Organization)
	e.text(urlText, s.URL)
	e.text(origIDText, s.OrigID)
	e.text(verstatText, s.Verstat)
}

func (e *encoder) signal(i int, s *verdict.Signal) {
	name, evidence := signalPlaces(i)
	e.text(name, s.Name)
	e.number(s.Strength)
	e.number(s.Weight)
	e.number(s.Score)
	e.text(evidence, s.Evidence)
}

// signalPlaces returns the places of a signal's texts, -1 for none.
func signalPlaces(i int) (name, evidence int) {
	if i >= placedSignals {
		return -1, -1
	}
	return signalTexts + 2*i, signalTexts + 2*i + 1
}

// text writes the first fieldLimit octets of s.
func (e *encoder) text(place int, s string) {
	s = cut(s, fieldLimit)
	if place >= 0 {
		last := &e.texts[place]
		if *last == s {
			e.buf = append(e.buf, 0)
			return
		}
		*last = s
	}
	e.length(len(s) + 1)
	e.buf = append(e.buf, s...)
}

func (e *encoder) length(n int) { e.buf = binary.AppendUvarint(e.buf, uint64(n)) }

func (e *encoder) int(n int64) { e.buf = binary.AppendVarint(e.buf, n) }

func (e *encoder) number(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	e.buf = binary.AppendUvarint(e.buf, bits.ReverseBytes64(math.Float64bits(f)))
}

// cut returns at most n octets of s, whole characters where s is UTF-8.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for end := n; end > n-utf8.UTFMax; end-- {
		if utf8.RuneStart(s[end]) {
			return s[:end]
		}
	}
	return s[:n]
}
