package web

import (
	"strings"

	"github.com/mixus/usher/directory"
)

// Tones of a page: the sign above its heading.
const (
	toneDone = "done"
	toneWait = "wait"
	toneStop = "stop"
)

// sheet is a page in words, which the template writes. Its texts are plain: the template escapes them.
type sheet struct {
	texts  Texts
	values map[string]string
	name   string // of the page in the texts
	err    error

	Stylesheet, Icon string
	Organization     Organization
	Reference        string
	Tone             string
	Heading          string
	Text             []string
	Details          []detail
	Document         *document
	Checklist        *checklist
	First            *form // before the form; a lesser one, like those after it
	Form             *form
	More             []*form
	Script           string // the path of what the page's passkeys take
	Lead             *link  // the main button of a page without a form
	Aside            *link

	script   string // the path of our script
	targets  string // form-action of the page's policy, beside our own
	referrer string // its Referrer-Policy
}

// detail is one line of what a person got.
type detail struct{ Name, Value string }

// document is a text to read before going on: the text itself or a link to it.
type document struct {
	Title string
	Text  []string
	Link  *link
}

// link leads on.
type link struct{ Text, URL string }

// form is what a person fills in, chooses from, or only sends.
type form struct {
	Action  string
	Hidden  []Field
	Input   *input
	Name    string // of the choices
	Choices []Choice
	Button  string
	Heading string
	Inputs  []*input // behind Input

	// Of a lesser form.
	Text     string
	Problem  string
	Buttons  []Choice
	Ceremony string // "create" or "get": a script has a passkey made, or used, before the form is sent
	Options  string // for the script
	Say      string // what the page says when that fails
}

// input is a field of a form.
type input struct {
	Name, Type, Autocomplete, Inputmode, Value string
	ID                                         string // Name, where no other field of the page has it
	Label, Hint, Problem                       string
	Most                                       int  // characters
	Focus                                      bool // the page begins there
	Fixed                                      bool // it is shown and cannot be changed
}

// mostTyped is how many characters a field takes that says nothing else.
const mostTyped = 254

// Describe names the elements that tell more about the field.
func (i *input) Describe() string {
	var names []string
	if i.Hint != "" {
		names = append(names, i.ID+"-hint")
	}
	if i.Problem != "" {
		names = append(names, i.ID+"-problem")
	}
	return strings.Join(names, " ")
}

// fail remembers the first thing that is wrong with the page.
func (s *sheet) fail(what string) {
	if s.err == nil {
		s.err = directory.Errorf(directory.Internal, "A page could not be made: %s.", what)
	}
}

// word returns a text with the values that are known so far.
func (s *sheet) word(key string) string {
	text, known := s.texts[key]
	if !known {
		s.fail("there is no text " + key)
	}
	return s.texts.put(text, s.values)
}

// Word is word for the template.
func (s *sheet) Word(key string) string { return s.word(key) }

// know remembers a value for the texts, and reports whether there is one.
func (s *sheet) know(name, value string) bool {
	value = clean(value)
	if value != "" {
		s.values[name] = value
	}
	return value != ""
}

// say sets heading and text of the page that the texts call name.
func (s *sheet) say(name string) { s.sayAs(name, name+".heading") }

// sayAs sets a heading of its own, and a text of its own where one is named.
func (s *sheet) sayAs(name, heading string, text ...string) {
	s.name = name
	s.Heading = s.word(heading)
	key := name + ".text"
	if len(text) > 0 {
		key = text[0]
	}
	s.Text = paragraphs(s.word(key))
}

// refuse makes the page one that turns somebody away, which has a reference by which the helpdesk finds out why.
func (s *sheet) refuse() {
	s.Tone = toneStop
	if s.Reference == "" {
		s.fail("a refusal without a reference")
	}
}

// form sends to a path of our own. Leads says that the answer may redirect to a provider or to the application, which
// browsers hold to form-action too.
func (s *sheet) form(f Form, button string, leads bool) {
	if !ownPath(f.Action) {
		s.fail("the form of " + s.name + " does not lead to a path of our own")
	}
	s.Form = &form{Action: f.Action, Hidden: f.Hidden}
	if button != "" {
		s.Form.Button = s.word(button)
	}
	if leads {
		s.targets = "https:"
	}
}

// post sends to a provider.
func (s *sheet) post(action string, fields []Field, button string) {
	to, ok := origin(action)
	if !ok {
		s.fail("the provider's address is not an https address")
	}
	s.Form = &form{Action: action, Hidden: fields, Button: s.word(button)}
	s.targets = to
	// A stricter policy would make the browser send "Origin: null", which some providers refuse.
	s.referrer = "strict-origin"
}

// ask puts a field into the form, at which the page begins.
func (s *sheet) ask(in input, problem Problem) {
	in.Hint, in.Focus = s.word(s.name+"."+in.Name+".hint"), true
	s.Form.Input = s.field(in, problem)
}

// askAlso puts a further field into the form.
func (s *sheet) askAlso(in input, problem Problem) {
	s.Form.Inputs = append(s.Form.Inputs, s.field(in, problem))
}

// field is a field with its words.
func (s *sheet) field(in input, problem Problem) *input {
	in.Value, in.Label = clean(in.Value), s.word(s.name+"."+in.Name+".label")
	if in.ID == "" {
		in.ID = in.Name
	}
	if in.Most == 0 {
		in.Most = mostTyped
	}
	if problem != NoProblem {
		in.Problem = s.word(string(problem))
	}
	return &in
}

// lesser is a form beside the page's main one.
func (s *sheet) lesser(f Form) *form {
	if !ownPath(f.Action) {
		s.fail("a form of " + s.name + " does not lead to a path of our own")
	}
	return &form{Action: f.Action, Hidden: f.Hidden}
}

// Wrong is the field that is filled in wrong, nil when none is.
func (s *sheet) Wrong() *input {
	if s.Form == nil {
		return nil
	}
	for _, in := range append([]*input{s.Form.Input}, s.Form.Inputs...) {
		if in != nil && in.Problem != "" {
			return in
		}
	}
	return nil
}

// choose offers choices; the one of last time comes first.
func (s *sheet) choose(f Form, name string, choices []Choice) {
	if len(choices) == 0 {
		s.fail("there is nothing to choose from")
	}
	s.form(f, "", true)
	s.Form.Name = name
	for _, last := range []bool{true, false} {
		for _, c := range choices {
			if c.Last != last {
				continue
			}
			if c.Label = clean(c.Label); c.Label == "" {
				c.Label = clean(c.Value)
			}
			s.Form.Choices = append(s.Form.Choices, c)
		}
	}
}

// lead is the main button of a page that asks for nothing.
func (s *sheet) lead(key, to string) { s.Lead = s.link(key, to) }

// aside is the lesser way on.
func (s *sheet) aside(key, to string) { s.Aside = s.link(key, to) }

// contact makes writing to the support contact the main button, and trying again the lesser way on.
func (s *sheet) contact(again, to string) {
	switch support := s.Organization.Support; {
	case support.Email != "":
		s.Lead = &link{Text: s.word("contact.button"), URL: mailto(support.Email, s.word("contact.mail"))}
	case support.URL != "":
		s.Lead = &link{Text: s.word("contact.open"), URL: support.URL}
	default:
		s.lead(again, to)
		return
	}
	s.aside(again, to)
}

// link leads to a path of our own or to an application.
func (s *sheet) link(key, to string) *link {
	if _, elsewhere := origin(to); !elsewhere && !ownPath(to) {
		s.fail("the link " + key + " of " + s.name + " leads nowhere")
	}
	return &link{Text: s.word(key), URL: to}
}

// detail adds a line of what a person got, unless there is nothing to say.
func (s *sheet) detail(key string, values ...string) {
	known := make([]string, 0, len(values))
	for _, value := range values {
		if value = clean(value); value != "" {
			known = append(known, value)
		}
	}
	if len(known) > 0 {
		s.Details = append(s.Details, detail{s.word(key), strings.Join(known, ", ")})
	}
}

// quote shows what a person wrote under a title, unless it is empty.
func (s *sheet) quote(title, text string) {
	quoted := &document{Title: s.word(title)}
	for _, paragraph := range paragraphs(text) {
		quoted.Text = append(quoted.Text, strings.TrimSpace(paragraph))
	}
	if len(quoted.Text) > 0 {
		s.Document = quoted
	}
}

// also adds a text to that of the page.
func (s *sheet) also(key string) { s.Text = append(s.Text, paragraphs(s.word(key))...) }

// document shows a text, or leads to it.
func (s *sheet) document(text, to string) {
	s.Document = &document{Title: s.word("terms.document")}
	for _, paragraph := range paragraphs(text) {
		s.Document.Text = append(s.Document.Text, strings.TrimSpace(paragraph))
	}
	switch {
	case len(s.Document.Text) > 0:
	case public(to):
		s.Document.Link = &link{Text: s.word("terms.link"), URL: to}
	default:
		s.fail("there are no terms to read")
	}
}

// Title is the page's title: its heading, what is wrong, and whose page it is.
func (s *sheet) Title() string {
	title := s.Heading
	if s.Wrong() != nil {
		title = s.word("problem.title") + ": " + title
	}
	if name := s.Owner(); name != "" {
		title += " · " + name
	}
	return title
}

// Owner is whose page it is: the organization, or the application as long as that is not known.
func (s *sheet) Owner() string {
	if s.Organization.Name != "" {
		return s.Organization.Name
	}
	return s.values["application"]
}

// Mail is a link that begins a mail to the support contact.
func (s *sheet) Mail() string {
	if s.Reference == "" {
		return "mailto:" + s.Organization.Support.Email
	}
	return mailto(s.Organization.Support.Email, s.word("contact.mail"))
}

// paragraphs parts a text at its empty lines.
func paragraphs(text string) []string {
	var out []string
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if strings.TrimSpace(paragraph) != "" {
			out = append(out, paragraph)
		}
	}
	return out
}
