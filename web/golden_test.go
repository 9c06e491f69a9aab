package web_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/web"
)

var update = flag.Bool("update", false, "write the pages into testdata/golden")

// rendered is a page as a browser gets it.
func rendered(t *testing.T, pages *web.Pages, page web.Page) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if err := pages.Render(w, http.StatusOK, page); err != nil {
		t.Fatal(err)
	}
	return w
}

func body(t *testing.T, page web.Page) string {
	t.Helper()
	return rendered(t, web.New(nil), page).Body.String()
}

func TestPagesAreAsBefore(t *testing.T) {
	kept := map[string]bool{}
	for name, page := range samples() {
		path := filepath.Join("testdata", "golden", name+".html")
		kept[path] = true
		// The names of the assets change with what is in them, and would change every page.
		got := hashes.ReplaceAllString(body(t, page), "usher.HASH.$1")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v; run go test ./web -update, and read what it wrote", err)
			continue
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s has changed; run go test ./web -update if that was the intention (-before +now):\n%s", name, diff)
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !kept[file] {
			t.Errorf("%s belongs to no page", file)
		}
	}
}

func TestPagesSayWhatToDoAndWhomToAsk(t *testing.T) {
	for name, want := range map[string][]string{
		"refused-notassigned":  {"Okta did not let you in", "Ask IT Service Desk to assign the app to you.", ">Try again</a>"},
		"refused-notpushed":    {"Your directory has not told us about you yet", "Try again."},
		"refused-expired":      {"Please start again", "Nothing is wrong with your account", ">Start again</a>"},
		"refused-suspended":    {">Write to IT Service Desk</a>", `href="mailto:it@acme.com?subject=Sign-in%20to%20Atlas%3A%20reference%20K7QM-2F9D"`},
		"suspended-no-support": {"Ask your IT help desk if you still need it.", ">Try again</a>"},
		"unavailable-bare":     {"<h1>Your company&#39;s sign-in does not answer</h1>"},
		"wrong-account-known":  {"You asked to sign in as ann@acme.com, and came back as ann.lee@acme.com."},
		"welcome":              {"<h1>Welcome, Ann</h1>", "You have joined Acme Inc.", "platform, search"},
		"post":                 {"This page runs no scripts, so it waits for you to press the button."},
		"terms":                {`name="version" value="2026-10"`, "<p>1. Be kind.</p>\n<p>2. What you put in stays yours.</p>"},
	} {
		got := body(t, samples()[name])
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%s does not say %q", name, text)
			}
		}
	}
}

func TestEveryRefusalHasItsReference(t *testing.T) {
	for name, page := range samples() {
		refusal, ok := page.(*web.Refusal)
		if !ok {
			continue
		}
		if !strings.Contains(body(t, page), "<strong>K7QM-2F9D</strong>") {
			t.Errorf("%s does not show its reference", name)
		}
		refusal.Reference = ""
		if err := web.New(nil).Render(httptest.NewRecorder(), http.StatusForbidden, refusal); err == nil {
			t.Errorf("%s was shown without a reference", name)
		}
	}
}

// A stranger who types addresses sees the same page whatever they type.
func TestPagesForStrangersTellNothingOfAccounts(t *testing.T) {
	for name, page := range map[string]func(email string) web.Page{
		"unknown address": func(email string) web.Page {
			return &web.UnknownAddress{Frame: web.Frame{Reference: "R"}, Email: email, Again: "/login", Code: "/login/code"}
		},
		"code": func(email string) web.Page {
			return &web.CodeEntry{Frame: acme(), Form: web.Form{Action: "/login/code"}, Email: email, Again: "/login/code"}
		},
	} {
		one, two := body(t, page("root@acme.com")), body(t, page("nobody@acme.com"))
		if strings.ReplaceAll(one, "root@acme.com", "nobody@acme.com") != two {
			t.Errorf("the page %s differs for two addresses", name)
		}
		for _, telling := range []string{"account exists", "no account", "not registered", "no such user"} {
			if strings.Contains(strings.ToLower(one), telling) {
				t.Errorf("the page %s says %q", name, telling)
			}
		}
	}
}
