package replay

import (
	"bytes"
	"net/netip"
	"strconv"

	"gatehouse.example/internal/replay/pcap"
)

// Bounds of what a capture can make us hold.
const (
	maxStreams = 4096
	maxPending = 64      // segments of a stream that wait for one before them
	maxMessage = 1 << 16 // octets of a SIP message on a stream
)

// direction names one direction of a connection.
type direction struct{ from, to netip.AddrPort }

// streams put TCP segments in order and cut messages out of them. The oldest streams make room for new ones.
type streams struct {
	all  map[direction]*stream
	ages []direction
}

// stream is one direction of a connection.
type stream struct {
	next    uint32 // the sequence number that comes next
	started bool
	text    []byte
	pending []segment
	framed  bool   // it holds WebSocket frames
	parts   []byte // the frames of a message that has not ended
	lost    bool   // framed, and nobody knows where a frame begins
}

type segment struct {
	sequence uint32
	data     []byte
}

// add takes a segment and hands out the messages that are whole then, with the transport that they came over: tcp or ws.
func (s *streams) add(p *pcap.Packet, message func([]byte, string)) {
	key := direction{p.Source, p.Destination}
	st := s.all[key]
	if st == nil || p.Begins {
		if st == nil && len(p.Payload) == 0 && !p.Begins {
			return
		}
		st = s.open(key, st == nil)
	}
	if p.Begins {
		st.next, st.started = p.Sequence+1, true
	} else if len(p.Payload) > 0 {
		if !st.started {
			st.next, st.started = p.Sequence, true // the capture begins in the middle
		}
		st.take(p.Sequence, p.Payload)
	}
	st.cut(message)
	if p.Ends {
		delete(s.all, key)
	}
}

func (s *streams) open(key direction, isNew bool) *stream {
	if s.all == nil {
		s.all = make(map[direction]*stream)
	}
	if isNew {
		for len(s.all) >= maxStreams && len(s.ages) > 0 {
			delete(s.all, s.ages[0])
			s.ages = s.ages[1:]
		}
		s.ages = append(s.ages, key)
		if len(s.ages) > 2*maxStreams {
			s.ages = s.living()
		}
	}
	st := new(stream)
	s.all[key] = st
	return st
}

// living are the ages of streams that are still there.
func (s *streams) living() (ages []direction) {
	seen := make(map[direction]bool)
	for _, key := range s.ages {
		if s.all[key] != nil && !seen[key] {
			seen[key] = true
			ages = append(ages, key)
		}
	}
	return ages
}

// take puts a segment where it belongs.
func (st *stream) take(sequence uint32, data []byte) {
	if !st.fit(sequence, data) {
		if len(st.pending) >= maxPending {
			// One is missing for good: what was begun is lost, the rest goes on.
			st.text, st.next, st.lost = nil, st.pending[0].sequence, st.framed
			for _, p := range st.pending {
				if int32(p.sequence-st.next) < 0 {
					st.next = p.sequence
				}
			}
			st.drain()
		}
		st.pending = append(st.pending, segment{sequence, bytes.Clone(data)})
	}
	st.drain()
}

// fit appends a segment that comes next, or whose end does.
func (st *stream) fit(sequence uint32, data []byte) bool {
	old := int32(st.next - sequence)
	if old < 0 {
		return false
	}
	if int(old) < len(data) {
		st.text = append(st.text, data[old:]...)
		st.next = sequence + uint32(len(data))
	}
	return true
}

func (st *stream) drain() {
	for progress := true; progress; {
		progress = false
		for i := range st.pending {
			if st.fit(st.pending[i].sequence, st.pending[i].data) {
				st.pending = append(st.pending[:i], st.pending[i+1:]...)
				progress = true
				break
			}
		}
	}
}

// cut hands out the messages that are whole. RFC 3261 §18.3: on a stream, Content-Length says where a message ends.
func (st *stream) cut(message func([]byte, string)) {
	for !st.framed {
		st.text = bytes.TrimLeft(st.text, "\r\n") // keep-alives, RFC 5626 §4.4.1
		head := bytes.Index(st.text, []byte("\r\n\r\n"))
		if head < 0 {
			if len(st.text) > maxMessage {
				st.text = nil // no SIP, or encrypted
			}
			return
		}
		n, ok := contentLength(st.text[:head])
		if !ok {
			st.text = nil
			return
		}
		st.framed = upgraded(st.text[:head])
		end := head + 4 + n
		if len(st.text) < end {
			return
		}
		if !st.framed {
			message(st.text[:end], "tcp")
		}
		st.text = append(st.text[:0], st.text[end:]...)
	}
	if st.lost {
		st.text = nil
		return
	}
	st.cutFrames(message)
}

// contentLength reads the field, also in its compact form; without one a message ends with its head.
func contentLength(head []byte) (int, bool) {
	for line := range bytes.Lines(head) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		name = bytes.TrimSpace(name)
		if !bytes.EqualFold(name, []byte("content-length")) && !bytes.EqualFold(name, []byte("l")) {
			continue
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		return n, err == nil && n >= 0 && n <= maxMessage
	}
	return 0, true
}
