package mail

import (
	"bytes"
	"embed"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/mixus/usher/directory"
)

//go:embed templates
var templates embed.FS

// Letter says whom a letter is from and about.
type Letter struct {
	ID           string // of the mail
	To           string
	Organization string
	SupportName  string // whom to turn to; may be empty
	SupportEmail string
	At           time.Time // what it tells of
}

// Code is the letter with which somebody breaks glass.
type Code struct {
	Letter
	Code    string // digits
	Minutes int    // for which it works
	Agent   string // the browser that asked
}

// Message writes the letter.
func (c Code) Message() (*Message, error) {
	return c.write("code", "Your code for "+c.Organization, c)
}

// Spaced is the code in two halves, for the eye.
func (c Code) Spaced() string {
	half := len(c.Code) / 2
	return c.Code[:half] + " " + c.Code[half:]
}

// Alert is the letter that tells of glass being broken, to those who have to know.
type Alert struct {
	Letter
	Who   string // the address that was asked for
	Used  bool   // somebody signed in by it; otherwise a code was asked for
	Agent string // the browser
}

// Message writes the letter.
func (a Alert) Message() (*Message, error) {
	subject := "A break-glass code was asked for at " + a.Organization
	if a.Used {
		subject = "Somebody has signed in to " + a.Organization + " by break glass"
	}
	return a.write("alert", subject, a)
}

// When is the instant as people read it.
func (l Letter) When() string { return l.At.UTC().Format("2 January 2006, 15:04 MST") }

// write fills the two templates of a name.
func (l Letter) write(name, subject string, values any) (*Message, error) {
	var text, html bytes.Buffer
	plain, err := texttemplate.ParseFS(templates, "templates/"+name+".txt", "templates/foot.txt")
	if err == nil {
		err = plain.Execute(&text, values)
	}
	if err != nil {
		return nil, &directory.Error{Kind: directory.Internal, Message: "A letter could not be written.", Err: err}
	}
	page, err := htmltemplate.ParseFS(templates, "templates/"+name+".html", "templates/foot.html")
	if err == nil {
		err = page.Execute(&html, values)
	}
	if err != nil {
		return nil, &directory.Error{Kind: directory.Internal, Message: "A letter could not be written.", Err: err}
	}
	return &Message{ID: l.ID, To: l.To, Subject: oneLine(subject), Text: text.String(), HTML: html.String(), At: l.At}, nil
}

// oneLine makes a line of a name that somebody wrote over several.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
