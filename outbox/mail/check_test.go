package mail_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
)

func template(name, text string) []config.MailTemplate {
	return []config.MailTemplate{{At: directory.Position{File: "letters/" + name, Line: 1, Column: 1}, Name: name, Text: text}}
}

func TestTemplatesOfAnOrganizationAreChecked(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"good text":            {"invitation.txt", `{{define "subject"}}Come to {{.Organization}}{{end}}Hello {{.Name}}, {{.Link}}{{range .NoteLines}} {{.}}{{end}}{{template "foot.txt" .}}`, ""},
		"good page":            {"welcome.html", `<p>{{range $i, $m := .Models}}{{if $i}}, {{end}}{{$m}}{{end}}{{range .Resources}}<a href="{{.URL}}">{{.Name}}</a>{{end}}{{template "foot.html" .}}</p>`, ""},
		"no braces":            {"approved.txt", "You are in.", ""},
		"a misspelt field":     {"invitation.txt", "Hello\n  {{.Nam}}", `letters/invitation.txt:2:5: this letter has no field "Nam" (write .Name)`},
		"a field of another":   {"approved.txt", "{{.Link}}", `letters/approved.txt:1:3: this letter has no field "Link"`},
		"the secret by itself": {"invitation.html", "{{.Token}}", `letters/invitation.html:1:3: this letter has no field "Token"`},
		"in a branch not met":  {"invitation.txt", "{{if .Name}}{{else}}{{if .Role}}{{.Nothing}}{{end}}{{end}}", `no field "Nothing"`},
		"of a variable":        {"welcome.txt", "{{range $r := .Resources}}{{$r.Link}}{{end}}", `no field "Link"`},
		"in the wrong place":   {"welcome.txt", "\n{{.URL}}", `letters/welcome.txt:2:3: the template cannot be filled in`},
		"not closed":           {"invitation.txt", "Hello\n{{if .Name}}\nAnn", "letters/invitation.txt:3"},
		"half a page":          {"invitation.html", "<a href='{{if .Name}}\"{{end}}", "letters/invitation.html"},
		"another kind":         {"invitaton.txt", "", `there is no letter for the template "invitaton.txt" (name it invitation.txt)`},
		"a function":           {"invitation.txt", `{{printf "%1000000d" 1}}`, `the function "printf" cannot be used`},
		"itself":               {"invitation.txt", `{{template "invitation.txt" .}}`, `the template "invitation.txt" cannot be put into a letter`},
		"a large number":       {"invitation.txt", `{{range 100000000}}{{end}}`, "the number 100000000 cannot be used"},
		"loops in loops":       {"invitation.txt", `{{range 9}}{{range 9}}{{range 9}}{{end}}{{end}}{{end}}`, "a range inside a range"},
		"without an end":       {"invitation.txt", `{{range 1000}}{{range 1000}}much of it{{end}}{{end}}`, "at most 262144 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range mail.Check(template(c.file, c.text)) {
				got = append(got, fmt.Sprintf("%s: %s (%s)", p.Position, p.Message, p.Fix))
			}
			if text := strings.Join(got, "\n"); !strings.Contains(text, c.want) || (c.want == "") != (text == "") {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

func TestAnOrganizationsTemplateTakesThePlaceOfOurs(t *testing.T) {
	own := append(template("approved.txt", `{{define "subject"}}In: {{.Organization}}{{end}}Come in, {{.Name}}.{{template "foot.txt" .}}`),
		template("approved.html", `<p>Come in, {{.Name}}.</p>`)...)
	from := letter()
	m, err := mail.Write(mail.KindApproved, from, json.RawMessage(`{"name":"<Ann>"}`), own)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "In: Acme <b>Inc.</b> Ltd." || !strings.HasPrefix(m.Text, "Come in, <Ann>.") || !strings.Contains(m.Text, "it@acme.com") || m.HTML != "<p>Come in, &lt;Ann&gt;.</p>" {
		t.Errorf("%q\n%s\n%s", m.Subject, m.Text, m.HTML)
	}
	m, err = mail.Write(mail.KindApproved, from, json.RawMessage(`{}`), template("approved.txt", "You are in."))
	if err != nil || !strings.HasPrefix(m.Subject, "You can sign in") || m.Text != "You are in." || !strings.Contains(m.HTML, "Sign in") {
		t.Errorf("with a text of their own alone (%v): %+v", err, m)
	}
	var broken *mail.TemplateError
	if _, err := mail.Write(mail.KindApproved, from, json.RawMessage(`{}`), template("approved.txt", "{{.Nothing}}")); !errors.As(err, &broken) || broken.Template != "letters/approved.txt" {
		t.Errorf("one that cannot be filled in: %v", err)
	}
}
