package arch

// allowances are the exceptions, each with its reason.
func allowances() []allowance {
	return []allowance{
		{"world-by-name", "internal/wire/", "os", "deadline errors of package net are declared in os"},
		{"world-by-name", "internal/wire/", "net/http", "the WebSocket handshake is an HTTP request (RFC 7118 §3)"},
		{"hot-path-imports", "internal/wire/websocket.go", "log", "http.Server takes its ErrorLog as a log.Logger; the handshake is not on a packet's path"},
	}
}
