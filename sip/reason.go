package sip

// ReasonPhrase returns the phrase of a status code in the document that defines it, or that of its class (RFC 3261 §8.1.3.2:
// an unknown code counts as the x00 of its class).
func ReasonPhrase(status int) string {
	switch status / 100 {
	case 1, 2, 3:
		return successPhrase(status)
	case 4:
		return requestFailurePhrase(status)
	case 5:
		return serverFailurePhrase(status)
	}
	return globalFailurePhrase(status)
}

func successPhrase(status int) string {
	switch status {
	case 100:
		return "Trying"
	case 180:
		return "Ringing"
	case 181:
		return "Call Is Being Forwarded"
	case 182:
		return "Queued"
	case 183:
		return "Session Progress"
	case 199:
		return "Early Dialog Terminated"
	case 202:
		return "Accepted"
	case 204:
		return "No Notification"
	case 300:
		return "Multiple Choices"
	case 301:
		return "Moved Permanently"
	case 302:
		return "Moved Temporarily"
	case 305:
		return "Use Proxy"
	case 380:
		return "Alternative Service"
	}
	switch status / 100 {
	case 1:
		return "Session Progress"
	case 2:
		return "OK"
	}
	return "Multiple Choices"
}

func requestFailurePhrase(status int) string {
	for i := range requestFailures {
		if int(requestFailures[i].status) == status {
			return requestFailures[i].phrase
		}
	}
	return "Bad Request"
}

// requestFailures holds the 4xx codes. RFC 3261 §21.4; others with their document.
var requestFailures = [...]struct {
	status int16
	phrase string
}{
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{410, "Gone"},
	{412, "Conditional Request Failed"}, // RFC 3903
	{413, "Request Entity Too Large"},
	{414, "Request-URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Unsupported URI Scheme"},
	{417, "Unknown Resource-Priority"}, // RFC 4412
	{419, "Puzzle Required"},           // draft-jennings-sip-hashcash
	{420, "Bad Extension"},
	{421, "Extension Required"},
	{422, "Session Interval Too Small"}, // RFC 4028
	{423, "Interval Too Brief"},
	{424, "Bad Location Information"},         // RFC 6442
	{428, "Use Identity Header"},              // RFC 8224
	{429, "Provide Referrer Identity"},        // RFC 3892
	{430, "Flow Failed"},                      // RFC 5626
	{433, "Anonymity Disallowed"},             // RFC 5079
	{436, "Bad Identity Info"},                // RFC 8224
	{437, "Unsupported Credential"},           // RFC 8224
	{438, "Invalid Identity Header"},          // RFC 8224
	{439, "First Hop Lacks Outbound Support"}, // RFC 5626
	{440, "Max-Breadth Exceeded"},             // RFC 5393
	{469, "Bad Info Package"},                 // RFC 6086
	{470, "Consent Needed"},                   // RFC 5360
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{482, "Loop Detected"},
	{483, "Too Many Hops"},
	{484, "Address Incomplete"},
	{485, "Ambiguous"},
	{486, "Busy Here"},
	{487, "Request Terminated"},
	{488, "Not Acceptable Here"},
	{489, "Bad Event"}, // RFC 6665
	{491, "Request Pending"},
	{493, "Undecipherable"},
	{494, "Security Agreement Required"}, // RFC 3329
}

func serverFailurePhrase(status int) string {
	switch status {
	case 501:
		return "Not Implemented"
	case 502:
		return "Bad Gateway"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Server Time-out"
	case 505:
		return "Version Not Supported"
	case 513:
		return "Message Too Large"
	case 555:
		return "Push Notification Service Not Supported" // RFC 8599
	case 580:
		return "Precondition Failure" // RFC 3312
	}
	return "Server Internal Error"
}

func globalFailurePhrase(status int) string {
	switch status {
	case 603:
		return "Decline"
	case 604:
		return "Does Not Exist Anywhere"
	case 606:
		return "Not Acceptable"
	case 607:
		return "Unwanted" // RFC 8197
	case 608:
		return "Rejected" // RFC 8688
	}
	return "Busy Everywhere"
}
