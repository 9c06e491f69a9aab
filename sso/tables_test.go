package sso

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/web"
)

// constants returns the values of a file's constants of one type, so that a new one cannot be left out of a table.
func constants(t *testing.T, file, kind string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == kind {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, text)
		}
		return true
	})
	if len(out) < 5 {
		t.Fatalf("%s has %d constants of type %s", file, len(out), kind)
	}
	return out
}

func TestEveryRefusalHasAPage(t *testing.T) {
	used := map[web.Why]bool{web.WrongAccount: true, web.TooMany: true}
	broken := func(a refused) bool { return a.why == web.Broken || a.status == http.StatusInternalServerError }
	for _, code := range constants(t, "identity/identity.go", "Code") {
		a := answerTo(identity.Code(code))
		used[a.why] = true
		if broken(a) {
			t.Errorf("the refusal %s is answered with %d %s", code, a.status, a.why)
		}
	}
	for _, code := range constants(t, "../provision/login_codes.go", "LoginCode") {
		c := provision.LoginCode(code)
		a := answerToLogin(c)
		used[a.why] = true
		if broken(a) != (c.Because() == "") {
			t.Errorf("the refusal %s is answered with %d %s", code, a.status, a.why)
		}
	}
	for _, kind := range directory.Kinds() {
		a := answerToKind(kind)
		used[a.why] = true
		if a.status < 400 || a.why == "" || (a.status == http.StatusInternalServerError) != (kind == directory.Internal) {
			t.Errorf("an error of kind %s is answered with %d %s", kind, a.status, a.why)
		}
	}
	for _, why := range web.Reasons() {
		if !used[why] {
			t.Errorf("nobody is shown the page %s", why)
		}
	}
}

func TestSealsHoldForTheirCookieAndKeyAlone(t *testing.T) {
	one, other := newSeal([32]byte{1}), newSeal([32]byte{2})
	value, err := one.close("a", ask{Connection: "acme-okta", At: time.Unix(1, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	var got ask
	if !one.open("a", value, &got) || got.Connection != "acme-okta" {
		t.Errorf("it opens as %+v", got)
	}
	again, err := one.close("a", got)
	if err != nil || again == value || strings.Contains(value, "acme") {
		t.Errorf("sealed twice: %q and %q, %v", value, again, err)
	}
	if one.open("b", value, &got) || other.open("a", value, &got) || one.open("a", value[:len(value)-2], &got) || one.open("a", "", &got) || newSeal([32]byte{}).open("a", value, &got) {
		t.Error("it opens where it should not")
	}
}

func TestAgents(t *testing.T) {
	for header, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                 "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0":          "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                  "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/139.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36":                  "Chrome on Android",
		"curl/8.5.0": "", "": "",
	} {
		if got := agent(header); got != want {
			t.Errorf("%q is called %q, want %q", header, got, want)
		}
	}
}

var _ Lines = (*trust.Keeper)(nil)
