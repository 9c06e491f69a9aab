package config

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/mixus/usher/directory"
)

// source is the text of one file, able to show the lines around a place in it.
type source struct {
	name   string
	text   []byte         // without a byte order mark and carriage returns
	lines  []int          // offset of each line's first byte
	hidden map[int]int    // line → column from which it holds a secret in clear
	quoted map[int][]rune // lines as excerpts show them, once somebody asked
}

func newSource(name string, text []byte) *source {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if bytes.IndexByte(text, '\r') >= 0 {
		// One kind of line break, so that lines are counted here as the YAML library counts them.
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	}
	s := &source{name: name, text: text, hidden: map[int]int{}, quoted: map[int][]rune{}}
	s.lines = append(s.lines, 0)
	for i, c := range s.text {
		if c == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// at makes a position in the file.
func (s *source) at(line, column int) directory.Position {
	return directory.Position{File: s.name, Line: line, Column: column}
}

// place finds the line and column of a byte.
func (s *source) place(offset int) directory.Position {
	line := 1
	for line < len(s.lines) && s.lines[line] <= offset {
		line++
	}
	return s.at(line, utf8.RuneCount(s.text[s.lines[line-1]:offset])+1)
}

// hide keeps a value out of every excerpt, because it is a secret in clear. It is called before the first excerpt.
func (s *source) hide(n *node) {
	s.hidden[n.at.Line] = n.at.Column
	for line := n.at.Line + 1; line <= min(n.end, len(s.lines)); line++ {
		s.hidden[line] = 1
	}
}

func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	end := len(s.text)
	if n < len(s.lines) {
		end = s.lines[n] - 1
	}
	return string(s.text[s.lines[n-1]:end])
}

// excerptWidth is how much of a line is shown; generated JSON can be one line of megabytes.
const excerptWidth = 100

// excerpt shows the line of a place with a caret under the column, and the line before it where that says anything.
func (s *source) excerpt(at directory.Position) string {
	if at.Line < 1 || at.Line > len(s.lines) {
		return ""
	}
	number := fmt.Sprintf("%5d", at.Line)
	var b strings.Builder
	if text, _ := window(s.shown(at.Line-1), 1); strings.TrimSpace(text) != "" {
		fmt.Fprintf(&b, "%5d | %s\n", at.Line-1, text)
	}
	text, column := window(s.shown(at.Line), max(at.Column, 1))
	fmt.Fprintf(&b, "%s | %s", number, text)
	if at.Column > 0 {
		fmt.Fprintf(&b, "\n%5s | %s^", "", strings.Repeat(" ", column-1))
	}
	return b.String()
}

// secretLine finds a value after a key whose name says that it is a secret, so that even a file that does not parse is
// quoted without it.
var secretLine = regexp.MustCompile(`(?i)((?:\$\{)?[\w-]*(?:secret|password|passwd|private_key|token)[\w-]*["']?\s*:\s*)("[^"]*"?|'[^']*'?|[^\s,}\]]+)`)

// namesSecret reports whether secretLine can find anything. It spares a line of megabytes a search that takes seconds.
func namesSecret(line string) bool {
	lower := strings.ToLower(line)
	for _, word := range []string{"secret", "password", "passwd", "private_key", "token"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// passwordInURL finds what stands before the @ of a URL.
var passwordInURL = regexp.MustCompile(`://[^/\s@"']+@`)

func withoutPassword(text string) string {
	return passwordInURL.ReplaceAllString(text, "://"+mask+"@")
}

const mask = "********"

// shown is a line without secrets. Tabs and other characters that would move the caret are spaces in it.
func (s *source) shown(n int) []rune {
	runes, known := s.quoted[n]
	if !known {
		runes = []rune(strings.ToValidUTF8(s.masked(n), "\uFFFD"))
		for i, r := range runes {
			if r < ' ' || r == 0x7f {
				runes[i] = ' '
			}
		}
		s.quoted[n] = runes
	}
	return runes
}

func (s *source) masked(n int) string {
	line := s.line(n)
	if column, hidden := s.hidden[n]; hidden {
		runes := []rune(line)
		line = string(runes[:min(column-1, len(runes))]) + mask
	}
	line = withoutPassword(line)
	if !namesSecret(line) {
		return line
	}
	return secretLine.ReplaceAllStringFunc(line, func(found string) string {
		parts := secretLine.FindStringSubmatch(found)
		value := strings.Trim(parts[2], `"'`)
		if value == "" || strings.HasPrefix(parts[1], "${") || strings.HasPrefix(value, "${") || strings.ContainsAny(value[:1], "{[&*") {
			return found
		}
		return parts[1] + mask
	})
}

// window cuts a long line to the part around a column and returns the column in that part.
func window(runes []rune, column int) (string, int) {
	column = min(column, len(runes)+1)
	if len(runes) <= excerptWidth {
		return string(runes), column
	}
	from := max(0, min(column-1-excerptWidth/2, len(runes)-excerptWidth))
	to := from + excerptWidth
	text := string(runes[from:to])
	if to < len(runes) {
		text += "…"
	}
	if from > 0 {
		return "…" + text, column - from + 1
	}
	return text, column - from
}
