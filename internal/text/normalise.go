package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Tricks counts what an honest writer hardly ever does.
type Tricks struct {
	Hidden int // words with invisible characters inside
	Turned int // characters that change direction, where nothing is written from right to left
	Mixed  int // words that mix scripts whose letters look alike
	Spaced int // words whose letters stand apart
	Leet   int // words of at least four letters with digits or signs for letters inside
	Split  int // links that were taken apart
}

// Count is how many tricks there are in all, leet words left out: people write "gr8" and "2nite".
func (t Tricks) Count() int { return t.Hidden + t.Turned + t.Mixed + t.Spaced + t.Split }

// Normal is text made comparable.
type Normal struct {
	// Folded is lower case, in skeleton letters, without what is invisible, with spaced letters joined and links put together.
	Folded string
	// Tricks are what had to be undone.
	Tricks Tricks

	cased string // Folded with its capitals, and links as they were written
}

// Normalise makes text comparable. It takes time linear in len(s); what is beyond MaxText is left out.
func Normalise(s string) Normal {
	if len(s) > MaxText {
		s = strings.ToValidUTF8(s[:MaxText], "")
	}
	var f folder
	f.run(canonical(s))
	text := joinSpaced(f.out, &f.n.Tricks)
	f.n.cased = string(text)
	f.n.Folded = joinLinks(lower(text), &f.n.Tricks)
	return f.n
}

// lower returns what folding left with its capitals made small.
func lower(text []rune) string {
	for i, r := range text {
		if r >= utf8.RuneSelf || 'A' <= r && r <= 'Z' {
			text[i] = unicode.ToLower(r)
		}
	}
	return string(text)
}

// canonical takes compatibility forms and accents away. Only the accents of scripts that mostly do without them go: in others they are vowels.
func canonical(s string) string {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return s
	}
	bare := strings.Map(func(r rune) rune {
		if 0x300 <= r && r <= 0x36f && r != 0x34f || 0x1ab0 <= r && r <= 0x1aff || 0x20d0 <= r && r <= 0x20ff {
			return -1
		}
		return r
	}, norm.NFKD.String(s))
	return norm.NFC.String(bare)
}

// folder walks text once.
type folder struct {
	n                Normal
	out              []rune
	scripts          [4]bool // of the word so far: Latin, Greek, Cyrillic, Armenian
	letters          int     // of the word so far
	hidden           bool    // an invisible character after a letter of the word
	concealed, right bool
	turned           int
}

func (f *folder) run(s string) {
	f.out = make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case invisible(r):
			f.hidden = f.letters > 0
			continue
		case bidi(r):
			f.turned++
			continue
		}
		f.one(r)
	}
	f.endWord()
	if !f.right {
		f.n.Tricks.Turned = f.turned
	}
}

func (f *folder) one(r rune) {
	low := unicode.ToLower(r)
	switch {
	case unicode.IsLetter(r):
		f.right = f.right || 0x590 <= r && r <= 0x8ff
		f.letter(low)
	case unicode.IsDigit(r):
		f.endHidden()
	default:
		f.endWord()
	}
	if unicode.IsSpace(low) || unicode.IsControl(low) {
		low = ' '
	}
	folded := fold(low)
	if low != r && folded < utf8.RuneSelf {
		folded = unicode.ToUpper(folded)
	}
	f.out = append(f.out, folded)
}

func (f *folder) letter(low rune) {
	switch script(low) {
	case 'l':
		f.scripts[0] = true
	case 'g':
		f.scripts[1] = true
	case 'c':
		f.scripts[2] = true
	case 'a':
		f.scripts[3] = true
	default:
		f.hidden = false // joiners are spelling in many scripts
	}
	f.endHidden()
	f.letters++
}

// endHidden notes an invisible character that turned out to stand inside a word.
func (f *folder) endHidden() {
	f.concealed = f.concealed || f.hidden
	f.hidden = false
}

func (f *folder) endWord() {
	kinds := 0
	for _, s := range f.scripts {
		if s {
			kinds++
		}
	}
	if kinds > 1 && f.letters > 1 {
		f.n.Tricks.Mixed++
	}
	if f.concealed {
		f.n.Tricks.Hidden++
	}
	f.scripts, f.letters, f.hidden, f.concealed = [4]bool{}, 0, false, false
}
