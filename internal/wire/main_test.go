package wire

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain also is the child process of the CPU benchmarks in echo_test.go.
func TestMain(m *testing.M) {
	if mode := os.Getenv("WIRE_ECHO"); mode != "" {
		echoMain(mode)
		return
	}
	goleak.VerifyTestMain(m)
}
