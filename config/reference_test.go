package config

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
)

// referencePage is where the keys of an organization file are listed for people. Its tables stand between marks that name
// a definition of the JSON Schema; everything else on it is written by hand.
const referencePage = "../docs/mapping.md"

var (
	keysMark    = regexp.MustCompile(`(?s)<!-- keys of (\S+) -->\n.*?<!-- end -->`)
	headingLine = regexp.MustCompile(`(?m)^#+ (.+)$`)
	plainText   = regexp.MustCompile(`^[\pL\pN_$][\pL\pN_ ./@&+*-]*$`)
)

// keyTables writes tables of keys for people, from the JSON Schema.
type keyTables struct {
	definitions map[string]*jsonschema.Schema
	anchors     map[string]string // definition → where on the page its table is
}

func newKeyTables(page string) *keyTables {
	defs := &definitions{all: map[string]*jsonschema.Schema{}}
	root := organizationTable().describe(defs)
	defs.all["file"] = root
	r := &keyTables{definitions: defs.all, anchors: map[string]string{}}
	for _, mark := range keysMark.FindAllStringSubmatchIndex(page, -1) {
		if headings := headingLine.FindAllStringSubmatch(page[:mark[0]], -1); len(headings) > 0 {
			r.anchors[page[mark[2]:mark[3]]] = anchor(headings[len(headings)-1][1])
		}
	}
	return r
}

// anchor is the fragment under which a heading is found.
func anchor(heading string) string {
	kept := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(heading))
	return "#" + strings.ReplaceAll(kept, " ", "-")
}

// table writes the keys of a definition.
func (r *keyTables) table(name string) string {
	schema := r.definitions[name]
	if schema == nil {
		return "There are no keys of " + name + ".\n"
	}
	var b strings.Builder
	b.WriteString(schema.Description + "\n\n| key | value | what it says | for example |\n|---|---|---|---|\n")
	for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
		key := "`" + pair.Key + "`"
		if slices.Contains(schema.Required, pair.Key) {
			key += " (needed)"
		}
		example := ""
		if len(pair.Value.Examples) > 0 {
			example = "`" + r.flow(pair.Value.Examples[0], pair.Value) + "`"
			if text, ok := pair.Value.Examples[0].(string); ok && !strings.HasPrefix(text, "*") { // as a value of its own it needs fewer quotes
				example = "`" + text + "`"
			}
		}
		cells := []string{key, r.words(pair.Value), pair.Value.Description, example}
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return b.String()
}

// words says what a key takes.
func (r *keyTables) words(s *jsonschema.Schema) string {
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		return fmt.Sprintf("[%s](%s)", strings.ReplaceAll(name, "_", " "), r.anchors[name])
	}
	if len(s.AnyOf) > 0 {
		return r.words(s.AnyOf[0])
	}
	if len(s.Enum) > 0 {
		var all []string
		for _, v := range s.Enum {
			all = append(all, fmt.Sprintf("`%v`", v))
		}
		return strings.Join(all, ", ")
	}
	switch s.Type {
	case "array":
		return "list of " + r.words(s.Items)
	case "object":
		if s.AdditionalProperties == nil {
			return "mapping"
		}
		return "mapping from name to " + r.words(s.AdditionalProperties)
	case "boolean":
		return "`true`, `false`"
	case "integer", "number":
		return "number"
	}
	switch {
	case s.Pattern == duration().schema(nil).Pattern:
		return "duration"
	case s.Pattern == instant().schema(nil).Pattern:
		return "date or instant"
	}
	return "text"
}

// resolved follows a reference, and takes what is there of a value that may be blank.
func (r *keyTables) resolved(s *jsonschema.Schema) *jsonschema.Schema {
	if s != nil && len(s.AnyOf) > 0 {
		s = s.AnyOf[0]
	}
	if s != nil && s.Ref != "" {
		s = r.definitions[strings.TrimPrefix(s.Ref, "#/$defs/")]
	}
	if s == nil {
		s = &jsonschema.Schema{}
	}
	if s.Properties == nil {
		s.Properties = jsonschema.NewProperties()
	}
	return s
}

// flow writes an example as people write YAML, on one line, with keys in the order of their table.
func (r *keyTables) flow(v any, s *jsonschema.Schema) string {
	s = r.resolved(s)
	switch v := v.(type) {
	case []any:
		items := make([]string, len(v))
		for i := range v {
			items[i] = r.flow(v[i], s.Items)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var order []string
		for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
			order = append(order, pair.Key)
		}
		items := make([]string, 0, len(v))
		for _, key := range slices.SortedFunc(maps.Keys(v), func(a, b string) int {
			return cmp.Or(cmp.Compare(slices.Index(order, a), slices.Index(order, b)), cmp.Compare(a, b))
		}) {
			inner := s.AdditionalProperties
			if property, ok := s.Properties.Get(key); ok {
				inner = property
			}
			items = append(items, key+": "+r.flow(v[key], inner))
		}
		return "{" + strings.Join(items, ", ") + "}"
	case string:
		if plainText.MatchString(v) {
			return v
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestTheReferenceListsEveryKey(t *testing.T) {
	text, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	r := newKeyTables(page)
	for name := range r.definitions {
		if n := strings.Count(page, "<!-- keys of "+name+" -->"); n != 1 {
			t.Errorf("docs/mapping.md has the keys of %q %d times; write <!-- keys of %s --> and <!-- end --> where they belong", name, n, name)
		}
	}
	now := keysMark.ReplaceAllStringFunc(page, func(old string) string {
		name := keysMark.FindStringSubmatch(old)[1]
		return "<!-- keys of " + name + " -->\n" + r.table(name) + "<!-- end -->"
	})
	if now == page {
		return
	}
	if flag.Lookup("update").Value.String() != "true" {
		t.Fatal("the tables of docs/mapping.md are out of date; run go test ./config -run Reference -update, and read what changed")
	}
	if err := os.WriteFile(referencePage, []byte(now), 0o600); err != nil {
		t.Fatal(err)
	}
}
