package action

import (
	"strings"

	"gatehouse.example/verdict"
)

// Redress is whom a blocked caller may turn to.
type Redress struct {
	JCard string // https URI of a signed jCard (RFC 8688 §3.2)
	URL   string
	Tel   string
	Email string
}

// Rejection is a ready answer.
type Rejection struct {
	Status  int
	Reason  string
	Headers string // complete header lines
}

// NewRejection makes the answer that a profile's name stands for. An unknown
// name is the default profile; the configuration knows them all.
//
//	us-603plus  603 Network Blocked with a Reason header, as US carriers want it
//	            since 2024 (ATIS-1000099): the text names who blocked and how to
//	            complain
//	607         Unwanted, on behalf of the callee (RFC 8197)
//	608         Rejected by an intermediary, with a signed jCard (RFC 8688)
//	603 486 404 Decline, Busy Here, Not Found: tell nothing
func NewRejection(profile string, r Redress) Rejection {
	switch profile {
	case "607":
		return Rejection{607, "Unwanted", r.callInfo("jcard")}
	case "608":
		return Rejection{608, "Rejected", r.callInfo("jwscard")}
	case "603":
		return Rejection{603, "Decline", ""}
	case "486":
		return Rejection{486, "Busy Here", ""}
	case "404":
		return Rejection{404, "Not Found", ""}
	}
	return Rejection{603, "Network Blocked", "Reason: SIP;cause=603;text=\"" + r.analytics() + "\";location=LN\r\n"}
}

// analytics is the text of an ATIS-1000099 Reason header.
func (r Redress) analytics() string {
	var b strings.Builder
	b.WriteString("v=analytics1")
	for _, p := range []struct{ name, value string }{{"url", r.URL}, {"tel", r.Tel}, {"email", r.Email}} {
		if p.value != "" {
			b.WriteString(";" + p.name + "=" + escape(p.value))
		}
	}
	return b.String()
}

// callInfo is the Call-Info header with the redress contact, if there is one.
func (r Redress) callInfo(purpose string) string {
	if r.JCard == "" {
		return ""
	}
	return "Call-Info: <" + strings.NewReplacer("<", "", ">", "", "\r", "", "\n", "").Replace(r.JCard) + ">;purpose=" + purpose + "\r\n"
}

// Response is the rejection as the verdict shows it.
func (r *Rejection) Response() *verdict.Response {
	return &verdict.Response{Code: r.Status, Reason: r.Reason}
}
