package usher_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/mixus/usher"

// The packages from top to bottom. An import goes down this list, never up and never sideways; a package below another
// in the same tree (scim/patch below scim) stands on its parent's line, and rooms says in which order. The reason says why
// a package stands where it does; places that later releases fill are named already.
var floors = []struct{ name, reason string }{
	{"cmd/usher", "flags, signals and exit codes: it starts everything, and nothing may start it"},
	{"bench", "drives the built program from outside, as a stranger would"},
	{"e2e", "signs people in from outside, by real providers and browsers"},
	{"examples", "plays transcripts over HTTP from outside, and knows nothing of the inside"},
	{"app", "wiring only, so that tests start the same process as cmd/usher"},
	{"api", "REST for the application and the command line"},
	{"scim", "what identity providers push"},
	{"sso", "what people sign in with"},
	{"web", "renders pages for people from values, and looks nothing up"},
	{"httpx", "what all transports share, and nothing of any one of them"},
	{"reconcile", "schedules pulls, which are facts like a push"},
	{"invite", "invites through the same door as a push"},
	{"provision", "the one door through which members change"},
	{"facts", "alone writes what sources said; it decides nothing"},
	{"access", "pure: what a member may do"},
	{"onboarding", "pure: what is asked of who is new, and how far they are; provision keeps it"},
	{"outbox", "reads the journal, changes nobody"},
	{"audit", "reads the journal, changes nothing"},
	{"store", "what a database must do; it knows rows, not rules"},
	{"mapping", "pure: facts, policy and time in, a decision out"},
	{"config", "files to plain data"},
	{"directory", "the nouns that everybody speaks of"},
}

// The packages within one tree, from top to bottom below their parent. Those that are not named here are siblings, which
// never import each other.
var rooms = []struct{ name, reason string }{
	{"scim/dialect", "makes canonical operations of what a provider sent"},
	{"scim/patch", "applies operations, and asks filters which values they mean"},
	{"scim/filter", "compiles expressions over the attributes of a schema"},
	{"scim/schema", "says which attributes there are"},
	{"sso/provider", "is the OpenID provider towards the application"},
	{"sso/trust", "keeps what we and each provider know of one another"},
	{"sso/saml", "makes an identity of a SAML response"},
	{"sso/oidc", "makes an identity of an ID token"},
	{"sso/identity", "a verified sign-in, in which protocols do not differ"},
	{"sso/session", "the cookie of who is signed in"},
}

// A library is imported where its concern lives and nowhere else, so that replacing it is one room's work.
var libraries = []struct {
	library string
	homes   []string
	reason  string
}{
	{"go.etcd.io/bbolt", []string{"store/bolt", "cmd/usher", "bench"}, "engines are behind store.Store; compacting and measuring open the file itself"},
	{"cel.dev/cel-go", []string{"mapping"}, "conditions are a matter of policy"},
	{"github.com/goccy/go-yaml", []string{"config"}, "files become plain data in one place"},
	{"github.com/invopop/jsonschema", []string{"config"}, "the schema of a file lives with its reader"},
	{"github.com/elimity-com/scim", []string{"scim"}, "SCIM stops at the transport"},
	{"github.com/scim2/filter-parser", []string{"scim"}, "SCIM stops at the transport"},
	{"github.com/danielgtaylor/huma", []string{"api"}, "REST stops at the transport"},
	{"github.com/crewjam/saml", []string{"sso/saml"}, "the application never hears of SAML, nor does anybody else"},
	{"github.com/russellhaering/goxmldsig", []string{"sso/saml"}, "signatures of XML are a matter of SAML"},
	{"github.com/coreos/go-oidc", []string{"sso/oidc", "examples/app"}, "OpenID Connect stops at the transport"},
	{"golang.org/x/oauth2", []string{"sso/oidc", "examples/app"}, "OpenID Connect stops at the transport"},
	{"github.com/go-webauthn", []string{"sso/passkey"}, "passkeys are one room's work"},
	{"github.com/trustelem/zxcvbn", []string{"sso/password"}, "which passwords are common is for the rule about them alone"},
	{"golang.org/x/crypto/argon2", []string{"sso/password"}, "a password is hashed in one place"},
	{"github.com/zitadel", []string{"sso/provider"}, "the application's OpenID provider is one room's work"},
	{"github.com/wneessen/go-mail", []string{"outbox/mail"}, "how mail is written and handed over is one room's work"},
	{"github.com/emersion/go-smtp", []string{"outbox/mail/mailtest"}, "usher sends mail and serves none; the server is for tests"},
	{"github.com/chromedp", []string{"e2e"}, "usher drives no browser; its tests do"},
	{"github.com/spf13/cobra", []string{"cmd/usher"}, "only the program has flags"},
	{"github.com/schollz/progressbar", []string{"cmd/usher"}, "only the program has a terminal"},
}

// Beyond the order of the list, some packages promise more.
var promises = []struct {
	name    string
	forbids func(imported string) bool
	reason  string
}{
	{"directory", func(p string) bool { return !standard(p) }, "everybody imports it, so it imports the standard library only"},
	{"config", func(p string) bool { return own(p) && p != module+"/directory" }, "a file is read without knowing what it will be used for"},
	{"mapping", func(p string) bool { return impure(p) }, "a decision is a function: no network, file, store or log (law 2)"},
	{"access", func(p string) bool { return impure(p) }, "what a member may do is a function too"},
	{"onboarding", func(p string) bool { return impure(p) }, "how far a member is, is one as well"},
	{"examples", func(p string) bool { return own(p) }, "examples stand outside, and come in over HTTP"},
	{"store", func(p string) bool { return under(p, "net/http") }, "a database answers no requests"},
	{"web", func(p string) bool { return own(p) && p != module+"/directory" }, "a page shows what it is given (decision 0008)"},
}

// source is one Go file that is no test.
type source struct {
	dir  string // relative to the root, with slashes; "." for the root
	path string
	file *ast.File
}

func TestImportsGoDown(t *testing.T) {
	for _, s := range sources(t) {
		for _, imported := range imports(t, s) {
			for _, complaint := range complaints(s.dir, imported) {
				t.Errorf("%s imports %s: %s", s.path, imported, complaint)
			}
		}
	}
}

func TestWhatTheRulesRefuse(t *testing.T) {
	for _, c := range []struct {
		from, imports string
		refused       bool
	}{
		{"scim", module + "/provision", false},
		{"provision", module + "/scim", true},
		{"scim", module + "/api", true},
		{"api", module + "/scim/patch", true},
		{"scim", module + "/scim/patch", false},
		{"scim/patch", module + "/scim", true},
		{"scim/patch", module + "/scim/filter", false},
		{"scim/filter", module + "/scim/patch", true},
		{"scim/bulk", module + "/scim/patch", true},
		{"store/bolt", module + "/store/storetest", true},
		{"app", module + "/store/storetest", true},
		{"sso/saml", module + "/sso/saml/samltest", true},
		{"sso/saml/samltest", "github.com/russellhaering/goxmldsig", false},
		{"scim/dialect", module + "/directory", false},
		{"app", module + "/examples", true},
		{"cmd/usher", module + "/examples", false},
		{"directory", "golang.org/x/text/unicode/norm", true},
		{"config", module + "/mapping", true},
		{"mapping", "net/http", true},
		{"mapping", "strings", false},
		{"provision", "go.etcd.io/bbolt", true},
		{"store/bolt", "go.etcd.io/bbolt", false},
		{"store/bolt", module + "/store", false},
		{"facts", module + "/store/bolt", true},
		{"app", module + "/store/bolt", false},
		{"elsewhere", module + "/directory", true},
	} {
		if got := len(complaints(c.from, c.imports)) > 0; got != c.refused {
			t.Errorf("%s importing %s: refused is %v, want %v", c.from, c.imports, got, c.refused)
		}
	}
}

func TestMappingReadsNoClock(t *testing.T) {
	for _, s := range sources(t) {
		if !under(s.dir, "mapping") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name) {
					t.Errorf("%s calls time.%s: a decision is a function of facts, policy and the instant it is given (law 2)", s.path, sel.Sel.Name)
				}
			}
			return true
		})
	}
}

func TestEveryPackageHasOneComment(t *testing.T) {
	commented := map[string][]string{}
	for _, s := range sources(t) {
		commented[s.dir] = append(commented[s.dir], []string{}...)
		if s.file.Doc == nil {
			continue
		}
		commented[s.dir] = append(commented[s.dir], s.path)
		want := "Package " + s.file.Name.Name + " "
		if s.file.Name.Name == "main" {
			want = "Command " + path.Base(s.dir) + " "
		}
		if !strings.HasPrefix(s.file.Doc.Text(), want) {
			t.Errorf("%s: the package comment begins with %q", s.path, want)
		}
	}
	for dir, files := range commented {
		if len(files) != 1 {
			t.Errorf("package %s has %d package comments, want one: %v", dir, len(files), files)
		}
	}
}

func TestPackagesAreNamedAfterWhatLivesThere(t *testing.T) {
	forbidden := []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "lib", "pkg", "types", "models", "internal", "core"}
	for _, s := range sources(t) {
		for _, part := range strings.Split(s.dir, "/") {
			if slices.Contains(forbidden, part) {
				t.Errorf("%s: %q says nothing about what lives there", s.path, part)
			}
		}
	}
}

// complaints says what is wrong with one package importing another; nothing when nothing is.
func complaints(dir, imported string) []string {
	var out []string
	for _, l := range libraries {
		if (imported == l.library || strings.HasPrefix(imported, l.library+"/")) && !slices.ContainsFunc(l.homes, func(home string) bool { return under(dir, home) }) {
			out = append(out, fmt.Sprintf("only %s may: %s", strings.Join(l.homes, ", "), l.reason))
		}
	}
	for _, p := range promises {
		if under(dir, p.name) && p.forbids(imported) {
			out = append(out, p.reason)
		}
	}
	if own(imported) {
		if why := upward(dir, strings.TrimPrefix(imported, module+"/")); why != "" {
			out = append(out, why)
		}
	}
	return out
}

// upward says why an import between two of our packages is against the list, and nothing when it is not.
func upward(from, to string) string {
	if to == "examples" && from != "cmd/usher" {
		return "only tests and the demo of cmd/usher play transcripts"
	}
	if from == "examples" {
		return ""
	}
	if strings.HasSuffix(to, "test") {
		return "only tests import it: it makes what they are tried with"
	}
	f, t := floor(from), floor(to)
	switch {
	case f < 0:
		return from + " is not on the list of packages: give it a floor in arch_test.go and docs/architecture.md"
	case t < 0:
		return to + " is not on the list of packages: give it a floor in arch_test.go and docs/architecture.md"
	case f == t && strings.HasPrefix(to, from+"/"):
		return ""
	case f == t && to == "store":
		return "" // an engine is made to its parent's interface
	case f == t:
		return sideways(from, to)
	case f > t:
		return fmt.Sprintf("imports go down the list, and %s is above: %s", floors[t].name, floors[t].reason)
	case floors[t].name == "store" && to != "store" && !slices.Contains([]string{"app", "cmd/usher"}, from):
		return "only app chooses an engine; everybody else speaks to package store"
	case transport(from) && transport(to):
		return "transports never import each other"
	}
	return ""
}

// sideways judges an import within one tree.
func sideways(from, to string) string {
	f, t := room(from), room(to)
	switch {
	case under(from, to):
		return "a child does not import its parent"
	case f < 0 || t < 0:
		return "siblings never import each other, unless rooms in arch_test.go says which of them is below"
	case f > t:
		return fmt.Sprintf("%s is above: it %s", to, rooms[t].reason)
	}
	return ""
}

func room(dir string) int {
	return slices.IndexFunc(rooms, func(r struct{ name, reason string }) bool { return under(dir, r.name) })
}

func transport(dir string) bool {
	return slices.ContainsFunc([]string{"api", "scim", "sso"}, func(name string) bool { return under(dir, name) })
}

func floor(dir string) int {
	return slices.IndexFunc(floors, func(f struct{ name, reason string }) bool { return under(dir, f.name) })
}

func under(dir, parent string) bool { return dir == parent || strings.HasPrefix(dir, parent+"/") }

func own(imported string) bool { return under(imported, module) }

func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func impure(imported string) bool {
	if own(imported) {
		return imported != module+"/config" && imported != module+"/directory"
	}
	for _, outside := range []string{"net/http", "os", "io/fs", "log", "database", "math/rand", "crypto/rand", "syscall"} {
		if under(imported, outside) {
			return true
		}
	}
	return imported == "net"
}

func imports(t *testing.T, s source) []string {
	t.Helper()
	out := make([]string, 0, len(s.file.Imports))
	for _, spec := range s.file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("%s: %v", s.path, err)
		}
		out = append(out, imported)
	}
	return out
}

// sources parses every Go file of this module that is no test.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(p, d.Name())
		}
		if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(files, p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		out = append(out, source{dir: filepath.ToSlash(filepath.Dir(p)), path: filepath.ToSlash(p), file: f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("found %d files: the walk has gone wrong", len(out))
	}
	return out
}

// enter reports fs.SkipDir for what is not part of this module's build.
func enter(p, name string) error {
	if p == "." {
		return nil
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}
