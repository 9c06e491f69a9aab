package config

import (
	"strings"
	"unicode"

	"github.com/mixus/usher/directory"
)

// maxSkipped is how many characters of the file may stand for one of a condition: a quoted text escapes some.
const maxSkipped = 8

// WhenPlace returns where a line (from 1) and column (from 0) of the condition stand in the file, however the condition
// is quoted, folded or indented there.
func (r *Rule) WhenPlace(line, column int) directory.Position {
	at := r.WhenAt
	if at.Line == 0 || line < 1 || column < 0 {
		return at
	}
	if found, ok := r.walk(line, column); ok {
		return found
	}
	at.Line += line - 1
	if at.Column > 0 {
		at.Column += column
	}
	return at
}

// walk goes through the condition and the text of the file beside each other, up to a line and column of the condition.
// Space may differ, and the file may have more characters where it escapes some.
func (r *Rule) walk(line, column int) (directory.Position, bool) {
	raw, at := []rune(r.WhenRaw), r.WhenAt
	i := 0
	step := func() {
		if raw[i] == '\n' {
			at.Line, at.Column = at.Line+1, 0
		}
		at.Column++
		i++
	}
	exprLine, exprColumn := 1, 0
	for _, c := range r.When + "\x00" {
		there := exprLine == line && exprColumn == column
		if exprColumn++; c == '\n' {
			exprLine, exprColumn = exprLine+1, 0
		}
		if unicode.IsSpace(c) || c == 0 {
			if there {
				return at, i > 0
			}
			continue
		}
		for skipped := 0; i < len(raw) && raw[i] != c; step() {
			if !unicode.IsSpace(raw[i]) {
				skipped++
			}
			if skipped > maxSkipped {
				return at, false
			}
		}
		if i == len(raw) {
			return at, false
		}
		if there {
			return at, true
		}
		step()
	}
	return at, false
}

// raw is the text of the file from the first character of a text to the end of its last line.
func (s *source) raw(n *node) string {
	if n.start.Line < 1 || n.end < n.start.Line || n.end > len(s.lines) {
		return ""
	}
	first := []rune(s.line(n.start.Line))
	lines := []string{string(first[min(n.start.Column-1, len(first)):])}
	for line := n.start.Line + 1; line <= n.end; line++ {
		lines = append(lines, s.line(line))
	}
	return strings.Join(lines, "\n")
}
