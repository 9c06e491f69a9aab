package password

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// How long a password is, in characters after Unicode normalization form C.
const (
	Shortest = 12
	Longest  = 128
)

// Fault says why a password is not good enough.
type Fault string

// The faults of passwords.
const (
	None     Fault = ""
	TooShort Fault = "too_short"
	TooLong  Fault = "too_long"
	Common   Fault = "common"   // one that people commonly choose, or that with digits or signs behind it
	Personal Fault = "personal" // the person's name or address, or the organization's name
)

// Check returns what is wrong with a password. What is known of the person, such as their address and name, and the
// organization's name, are not passwords of theirs.
func Check(password string, known ...string) Fault {
	password = norm.NFC.String(password)
	switch n := utf8.RuneCountInString(password); {
	case n < Shortest:
		return TooShort
	case n > Longest:
		return TooLong
	}
	folded := fold(password)
	for _, k := range known {
		if isPersonal(folded, fold(k)) {
			return Personal
		}
	}
	if isCommon(folded) || repeats(folded) {
		return Common
	}
	return None
}

func fold(text string) string { return strings.ToLower(norm.NFC.String(text)) }

// isPersonal reports whether a password is something known of a person: as a whole, without the spaces, or of an address the
// part before the domain, with or without digits and signs around it.
func isPersonal(password, known string) bool {
	local, domain, isAddress := strings.Cut(known, "@")
	forms := []string{known, local}
	if isAddress {
		label, _, _ := strings.Cut(domain, ".")
		forms = append(forms, label, local+label)
	}
	bare := letters(password)
	for _, form := range forms {
		if form != "" && (password == form || bare != "" && bare == letters(form)) {
			return true
		}
	}
	return false
}

// letters leaves of a text its letters.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, text)
}

// isCommon reports whether a password is on the list, or what comes before the digits and signs at its end is: of what has
// no letters at all, at least the half.
func isCommon(password string) bool {
	end := len(strings.TrimRightFunc(password, func(r rune) bool { return !unicode.IsLetter(r) }))
	if end == 0 {
		end = (len(password) + 1) / 2
	}
	for i := len(password); i >= end; i-- {
		if listed(password[:i]) {
			return true
		}
	}
	return false
}

// repeats reports whether a password is a few characters, or one of the list, over and over.
func repeats(password string) bool {
	const few = 4
	runes := []rune(password)
	for n := 1; n <= len(runes)/2; n++ {
		unit := string(runes[:n])
		if strings.ReplaceAll(password, unit, "") == "" && (n <= few || listed(unit)) {
			return true
		}
	}
	return false
}
