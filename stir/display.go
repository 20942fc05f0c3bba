package stir

// Display is what a caller wants to be shown as (RFC 9795). Whoever signed it vouches for it as for any text: it is
// something to show beside the proven identity, never instead of it. All texts are the sender's.
type Display struct {
	Name    string // nam
	Alias   string // apn: a number to show
	Reason  string // crn: why the call is made
	IconURL string // icn
	JCard   string // jcd: a jCard (RFC 7095), JSON
	CardURL string // jcl
	// Checked says that the digests of rcdi match all that is in the token. What is looked up by URL is not fetched here:
	// IconDigest and CardDigest say what it must hash to, and are empty where nobody signed that.
	Checked                bool
	IconDigest, CardDigest string
}
