package text

import (
	"math/bits"
	"slices"
	"unicode/utf8"
)

// The kinds of features. Each has hashes of its own.
const (
	kindWord uint64 = iota + 1
	kindPair
	kindSkip
	kindLeet
	kindGram
	kindHost
	kindPath
	kindNumber
	kindPrefix
	kindShape
	kindMoney
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

// Append appends the features of a text to dst: hashes of its words and pairs of words, of their skeletons, of character n-grams that run across
// whatever separates words, of hosts, telephone numbers and amounts, and of the way it is written. The result is sorted and has no duplicates.
func Append(dst []uint64, n *Normal) []uint64 {
	f := features{out: dst, from: len(dst)}
	f.words(n.Folded)
	f.grams(n.Folded)
	f.style(n)
	return f.finish()
}

// Named returns the feature of a fact that the caller names, like what kind of number a sender has.
func Named(name string) uint64 { return hashString(kindNamed, name) }

// features gathers hashes.
type features struct {
	out  []uint64
	from int
	last [2]uint64 // the two words before
	raw  []byte    // scratch
}

func (f *features) full() bool { return len(f.out)-f.from >= MaxFeatures }

func (f *features) add(h uint64) {
	if !f.full() {
		f.out = append(f.out, h)
	}
}

func (f *features) finish() []uint64 {
	own := f.out[f.from:]
	slices.Sort(own)
	own = slices.Compact(own)
	return f.out[:f.from+len(own)]
}

// words walks the text by words. What stands between them ends a word and is otherwise nothing, except in links and numbers.
func (f *features) words(s string) {
	for i := 0; i < len(s) && !f.full(); {
		if end := linkEnd(s, i); end > i {
			f.link(s[i:end])
			i = end
			continue
		}
		if end, digits := numberEnd(s, i); end > i {
			f.number(s, i, end, digits)
			i = end
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !wordRune(r) {
			if currency(r) {
				f.add(hashString(kindMoney, string(r)))
			}
			i += size
			continue
		}
		end := wordEnd(s, i)
		f.word(s[i:end])
		i = end
	}
}

// wordEnd finds the end of a word. An apostrophe, and signs that stand for letters, are part of it where letters follow.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !wordRune(r) {
			if (r != '\'' && leet(r) == r) || i+size >= len(s) {
				return i
			}
			if next, _ := utf8.DecodeRuneInString(s[i+size:]); !wordRune(next) {
				return i
			}
		}
		i += size
	}
	return i
}

// word adds a word, the pairs that it ends, and its skeleton.
func (f *features) word(w string) {
	if len(w) > longestWord*2 {
		w = w[:longestWord*2]
	}
	h := hashString(kindWord, w)
	f.add(h)
	f.raw = appendSkeleton(f.raw[:0], w)
	if len(f.raw) > 1 {
		f.add(hashBytes(kindLeet, f.raw))
	}
	f.pair(h)
}

// pair adds what h makes with the words before it.
func (f *features) pair(h uint64) {
	if f.last[0] != 0 {
		f.add(mix(f.last[0]*3 + h + kindPair))
	}
	if f.last[1] != 0 {
		f.add(mix(f.last[1]*5 + h + kindSkip))
	}
	f.last[0], f.last[1] = h, f.last[0]
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
		if k >= shortGram || wide && k <= 2 {
			f.add(h)
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

// style adds how a text is written: how long, how loud, how many digits.
func (f *features) style(n *Normal) {
	f.bucket("length", bits.Len(uint(len(n.Folded)/10)))
	f.bucket("digits", bits.Len(uint(n.Digits)))
	f.bucket("signs", bits.Len(uint(n.Signs)))
	if n.Letters > 0 {
		f.bucket("upper", 8*n.Upper/n.Letters)
	}
	if tricks := n.Tricks.Count(); tricks > 0 {
		f.bucket("tricks", bits.Len(uint(tricks)))
	}
}

func (f *features) bucket(name string, n int) { f.add(mix(hashString(kindStyle, name) + uint64(n))) }

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
