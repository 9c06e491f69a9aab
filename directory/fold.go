package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold returns the form in which case-insensitive values are compared and indexed: userName, email addresses, group and
// department names. ASCII stays on a path without allocation when there is nothing to change.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return fold(s)
		}
	}
	return s
}

// FoldAddress folds an address by which a person is known to the whole organization. Unlike with Fold, no letter outside
// ASCII meets one inside it: "ſteve@acme.com" is a mailbox of its own, and whoever gets it is not steve.
func FoldAddress(s string) string {
	folded := Fold(s)
	if folded == s || isASCII(s) {
		return folded
	}
	return strings.Map(func(r rune) rune {
		if f := foldRune(r); r < utf8.RuneSelf || f >= utf8.RuneSelf {
			return f
		}
		return r
	}, s)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func fold(s string) string { return strings.Map(foldRune, s) }

// foldRune returns the smallest rune of the orbit, in lower case, which stands for all of it, so that "ſ", "S" and "s" meet
// as in strings.EqualFold.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if f < least {
			least = f
		}
	}
	return unicode.ToLower(least)
}

// EmailDomain returns the folded domain of an address, and "" when it has none.
func EmailDomain(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i <= 0 || i == len(address)-1 {
		return ""
	}
	return Fold(address[i+1:])
}
