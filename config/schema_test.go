package config

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fits checks a JSON value against a JSON Schema as far as this package's schemas go, and returns what does not fit.
func fits(root, schema map[string]any, v any, path string) []string {
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/$defs/")
		target, ok := root["$defs"].(map[string]any)[name].(map[string]any)
		if !ok {
			return []string{path + ": no definition " + name}
		}
		return fits(root, target, v, path)
	}
	if alternatives, ok := schema["anyOf"].([]any); ok {
		for _, s := range alternatives {
			if sub, ok := s.(map[string]any); ok && len(fits(root, sub, v, path)) == 0 {
				return nil
			}
		}
		return []string{fmt.Sprintf("%s: %v fits none of %v", path, v, alternatives)}
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return []string{fmt.Sprintf("%s: %v is none of %v", path, v, enum)}
	}
	switch want, _ := schema["type"].(string); want {
	case "object":
		return fitsObject(root, schema, v, path)
	case "array":
		items, ok := v.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %v is no array", path, v)}
		}
		var wrong []string
		for i, item := range items {
			wrong = append(wrong, fits(root, schema["items"].(map[string]any), item, fmt.Sprintf("%s[%d]", path, i))...)
		}
		return wrong
	case "string":
		s, ok := v.(string)
		if pattern, has := schema["pattern"].(string); !ok || has && !regexp.MustCompile(pattern).MatchString(s) {
			return []string{fmt.Sprintf("%s: %v is no string of the pattern %q", path, v, pattern)}
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return []string{fmt.Sprintf("%s: %v is no boolean", path, v)}
		}
	case "integer", "number":
		if _, ok := v.(float64); !ok {
			return []string{fmt.Sprintf("%s: %v is no number", path, v)}
		}
	case "null":
		if v != nil {
			return []string{fmt.Sprintf("%s: %v is not null", path, v)}
		}
	}
	return nil
}

func fitsObject(root, schema map[string]any, v any, path string) []string {
	object, ok := v.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s: %v is no object", path, v)}
	}
	properties, _ := schema["properties"].(map[string]any)
	var wrong []string
	for name, value := range object {
		sub, known := properties[name].(map[string]any)
		if !known {
			sub, known = schema["additionalProperties"].(map[string]any)
		}
		switch {
		case known:
			wrong = append(wrong, fits(root, sub, value, path+"."+name)...)
		case schema["additionalProperties"] == false:
			wrong = append(wrong, path+": unknown key "+name)
		}
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, given := object[name.(string)]; !given {
			wrong = append(wrong, fmt.Sprintf("%s: %v is missing", path, name))
		}
	}
	return wrong
}

func decodeSchema(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	if schema["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Fatalf("the schema says that it is %v", schema["$schema"])
	}
	return schema
}

func TestExamplesFitTheSchema(t *testing.T) {
	organization, operator := decodeSchema(t, OrganizationSchema()), decodeSchema(t, OperatorSchema())
	for file, schema := range map[string]map[string]any{
		"../examples/acme/organizations/acme.yaml":       organization,
		"../examples/minimal/organizations/minimal.yaml": organization,
		"testdata/everything.yaml":                       organization,
		"../examples/acme/usher.yaml":                    operator,
		"../examples/minimal/usher.yaml":                 operator,
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		root, problems := parseTree(newSource(file, text))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, wrong := range fits(schema, schema, plain(root), "") {
			t.Errorf("%s%s", file, wrong)
		}
	}
	root, _ := parseTree(newSource("x", []byte("organization: {id: acme}\nrules: [{grops: [A]}]")))
	if wrong := fits(organization, organization, plain(root), ""); len(wrong) != 1 {
		t.Errorf("an unknown key gave %v", wrong)
	}
}

// checkSchema walks a schema: every key is described, and its example fits.
func checkSchema(t *testing.T, root map[string]any, name string, schema map[string]any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	for key, p := range properties {
		property := p.(map[string]any)
		if doc, _ := property["description"].(string); !strings.HasSuffix(doc, ".") {
			t.Errorf("%s.%s has no sentence to describe it: %q", name, key, doc)
		}
		samples, _ := property["examples"].([]any)
		if len(samples) != 1 {
			t.Errorf("%s.%s has no example", name, key)
		}
		for _, example := range samples {
			for _, wrong := range fits(root, property, example, name+"."+key) {
				t.Error(wrong)
			}
		}
	}
}

func TestEveryKeyIsDescribed(t *testing.T) {
	for title, text := range map[string][]byte{"organization": OrganizationSchema(), "operator": OperatorSchema()} {
		root := decodeSchema(t, text)
		checkSchema(t, root, title, root)
		for name, def := range root["$defs"].(map[string]any) {
			checkSchema(t, root, name, def.(map[string]any))
		}
	}
}

// checkTable reads the example of every key of a table as the parser would.
func checkTable[T any](t *testing.T, table *object[T]) {
	t.Helper()
	for _, k := range table.keys {
		d := &decoder{src: newSource("example", []byte(k.example)), options: Options{
			Read: folder{base: "testdata", root: "testdata"}.read, List: folder{base: "testdata", root: "testdata"}.list,
		}}
		root, problems := parseTree(d.src)
		if root == nil {
			t.Fatalf("the example of %s.%s cannot be read: %v", table.name, k.name, problems)
		}
		into := table.start
		var v T
		if into != nil {
			v = into(root.at)
		}
		k.read(d, root, &v)
		for _, p := range d.finish() {
			t.Errorf("the example of %s.%s has a problem: %s", table.name, k.name, p)
		}
	}
}

func TestParserTakesItsOwnExamples(t *testing.T) {
	checkTable(t, organizationTable())
	checkTable(t, identityTable())
	checkTable(t, supportTable())
	checkTable(t, policyTable())
	checkTable(t, phaseTable())
	checkTable(t, domainTable())
	checkTable(t, connectionTable())
	checkTable(t, subjectTable())
	checkTable(t, samlTable())
	checkTable(t, oidcTable())
	checkTable(t, extensionTable())
	checkTable(t, attributeTable())
	checkTable(t, departmentTable())
	checkTable(t, roleTable())
	checkTable(t, ruleTable())
	checkTable(t, denyTable())
	checkTable(t, ignoreTable())
	checkTable(t, breakGlassTable())
	checkTable(t, brakeTable())
	checkTable(t, testTable())
	checkTable(t, expectTable())
	checkTable(t, absentTable())
	checkTable(t, operatorTable())
	checkTable(t, tlsTable())
	checkTable(t, logTable())
	checkTable(t, backupTable())
	checkTable(t, mailTable())
	checkTable(t, termsTable())
	checkTable(t, lettersTable())
	checkTable(t, resourceTable())
	checkTable(t, projectTable())
	checkTable(t, projectMembersTable())
	checkTable(t, spaceTable())
	checkTable(t, sharedAgentTable())
	checkTable(t, sharedIntegrationTable())
}

func TestEverythingNamesEveryKey(t *testing.T) {
	text, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	root, _ := parseTree(newSource("everything", text))
	for _, name := range organizationTable().names() {
		if root.get(name) == nil {
			t.Errorf("testdata/everything.yaml does not show %q", name)
		}
	}
	for _, name := range ruleTable().names() {
		if root.get("rules").items[0].get(name) == nil {
			t.Errorf("testdata/everything.yaml does not show a rule's %q", name)
		}
	}
}
