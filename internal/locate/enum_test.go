package locate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"

	"gatehouse.example/internal/publish"
)

// TestNameServerServesPublishedENUM has a real name server read the lines that gatehouse address enum prints.
func TestNameServerServesPublishedENUM(t *testing.T) {
	zone := "$ORIGIN example.test.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 30\n@ NS ns\nns A 192.0.2.53\n"
	var records []publish.Record
	for number, address := range map[string]string{
		"+4930123456": "bob@example.test", "+4930123457": "sips:bob.smith@example.test", "+4930123458": "a!b;c$(x)&y%22%5C1@example.test", "+4930123459": "bob@[2001:db8::1]",
	} {
		n, err := publish.ParseNumber(number)
		if err != nil {
			t.Fatal(err)
		}
		a, err := publish.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		r, err := publish.NewRecord(n, a, "e164.example.test")
		if err != nil {
			t.Fatal(err)
		}
		records, zone = append(records, r), zone+r.String()+"\n"
	}
	file := filepath.Join(t.TempDir(), "example.test.zone")
	if err := os.WriteFile(file, []byte(zone), 0o600); err != nil {
		t.Fatal(err)
	}
	server := startNSD(t, file)
	for _, r := range records {
		want, err := dns.NewRR(r.Name + " 60 IN NAPTR " + r.Data)
		if err != nil {
			t.Fatal(err)
		}
		m, err := dns.ExchangeContext(t.Context(), new(dns.Msg).SetQuestion(r.Name, dns.TypeNAPTR), server.String())
		if err != nil || len(m.Answer) != 1 || m.Answer[0].String() != want.String() {
			t.Errorf("%s: %v, %v", r, err, m)
		}
	}
}
