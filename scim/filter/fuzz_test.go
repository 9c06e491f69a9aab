package filter

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/scim/schema"
)

// glued finds what only the library takes: keywords with no blank beside them, inside brackets.
var glued = regexp.MustCompile(`(?i)[^\s(](and|or)[\s"]|[\s"](and|or)[^\s(]|[^\s([](and|or)[^\s(]`)

// FuzzFilter holds the parser against the library's: what that reads, this one reads as the same tree. Whatever is read
// survives being written out and read again, and compiles or is refused without a panic.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "ann"`, `a pr`, `not (a pr)`, `a eq 1 and b ne -2.5e3 or c co "x"`, `emails[type eq "work" and value co "@"]`,
		`emails[type eq "work"].value eq "x"`, `urn:ietf:params:scim:schemas:core:2.0:User:name.givenName sw "J"`, `a eq bob@x.y`,
		`title eq "\u00e4\n\""`, `((a pr) or (b pr)) and not(c eq null)`, `a eq TRUE`, `active eq "True"`, `meta.created gt "2026-01-01T00:00:00Z"`,
		`emails[not (primary eq true)]`, `a eq "`, `a[`, `members[value eq "1" or value eq "2" or value eq "3"]`,
	} {
		f.Add(seed)
	}
	res, err := schema.User(nil)
	if err != nil {
		f.Fatal(err)
	}
	rec := &Record{ID: "i", Attributes: map[string]any{"userName": "ann", "emails": []any{map[string]any{"value": "x", "type": "work"}}}}
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := parse(text)
		if want, libErr := libraryFilter(text); libErr == nil && !glued.MatchString(text) && depth(text) <= MaxDepth {
			if err != nil {
				t.Fatalf("%q: the library reads it, and here: %v", text, err)
			}
			if diff := cmp.Diff(want, plain(tree)); diff != "" {
				t.Fatalf("%q (-library +here):\n%s", text, diff)
			}
		}
		if err != nil {
			return
		}
		if again, err := parse(render(tree)); len(render(tree)) <= MaxText && (err != nil || render(again) != render(tree)) {
			t.Fatalf("%q is written as %q, which reads as %v, %v", text, render(tree), again, err)
		}
		if compiled, err := Parse(res, text); err == nil {
			compiled.Match(rec)
			compiled.Match(&Record{})
			if l, ok := compiled.Lookup(); ok && l.Exact && l.Kind == LookupID && compiled.Match(rec) != (l.Value == rec.ID) {
				t.Fatalf("%q: the look-up %+v does not say what the filter says", text, l)
			}
		}
	})
}

// libraryFilter asks the library, short of what takes it too long.
func libraryFilter(text string) (any, error) {
	if len(text) > 300 || strings.Count(text, "(") > 6 {
		return nil, strconv.ErrRange
	}
	tree, err := ast.ParseFilterNumber([]byte(text))
	if err != nil {
		return nil, err
	}
	return plain(tree), escapeCheck(tree)
}

func depth(text string) int { return strings.Count(text, "(") }

// escapeCheck leaves out trees with escapes, which the library does not decode.
func escapeCheck(e ast.Expression) error {
	if strings.Contains(render(e), `\`) {
		return strconv.ErrSyntax
	}
	return nil
}

// plain turns a tree into values that compare by content.
func plain(e ast.Expression) any {
	switch e := e.(type) {
	case *ast.NotExpression:
		return []any{"not", plain(e.Expression)}
	case *ast.LogicalExpression:
		return []any{string(e.Operator), plain(e.Left), plain(e.Right)}
	case *ast.ValuePath:
		return []any{e.AttributePath.String(), plain(e.ValueFilter)}
	case *ast.AttributeExpression:
		value := e.CompareValue
		if n, ok := value.(json.Number); ok {
			value = strings.ToLower(n.String())
		}
		return []any{e.AttributePath.String(), string(e.Operator), value}
	}
	return nil
}
