package arch

// allowances are the exceptions, each with its reason.
func allowances() []allowance {
	return []allowance{
		{"world-by-name", "cmd/gatehouse/serve.go", "net", "the console's listener is opened before anything else, so that a port in use is said at once"},
		{"world-by-name", "internal/wire/", "net/http", "the WebSocket handshake is an HTTP request (RFC 7118 §3)"},
		{"world-by-name", "internal/state/prefetch/", "unsafe", "it passes the address of any type to an instruction that reads nothing"},
		{"no-skip", "internal/guard/kernel/kernel_test.go", "", "without a network namespace of its own the test would change the machine's firewall"},
		{"hot-path-imports", "internal/wire/websocket.go", "log", "http.Server takes its ErrorLog as a log.Logger; the handshake is not on a packet's path"},
	}
}
