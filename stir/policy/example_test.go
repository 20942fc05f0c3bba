package policy_test

import (
	"fmt"
	"time"

	"gatehouse.example/stir/policy"
)

// A call from sip:bob@office.example.test comes without a signature. The domain itself has no record, the one above it does.
func Example() {
	zone := map[string][]string{
		"_sip-identity.example.test": {"v=SIPID1; p=enforce; sp=monitor; sign=stir-uri"},
	}
	for i, name := range policy.Names(nil, "office.example.test") {
		record, err := policy.Select(zone[policy.Host(name)])
		if err != nil {
			fmt.Println(name, "-", err)
			continue
		}
		fmt.Println(name, "-", record.Mode(policy.Call, i > 0, time.Now()))
		break
	}
	// Output:
	// office.example.test - policy: no record
	// example.test - monitor
}

func ExampleRecord_String() {
	r := policy.Record{Policy: policy.Enforce, Methods: policy.Call | policy.Message, Sign: policy.StirURI, Percent: 100, MaxAge: 30 * 24 * time.Hour}
	fmt.Println(r.String())
	// Output: v=SIPID1; p=enforce; m=call,message; sign=stir-uri; max-age=2592000
}
