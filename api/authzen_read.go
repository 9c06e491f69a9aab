package api

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/mixus/usher/directory"
)

// readQuestion decodes a body.
func readQuestion(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return invalid("", "The body is empty; send a question with subject, action and resource.")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &directory.Error{Kind: directory.Invalid, Message: "The body is no question: it is not the JSON that the Authorization API describes.", Err: err}
	}
	return nil
}

// readOne decodes a body that asks one question. Applications ask often, and mostly with nothing but types, ids and a name
// in plain text, which is read without reflection.
func readOne(body []byte) (*authQuestion, error) {
	if q, ok := plainQuestion(string(body)); ok {
		return q, nil
	}
	q := &authQuestion{}
	return q, readQuestion(body, q)
}

// plainQuestion reads a question that has subject, action and resource, whose members are type, id and name, whose texts
// are ASCII without escapes. It reports false for every other text, right or wrong.
func plainQuestion(text string) (*authQuestion, bool) {
	q := &authQuestion{}
	p := plainReader{rest: text}
	p.object(func(name string) {
		switch {
		case name == "subject" && q.Subject == nil:
			q.Subject = p.entity()
		case name == "resource" && q.Resource == nil:
			q.Resource = p.entity()
		case name == "action" && q.Action == nil:
			q.Action = &authAction{}
			p.object(func(name string) { p.field(name == "name", &q.Action.Name) })
		default:
			p.other = true
		}
	})
	p.blank()
	return q, !p.other && p.rest == ""
}

// plainReader walks plain JSON of objects and texts.
type plainReader struct {
	rest  string
	other bool // something else was met
}

func (p *plainReader) blank() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// next consumes a character that must come next.
func (p *plainReader) next(c byte) {
	if p.blank(); p.rest == "" || p.rest[0] != c {
		p.other, p.rest = true, ""
		return
	}
	p.rest = p.rest[1:]
}

// object reads an object; member reads the value of each of its members.
func (p *plainReader) object(member func(name string)) {
	p.next('{')
	for !p.other {
		name := p.text()
		p.next(':')
		member(name)
		if p.blank(); p.rest == "" || p.rest[0] != ',' {
			break
		}
		p.rest = p.rest[1:]
	}
	p.next('}')
}

func (p *plainReader) text() string {
	p.next('"')
	for i := range len(p.rest) {
		switch c := p.rest[i]; {
		case c == '"':
			text := p.rest[:i]
			p.rest = p.rest[i+1:]
			return text
		case c < ' ' || c == '\\' || c > '~':
			p.other = true
			return ""
		}
	}
	p.other = true
	return ""
}

func (p *plainReader) entity() *authEntity {
	e := &authEntity{}
	p.object(func(name string) {
		if name == "type" {
			p.field(true, &e.Type)
		} else {
			p.field(name == "id", &e.ID)
		}
	})
	return e
}

// field reads a text into a field of a known name, once.
func (p *plainReader) field(known bool, into *string) {
	if !known || *into != "" {
		p.other = true
		return
	}
	*into = p.text()
}
