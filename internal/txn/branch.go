package txn

// Our branches are "z9hG4bK" "-gh" then 16 hex digits naming the client
// transaction, then what the proxy adds for loop detection. The number is
// random, so only who saw our request can answer it.
const (
	branchPrefix = magic + "-gh"
	idDigits     = 16
)

const hexDigits = "0123456789abcdef"

// AppendBranch appends the branch parameter of the client transaction id.
func AppendBranch(dst []byte, id uint64) []byte {
	dst = append(dst, branchPrefix...)
	return AppendHex(dst, id)
}

// AppendHex appends v as 16 lower-case hexadecimal digits.
func AppendHex(dst []byte, v uint64) []byte {
	for s := 60; s >= 0; s -= 4 {
		dst = append(dst, hexDigits[v>>uint(s)&15])
	}
	return dst
}

// ToTag is the tag of an answer that is ours, on the transaction of the request with that key.
func ToTag(key uint64) string {
	var tag [idDigits]byte
	return string(AppendHex(tag[:0], key))
}

// ParseHex reads 16 lower-case hexadecimal digits.
func ParseHex(b []byte) (v uint64, ok bool) {
	if len(b) < idDigits {
		return 0, false
	}
	for _, c := range b[:idDigits] {
		switch {
		case '0' <= c && c <= '9':
			v = v<<4 | uint64(c-'0')
		case 'a' <= c && c <= 'f':
			v = v<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// parseBranch returns the client transaction that a branch names. The case is
// folded by no peer that keeps to RFC 3261 §8.1.3.3.
func parseBranch(b []byte) (id uint64, ok bool) {
	if len(b) < len(branchPrefix)+idDigits || string(b[:len(branchPrefix)]) != branchPrefix {
		return 0, false
	}
	return ParseHex(b[len(branchPrefix):])
}

// An id holds 54 random bits, the shard that made it, and whether it names the
// CANCEL of a transaction, which shares the branch of what it cancels.
const (
	idCancel    = 1
	idShardBits = 8
	idReserved  = idShardBits + 1
)

func shardOfID(id uint64) int { return int(id >> 1 & (1<<idShardBits - 1)) }
