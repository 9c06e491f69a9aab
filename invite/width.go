package invite

import "fmt"

// MaxFields is how many fields a row can have. A file of separators alone would take a hundred times its size in memory.
const MaxFields = 1000

// within says where in a field the text is.
type within int

const (
	begin within = iota // of a field
	plain               // in one that is not quoted, or in what is left of a line that is no CSV
	quoted
	closing // behind a quote within a quoted one, which ends it or stands for itself
)

// width counts the fields of a row before they are taken apart, where encoding/csv will find them.
type width struct {
	comma  byte
	at     within
	fields int
}

// add counts one byte more, and reports whether the row has become too wide.
func (w *width) add(c byte) bool {
	switch {
	case w.at == quoted:
		if c == '"' {
			w.at = closing
		}
	case c == '"' && (w.at == begin || w.at == closing):
		w.at = quoted
	case c == '\n':
		w.at, w.fields = begin, 0
	case c == w.comma:
		w.at = begin
		w.fields++
	default:
		w.at = plain
	}
	return w.fields >= MaxFields
}

var errTooWide = &RowError{Message: fmt.Sprintf("A row has more than %d fields. Save the file again with the columns of people who are invited, and no others.", MaxFields)}
