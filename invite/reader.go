package invite

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a file.
const (
	MaxRows  = 100_000
	MaxBytes = 64 << 20
	MaxField = 16 << 10 // bytes; nothing that an invitation takes is as long
)

// Person is somebody in a file, with the line on which the row begins.
type Person struct {
	Line       int
	Email      string
	FirstName  string
	LastName   string
	Role       string
	Department string
	Manager    string // address
	Message    string

	places [len(columnNames)]place // where the field of each column stands; the zero place for a column that is not there
}

// columnNames are the columns that there are.
var columnNames = [...]string{"email", "first_name", "last_name", "role", "department", "manager_email", "message"}

// columnOf returns the number of a column, -1 for a name that there is not.
func columnOf(name string) int { return slices.Index(columnNames[:], name) }

// size is how much text there is of somebody, in bytes.
func (p *Person) size() int {
	return len(p.Email) + len(p.FirstName) + len(p.LastName) + len(p.Role) + len(p.Department) + len(p.Manager) + len(p.Message)
}

type place struct{ line, column int32 }

// RowError says what is wrong with a row, or with the whole file when Line is 0.
type RowError struct {
	Line    int    `json:"line"`
	Column  int    `json:"column,omitempty"` // the number of the field, from 1; 0 for the whole row
	Name    string `json:"name,omitempty"`   // of the column
	Message string `json:"message"`
}

// Error says all of it.
func (p *RowError) Error() string {
	switch {
	case p.Line == 0:
		return p.Message
	case p.Column == 0:
		return fmt.Sprintf("line %d: %s", p.Line, p.Message)
	}
	return fmt.Sprintf("line %d, column %d (%s): %s", p.Line, p.Column, p.Name, p.Message)
}

// At returns a problem with one field of a row, by the column's name.
func (p *Person) At(column, message string) *RowError {
	n := columnOf(column)
	if n < 0 || p.places[n].column == 0 {
		return &RowError{Line: p.Line, Message: message}
	}
	at := p.places[n]
	return &RowError{Line: int(at.line), Column: int(at.column), Name: column, Message: message}
}

// Reader reads a file row by row.
type Reader struct {
	csv     *csv.Reader
	columns []int  // of the fields, by their numbers
	person  Person // the present one
	rows    int
	left    *limited
}

// limited ends a file that is too large with an error in place of a silent end.
type limited struct {
	from io.Reader
	left int64
	over bool
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		l.over = true
		return 0, errTooLarge
	}
	if int64(len(b)) > l.left {
		b = b[:l.left]
	}
	n, err := l.from.Read(b)
	l.left -= int64(n)
	return n, err
}

var errTooLarge = &RowError{Message: fmt.Sprintf("The file has more than %d MB. Split it.", MaxBytes>>20)}

// lines makes a line end of every carriage return: some programs end lines with nothing else. It ends with a row that is too
// wide.
type lines struct {
	from *bufio.Reader
	cr   bool
	width
}

func (l *lines) Read(b []byte) (int, error) {
	n, err := l.from.Read(b)
	out := b[:0]
	for _, c := range b[:n] {
		if c == '\n' && l.cr {
			l.cr = false
			continue
		}
		if l.cr = c == '\r'; l.cr {
			c = '\n'
		}
		if l.add(c) {
			return len(out), errTooWide
		}
		out = append(out, c)
	}
	return len(out), err
}

// NewReader reads the first line of a file, which names its columns. Its error is a *RowError, or what reading met.
func NewReader(from io.Reader) (*Reader, error) {
	left := &limited{from: from, left: MaxBytes}
	text := bufio.NewReader(left)
	start, err := text.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	start, skip, err := opening(start)
	if err != nil {
		return nil, err
	}
	if _, err := text.Discard(skip); err != nil {
		return nil, err
	}
	rows := &lines{from: text}
	r := &Reader{left: left, csv: csv.NewReader(rows)}
	r.csv.FieldsPerRecord, r.csv.ReuseRecord = -1, true
	if first, ok := bytes.CutPrefix(start, []byte("sep=")); ok && len(first) > 0 { // what a spreadsheet writes for itself
		r.csv.Comma = rune(first[0])
		if !strings.ContainsRune(",;\t|", r.csv.Comma) {
			return nil, &RowError{Line: 1, Message: "The line \"sep=\" names no separator that can be read; it may be a comma, a semicolon or a tab."}
		}
		rows.comma = first[0]
		if _, err := r.csv.Read(); err != nil {
			return nil, r.fileProblem(err)
		}
	} else {
		r.csv.Comma = separator(start)
		rows.comma = byte(r.csv.Comma)
	}
	header, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, &RowError{Message: "The file is empty. Its first line names the columns, for example email,role,department,message."}
	}
	if err != nil {
		return nil, r.fileProblem(err)
	}
	r.columns, err = columns(header)
	return r, err
}

// opening looks at the first bytes: it refuses what is no text, and returns the first line and how much comes before it.
func opening(start []byte) (line []byte, skip int, err error) {
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), bytes.HasPrefix(start, []byte{0xD0, 0xCF, 0x11, 0xE0}):
		return nil, 0, &RowError{Message: "This is a spreadsheet, not a CSV file. Save it as \"CSV UTF-8\"."}
	case bytes.HasPrefix(start, []byte{0xFF, 0xFE}), bytes.HasPrefix(start, []byte{0xFE, 0xFF}), bytes.IndexByte(start, 0) >= 0:
		return nil, 0, &RowError{Message: "The file is not in UTF-8. Save it as \"CSV UTF-8\"."}
	}
	rest, marked := bytes.CutPrefix(start, []byte{0xEF, 0xBB, 0xBF})
	if marked {
		skip = 3
	}
	if i := bytes.IndexAny(rest, "\r\n"); i >= 0 {
		rest = rest[:i]
	}
	return rest, skip, nil
}

// separator is what separates most of the names in the first line.
func separator(line []byte) rune {
	best, most := ',', 0
	for _, c := range ",;\t" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

func columns(header []string) ([]int, error) {
	var found []int
	for i, text := range header {
		name := strings.ToLower(strings.ReplaceAll(clean(text), " ", "_"))
		n := columnOf(name)
		switch {
		case n < 0:
			return nil, &RowError{Line: 1, Column: i + 1, Name: short(clean(text)), Message: "The first line names the columns, and there is no such one. They are email, role, department, message, first_name, last_name and manager_email."}
		case slices.Contains(found, n):
			return nil, &RowError{Line: 1, Column: i + 1, Name: name, Message: "The column is there twice."}
		}
		found = append(found, n)
	}
	for _, name := range []string{"email", "role"} {
		if !slices.Contains(found, columnOf(name)) {
			return nil, &RowError{Line: 1, Message: "There is no column \"" + name + "\"."}
		}
	}
	return found, nil
}

// clean is a field without space around it, of any kind.
func clean(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' })
}

func short(text string) string {
	const most = 40
	text = strings.ToValidUTF8(text, "\ufffd")
	if utf8.RuneCountInString(text) > most {
		return string([]rune(text)[:most]) + "…"
	}
	return text
}

// Next returns the next row, which is there until Next is called again. A row that is bad is a *RowError, and reading goes on
// after it; at the end the error is io.EOF. A problem whose Line is 0 is one of the whole file, which cannot be read any further.
func (r *Reader) Next() (*Person, error) {
	for {
		fields, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if r.rows++; r.rows > MaxRows {
			return nil, &RowError{Message: fmt.Sprintf("The file has more than %d rows. Split it.", MaxRows)}
		}
		if err != nil {
			return nil, r.fileProblem(err)
		}
		if blank(fields) {
			r.rows--
			continue
		}
		return r.take(fields)
	}
}

func blank(fields []string) bool {
	for _, f := range fields {
		if clean(f) != "" {
			return false
		}
	}
	return true
}

// take makes the present person of a row's fields.
func (r *Reader) take(fields []string) (*Person, error) {
	line, _ := r.csv.FieldPos(0)
	p := &r.person
	*p = Person{Line: line}
	if len(fields) != len(r.columns) {
		return nil, &RowError{Line: line, Message: fmt.Sprintf("This row has %d fields, and the first line has %d. Put a text that has a separator in it in double quotes.", len(fields), len(r.columns))}
	}
	for i, text := range fields {
		n := r.columns[i]
		name := columnNames[n]
		at, _ := r.csv.FieldPos(i)
		p.places[n] = place{int32(at), int32(i + 1)} // of at most 64 MB
		if !utf8.ValidString(text) {
			return nil, p.At(name, "The text is not in UTF-8. Save the file as \"CSV UTF-8\".")
		}
		if len(text) > MaxField {
			return nil, p.At(name, fmt.Sprintf("The text has %d bytes; a double quote may be missing at its end.", len(text)))
		}
		if strings.IndexByte(text, 0) >= 0 {
			return nil, p.At(name, "The text has a zero byte in it.")
		}
		*p.field(name) = clean(text)
	}
	return p, nil
}

func (p *Person) field(column string) *string {
	switch column {
	case "email":
		return &p.Email
	case "first_name":
		return &p.FirstName
	case "last_name":
		return &p.LastName
	case "role":
		return &p.Role
	case "department":
		return &p.Department
	case "manager_email":
		return &p.Manager
	default:
		return &p.Message
	}
}

// fileProblem says what reading met in words for people.
func (r *Reader) fileProblem(err error) error {
	var parse *csv.ParseError
	var problem *RowError
	switch {
	case errors.As(err, &problem):
		return problem
	case !errors.As(err, &parse):
		return err
	}
	p := &RowError{Line: parse.StartLine}
	switch {
	case errors.Is(err, csv.ErrQuote) && parse.Line > parse.StartLine:
		p.Message = fmt.Sprintf("A double quote is opened in this row, and is not closed as it should be by line %d. Write a quote inside a quoted text twice.", parse.Line)
	case errors.Is(err, csv.ErrQuote):
		p.Message = "A double quote stands where the text goes on, or is never closed. Write a quote inside a quoted text twice."
	case errors.Is(err, csv.ErrBareQuote):
		p.Message = "A double quote stands inside a text that is not quoted. Put the whole text in quotes, and write the quote inside twice."
	default:
		p.Message = "This row cannot be read as CSV."
	}
	return p
}
