package display

import (
	"unicode"
	"unicode/utf8"

	"gatehouse.example/screen"
)

// facts are what one pass over a name finds.
type facts struct {
	control, invalid bool
	override, mark   rune // of direction
	rightToLeft      bool // there are letters that need marks
	invisible        rune
	mixed            bool
	at               int // the first '@', or -1
	digits           int
}

// script is one of those whose letters are taken for one another.
type script uint8

const (
	latin script = 1 << iota
	cyrillic
	greek
	others
)

// letters say of each character whether it is an ordinary letter, and of which script: 0 for all that has to be looked at more closely.
type letters [tableEnd]script

func newLetters() *letters {
	t := new(letters)
	for c := range rune(tableEnd) {
		if unicode.IsLetter(c) {
			t[c] = scriptOf(c)
		}
	}
	return t
}

// survey goes over the name once.
func (t *letters) survey(name string) facts {
	f := facts{at: -1}
	var word script // scripts in the word so far
	var before rune
	for i, c := range name {
		switch {
		case c < tableEnd && t[c] != 0:
			word |= t[c]
			f.mixed = f.mixed || mixes(word)
		case c < utf8.RuneSelf:
			f.ascii(i, c)
			word = 0
		default:
			if c == utf8.RuneError && invalidAt(name, i) {
				f.invalid = true
			}
			word = f.other(c, before, word)
			f.mixed = f.mixed || mixes(word)
		}
		before = c
	}
	return f
}

func invalidAt(name string, i int) bool {
	_, size := utf8.DecodeRuneInString(name[i:])
	return size == 1 && len(name) < maxName // a name that was cut may end within a letter
}

// mixes says whether letters of one word are of scripts that look alike.
func mixes(word script) bool {
	return word&latin != 0 && word&(cyrillic|greek) != 0 || word&(cyrillic|greek) == cyrillic|greek
}

func (f *facts) ascii(i int, c rune) {
	switch {
	case c < ' ' && c != '\t', c == 0x7F:
		f.control = true
	case c == '@' && f.at < 0:
		f.at = i
	case c >= '0' && c <= '9':
		f.digits++
	}
}

// other takes a character beyond ASCII and returns the scripts of the word.
func (f *facts) other(c, before rune, word script) script {
	switch {
	case c >= 0x80 && c < 0xA0:
		f.control = true
	case c >= 0x202A && c <= 0x202E, c >= 0x2066 && c <= 0x2069:
		f.override = c
		return word
	case c == 0x200E, c == 0x200F, c == 0x061C:
		f.mark = c
		return word
	case invisible(c):
		// Joiners belong into Indic and Persian words and into emoji; between Latin, Greek and Cyrillic letters they hide words from filters.
		if c != 0x200C && c != 0x200D && !isVariation(c) || before < 0x600 && before > ' ' {
			if !isVariation(c) || unicode.IsLetter(before) {
				f.invisible = c
			}
		}
		return word
	case !unicode.IsLetter(c):
		if unicode.IsMark(c) {
			return word
		}
		return 0
	}
	f.rightToLeft = f.rightToLeft || c >= 0x590 && c <= 0x8FF || c >= 0xFB1D && c <= 0xFEFC
	return word | scriptOf(c)
}

func scriptOf(c rune) script {
	switch {
	case c >= 0x400 && c <= 0x52F, c >= 0x1C80 && c <= 0x1C8F, c >= 0x2DE0 && c <= 0x2DFF, c >= 0xA640 && c <= 0xA69F:
		return cyrillic
	case c >= 0x370 && c <= 0x3FF, c >= 0x1F00 && c <= 0x1FFF:
		return greek
	case c < 0x370, c >= 0x1E00 && c <= 0x1EFF, c >= 0xFF21 && c <= 0xFF5A:
		return latin
	}
	return others
}

// invisible knows characters without a shape: UTS #39 §5, Default_Ignorable_Code_Point.
func invisible(c rune) bool {
	switch {
	case c >= 0x200B && c <= 0x200D, c >= 0x2060 && c <= 0x2064, c == 0xFEFF, c == 0x00AD, c == 0x034F, c == 0x115F, c == 0x1160, c == 0x17B4, c == 0x17B5,
		c == 0x180E, c == 0x3164, c == 0xFFA0, isVariation(c), c >= 0xE0000 && c <= 0xE007F:
		return true
	}
	return false
}

func isVariation(c rune) bool { return c >= 0xFE00 && c <= 0xFE0F || c >= 0xE0020 && c <= 0xE007F }

func (f *facts) report(name string, r *screen.Report) {
	if f.control || f.invalid {
		what := " holds control characters"
		if !f.control {
			what = " is no valid UTF-8"
		}
		r.Signal(signalControl, 1, screen.Quote(name)+what)
	}
	switch {
	case f.override != 0:
		r.Signal(signalDirection, 1, screen.Quote(name)+" turns the direction of writing around")
	case f.mark != 0 && !f.rightToLeft:
		r.Signal(signalDirection, 0.5, screen.Quote(name)+" holds direction marks and no text that needs them")
	}
	if f.invisible != 0 {
		r.Signal(signalInvisible, 1, screen.Quote(name)+" holds invisible characters")
	}
	if f.mixed {
		r.Signal(signalMixed, 1, screen.Quote(name)+" mixes scripts within a word")
	}
}
