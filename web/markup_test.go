package web_test

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// element is one element of a page. The pages are written so that an XML parser reads them too, which is stricter than HTML
// asks: every element is closed where it should be, and every attribute has a value in quotes and stands once.
type element struct {
	name     string
	attrs    map[string]string
	text     strings.Builder // of it and of everything in it
	parent   *element
	children []*element
}

// parse reads a page into its html element.
func parse(t *testing.T, page string) *element {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.Map(inXML, page)))
	root := &element{}
	at := root
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v\n%s", err, page)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attrs: map[string]string{}, parent: at}
			for _, a := range token.Attr {
				if _, twice := e.attrs[a.Name.Local]; twice {
					t.Errorf("<%s> has two attributes %s", e.name, a.Name.Local)
				}
				e.attrs[a.Name.Local] = a.Value
			}
			at.children = append(at.children, e)
			at = e
		case xml.EndElement:
			at = at.parent
		case xml.CharData:
			for e := at; e != nil; e = e.parent {
				e.text.Write(token)
			}
		}
	}
	if len(root.children) != 1 || root.children[0].name != "html" || !strings.HasPrefix(page, "<!DOCTYPE html>\n") {
		t.Fatalf("this is not one html document:\n%s", page)
	}
	return root.children[0]
}

// all returns the elements below e of these names, in order; every element without names.
func (e *element) all(names ...string) []*element {
	var out []*element
	for _, child := range e.children {
		if len(names) == 0 || slices.Contains(names, child.name) {
			out = append(out, child)
		}
		out = append(out, child.all(names...)...)
	}
	return out
}

func (e *element) words() string { return strings.Join(strings.Fields(e.text.String()), " ") }

// allowed are the attributes that the pages use, by element; those under "" may stand on each.
var allowed = map[string][]string{
	"":     {"class", "id", "role", "hidden", "tabindex", "aria-label", "aria-labelledby", "aria-hidden"},
	"html": {"lang", "dir"}, "head": {}, "body": {}, "title": {}, "meta": {"charset", "name", "content"}, "link": {"rel", "type", "href"},
	"header": {}, "main": {}, "footer": {}, "section": {}, "div": {}, "h1": {}, "h2": {}, "p": {}, "br": {}, "small": {}, "strong": {}, "span": {},
	"progress": {"max", "value"}, "ul": {}, "li": {}, "dl": {}, "dt": {}, "dd": {},
	"a": {"href", "target", "rel"}, "img": {"src", "alt", "referrerpolicy"},
	"form":   {"method", "action", "novalidate", "hidden", "data-passkey", "data-options"},
	"script": {"src", "defer"},
	"label":  {"for"}, "button": {"type", "name", "value"},
	"input": {"type", "name", "value", "inputmode", "autocomplete", "autocapitalize", "spellcheck", "maxlength", "required", "autofocus", "readonly", "aria-describedby", "aria-invalid"},
	"svg":   {"viewBox", "focusable"}, "circle": {"cx", "cy", "r"}, "path": {"d"},
}

func TestMarkup(t *testing.T) {
	for name, page := range samples() {
		t.Run(name, func(t *testing.T) {
			html := parse(t, body(t, page))
			checkVocabulary(t, html)
			checkStructure(t, html)
			checkReferences(t, html)
			checkForms(t, html)
		})
	}
}

// checkVocabulary finds what is not on the list, such as a script, an inline style or an event handler.
func checkVocabulary(t *testing.T, html *element) {
	for _, e := range append([]*element{html}, html.all()...) {
		own, known := allowed[e.name]
		if !known {
			t.Errorf("there is a <%s>", e.name)
		}
		for attr := range e.attrs {
			if !slices.Contains(own, attr) && !slices.Contains(allowed[""], attr) {
				t.Errorf("<%s> has %s", e.name, attr)
			}
		}
		if e.name == "p" && len(e.all("p", "div", "ul", "dl", "h1", "h2", "form", "section")) > 0 {
			t.Error("a paragraph holds a block, which browsers take out of it")
		}
	}
}

// checkStructure holds a page to what people who do not see it go by.
func checkStructure(t *testing.T, html *element) {
	if html.attrs["lang"] != "en" || html.attrs["dir"] != "ltr" {
		t.Errorf("the language is %q, %q", html.attrs["lang"], html.attrs["dir"])
	}
	h1, title := html.all("h1"), html.all("title")
	switch {
	case len(h1) != 1 || len(title) != 1:
		t.Fatalf("%d h1 and %d titles, want one each", len(h1), len(title))
	case h1[0].words() == "" || !strings.Contains(title[0].words(), h1[0].words()):
		t.Errorf("the title %q does not begin with the heading %q", title[0].words(), h1[0].words())
	}
	if len(html.all("main")) != 1 || len(html.all("footer")) != 1 || len(html.all("header")) > 1 {
		t.Error("want one main, one footer and at most one header")
	}
	if buttons := mainButtons(html); len(buttons) > 1 || len(buttons) == 0 && len(html.all("li")) == 0 {
		t.Errorf("%d main buttons, want one, or choices", len(buttons))
	}
	for _, e := range html.all("a", "button") {
		if e.words() == "" {
			t.Errorf("a <%s> says nothing", e.name)
		}
	}
	for _, e := range html.all("img") {
		if _, has := e.attrs["alt"]; !has {
			t.Error("an image has no alt")
		}
	}
	for _, e := range html.all() {
		if index := e.attrs["tabindex"]; index != "" && index != "0" && index != "-1" {
			t.Errorf("tabindex %s breaks the order of focus", index)
		}
	}
}

func mainButtons(html *element) []*element {
	return slices.DeleteFunc(html.all("a", "button"), func(e *element) bool { return e.attrs["class"] != "main" })
}

// checkReferences finds ids that stand twice, and references to ids that there are not.
func checkReferences(t *testing.T, html *element) {
	ids := map[string]bool{}
	for _, e := range html.all() {
		if id, has := e.attrs["id"]; has {
			if id == "" || ids[id] {
				t.Errorf("the id %q stands twice", id)
			}
			ids[id] = true
		}
	}
	for _, e := range html.all() {
		for _, id := range slices.Concat(strings.Fields(e.attrs["aria-describedby"]), strings.Fields(e.attrs["aria-labelledby"]), strings.Fields(e.attrs["for"])) {
			if !ids[id] {
				t.Errorf("<%s> refers to %q, which is nowhere", e.name, id)
			}
		}
		if id, local := strings.CutPrefix(e.attrs["href"], "#"); local && !ids[id] {
			t.Errorf("a link leads to %q, which is nowhere", id)
		}
	}
}

// checkForms holds every field to a label, a purpose and, when it is wrong, a way from the summary.
func checkForms(t *testing.T, html *element) {
	labels := map[string]bool{}
	for _, l := range html.all("label") {
		labels[l.attrs["for"]] = l.words() != ""
	}
	for _, f := range html.all("form") {
		if f.attrs["method"] != "post" || f.attrs["action"] == "" {
			t.Errorf("the form goes by %q to %q", f.attrs["method"], f.attrs["action"])
		}
		if len(f.all("button")) == 0 {
			t.Error("the form has no button, and there is no script to send it")
		}
	}
	summary, marked := strings.Contains(html.text.String(), "There is a problem"), false
	for _, in := range html.all("input") {
		if in.attrs["type"] == "hidden" {
			continue
		}
		if !labels[in.attrs["id"]] {
			t.Errorf("the field %s has no label", in.attrs["name"])
		}
		if !slices.Contains([]string{"username", "email", "one-time-code", "current-password", "new-password", "off"}, in.attrs["autocomplete"]) {
			t.Errorf("the field %s completes %q", in.attrs["name"], in.attrs["autocomplete"])
		}
		wrong := in.attrs["aria-invalid"] == "true"
		marked = marked || wrong
		if wrong && !slices.ContainsFunc(html.all("a"), func(a *element) bool { return a.attrs["href"] == "#"+in.attrs["id"] }) {
			t.Error("the summary does not lead to the field")
		}
	}
	if marked != summary {
		t.Errorf("a field is marked %v, and the summary is there %v", marked, summary)
	}
}

// inXML leaves out what HTML carries and XML does not, such as U+FFFE.
func inXML(r rune) rune {
	if r == 0x9 || r == 0xA || r == 0xD || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 {
		return r
	}
	return -1
}
