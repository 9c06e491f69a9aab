package web

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

var placeholder = regexp.MustCompile(`\{([A-Za-z]*)\}`)

func TestPlaceholdersAreKnown(t *testing.T) {
	values := map[string]bool{"name": true, "asked": true, "got": true, "version": true, "reference": true, "inviter": true, "as": true, "done": true, "total": true, "minutes": true, "badge": true} // said only when known
	for key := range English() {
		if name, is := strings.CutPrefix(key, "word."); is {
			values[name] = true
		}
	}
	for key, text := range English() {
		if text == "" || strings.ContainsAny(text, "<>") {
			t.Errorf("%s is %q", key, text)
		}
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			if !values[strings.ToLower(m[1])] {
				t.Errorf("%s has {%s}, which nobody fills", key, m[1])
			}
		}
		if strings.Count(text, "{") != len(placeholder.FindAllString(text, -1)) {
			t.Errorf("%s has a brace too many", key)
		}
	}
}

func TestTexts(t *testing.T) {
	texts := English().With(Texts{"word.support": "der Helpdesk", "login.heading": "Anmelden bei {application}", "nonsense": "x"})
	if _, there := texts["nonsense"]; there {
		t.Error("an unknown key was taken")
	}
	if English()["login.heading"] != "Sign in" {
		t.Error("the English words were changed")
	}
	for text, want := range map[string]string{
		"Ask {support}.":            "Ask der Helpdesk.",
		"{Support} knows.":          "Der Helpdesk knows.",
		"{provider} {x} {":          "{support} {y}  {",
		"{Provider} did":            "{support} {y} did",
		"{application":              "{application",
		"no placeholder":            "no placeholder",
		"Ask {organization}. Now.":  "Ask Acme Inc. Now.",
		"{application}{application": "the application{application",
	} {
		if got := texts.put(text, map[string]string{"provider": "{support} {y}", "organization": "Acme Inc."}); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	w := httptest.NewRecorder()
	if err := New(texts).Render(w, 200, &Login{Frame: Frame{Application: "Atlas"}, Form: Form{Action: "/login"}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.Body.String(), "<h1>Anmelden bei Atlas</h1>") {
		t.Error("the words of another table are not used")
	}
}

func TestWhichAddressesAreOwn(t *testing.T) {
	for path, want := range map[string]bool{
		"/": true, "/login?x=1#y": true, "/a//b": true, "/%2f%2fevil": true,
		"": false, "login": false, "//evil": false, `/\evil`: false, "/\t/evil": false, "/\n/evil": false, "\t/x": false, "https://evil/": false, "/%zz": false,
	} {
		if got := ownPath(path); got != want {
			t.Errorf("%q is our own: %v", path, got)
		}
	}
}
