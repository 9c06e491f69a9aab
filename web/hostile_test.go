package web_test

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/web"
)

// hostile are texts that people, providers and files may send.
var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`' autofocus onfocus='alert(1)`,
	`</title></main><base href="https://evil.example/">`,
	`javascript:alert(1)`,
	`{{.Organization}} {support} {Provider} {`,
	`<!--`, `]]>`, `&lt;b&gt;&#60;`,
	"\x00\x1b[31m\u202egro.live\u200b\ufeff",
	"\xff\xfe<\xc0\xbcscript>",
	`<svg><style>*{background:url(//evil.example)}</style>`,
}

// Whatever is put into a page in place of its plain values, the page has the same elements with the same attributes: no
// value gets out of where it stands.
func TestHostileValuesStayText(t *testing.T) {
	for name := range samples() {
		for _, value := range hostile {
			page := samples()[name]
			plain := samples()[name]
			replaceTexts(reflect.ValueOf(page).Elem(), value)
			replaceTexts(reflect.ValueOf(plain).Elem(), "plain")
			got, want := shape(parse(t, body(t, page)), 0), shape(parse(t, body(t, plain)), 0)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s with %q has another shape (-plain +hostile):\n%s", name, value, diff)
			}
		}
	}
}

// replaceTexts puts a text into every field of a page but those that decide where it leads and what it is.
func replaceTexts(v reflect.Value, text string) {
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		switch {
		case field.Type() == reflect.TypeFor[web.Problem](), field.Type() == reflect.TypeFor[web.Why](), field.Type() == reflect.TypeFor[web.Over]():
		case field.Kind() == reflect.Struct:
			replaceTexts(field, text)
		case field.Kind() == reflect.Pointer && !field.IsNil():
			replaceTexts(field.Elem(), text)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for j := range field.Len() {
				replaceTexts(field.Index(j), text)
			}
		case field.Kind() == reflect.Slice:
			for j := range field.Len() {
				field.Index(j).SetString(text)
			}
		case field.Kind() != reflect.String:
		case name == "Options" && field.String() == "": // there is no such form
		case name == "Action", name == "Again", name == "Other", name == "Continue", name == "Decline", name == "Back", name == "Stay", name == "Code":
		case v.Type() == reflect.TypeFor[web.Terms]() && name == "URL" && field.String() != "":
		case v.Type() == reflect.TypeFor[web.Terms]() && name == "Text":
			if field.String() != "" {
				field.SetString("x " + text)
			}
		default:
			field.SetString(text)
		}
	}
}

// shape is a page without its texts: elements, and attributes with the values that have a meaning to browsers.
func shape(e *element, depth int) []string {
	line := strings.Repeat(" ", depth) + e.name
	for _, name := range []string{"id", "class", "role", "href", "src", "action", "type", "target", "rel", "autocomplete", "method"} {
		if value, has := e.attrs[name]; has {
			line += " " + name + "=" + value
		}
	}
	out := []string{line + strings.Repeat(".", len(e.attrs))}
	for _, child := range e.children {
		out = append(out, shape(child, depth+1)...)
	}
	return out
}

func TestHiddenFieldsArriveAsTheyAre(t *testing.T) {
	for _, value := range hostile[:9] {
		page := &web.PostToProvider{Action: "https://idp.acme.com/sso", Fields: []web.Field{{Name: "RelayState", Value: value}}}
		in := parse(t, body(t, page)).all("input")
		if len(in) != 1 || in[0].attrs["value"] != value {
			t.Errorf("%q arrives as %q", value, in[0].attrs["value"])
		}
	}
}

func TestWhatTurnsWritingAroundIsNotShown(t *testing.T) {
	page := &web.SignOut{Frame: acme(), Form: web.Form{Action: "/logout"}, Email: "ann\u202emoc.emca@\u2066x\x00\x7f", Stay: "/"}
	if got := body(t, page); !strings.Contains(got, "You are signed in as annmoc.emca@x.") {
		t.Error("the address is shown with characters that nobody sees")
	}
	page.Email = strings.Repeat("é", 100_000)
	if got := body(t, page); len(got) > 5_000 || !strings.Contains(got, "é…") {
		t.Errorf("a value of 200,000 bytes makes a page of %d", len(got))
	}
}

func TestSupportThatIsMalformedIsLeftOut(t *testing.T) {
	for _, bad := range []web.Support{
		{Email: "it@acme.com?bcc=evil@evil.example"},
		{Email: "it@acme.com,evil@evil.example"},
		{Email: "javascript:alert(1)"},
		{Email: "it@acme.com\r\nBcc: x@y.z"},
		{Email: "i&bcc=t@acme.com"},
		{URL: "javascript:alert(1)"},
		{URL: "http://help.acme.com"},
		{URL: "https://help.acme.com;x"},
	} {
		page := &web.Refusal{Frame: web.Frame{Organization: web.Organization{Support: bad}, Reference: "R"}, Why: web.Suspended, Again: "/login"}
		w := httptest.NewRecorder()
		if err := web.New(nil).Render(w, 403, page); err != nil {
			t.Fatal(err)
		}
		if got := w.Body.String(); strings.Contains(got, "mailto:") || strings.Contains(got, "evil") || strings.Contains(got, "help.acme") || !strings.Contains(got, "Ask your IT help desk.") {
			t.Errorf("the support contact %+v is shown", bad)
		}
	}
}

func FuzzPages(f *testing.F) {
	for _, value := range hostile {
		f.Add(value, value, "/login")
	}
	f.Add("it@acme.com", "https://cdn.acme.com/logo.png", "https://atlas.example/cb")
	pages := web.New(nil)
	f.Fuzz(func(t *testing.T, text, address, to string) {
		frame := web.Frame{Application: text, Reference: text, Organization: web.Organization{Name: text, Logo: address, Support: web.Support{Name: text, Email: address, URL: address}}}
		for _, page := range []web.Page{
			&web.Welcome{Frame: frame, Name: text, Role: text, Teams: []string{text, text}, Continue: to},
			&web.Refusal{Frame: frame, Why: web.WrongAccount, Provider: text, Asked: text, Got: text, Again: to},
			&web.Login{Frame: frame, Form: web.Form{Action: to, Hidden: []web.Field{{Name: "a", Value: text}}}, Email: text, Problem: web.EmailInvalid},
			&web.Terms{Frame: frame, Form: web.Form{Action: "/terms"}, Version: text, Text: text, URL: address, Decline: to},
		} {
			w := httptest.NewRecorder()
			if pages.Render(w, 200, page) != nil {
				continue
			}
			html := parse(t, w.Body.String())
			checkVocabulary(t, html)
			checkReferences(t, html)
			for _, e := range html.all("a", "form", "img", "link") {
				for _, attr := range []string{"href", "action", "src"} {
					if at, has := e.attrs[attr]; has && !strings.HasPrefix(at, "/") && !strings.HasPrefix(at, "#") && !strings.HasPrefix(at, "https://") &&
						!strings.HasPrefix(at, "mailto:") && !strings.HasPrefix(strings.ToLower(at), "http") {
						t.Errorf("%s leads to %q", e.name, at)
					}
				}
			}
			if policy := w.Header().Get("Content-Security-Policy"); len(directives(t, policy)) != 6 {
				t.Errorf("the policy is %q", policy)
			}
		}
	})
}
