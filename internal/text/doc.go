// Package text finds what a human would read in a SIP request and makes it comparable.
//
// RFC 5039 §3.1 wants content filtering of instant messages, and shows that other requests carry text as well: spam hides in a Subject, in a
// display name, in the user part of a SUBSCRIBE's From. [Of] takes all of that out of a request: headers, bodies of type text/* in any charset
// and transfer encoding, nested multiparts (RFC 5621), CPIM wrappers (RFC 3862), HTML without its mark-up, the s=, i= and u= lines of SDP. What
// nobody here can read (encrypted, compressed, of unknown type) is named, for being unreadable is a fact of its own.
//
// [Normalise] undoes what spammers do to words: compatibility forms, look-alike letters of other scripts, invisible and direction-changing
// characters, letters that stand apart, split links. [Append] makes of the result the hashed features that a filter learns from:
// words, how the text is written, the signs in it, and character n-grams, each of a [Class].
//
// All of it is linear in the input, bounded by constants, does no I/O, keeps no state and never fails: whatever cannot be decoded is left out.
// Functions are safe for concurrent use; results do not point into their input.
//
// Left out: text in images and attachments, MSRP (it does not pass a proxy), languages' own grammar.
package text

// The bounds. What is beyond is left out, and Found.Cut says so; parts that nobody looks at are opaque.
const (
	// MaxText is how many octets of text are taken from one request.
	MaxText = 16 << 10
	// MaxParts is how many parts of all its multiparts are looked at.
	MaxParts = 32
	// MaxDepth is how deep multiparts and wrappers may be nested.
	MaxDepth = 6
)
