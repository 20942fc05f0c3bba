// Package torture sends the messages of RFC 4475 and RFC 5118 to the real
// server and compares what it does with the expectations in
// shared/testdata/torture/index.tsv.
package torture

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gatehouse.example/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// message is one line of the index with its octets.
type message struct {
	name, validity, kind, method, transport, sentBy string
	proxy, registrar                                string
	text                                            string
}

var branches = regexp.MustCompile(`branch=z9hG4bK[\w-]+`)

// messages reads the index. The archive of RFC 5118 has bare line feeds: its
// corrected form is used.
func messages(t *testing.T) []message {
	t.Helper()
	dir := harness.Shared("torture")
	if dir == "" {
		t.Skip("shared/testdata/torture is not here: skipped")
	}
	index, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var all []message
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(string(index)), "\n")[1:] {
		c := strings.Split(line, "\t")
		file := c[0]
		if rest, ok := strings.CutPrefix(file, "rfc5118/"); ok {
			file = "rfc5118_wire/" + rest + ".sip"
		}
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		m := message{name: c[3], validity: c[5], kind: c[6], method: c[7], transport: c[8], sentBy: c[9], proxy: c[12], registrar: c[13], text: string(text)}
		// Some messages share a branch: to be requests of their own and not
		// retransmissions of another (RFC 3261 §17.2.3), later ones get a new one,
		// and a Call-ID of their own.
		if branch := branches.FindString(m.text); branch != "" && seen[branch] {
			id := harness.Message{Text: m.text}.Get("Call-ID")
			m.text = strings.Replace(m.text, branch, branch+strconv.Itoa(len(all)), 1)
			m.text = strings.Replace(m.text, id, strconv.Itoa(len(all))+id, 1)
		} else {
			seen[branch] = true
		}
		if m.transport == "-" {
			m.transport = "UDP"
		}
		all = append(all, m)
	}
	if len(all) != 62 {
		t.Errorf("the index has %d messages, want 62", len(all))
	}
	return all
}

// responsePort is where a response goes that is sent by the rules of RFC 3261
// §18.2.2 to a Via without rport.
func (m *message) responsePort() uint16 {
	host := m.sentBy[strings.LastIndex(m.sentBy, "]")+1:]
	if _, port, ok := strings.Cut(host, ":"); ok {
		n, _ := strconv.Atoi(port)
		return uint16(n)
	}
	return 5060
}

func (m *message) body() []byte {
	_, body, _ := bytes.Cut([]byte(m.text), []byte("\r\n\r\n"))
	return body
}

// expectation is one of the two columns, read.
type expectation struct {
	anything, silence, pass bool
	statuses                []int
}

var code = regexp.MustCompile(`\b[2-6][0-9][0-9]\b`)

// read takes an expectation apart: "accept" and "forward" mean that the message
// passes, "drop" that nothing is answered, numbers are the allowed responses.
func read(column string) (x expectation) {
	for _, c := range code.FindAllString(column, -1) {
		n, _ := strconv.Atoi(c)
		x.statuses = append(x.statuses, n)
	}
	x.anything = strings.Contains(column, "must not crash")
	x.pass = strings.HasPrefix(column, "accept") || strings.HasPrefix(column, "forward") || strings.Contains(column, "2543 matching")
	x.silence = strings.HasPrefix(column, "drop") || strings.HasPrefix(column, "accept response") || strings.Contains(column, "drop tolerated")
	return x
}

// allows judges a status; 0 is silence.
func (x *expectation) allows(status int) bool {
	switch {
	case x.anything:
		return true
	case status == 0:
		return x.silence
	}
	for _, s := range x.statuses {
		if s == status {
			return true
		}
	}
	// STANDARDS 2.9: an answer of authorisation is fine wherever the table says
	// accept; the test is "not 400, 5xx or silence".
	return x.pass && status != 400 && status < 500
}
