package reputation

import (
	"strconv"

	"gatehouse.example/internal/state/reputation"
)

// evidence says in words what a reputation is made of: "3.5 votes against, 0.2 for".
func evidence(s *reputation.Standing) string {
	var buf [48]byte
	b := strconv.AppendFloat(buf[:0], s.Bad, 'f', 1, 64)
	b = append(b, " votes against, "...)
	b = strconv.AppendFloat(b, s.Good, 'f', 1, 64)
	return string(append(b, " for"...))
}

func sender(s *reputation.Standing) string {
	var buf [80]byte
	b := strconv.AppendInt(buf[:0], int64(s.Reached), 10)
	b = append(b, " calls taken by about "...)
	b = strconv.AppendInt(b, int64(s.Callees), 10)
	b = append(b, " users, "...)
	b = strconv.AppendFloat(b, s.Complaints, 'f', 1, 64)
	return string(append(b, " objections"...))
}

// distance is RFC 5039's measure of trust.
func distance(through int) string {
	if through == 1 {
		return "two friends away, through one of them"
	}
	return "two friends away, through " + strconv.Itoa(through) + " of them"
}
