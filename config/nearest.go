package config

import (
	"unicode/utf8"

	"github.com/mixus/usher/directory"
)

// Nearest returns the candidate that a misspelt word most likely means, and "" when none is near.
func Nearest(word string, candidates []string) string {
	if len(word) > 64 {
		return ""
	}
	best, least := "", len([]rune(word))/3+2
	for _, c := range candidates {
		if n := utf8.RuneCountInString(c) - utf8.RuneCountInString(word); n >= least || -n >= least {
			continue // it takes at least as many changes as the lengths differ by
		}
		if d := distance(directory.Fold(word), directory.Fold(c)); d < least && d < len([]rune(c)) {
			best, least = c, d
		}
	}
	return best
}

// distance counts the insertions, deletions, substitutions and swaps of neighbours between two words.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
