package uri_test

import (
	"fmt"

	"gatehouse.example/sip/uri"
)

func ExampleEqual() {
	a, _ := uri.Parse([]byte("sip:%61lice@atlanta.com;transport=TCP"))
	b, _ := uri.Parse([]byte("sip:alice@AtLanTa.CoM;Transport=tcp"))
	fmt.Println(uri.Equal(&a, &b))
	// Output: true
}

func ExampleURI_AppendAoR() {
	u, _ := uri.Parse([]byte("sip:%62ob:secret@Example.TEST:5070;transport=tcp"))
	fmt.Printf("%s\n", u.AppendAoR(nil))
	// Output: sip:bob@example.test
}

func ExampleURI_AppendNumber() {
	plan := uri.Plan{Country: "1", International: "011", Trunk: "1"}
	for _, s := range []string{"tel:+1-215-555-0100", "sip:01112155550100@pbx.example.test", "sip:bob@example.test"} {
		u, _ := uri.Parse([]byte(s))
		number, ok := u.AppendNumber(nil, plan)
		fmt.Printf("%s %v\n", number, ok)
	}
	// Output:
	// +12155550100 true
	// +12155550100 true
	//  false
}
