package text

// The letters that look like others, folded after lower-casing: each line is a Latin letter, a space, and what passes for it. Capitals of
// other scripts count by their small form: "В" is lower-cased to "в" and stands for "b". All text is folded, honest Cyrillic and Greek too: what is compared are
// skeletons (as in Unicode TS #39 §4), and a word's skeleton is as good a name for it as its spelling.
const lookalikes = `a аαɑᴀꭺꓮạ
b вβьъЬʙᏼɓƅ
c сϲᴄꮯꓚ¢
d ԁɗᴅժꓓđ
e еєεҽᴇꬲℯəɘ
f ғƒꬵꓝſϝ
g ɡցɢԍǥ
h нһһʜհℎħ
i іιɩıɪӏ׀ꭵ⁄
j јϳᴊʝ
k кκᴋқⲕ
l ʟłⅼꓡ
m мᴍмⅿμ
n ηпոɴռñŋ
o оοσօᴏ०ဝ௦ⲟөø
p рρᴘþϱ
q ԛզգ
r гɾʀᴦꭇꮁ
s ѕꜱʂꓢ
t тτᴛŧ
u υսᴜʋцս
v νѵᴠⴸ
w ѡωшԝᴡщɯ
x хχ×ⅹж
y уγүʏყ
z ᴢʐƶζ`

// folds maps a look-alike to its Latin letter. It is never written after it was made.
var folds = readLookalikes(lookalikes)

func readLookalikes(lines string) map[rune]rune {
	m := make(map[rune]rune, 160)
	latin := rune(0)
	begin := true
	for _, r := range lines {
		switch {
		case r == '\n':
			begin = true
		case begin:
			latin, begin = r, false
		case r != ' ':
			m[r] = latin
		}
	}
	return m
}

// fold returns the skeleton of a lower-case letter.
func fold(r rune) rune {
	if r < 0x80 {
		return r
	}
	if l, ok := folds[r]; ok {
		return l
	}
	switch {
	case 0x1f130 <= r && r <= 0x1f149: // squared, circled and flag letters have no compatibility form
		return 'a' + r - 0x1f130
	case 0x1f150 <= r && r <= 0x1f169:
		return 'a' + r - 0x1f150
	case 0x1f170 <= r && r <= 0x1f189:
		return 'a' + r - 0x1f170
	case 0x1f1e6 <= r && r <= 0x1f1ff:
		return 'a' + r - 0x1f1e6
	}
	return r
}

// leet returns the letter that a digit or sign stands for within a word ("fr33", "c@$h"). Letters that one of them stands for alike fall
// together: i, l, 1 and ! are one.
func leet(r rune) rune {
	switch r {
	case '0':
		return 'o'
	case '1', '!', '|', 'l':
		return 'i'
	case '3':
		return 'e'
	case '4', '@':
		return 'a'
	case '5', '$':
		return 's'
	case '7', '+':
		return 't'
	case '8':
		return 'b'
	case '9', '6':
		return 'g'
	case '2':
		return 'z'
	}
	return r
}

// invisible knows characters that take no room: they can stand anywhere in a word and nobody sees them.
func invisible(r rune) bool {
	switch {
	case r == 0x00ad, r == 0x034f, r == 0x061c, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x3164, r == 0xfeff, r == 0xffa0:
		return true
	case 0x180b <= r && r <= 0x180f, 0x200b <= r && r <= 0x200f, 0x2060 <= r && r <= 0x2065, 0xfe00 <= r && r <= 0xfe0f:
		return true
	case 0xe0000 <= r && r <= 0xe0fff:
		return true
	}
	return false
}

// bidi knows characters that change the direction of what follows.
func bidi(r rune) bool {
	return 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x206f
}

// script tells the alphabets apart that share shapes.
func script(r rune) byte {
	switch {
	case 'a' <= r && r <= 'z', 0xc0 <= r && r <= 0x24f:
		return 'l'
	case 0x370 <= r && r <= 0x3ff:
		return 'g'
	case 0x400 <= r && r <= 0x52f:
		return 'c'
	case 0x530 <= r && r <= 0x58f:
		return 'a'
	}
	return 0
}
