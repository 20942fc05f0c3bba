package sip

// param is one generic-param: name and value as indices into the text; no value: valueEnd is 0.
type param struct {
	name, nameEnd   int
	value, valueEnd int
}

// scanParam reads the parameter that starts at b[i], behind the ';', and returns what follows it: the index of a ';', of
// a ',' or the end. RFC 3261 §25.1: generic-param = token [ EQUAL gen-value ], white space round each part. An empty
// value is let pass.
func scanParam(b []byte, i int) (p param, next int, ok bool) {
	p.name = skipLWS(b, i)
	p.nameEnd = skip(b, p.name, isToken)
	if p.nameEnd == p.name {
		return p, i, false
	}
	i = skipLWS(b, p.nameEnd)
	if i < len(b) && b[i] == '=' {
		p.value = skipLWS(b, i+1)
		if p.value < len(b) && b[p.value] == '"' {
			p.valueEnd = quotedEnd(b, p.value)
			if p.valueEnd < 0 {
				return p, i, false
			}
		} else {
			p.valueEnd = skip(b, p.value, isValue)
		}
		i = skipLWS(b, p.valueEnd)
	}
	return p, i, i == len(b) || b[i] == ';' || b[i] == ','
}

// findParam looks a parameter up by its name in lower case; the value is as it was written, with its quotes.
func findParam(b []byte, name string) (value []byte, ok bool) {
	for i := 0; i < len(b); i++ {
		p, next, good := scanParam(b, i)
		if !good {
			return nil, false
		}
		if equalFold(b[p.name:p.nameEnd], name) {
			return b[p.value:p.valueEnd], true
		}
		i = next
	}
	return nil, false
}
