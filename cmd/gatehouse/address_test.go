package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPublishedTrapStandsOnItsList(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "gatehouse.yaml")
	if err := os.WriteFile(conf, []byte("data: "+filepath.Join(dir, "data")+"\nconsole: 127.0.0.1:1\ndomains: [{name: example.test, deliver: home}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) (string, int) {
		var out, bad bytes.Buffer
		status := run(append([]string{"--config", conf}, args...), os.Stdin, &out, &bad)
		return out.String() + bad.String(), status
	}
	text, status := command("address", "publish", "bob@example.test", "--page", "https://example.test/contact", "--json")
	var got published
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != exitDone || len(got.Forms) < 5 || got.Trap == "" {
		t.Fatalf("%d, %v: %s", status, err, text)
	}
	if shown, _ := command("list", "show", "traps"); !strings.Contains(shown, "sip:"+got.Trap) || !strings.Contains(shown, "https://example.test/contact") {
		t.Errorf("got %s", shown)
	}
	kept := filepath.Join(dir, "traps.csv")
	if text, status := command("list", "export", kept, "--list", "traps"); status != exitDone {
		t.Fatalf("%d: %s", status, text)
	}
	command("list", "remove", "sip:"+got.Trap, "--list", "traps")
	for _, own := range []bool{false, true} {
		args := []string{"list", "import", kept, "--list", "traps"}
		if own {
			args = append(args, "--allow-own")
		}
		said, _ := command(args...)
		if shown, _ := command("list", "show", "traps"); strings.Contains(shown, got.Trap) != own || strings.Contains(said, "our domain") == own {
			t.Errorf("own %v: %s%s", own, said, shown)
		}
	}
	for _, wrong := range [][]string{{"bob"}, {"bob@example.test", "--form", "poem"}, {"+15551230001", "--page", "x"}, {"bob@elsewhere.test", "--page", "x"}} {
		if text, status := command(append([]string{"address", "publish"}, wrong...)...); status != exitUsage {
			t.Errorf("%q: %d, %s", wrong, status, text)
		}
	}
	numbers := filepath.Join(dir, "numbers.txt")
	if err := os.WriteFile(numbers, []byte("+18005551212\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, status := command("list", "register", "import", numbers, "--name", "do-not-originate"); status != exitDone {
		t.Errorf("%d: %s", status, text)
	}
	if text, status := command("list", "register", "check", "do-not-originate", "+18005551212", "+18005551213"); status != exitFailed || !strings.Contains(text, "+18005551212  yes") {
		t.Errorf("%d: %s", status, text)
	}
}
