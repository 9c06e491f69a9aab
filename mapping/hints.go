package mapping

import (
	"fmt"
	"strings"

	"github.com/mixus/usher/directory"
)

// hint says what to write instead of a name that the file does not have: the nearest one, else all there are.
func hint(plural, name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	switch {
	case len(known) == 0:
		return fmt.Sprintf("the file has no %s yet; add it there", plural)
	case len(known) > 12:
		return fmt.Sprintf("the %s are %s and %d more", plural, strings.Join(known[:12], ", "), len(known)-12)
	}
	return fmt.Sprintf("the %s are %s", plural, strings.Join(known, ", "))
}

// nearest returns the known name that a typing error most likely meant, "" when none is near.
func nearest(name string, known []string) string {
	best, least := "", len([]rune(name))/3+2
	for _, k := range known {
		if d := distance([]rune(directory.Fold(name)), []rune(directory.Fold(k))); d < least && d < len([]rune(k)) {
			best, least = k, d
		}
	}
	return best
}

// distance is the number of runes to insert, delete, replace or swap with their neighbor to get from a to b.
func distance(a, b []rune) int {
	two, one, row := []int(nil), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, make([]int, len(b)+1)
	}
	return one[len(b)]
}
