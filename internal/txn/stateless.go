package txn

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"

	"gatehouse.example/sip"
)

// proofDigits follow the key in the tag of an answer without state.
const proofDigits = 8

// StatelessTag is the tag of an answer without state to the request m with that key: the same each time (RFC 3261 §8.2.7), and proof that it is ours,
// since nothing else is known of that request when its ACK comes. The answer to a request that came through us before comes through us again, and the
// same tag is then in an ACK that a transaction of ours waits for (RFC 3261 §17.2.1); such a tag has another form, which Settled lets pass.
func (l *Layer) StatelessTag(m *sip.Message, key uint64) string {
	proof := l.hash.proof(key)
	if passed(m) {
		proof = ^proof
	}
	var tag [idDigits + idDigits]byte
	return string(AppendHex(AppendHex(tag[:0], key), uint64(proof)<<32)[:idDigits+proofDigits])
}

// passed tells whether a request has come through us before: a Via below the first has a branch of ours.
func passed(m *sip.Message) bool {
	vs := m.Values(sip.HeaderVia)
	for vs.Next(); vs.Next(); {
		var v sip.Via
		if v.Parse(vs.Text()) == nil {
			if _, ours := parseBranch(v.Branch); ours {
				return true
			}
		}
	}
	return false
}

// isStateless tells whether a tag is a StatelessTag of ours, and whether its request came through us before.
func (l *Layer) isStateless(tag []byte) (ok, passed bool) {
	if len(tag) != idDigits+proofDigits {
		return false, false
	}
	key, ok := ParseHex(tag)
	if !ok {
		return false, false
	}
	proof := l.hash.proof(key)
	if isProof(tag[idDigits:], proof) {
		return true, false
	}
	passed = isProof(tag[idDigits:], ^proof)
	return passed, passed
}

func isProof(text []byte, proof uint32) bool {
	var want [idDigits]byte
	return string(AppendHex(want[:0], uint64(proof)<<32)[:proofDigits]) == string(text)
}

func (h hasher) proof(key uint64) uint32 {
	var b [9]byte // as long as nothing else that is hashed under this seed by itself
	binary.LittleEndian.PutUint64(b[:], key)
	return uint32(maphash.Bytes(h.seed, b[:]))
}

var (
	ackBegins = []byte("ACK ")
	toBegins  = []byte("\nTo:")
	tagBegins = []byte(";tag=")
)

// Settled tells of a message that is not parsed yet whether it is the ACK to an answer without state, of which nobody wants to hear (RFC 3261 §8.2.7): half of
// what comes from whoever is refused. It finds the usual spelling; any other is found when the message is parsed.
func (l *Layer) Settled(data []byte) bool {
	if !bytes.HasPrefix(data, ackBegins) {
		return false
	}
	at := bytes.Index(data, toBegins)
	if at < 0 {
		return false
	}
	line := data[at+1:]
	if end := bytes.IndexByte(line, '\r'); end >= 0 {
		line = line[:end]
	}
	at = bytes.LastIndex(line, tagBegins)
	if at < 0 {
		return false
	}
	ours, passed := l.isStateless(line[at+len(tagBegins):])
	return ours && !passed
}
