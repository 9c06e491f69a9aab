package mapping

import (
	"fmt"
	"strings"

	"github.com/mixus/usher/config"
)

// hint says what to write instead of a name that the file does not have: the nearest one, else all there are.
func hint(plural, name string, known []string) string {
	if near := config.Nearest(name, known); near != "" {
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
