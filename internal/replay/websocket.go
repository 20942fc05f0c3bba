package replay

import (
	"bytes"
	"encoding/binary"
)

// upgraded tells whether a head is one half of the handshake after which a stream holds WebSocket frames. RFC 6455 §4.
func upgraded(head []byte) bool {
	if !bytes.HasPrefix(head, []byte("GET ")) && !bytes.HasPrefix(head, []byte("HTTP/1.1 101")) {
		return false
	}
	for line := range bytes.Lines(head) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(bytes.TrimSpace(name), []byte("upgrade")) && bytes.EqualFold(bytes.TrimSpace(value), []byte("websocket")) {
			return true
		}
	}
	return false
}

// The first octet of a frame. RFC 6455 §5.2.
const (
	frameFinal   = 0x80
	frameRSV     = 0x70
	frameControl = 0x08
	frameMasked  = 0x80 // of the second octet
)

// cutFrames hands out the messages that are whole: each is one WebSocket message (RFC 7118 §5), in one frame or several.
func (st *stream) cutFrames(message func([]byte, string)) {
	for {
		head, payload, size, ok := frame(st.text)
		if !ok || len(payload)+len(st.parts) > maxMessage {
			st.text, st.parts, st.lost = nil, nil, true // compressed, or nothing of SIP: where the next frame begins nobody knows
			return
		}
		if size == 0 {
			return
		}
		if head&frameControl == 0 {
			st.parts = append(st.parts, payload...)
			if head&frameFinal != 0 {
				message(st.parts, "ws")
				st.parts = st.parts[:0]
			}
		}
		st.text = append(st.text[:0], st.text[size:]...)
	}
}

// frame takes the first frame of b apart and unmasks its payload. size is its length, 0 while it is not all there; ok is false where it cannot be read.
func frame(b []byte) (head byte, payload []byte, size int, ok bool) {
	if len(b) < 2 {
		return 0, nil, 0, true
	}
	at, n := 2, uint64(b[1]&^frameMasked)
	switch {
	case n == 126 && len(b) >= 4:
		at, n = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case n == 127 && len(b) >= 10:
		at, n = 10, binary.BigEndian.Uint64(b[2:])
	case n >= 126:
		return 0, nil, 0, true
	}
	var mask []byte
	if b[1]&frameMasked != 0 {
		mask = b[at:min(at+4, len(b))]
		at += 4
	}
	switch {
	case b[0]&frameRSV != 0 || n > maxMessage:
		return 0, nil, 0, false
	case len(b) < at+int(n):
		return 0, nil, 0, true
	}
	payload = b[at : at+int(n)]
	for i := range payload {
		if mask != nil {
			payload[i] ^= mask[i%4]
		}
	}
	return b[0], payload, at + int(n), true
}
