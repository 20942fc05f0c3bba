package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gatehouse.example/test/harness"
)

const baresipConfig = `poll_method epoll
sip_listen %s
call_local_timeout 120
call_max_calls 4
audio_player aubridge,%s
audio_source aubridge,%s
audio_alert aubridge,alert
rtp_ports 20000-20100
jitter_buffer_delay 5-10
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
net_interface %s
sip_cafile %s
`

// baresip starts a phone without a sound card. Its digest knows MD5 only, and
// it refuses a 401 with any challenge that it does not know.
// Over TLS it trusts the authorities in file ca.
func baresip(t *testing.T, n harness.Net, user string, host byte, transport, more, ca string) *harness.Program {
	t.Helper()
	dir, server := t.TempDir(), n.Server()
	if transport == "tls" {
		server = n.Addr(harness.ServerHost, 5061)
	}
	files := map[string]string{
		"config": fmt.Sprintf(baresipConfig, n.Addr(host, 5060), user, user, n.Host(host), ca),
		"accounts": fmt.Sprintf("<sip:%s@example.test;transport=%s>;auth_user=%s;auth_pass=secret-%s;outbound=\"sip:%s;transport=%s\";regint=600;audio_codecs=pcmu%s\n",
			user, transport, user, user, server, transport, more),
		"contacts": "",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return harness.Run(t, dir, "baresip", "-f", dir, "-v")
}

// TestBaresipPhonesCallEachOther: two phones register and one calls the other.
func TestBaresipPhonesCallEachOther(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			n := harness.NewNet(t)
			cert := harness.NewCertificate(t, n, "example.test")
			s := harness.Start(t, n, cert.SecureListen(n)+"domains: [{name: example.test, deliver: home}]\nhome: {md5: only}\n")
			s.AddUser(t, "alice@example.test", "secret-alice")
			s.AddUser(t, "bob@example.test", "secret-bob")
			alice := baresip(t, n, "alice", harness.AliceHost, transport, "", cert.CertFile)
			bob := baresip(t, n, "bob", harness.BobHost, transport, ";answermode=auto", cert.CertFile)
			bob.Says(t, harness.Patience, "200 OK")
			alice.Says(t, harness.Patience, "200 OK")
			alice.Type(t, "/dial sip:bob@example.test\n")
			alice.Says(t, harness.Patience, "Call established")
			bob.Says(t, harness.Patience, "Call established")
			alice.Type(t, "/hangup\n")
			bob.Says(t, harness.Patience, "session closed")
			s.Attempt(t, "the call", func(a *harness.Attempt) bool {
				return a.Kind == "call" && a.Action == "relay" && a.From.Identity == "sip:alice@example.test" && a.From.Proof == "digest"
			})
		})
	}
}
