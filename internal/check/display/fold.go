package display

import (
	"unicode"
	"unicode/utf8"
)

// tableEnd is the end of the characters that tables are made for: all of Latin, Greek, Cyrillic and Armenian.
const tableEnd = 0x590

// sign stands for what is neither letter nor digit nor space: in a word, or between two of them.
const sign = '-'

// shapes are what each character looks like: 0 for what is not seen, a space for what stands between words, sign for other signs.
type shapes [tableEnd]uint16

func newShapes() *shapes {
	t := new(shapes)
	for c := range rune(tableEnd) {
		t[c] = uint16(shape(c))
	}
	return t
}

// fold writes a name as it looks: lower-case Latin letters for all that are taken for them, one space for all between words, one sign where there are signs
// and no space, nothing for what is not seen. Digits that stand for letters ("B4NK", "PayPa1") become those. UTS #39 §4, for the letters that names are forged with.
func (t *shapes) fold(dst []byte, name string) []byte {
	begun := len(dst)
	for _, c := range name {
		if c < tableEnd {
			c = rune(t[c])
		} else {
			c = shape(c)
		}
		last := len(dst) - 1
		switch {
		case c == 0:
		case c >= utf8.RuneSelf:
			dst = utf8.AppendRune(dst, c)
		case !between(byte(c)):
			dst = append(dst, byte(c))
		case last < begun: // a name begins with its first letter
		case !between(dst[last]):
			dst = append(dst, byte(c))
		case c == ' ':
			dst[last] = ' '
		}
	}
	if last := len(dst) - 1; last >= begun && between(dst[last]) {
		dst = dst[:last]
	}
	return dst
}

// between tells whether an octet of a folded name stands between letters.
func between(c byte) bool { return c == ' ' || c == sign }

// shape is what a character looks like, as shapes say it.
func shape(c rune) rune {
	switch {
	case c < utf8.RuneSelf:
	case invisible(c), c < tableEnd && unicode.IsMark(c), direction(c):
		return 0
	case c >= tableEnd && c < 0x1E00, c > 0x2CFF && c < 0xFF00, c > 0x1F149: // scripts whose letters are taken for no others
		return c
	default:
		c = plain(c)
	}
	if c >= 'A' && c <= 'Z' {
		c |= 0x20
	}
	c = lettered(c)
	switch {
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		return c
	case c >= utf8.RuneSelf && unicode.IsLetter(c):
		return unicode.ToLower(c)
	case unicode.IsSpace(c):
		return ' '
	}
	return sign
}

func direction(c rune) bool {
	return c == 0x200E || c == 0x200F || c == 0x061C || c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069
}

// lettered is the letter that a digit or sign stands for. It holds for the protected name as well, so true digits are compared as what they look like.
func lettered(c rune) rune {
	switch c {
	case '0':
		return 'o'
	case '1', '|', '!':
		return 'l'
	case 'i':
		return 'l' // I, l and 1 are one shape in most typefaces
	case '3':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	case '7':
		return 't'
	case '8':
		return 'b'
	}
	return c
}

// plain is the Latin letter that a letter looks like, or the letter itself.
func plain(c rune) rune {
	switch {
	case c >= 0xFF01 && c <= 0xFF5E: // full width
		return c - 0xFF01 + '!'
	case c >= 0x1D400 && c <= 0x1D6A3: // mathematical alphabets, thirteen of 52 letters each
		n := (c - 0x1D400) % 52
		if n < 26 {
			return 'a' + n
		}
		return 'a' + n - 26
	case c >= 0x1D7CE && c <= 0x1D7FF:
		return '0' + (c-0x1D7CE)%10
	case c >= 0x24B6 && c <= 0x24E9: // circled
		return 'a' + (c-0x24B6)%26
	case c >= 0x1F130 && c <= 0x1F149:
		return 'a' + c - 0x1F130
	case c >= 0xC0 && c <= 0x17F:
		return accented(c)
	}
	switch unicode.ToLower(c) {
	case 'а', 'α', 'ɑ':
		return 'a'
	case 'в', 'β', 'ь', 'Ь':
		return 'b'
	case 'с', 'ϲ':
		return 'c'
	case 'ԁ', 'ɗ':
		return 'd'
	case 'е', 'ё', 'ε', 'є':
		return 'e'
	case 'ғ':
		return 'f'
	case 'ɡ', 'ց':
		return 'g'
	case 'н', 'һ', 'η', 'ո':
		return 'h'
	case 'і', 'ї', 'ι', 'ӏ', 'ı':
		return 'i'
	case 'ј', 'ϳ':
		return 'j'
	case 'к', 'κ':
		return 'k'
	case 'ⅼ':
		return 'l'
	case 'м', 'μ':
		return 'm'
	case 'п', 'ν', 'ɴ':
		return 'n'
	case 'о', 'ο', 'σ', 'օ', 'ө':
		return 'o'
	case 'р', 'ρ':
		return 'p'
	case 'ԛ':
		return 'q'
	case 'г', 'я':
		return 'r'
	case 'ѕ':
		return 's'
	case 'т', 'τ':
		return 't'
	case 'υ', 'ս', 'ц':
		return 'u'
	case 'ѵ':
		return 'v'
	case 'ѡ', 'ω', 'ԝ':
		return 'w'
	case 'х', 'χ':
		return 'x'
	case 'у', 'γ', 'ү':
		return 'y'
	case 'ζ':
		return 'z'
	}
	return c
}

// accented is the letter below an accent of Latin-1 and Latin Extended-A.
func accented(c rune) rune {
	const letters = "aaaaaaaceeeeiiiidnooooo*ouuuuypsaaaaaaaceeeeiiiidnooooo*ouuuuypy" +
		"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllllln" +
		"nnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"
	if n := int(c - 0xC0); n < len(letters) && letters[n] != '*' {
		return rune(letters[n])
	}
	return c
}
