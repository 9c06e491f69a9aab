package config

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/mixus/usher/directory"
)

// permission is a value of permission sets that the application knows, and the shape that it must have.
type permission struct {
	name, doc, example string
	shape              string // "list", "size" or "level"
}

// permissions are the values that the application knows. A set may hold others; their shape is as they are written.
func permissions() []permission {
	return []permission{
		{"ai_models", "The models that may be used.", "[gpt-4, claude-3]", "list"},
		{"integrations", "The integrations that may be used.", "[email, analytics]", "list"},
		{"agent_creation", "Whether agents may be created: true, false, or admin_approval.", "admin_approval", "level"},
		{"file_upload_limit", "The largest file that may be uploaded.", "100MB", "size"},
		{"knowledge_base_access", "The parts of the knowledge base that may be read.", "[marketing, public]", "list"},
	}
}

// PermissionNames returns the names of the values that the application knows.
func PermissionNames() []string {
	var names []string
	for _, p := range permissions() {
		names = append(names, p.name)
	}
	return names
}

var levelForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// permissionSets is a mapping from the name of a set to its values.
func permissionSets() value[[]PermissionSet] {
	return mapOf(func(d *decoder, key, n *node) (PermissionSet, bool) {
		values, ok := permissionValues().read(d, n, spot{key: key.text, example: "{ai_models: [gpt-4], file_upload_limit: 100MB}"})
		return PermissionSet{At: key.at, Name: strings.TrimSpace(key.text), Values: values}, ok
	}, func(a, b PermissionSet) int { return cmp.Compare(a.Name, b.Name) }, permissionSetSchema, "a mapping from the names of sets to their values")
}

func permissionValues() value[[]PermissionValue] {
	return mapOf(func(d *decoder, key, n *node) (PermissionValue, bool) {
		v, ok := readPermission(d, key, n)
		return PermissionValue{At: key.at, Name: key.text, Value: v}, ok
	}, func(a, b PermissionValue) int { return cmp.Compare(a.Name, b.Name) }, nil, "a mapping from the names of permissions to their values")
}

// readPermission reads a value by the shape that the application expects, or, for a name that it does not know, as it
// is written.
func readPermission(d *decoder, key, n *node) (directory.Value, bool) {
	names := make([]string, 0, 5)
	for _, p := range permissions() {
		if p.name == key.text {
			return readShaped(d, p, n)
		}
		names = append(names, p.name)
	}
	if near := Nearest(key.text, names); near != "" {
		d.warn(key.at, fmt.Sprintf("the application does not know a permission %q", short(key.text)), fmt.Sprintf("write %q, if that is meant", near))
	}
	s := spot{key: key.text, example: "true"}
	switch {
	case n.kind == isList:
		return readList(d, n, s)
	case n.kind == isBoolean:
		return directory.LevelValue(n.text), true
	case n.kind == isText && levelForm.MatchString(n.text):
		return directory.LevelValue(n.text), true
	case n.kind == isText:
		if size, err := directory.ParseSize(n.text); err == nil {
			return directory.SizeValue(size), true
		}
	}
	d.wrong(n, s, "a list, a size such as 100MB, true, false or a word between them")
	return directory.Value{}, false
}

func readShaped(d *decoder, p permission, n *node) (directory.Value, bool) {
	s := spot{key: p.name, example: p.example}
	switch p.shape {
	case "list":
		return readList(d, n, s)
	case "size":
		if n.kind == isNumber {
			d.fail(n.at, fmt.Sprintf("%s is a number without a unit", s), fmt.Sprintf("write %sMB", short(n.text)))
			return directory.Value{}, false
		}
		text, ok := d.text(n, s, "a size such as 100MB", noPlaceholder)
		if !ok {
			return directory.Value{}, false
		}
		size, err := directory.ParseSize(text)
		if err != nil {
			d.fail(n.at, fmt.Sprintf("%s: %v", s, err), s.write(""))
			return directory.Value{}, false
		}
		return directory.SizeValue(size), true
	}
	if n.kind == isBoolean {
		return directory.LevelValue(n.text), true
	}
	word, ok := oneOf("true", "false", "admin_approval").read(d, n, s)
	return directory.LevelValue(word), ok
}

func readList(d *decoder, n *node, s spot) (directory.Value, bool) {
	items, ok := listOf(nameText(), "a list of texts").read(d, n, s)
	return directory.ListValue(items...), ok
}

func permissionSetSchema(defs *definitions) *jsonschema.Schema {
	return defs.reference("permission_set", func(defs *definitions) *jsonschema.Schema {
		texts := func() *jsonschema.Schema {
			return &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "string"}}
		}
		schema := &jsonschema.Schema{
			Type: "object", Description: "Values that a rule gives, merged by the most permissive where a person has several sets.",
			Properties: jsonschema.NewProperties(),
			AdditionalProperties: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
				texts(), {Type: "boolean"}, {Type: "string"},
			}},
		}
		for _, p := range permissions() {
			property := &jsonschema.Schema{Type: "string", Pattern: `^ *\d+(\.\d+)? *([KMGTkmgt][Ii]?)?[Bb] *$`}
			switch p.shape {
			case "list":
				property = texts()
			case "level":
				property = &jsonschema.Schema{Enum: []any{true, false, "admin_approval"}}
			}
			property.Description, property.Examples = p.doc, []any{key[Organization]{example: p.example}.sample()}
			schema.Properties.Set(p.name, property)
		}
		return schema
	})
}

// permissionSetsFile is the key that names a file of permission sets.
func permissionSetsFile(sets value[[]PermissionSet]) key[Organization] {
	path := filePath()
	return key[Organization]{
		name: "permission_sets_file", example: "permission-sets.json", schema: path.schema,
		doc: "A file of permission sets beside this one; they join those of permission_sets.",
		read: func(d *decoder, n *node, o *Organization) {
			name, ok := path.read(d, n, spot{key: "permission_sets_file", example: "permission-sets.json"})
			if !ok {
				return
			}
			d.include(n, name, func(sub *decoder, root *node) {
				got, _ := sets.read(sub, root, spot{key: "permission_sets_file"})
				o.PermissionSets = append(o.PermissionSets, got...)
			})
		},
	}
}
