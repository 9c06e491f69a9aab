package examples

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Transcript is what one provider says in one situation, and what the server answers.
type Transcript struct {
	File       string // its path below the package
	Title      string
	About      string // what the situation is, in a few sentences
	Shapes     string // where the shapes of the requests come from
	Connection string // whose provider speaks
	Header     http.Header
	Exchanges  []Exchange

	lines []string // the file as written, for Rewrite
}

// Name returns the provider and the situation, such as "okta/01-engineer-joins".
func (t *Transcript) Name() string {
	return strings.TrimSuffix(strings.TrimPrefix(t.File, "transcripts/"), path.Ext(t.File))
}

// Exchange is one request and the answer to it.
type Exchange struct {
	Line   int // of its title, counted from 1
	Title  string
	Method string
	Target string // below the connection's address, with spaces and quotes as they are
	Header http.Header
	Body   string

	Status     int
	WantHeader http.Header
	Want       string // the whole body as JSON with placeholders; empty for none
	WantLine   int    // where that body begins, or would begin
}

// Parse reads a transcript. An error names the file and the line.
func Parse(file, text string) (Transcript, error) {
	p := parser{
		t:     Transcript{File: file, Header: http.Header{}, lines: strings.Split(text, "\n")},
		about: []string{},
	}
	for i, line := range p.t.lines {
		if err := p.line(i+1, line); err != nil {
			return Transcript{}, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
	}
	p.end()
	p.t.About = strings.Join(p.about, " ")
	switch {
	case p.t.Title == "" || p.t.Shapes == "" || p.t.Connection == "":
		return Transcript{}, fmt.Errorf("%s: the header needs a title, a line \"# Shapes: …\" and a line \"# Connection: …\"", file)
	case len(p.t.Exchanges) == 0:
		return Transcript{}, fmt.Errorf("%s: there is no exchange, which begins with \"### \"", file)
	}
	for _, e := range p.t.Exchanges {
		if e.Method == "" || e.Status == 0 {
			return Transcript{}, fmt.Errorf("%s:%d: an exchange needs a request (\"> GET /Users\") and a status (\"< 200\")", file, e.Line)
		}
	}
	return p.t, nil
}

// parser reads a file line by line.
type parser struct {
	t       Transcript
	e       *Exchange // nil in the header
	about   []string
	body    []string
	begins  int // the line on which the body under way begins
	request bool
}

func (p *parser) line(n int, line string) error {
	if title, ok := strings.CutPrefix(line, "### "); ok {
		p.end()
		p.t.Exchanges = append(p.t.Exchanges, Exchange{Line: n, Title: strings.TrimSpace(title), Header: http.Header{}, WantHeader: http.Header{}})
		p.e, p.request = &p.t.Exchanges[len(p.t.Exchanges)-1], true
		return nil
	}
	if rest, ok := strings.CutPrefix(line, "> "); ok {
		return p.sent(n, rest)
	}
	if rest, ok := strings.CutPrefix(line, "< "); ok {
		return p.answered(n, rest)
	}
	switch {
	case p.e == nil && strings.HasPrefix(line, "#"):
		p.comment(strings.TrimSpace(line[1:]))
	case p.e == nil && strings.TrimSpace(line) != "":
		return fmt.Errorf("the header holds comments (\"# …\") and request headers (\"> Name: value\")")
	case p.e != nil && p.e.Method != "":
		p.body = append(p.body, line)
	}
	return nil
}

// comment takes one line of the header.
func (p *parser) comment(text string) {
	if p.t.Title == "" {
		p.t.Title = text
		return
	}
	if shapes, ok := strings.CutPrefix(text, "Shapes: "); ok {
		p.t.Shapes = shapes
	} else if connection, ok := strings.CutPrefix(text, "Connection: "); ok {
		p.t.Connection = connection
	} else if text != "" {
		p.about = append(p.about, text)
	}
}

// sent takes a request line or a request header.
func (p *parser) sent(n int, rest string) error {
	if p.e != nil && p.e.Method == "" {
		method, target, ok := strings.Cut(rest, " ")
		if !ok || !strings.HasPrefix(target, "/") {
			return fmt.Errorf("a request line is a method and a path, such as \"> GET /Users\"")
		}
		p.e.Method, p.e.Target, p.begins = method, target, n+1
		return nil
	}
	header := p.t.Header
	if p.e != nil {
		header, p.begins = p.e.Header, n+1
	}
	return field(header, rest)
}

// answered takes a status or a header of the answer.
func (p *parser) answered(n int, rest string) error {
	if p.e == nil || p.e.Method == "" {
		return fmt.Errorf("an answer comes after a request")
	}
	if p.request {
		p.flush()
		status, err := strconv.Atoi(strings.TrimSpace(rest))
		if err != nil || status < 100 || status > 599 {
			return fmt.Errorf("%q is not a status such as 200", rest)
		}
		p.e.Status, p.request, p.begins = status, false, n+1
		return nil
	}
	p.begins = n + 1
	return field(p.e.WantHeader, rest)
}

func field(header http.Header, line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return fmt.Errorf("a header is a name, a colon and a value")
	}
	header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	return nil
}

// flush gives the body read so far to the request or to the answer, whichever is under way.
func (p *parser) flush() {
	text := strings.TrimSpace(strings.Join(p.body, "\n"))
	if p.request {
		p.e.Body = text
	} else {
		p.e.Want, p.e.WantLine = text, p.begins
		for i := 0; i < len(p.body) && text != "" && strings.TrimSpace(p.body[i]) == ""; i++ {
			p.e.WantLine++
		}
	}
	p.body = nil
}

// end closes the exchange under way.
func (p *parser) end() {
	if p.e != nil && p.e.Method != "" {
		p.flush()
	}
	p.body = nil
}
