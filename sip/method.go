package sip

// Method is a request method. Methods are case-sensitive tokens (RFC 3261 §7.1).
type Method uint8

// The methods of RFC 3261, 6665, 3903, 3428, 6086, 3262, 3311 and 3515.
const (
	UnknownMethod Method = iota
	INVITE
	ACK
	BYE
	CANCEL
	OPTIONS
	REGISTER
	SUBSCRIBE
	NOTIFY
	PUBLISH
	MESSAGE
	INFO
	PRACK
	UPDATE
	REFER
)

// ParseMethod reads a method name; an extension method is UnknownMethod.
func ParseMethod(b []byte) Method {
	switch string(b) {
	case "INVITE":
		return INVITE
	case "ACK":
		return ACK
	case "BYE":
		return BYE
	case "CANCEL":
		return CANCEL
	case "OPTIONS":
		return OPTIONS
	case "REGISTER":
		return REGISTER
	case "SUBSCRIBE":
		return SUBSCRIBE
	case "NOTIFY":
		return NOTIFY
	case "PUBLISH":
		return PUBLISH
	case "MESSAGE":
		return MESSAGE
	case "INFO":
		return INFO
	case "PRACK":
		return PRACK
	case "UPDATE":
		return UPDATE
	case "REFER":
		return REFER
	}
	return UnknownMethod
}

// otherCase says whether an unknown method is a known one but for its case. RFC 3261 §7.1 makes "invite" an extension;
// there are PBXs for which it is an INVITE all the same.
func otherCase(b []byte) bool {
	var upper [len("SUBSCRIBE")]byte
	if len(b) > len(upper) {
		return false
	}
	for i, c := range b {
		if upper[i] = c; 'a' <= c && c <= 'z' {
			upper[i] = c - 32
		}
	}
	return ParseMethod(upper[:len(b)]) != UnknownMethod
}

// String returns the method's name, "UNKNOWN" for an extension method.
func (m Method) String() string {
	switch m {
	case INVITE:
		return "INVITE"
	case ACK:
		return "ACK"
	case BYE:
		return "BYE"
	case CANCEL:
		return "CANCEL"
	case OPTIONS:
		return "OPTIONS"
	case REGISTER:
		return "REGISTER"
	case SUBSCRIBE:
		return "SUBSCRIBE"
	case NOTIFY:
		return "NOTIFY"
	case PUBLISH:
		return "PUBLISH"
	case MESSAGE:
		return "MESSAGE"
	case INFO:
		return "INFO"
	case PRACK:
		return "PRACK"
	case UPDATE:
		return "UPDATE"
	case REFER:
		return "REFER"
	}
	return "UNKNOWN"
}
