package text

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

// written counts how a text is written. Advertisers and people who know each other differ in this more than in any word, and in every language: how long their words
// and texts are, whether sentences begin with capitals, which signs they use and how many digits.
type written struct {
	runes, words            int
	upper, lower, digits    int
	other                   int // neither letter, digit nor space
	single, short, long     int // words of one character, of one or two, of eight and more
	loud, named             int // words in capitals, words that begin with one
	run, longest            int // digits in a row
	marks                   [len(marks)]int
	dots, ellipses          int // "..", and what comes behind it
	proper, careless, tight int // a capital behind the end of a sentence, none, and no space
}

// marks are the signs that are counted each by itself.
const marks = "!?&/:'%@*+(-;\"<=#£$€¥₹₦₽"

// style adds how a text is written, if it was normalised as a whole.
func (f *features) style(n *Normal) {
	if n.cased == "" {
		return
	}
	var w written
	w.count(n.cased)
	f.lengths(&w)
	f.shares(&w)
	f.signs(&w, n)
}

// count walks the text once.
func (w *written) count(s string) {
	word := wordShape{}
	before, last := ' ', ' ' // the two characters before
	for _, r := range s {
		w.runes++
		if r == ' ' {
			w.end(&word)
		} else {
			word.add(r)
		}
		w.one(r)
		w.sentence(before, last, r)
		before, last = last, r
	}
	w.end(&word)
}

func (w *written) one(r rune) {
	if '0' <= r && r <= '9' {
		w.digits++
		if w.run++; w.run > w.longest {
			w.longest = w.run
		}
		return
	}
	w.run = 0
	switch {
	case unicode.IsUpper(r):
		w.upper++
	case wordRune(r):
		w.lower++
	case r != ' ':
		w.other++
		if i := strings.IndexRune(marks, r); i >= 0 {
			w.marks[i]++
		}
	}
}

// sentence notes how sentences follow each other.
func (w *written) sentence(before, last, r rune) {
	switch {
	case last == '.' && r == '.' && before == '.':
		w.ellipses++
	case last == '.' && r == '.':
		w.dots++
	case ends(before) && last == ' ' && unicode.IsUpper(r):
		w.proper++
	case ends(before) && last == ' ' && unicode.IsLower(r):
		w.careless++
	case ends(last) && wordRune(r):
		w.tight++
	}
}

func ends(r rune) bool {
	return r == '.' || r == '!' || r == '?' || r == '。' || r == '！' || r == '？'
}

// wordShape is what is known of the word that is being read.
type wordShape struct {
	n, upper, lower, rest int
	capital               bool
}

func (w *wordShape) add(r rune) {
	switch {
	case unicode.IsUpper(r):
		w.capital = w.capital || w.n == 0
		w.upper++
	case unicode.IsLetter(r):
		w.lower++
	default:
		w.rest++
	}
	w.n++
}

func (w *written) end(word *wordShape) {
	if word.n == 0 {
		return
	}
	w.words++
	if word.n == 1 {
		w.single++
	}
	if word.n <= 2 {
		w.short++
	}
	if word.n > 7 {
		w.long++
	}
	if word.upper > 1 && word.lower == 0 && word.rest == 0 {
		w.loud++
	}
	if word.capital && word.lower > 0 {
		w.named++
	}
	*word = wordShape{}
}

// half is twice the logarithm: buckets that grow by the root of two.
func half(n int) int {
	b := 2 * bits.Len(uint(n+1))
	if top := bits.Len(uint(n + 1)); top >= 2 && uint(n+1)>>(top-2)&1 == 0 {
		b--
	}
	return b
}

func (f *features) lengths(w *written) {
	f.bucket(Style, "length", half(w.runes/8))
	f.bucket(Style, "words", half(w.words))
	f.bucket(Style, "upper", half(w.upper))
	f.bucket(Style, "digits", half(w.digits))
	f.bucket(Style, "other", half(w.other))
	f.bucket(Style, "loud", half(w.loud))
	f.bucket(Style, "named", half(w.named))
	f.bucket(Style, "long", half(w.long))
	f.bucket(Style, "longest", min(w.longest, 16))
	f.bucket(Style, "single", min(w.single, 3))
}

func (f *features) shares(w *written) {
	f.bucket(Style, "of letters upper", 20*w.upper/w.runes)
	f.bucket(Style, "of all digits", 20*w.digits/w.runes)
	f.bucket(Style, "of all other", 20*w.other/w.runes)
	if w.words > 0 {
		f.bucket(Style, "average", min(2*(w.runes-w.words+1)/w.words, 64))
		f.bucket(Style, "of words long", 8*w.long/w.words)
		f.bucket(Style, "of words short", 8*w.short/w.words)
		f.bucket(Style, "of words named", 8*w.named/w.words)
		f.bucket(Style, "of words loud", 8*w.loud/w.words)
	}
}

func (f *features) signs(w *written, n *Normal) {
	for i, r := range marks {
		f.bucket(Sign, string(r), min(w.marks[i], 3))
	}
	f.bucket(Sign, "dots", min(w.dots, 3))
	f.bucket(Sign, "ellipses", min(w.ellipses, 3))
	f.bucket(Sign, "proper", min(w.proper, 4))
	f.bucket(Sign, "careless", min(w.careless, 4))
	f.bucket(Sign, "tight", min(w.tight, 4))
	text := strings.TrimSpace(n.cased)
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	f.bucket(Sign, "first", int(kindOf(first)))
	f.bucket(Sign, "last", int(kindOf(last)))
}

// kindOf returns a character's kind: of letters and digits the kind, of signs themselves.
func kindOf(r rune) rune {
	switch {
	case '0' <= r && r <= '9':
		return '0'
	case unicode.IsUpper(r):
		return 'A'
	case wordRune(r):
		return 'a'
	}
	return r
}

func (f *features) bucket(c Class, name string, n int) {
	f.add(c, mix(hashString(kindStyle, name)+uint64(n)))
}
