package text

import (
	"slices"
	"testing"
)

// ofClass are the features of one class.
func ofClass(s string, c Class) (out []uint64) {
	for _, f := range featuresOf(s) {
		if ClassOf(f) == c {
			out = append(out, f)
		}
	}
	return out
}

func TestStyleIsNotWhatIsSaid(t *testing.T) {
	loud, plain := "CALL NOW! Your prize: £1000", "call now! your prize: £1000"
	if !slices.Equal(ofClass(loud, Word), ofClass(plain, Word)) || !slices.Equal(ofClass(loud, Gram), ofClass(plain, Gram)) {
		t.Error("capitals change what is said")
	}
	if slices.Equal(ofClass(loud, Style), ofClass(plain, Style)) {
		t.Error("capitals change no style")
	}
	if slices.Equal(ofClass(plain, Sign), ofClass("call now. your prize, £1000", Sign)) {
		t.Error("other signs are no difference")
	}
}

func TestDisguisesLeaveWordsAsTheyAre(t *testing.T) {
	plain := ofClass("claim your free prize today", Word)
	for _, disguised := range []string{"clаim yоur frее prizе tоday", "CLAIM your f r e e prize t-o-d-a-y", "cl\u200baim your free pr\u00adize today"} {
		if got := ofClass(disguised, Word); !slices.Equal(got, plain) {
			t.Errorf("%q has other words", disguised)
		}
	}
	leet := ofClass("cla1m your fr33 pr1ze today", Word)
	for _, w := range []string{"claim", "free", "prize"} {
		for _, f := range ofClass(w, Word) {
			if !slices.Contains(leet, f) {
				t.Errorf("%q is not found in leetspeak", w)
			}
		}
	}
}

func TestNumbersAreAlike(t *testing.T) {
	a, b := ofClass("win 150p, call 09061701461", Word), ofClass("win 230p, call 09061701999", Word)
	shared := 0
	for _, f := range a {
		if slices.Contains(b, f) {
			shared++
		}
	}
	if shared < len(a)-2 { // all but the number itself
		t.Errorf("%d of %d words are shared", shared, len(a))
	}
}

func TestChineseHasWordsWithoutSpaces(t *testing.T) {
	if n := len(ofClass("恭喜您获得大奖请点击领取", Word)); n < 20 {
		t.Errorf("%d words", n)
	}
}

func TestSaidLeavesStyleOut(t *testing.T) {
	for _, f := range Said(nil, featuresOf("Call now! It is free.")) {
		if c := ClassOf(f); c != Word && c != Gram {
			t.Fatalf("a feature of class %d", c)
		}
	}
}

func FuzzAppend(f *testing.F) {
	for _, s := range []string{"", "call 0900 123456 now", "fr33 c@$h 1!1", "恭喜", "a\u200bb\u0301", "\xff\xfe", "w w w . x . com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := Normalise(s)
		got := Append(nil, &n)
		if len(got) > MaxFeatures || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatalf("%d features of %q are not as promised", len(got), s)
		}
		if again := featuresOf(s); !slices.Equal(got, again) {
			t.Fatalf("%q has other features the second time", s)
		}
	})
}
