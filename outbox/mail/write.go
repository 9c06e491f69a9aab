package mail

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

//go:embed templates
var templates embed.FS

// longestLetter is how large one half of a letter may become, in bytes.
const longestLetter = 256 << 10

// TemplateError says that a template of an organization's own cannot be filled in.
type TemplateError struct {
	Template string // its file
	Err      error
}

// Error names the template and says what is wrong.
func (e *TemplateError) Error() string { return fmt.Sprintf("mail: fill in %s: %v", e.Template, e.Err) }

// Unwrap returns what is wrong.
func (e *TemplateError) Unwrap() error { return e.Err }

// Write writes a letter of a kind from its data, the JSON of the kind's type. Templates of an organization's own come before
// those that usher has; where one of them cannot be filled in, the error is a *TemplateError.
func Write(kind string, from Letter, data json.RawMessage, own []config.MailTemplate) (*Message, error) {
	k, known := kindOf(kind)
	if !known {
		return nil, directory.Errorf(directory.NotFound, "There is no letter %q; there are %s.", kind, strings.Join(Kinds(), ", "))
	}
	v := k.empty()
	if err := json.Unmarshal(data, v); err != nil {
		return nil, unwritten(fmt.Errorf("mail: read the data of a letter %s: %w", kind, err))
	}
	*v.letter() = from
	return write(kind, v, own)
}

// Preview writes a letter of a kind from made-up data.
func Preview(kind string, from Letter, own []config.MailTemplate) (*Message, error) {
	k, known := kindOf(kind)
	if !known {
		return nil, directory.Errorf(directory.NotFound, "There is no letter %q; there are %s.", kind, strings.Join(Kinds(), ", "))
	}
	v := k.full()
	*v.letter() = from
	return write(kind, v, own)
}

func unwritten(err error) error {
	return &directory.Error{Kind: directory.Internal, Message: "A letter could not be written.", Err: err}
}

// write fills in the templates of a name.
func write(name string, v values, own []config.MailTemplate) (*Message, error) {
	text, err := plain(name, own)
	if err != nil {
		return nil, err
	}
	page, err := rich(name, own)
	if err != nil {
		return nil, err
	}
	subject, err := text.fill("subject", v)
	if err != nil {
		return nil, err
	}
	body, err := text.fill(text.name, v)
	if err != nil {
		return nil, err
	}
	html, err := page.fill(page.name, v)
	if err != nil {
		return nil, err
	}
	l := v.letter()
	return &Message{ID: l.ID, To: l.To, Subject: oneLine(subject), Text: strings.TrimLeft(body, "\n"), HTML: html, At: l.At}, nil
}

// filler is a set of templates, of text or of HTML.
type filler struct {
	name    string // of the template that is the letter
	own     string // the organization's file that it comes from; "" for usher's
	execute func(out *limited, template string, v any) error
}

func (f *filler) fill(template string, v any) (string, error) {
	out := &limited{}
	if err := f.execute(out, template, v); err != nil {
		if f.own != "" {
			return "", &TemplateError{Template: f.own, Err: err}
		}
		return "", unwritten(err)
	}
	return out.String(), nil
}

// plain parses the templates of a letter's text and subject.
func plain(name string, own []config.MailTemplate) (*filler, error) {
	file := name + ".txt"
	set, err := texttemplate.ParseFS(templates, "templates/foot.txt", "templates/"+file)
	if err != nil {
		return nil, unwritten(err)
	}
	f := &filler{name: file}
	for _, t := range own {
		if t.Name != file {
			continue
		}
		f.own = t.At.File
		if _, err := set.New(file).Parse(t.Text); err != nil {
			return nil, &TemplateError{Template: f.own, Err: err}
		}
	}
	f.execute = func(out *limited, template string, v any) error { return set.ExecuteTemplate(out, template, v) }
	return f, nil
}

// rich parses the templates of a letter's page.
func rich(name string, own []config.MailTemplate) (*filler, error) {
	file := name + ".html"
	set, err := htmltemplate.ParseFS(templates, "templates/foot.html", "templates/"+file)
	if err != nil {
		return nil, unwritten(err)
	}
	f := &filler{name: file}
	for _, t := range own {
		if t.Name != file {
			continue
		}
		f.own = t.At.File
		if _, err := set.New(file).Parse(t.Text); err != nil {
			return nil, &TemplateError{Template: f.own, Err: err}
		}
	}
	f.execute = func(out *limited, template string, v any) error { return set.ExecuteTemplate(out, template, v) }
	return f, nil
}

// limited takes up to longestLetter bytes.
type limited struct{ bytes.Buffer }

// Write refuses what is too long for a letter.
func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > longestLetter {
		return 0, fmt.Errorf("mail: a letter has at most %d bytes", longestLetter)
	}
	return l.Buffer.Write(p)
}

// oneLine makes a line of a name that somebody wrote over several.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
