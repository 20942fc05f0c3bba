package txn

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// proofDigits follow the key in the tag of an answer without state.
const proofDigits = 8

// StatelessTag is the tag of an answer without state to the request with that key: the same each time (RFC 3261 §8.2.7), and proof that it is ours,
// since nothing else is known of that request when its ACK comes.
func (l *Layer) StatelessTag(key uint64) string {
	var tag [idDigits + idDigits]byte
	return string(AppendHex(AppendHex(tag[:0], key), uint64(l.hash.proof(key))<<32)[:idDigits+proofDigits])
}

// isStateless tells whether a tag is a StatelessTag of ours.
func (l *Layer) isStateless(tag []byte) bool {
	if len(tag) != idDigits+proofDigits {
		return false
	}
	key, ok := ParseHex(tag)
	if !ok {
		return false
	}
	var proof [idDigits]byte
	return string(AppendHex(proof[:0], uint64(l.hash.proof(key))<<32)[:proofDigits]) == string(tag[idDigits:])
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
	return at >= 0 && l.isStateless(line[at+len(tagBegins):])
}
