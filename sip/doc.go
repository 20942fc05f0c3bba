// Package sip parses SIP messages in place, edits them by byte splices, writes responses and cuts streams into messages.
// RFC 3261 §7, §8.2.6, §18.2.1, §18.3, §20, §25; RFC 3581, 5954, 8217.
//
// A [Message] is offsets over one byte slice. Parse finds the lines of the header section, names the header fields and
// reads what every element needs at once: start line, Request-URI, top Via, From, To, Call-ID, CSeq, Max-Forwards and
// Content-Length. Everything else is read when it is asked for: [Message.Values] walks a list, [Address.Parse] and
// [Via.Parse] read one value. Compact forms, folding, lists over several lines, quoted pairs and escapes need no care from
// the caller.
//
// What is forwarded is the original with an [Edit]: octets that no splice touches leave as they came, in their order,
// unknown header fields and all, with their folding but for what [Edit.Unfold] takes out. [AppendResponse] writes what answers a
// request, even one that could not be parsed, as long as it can be answered at all.
//
// # Strictness
//
// A message that two elements could read differently is refused: a second Content-Length, From, CSeq and the like, a
// Content-Length that is no plain number, a bare CR or LF in the header section, a NUL outside a quoted pair, a line break in one,
// white space where the start line has none, headers in a Request-URI, a known method in another case. What is merely unusual passes: all valid messages of RFC 4475
// and 5118, RFC 2543 requests without branch and tag, unknown methods, header fields, transports and URI schemes.
//
// More liberal than the grammar are: a display name without quotes may hold UTF-8; a parameter may have an empty value; a
// status line may end behind the code; empty elements of a list are passed over; CSeq may use all of its 32 bits;
// Max-Forwards above 255 counts as 255. Stricter is: an address in a request's Contact or Route that does not parse fails
// the whole request, so that it is not forwarded.
//
// # Ownership
//
// The bytes given to Parse belong to the message until the next Parse; all slices that the methods return are views of
// them. A Message, an Edit and an Address are reused by one goroutine at a time and do not allocate once they are warm,
// on faulty messages neither. After a nil error several goroutines may read a Message.
package sip
