// Package sip parses SIP messages in place, edits them by byte splices and writes responses.
package sip
