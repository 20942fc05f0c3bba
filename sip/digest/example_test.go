package digest_test

import (
	"fmt"
	"time"

	"gatehouse.example/sip/digest"
)

// A server challenges, a client answers, the server verifies with the stored HA1.
func Example() {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	nonces := digest.NewNonces([]byte("32 random octets in real life"), time.Minute)
	stored := digest.SHA256.HA1("bob", "example.test", "zanzibar")

	challenge := digest.Challenge{
		Realm: "example.test", Nonce: nonces.Issue("example.test", "registration", now),
		Algorithm: digest.SHA256, QOP: digest.QOPAuth,
	}
	header := challenge.AppendTo(nil) // after "WWW-Authenticate: "

	var received digest.Challenge
	if err := received.Parse(header); err != nil {
		fmt.Println(err)
	}
	answer, err := received.Answer(&digest.Request{User: "bob", Password: "zanzibar", Method: "REGISTER", URI: "sip:example.test"})
	if err != nil {
		fmt.Println(err)
	}

	var credentials digest.Credentials
	if err := credentials.Parse(answer.AppendTo(nil)); err != nil { // after "Authorization: "
		fmt.Println(err)
	}
	_, validity := nonces.Check(credentials.Nonce, "example.test", "registration", now.Add(time.Second))
	var h digest.Hasher
	fmt.Println(validity, credentials.Verify(&h, stored, "REGISTER", nil))
	// Output: valid true
}

// Response on the example of RFC 7616 §3.9.1.
func ExampleResponse() {
	ha1 := digest.SHA256.HA1("Mufasa", "http-auth@example.org", "Circle of Life")
	fmt.Println(digest.Response(digest.SHA256, ha1, &digest.Inputs{
		Nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", NC: "00000001",
		CNonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", QOP: digest.QOPAuth,
		Method: "GET", URI: "/dir/index.html",
	}))
	// Output: 753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1
}

// A client that meets several challenges answers the topmost that it supports.
func ExampleChoose() {
	for _, c := range digest.Choose([]digest.Challenge{
		{Realm: "example.test", Algorithm: digest.SHA512_256},
		{Realm: "example.test", Algorithm: digest.SHA256},
		{Realm: "example.test", Algorithm: digest.MD5},
	}, false) {
		fmt.Println(c.Realm, c.Algorithm)
	}
	// Output: example.test SHA-512-256
}
