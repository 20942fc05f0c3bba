package text

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// evasion is a way to write spam so that a filter does not read it.
type evasion struct {
	name  string
	limit float64 // points of recall that may be lost
	write func(r *rand.Rand, s string) string
}

func evasions(ham []string) []evasion {
	return []evasion{
		{"homoglyphs, a third of the letters", 5, homoglyphs},
		{"zero-width characters in every word", 5, zeroWidth},
		{"leetspeak", 5, leetspeak},
		{"spaced letters, every third word", 5, func(r *rand.Rand, s string) string { return spaced(r, s, 3) }},
		{"spaced letters, every word", 5, func(r *rand.Rand, s string) string { return spaced(r, s, 1) }},
		{"split links", 5, splitLinks},
		{"accents", 5, accents},
		{"mathematical and full-width letters", 5, fancy},
		{"padding with 20 words of ham", 10, func(r *rand.Rand, s string) string { return padded(r, s, ham, 20) }},
		{"padding with 60 words of ham", 10, func(r *rand.Rand, s string) string { return padded(r, s, ham, 60) }},
	}
}

func homoglyphs(r *rand.Rand, s string) string {
	alike := strings.NewReplacer("a", "а", "e", "е", "o", "о", "p", "р", "c", "с", "x", "х", "y", "у", "i", "і", "A", "Α", "B", "В", "E", "Ε", "H", "Н", "K", "К",
		"M", "М", "N", "Ν", "O", "О", "P", "Р", "C", "С", "T", "Т", "X", "Х", "s", "ѕ", "j", "ј")
	return each(s, func(c rune) string {
		if r.IntN(3) == 0 {
			return alike.Replace(string(c))
		}
		return string(c)
	})
}

func zeroWidth(r *rand.Rand, s string) string {
	marks := []string{"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad"}
	return each(s, func(c rune) string {
		if unicode.IsLetter(c) && r.IntN(3) == 0 {
			return string(c) + marks[r.IntN(len(marks))]
		}
		return string(c)
	})
}

func leetspeak(r *rand.Rand, s string) string {
	signs := strings.NewReplacer("a", "4", "e", "3", "i", "1", "o", "0", "s", "5", "t", "7", "A", "@", "E", "3", "I", "!", "O", "0", "S", "$", "T", "7", "l", "1")
	return words(s, func(w string) string {
		if strings.ContainsAny(w, "0123456789.:/@") || r.IntN(2) == 0 {
			return w
		}
		return each(w, func(c rune) string {
			if r.IntN(2) == 0 {
				return signs.Replace(string(c))
			}
			return string(c)
		})
	})
}

func spaced(r *rand.Rand, s string, every int) string {
	gaps := []string{" ", ".", "-", "_"}
	return words(s, func(w string) string {
		if len(w) < 4 || strings.ContainsAny(w, "0123456789.:/@") || r.IntN(every) != 0 {
			return w
		}
		return " " + strings.Join(strings.Split(w, ""), gaps[r.IntN(len(gaps))]) + " "
	})
}

func splitLinks(r *rand.Rand, s string) string {
	dots := []string{" . ", "[.]", " dot ", "(.)", " ."}
	return words(s, func(w string) string {
		low := strings.ToLower(w)
		if strings.Contains(low, "www.") || strings.Contains(low, "http") || strings.Contains(low, ".com") || strings.Contains(low, ".co.") || strings.Contains(low, ".net") {
			w = strings.ReplaceAll(w, "://", " : // ")
			return strings.ReplaceAll(w, ".", dots[r.IntN(len(dots))])
		}
		return w
	})
}

func accents(r *rand.Rand, s string) string {
	marks := []string{"\u0301", "\u0308", "\u0323", "\u0336", "\u030c"}
	return each(s, func(c rune) string {
		if unicode.IsLetter(c) && r.IntN(3) == 0 {
			return string(c) + marks[r.IntN(len(marks))]
		}
		return string(c)
	})
}

func fancy(r *rand.Rand, s string) string {
	bases := []rune{0x1d5ba - 'a', 0x1d41a - 'a', 0xff41 - 'a', 0x24d0 - 'a'}
	base := bases[r.IntN(len(bases))]
	return each(s, func(c rune) string {
		if 'a' <= c && c <= 'z' {
			return string(base + c)
		}
		return string(c)
	})
}

func padded(r *rand.Rand, s string, ham []string, n int) string {
	var pad []string
	for len(pad) < n {
		pad = append(pad, strings.Fields(ham[r.IntN(len(ham))])...)
	}
	more := strings.Join(pad[:n], " ")
	if r.IntN(2) == 0 {
		return more + " " + s
	}
	return s + " " + more
}

func each(s string, write func(rune) string) string {
	var b strings.Builder
	for _, c := range s {
		b.WriteString(write(c))
	}
	return b.String()
}

func words(s string, write func(string) string) string {
	f := strings.Fields(s)
	for i := range f {
		f[i] = write(f[i])
	}
	return strings.Join(f, " ")
}
