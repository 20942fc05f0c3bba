package text

import (
	"slices"
	"unicode/utf8"
)

// Class says what kind of evidence a feature is. It stands in the two lowest bits of the feature, so that who weighs features can weigh them by class.
type Class uint64

// The classes.
const (
	// Word is a word, or two that follow each other.
	Word Class = iota
	// Style is how a text is written: how long, how loud, in how long words.
	Style
	// Sign is how often a sign stands in a text.
	Sign
	// Gram is a few characters in a row.
	Gram
	classes = 4
)

// ClassOf returns the class of a feature.
func ClassOf(feature uint64) Class { return Class(feature % classes) }

// The kinds of features. Each has hashes of its own.
const (
	kindWord uint64 = iota + 1
	kindPair
	kindGram
	kindHost
	kindPath
	kindNumber
	kindPrefix
	kindStyle
	kindNamed
)

// MaxFeatures is how many features one text has at most; those of its end are left out.
const MaxFeatures = 8192

const (
	longestWord = 24 // a longer one is cut: what is no word should not be remembered as one
	shortGram   = 3
	longGram    = 5
)

// Append appends the features of a text to dst: hashes of its words and pairs of words, of how it is written, of character n-grams that run across
// whatever separates words, and of hosts and numbers. The result is sorted and has no duplicates.
func Append(dst []uint64, n *Normal) []uint64 {
	f := features{out: dst, from: len(dst)}
	f.style(n)
	f.words(n.Folded)
	f.links(n.Folded)
	f.grams(n.Folded)
	return f.finish()
}

// Named returns the feature of a fact that the caller names, like what kind of number a sender has.
func Named(name string) uint64 { return in(Sign, hashString(kindNamed, name)) }

// Said appends those of the features that are about what a text says, not how it is written: by these texts are alike.
func Said(dst, features []uint64) []uint64 {
	for _, f := range features {
		if c := ClassOf(f); c == Word || c == Gram {
			dst = append(dst, f)
		}
	}
	return dst
}

// Marked gives a feature another name in its class: what a display name says and what a message says with the same word are two things.
func Marked(feature, mark uint64) uint64 { return in(ClassOf(feature), feature^mix(mark)) }

// in puts a hash into a class.
func in(c Class, h uint64) uint64 { return h&^(classes-1) | uint64(c) }

// features gathers hashes.
type features struct {
	out  []uint64
	from int
	last uint64 // the word before
	raw  []byte // scratch
}

func (f *features) full() bool { return len(f.out)-f.from >= MaxFeatures }

func (f *features) add(c Class, h uint64) {
	if !f.full() {
		f.out = append(f.out, in(c, h))
	}
}

func (f *features) finish() []uint64 {
	own := f.out[f.from:]
	slices.Sort(own)
	own = slices.Compact(own)
	return f.out[:f.from+len(own)]
}

// words walks the text by words. What stands between them ends a word and is otherwise nothing.
func (f *features) words(s string) {
	for i := 0; i < len(s) && !f.full(); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !wordRune(r) && !currency(r) {
			i += size
			continue
		}
		end := wordEnd(s, i+size)
		f.word(s[i:end])
		i = end
	}
}

// wordEnd finds the end of a word. An apostrophe, and a sign that stands for a letter, are part of it between letters.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !wordRune(r) {
			if r != '\'' && r != '$' && r != '@' || i+size >= len(s) {
				return i
			}
			before, _ := utf8.DecodeLastRuneInString(s[:i])
			if next, _ := utf8.DecodeRuneInString(s[i+size:]); !letter(next) || !letter(before) {
				return i
			}
		}
		i += size
	}
	return i
}

// word adds a word, with all its digits the same, and the pair that it makes with the one before. Where signs or digits may stand for letters the word that
// is meant is added as well: "fr33" is a way to write a word, "150p" an amount like others.
func (f *features) word(w string) {
	if len(w) > longestWord*2 {
		w = w[:longestWord*2]
	}
	digits, letters, signs := 0, 0, 0
	for _, r := range w {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case wordRune(r):
			letters++
		case r != '\'':
			signs++
		}
	}
	f.raw = appendMasked(f.raw[:0], w)
	h := hashBytes(kindWord, f.raw)
	f.add(Word, h)
	f.pair(h)
	if digits+signs > 0 && letters >= digits+signs && letters > 1 {
		f.meant(w)
	}
}

// meant adds the words that a word with digits or signs may stand for: 1 may be i or l.
func (f *features) meant(w string) {
	for _, one := range [...]byte{'i', 'l'} {
		f.raw = f.raw[:0]
		for i := 0; i < len(w); i++ {
			c := w[i]
			if c < utf8.RuneSelf && c != 'l' {
				if c = byte(leet(rune(c))); c == 'i' && w[i] != 'i' {
					c = one
				}
			}
			f.raw = append(f.raw, c)
		}
		f.add(Word, hashBytes(kindWord, f.raw))
	}
}

// pair adds what h makes with the word before it.
func (f *features) pair(h uint64) {
	if f.last != 0 {
		f.add(Word, mix(f.last*3+h+kindPair))
	}
	f.last = h
}

// appendMasked appends a word with all its digits the same.
func appendMasked(dst []byte, w string) []byte {
	for i := 0; i < len(w); i++ {
		c := w[i]
		if '0' <= c && c <= '9' {
			c = '0'
		}
		dst = append(dst, c)
	}
	return dst
}

// appendSkeleton appends a word as it reads when digits and signs are taken for letters and repetitions for emphasis.
func appendSkeleton(dst []byte, w string) []byte {
	letters := false
	for _, r := range w {
		letters = letters || r >= 0x80 || 'a' <= r && r <= 'z'
	}
	last := rune(-1)
	for _, r := range w {
		if letters {
			r = leet(r)
		}
		if r == last || r == '\'' {
			continue
		}
		last = r
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// grams adds character n-grams of the skeleton. They run across what separates words, so that no separator more or less changes them.
// Of scripts that write without spaces each character says as much as a short word, so shorter ones count.
func (f *features) grams(s string) {
	var window [longGram]rune
	n := 0
	for i := 0; i < len(s) && !f.full(); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !wordRune(r) && (leet(r) == r || !inWord(s, i, size)) {
			i += size
			continue
		}
		if leading := leet(r); leading != r && nearLetter(s, i, size) {
			r = leading
		}
		i += size
		if n > 0 && r == window[(n-1)%longGram] {
			continue
		}
		window[n%longGram] = r
		n++
		f.gram(&window, n)
	}
}

// gram adds the n-grams that end with the last of n characters.
func (f *features) gram(window *[longGram]rune, n int) {
	h := kindGram
	wide := window[(n-1)%longGram] >= 0x2e80
	for k := 1; k <= longGram && k <= n; k++ {
		h = mix(h*31 + uint64(window[(n-k)%longGram]))
		switch {
		case wide && k <= 2:
			f.add(Word, h)
		case k >= shortGram:
			f.add(Gram, h)
		}
	}
}

// inWord says whether the sign at i stands between letters or digits.
func inWord(s string, i, size int) bool {
	if i == 0 || i+size >= len(s) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	behind, _ := utf8.DecodeRuneInString(s[i+size:])
	return wordRune(before) && wordRune(behind)
}

// nearLetter says whether a letter stands beside the character at i: then a digit may stand for one.
func nearLetter(s string, i, size int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	behind, _ := utf8.DecodeRuneInString(s[i+size:])
	return letter(before) || letter(behind)
}

func letter(r rune) bool { return wordRune(r) && (r < '0' || r > '9') && r != utf8.RuneError }

// hashString is FNV-1a, mixed at the end. Nobody gains by a collision here: who wants a word to be taken for another writes the other.
func hashString(kind uint64, s string) uint64 {
	h := 14695981039346656037 ^ kind*0x9e3779b97f4a7c15
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

func hashBytes(kind uint64, b []byte) uint64 {
	h := 14695981039346656037 ^ kind*0x9e3779b97f4a7c15
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix(h)
}

// mix is the finaliser of MurmurHash3.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
