package patch_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/patch"
)

// chooser turns the fuzzer's bytes into choices.
type chooser struct {
	data []byte
	at   int
}

func (c *chooser) pick(options ...string) string {
	if c.at >= len(c.data) {
		return options[0]
	}
	c.at++
	return options[int(c.data[c.at-1])%len(options)]
}

func (c *chooser) element() string {
	return "{" + strings.Join([]string{
		`"value":` + c.pick(`"a"`, `"A"`, `"b"`), `"type":` + c.pick(`"work"`, `"home"`, `"Work"`),
		`"primary":` + c.pick("true", "false", "null"), `"display":` + c.pick("null", `"D"`, `"E"`),
	}, ",") + "}"
}

func (c *chooser) elements() string {
	switch c.pick("1", "0", "2", "3") {
	case "0":
		return "[]"
	case "2":
		return "[" + c.element() + "," + c.element() + "]"
	case "3":
		return "[" + c.element() + "," + c.element() + "," + c.element() + "]"
	}
	return "[" + c.element() + "]"
}

func (c *chooser) resource() string {
	return expand(`{"userName":"u","title":` + c.pick("null", `"Dr"`) + `,"name":` + c.pick("null", `{"givenName":"A"}`, `{"givenName":"A","familyName":"B"}`) +
		`,"emails":` + c.elements() + `,"addresses":` + c.pick("null", `[{"type":"work","region":"R"},{"type":"home","region":"R","primary":true}]`) +
		`,"STAFF":{"tags":` + c.pick("null", `["x"]`, `["x","y"]`) + `},"ENT":{"department":` + c.pick("null", `"D"`) +
		`,"manager":` + c.pick("null", `{"value":"a"}`, `{"value":"b","$ref":"/b"}`) + `}}`)
}

func (c *chooser) operation() string {
	op := c.pick("add", "remove", "replace")
	path, value := "", ""
	switch c.pick("whole", "element", "sub", "simple", "complex", "tags") {
	case "whole":
		path, value = "emails", c.elements()
	case "element":
		path, value = "emails["+c.filter()+"]", c.element()
	case "sub":
		path = c.pick("emails", "emails["+c.filter()+"]") + "."
		switch c.pick("value", "type", "primary") {
		case "value":
			path, value = path+"value", c.pick(`"a"`, `"c"`, `""`)
		case "type":
			path, value = path+"type", c.pick(`"work"`, `"other"`, "null")
		default:
			path, value = path+"primary", c.pick("true", "false")
		}
	case "simple":
		path, value = c.pick("title", "ENT:department", "userName"), c.pick(`"x"`, "null")
	case "complex":
		path = c.pick("name", "name.givenName", "manager", `manager[value eq "a"]`, "manager.value", `addresses[type eq "work"].region`, "addresses.region")
		value = c.pick(`"x"`, `"a"`, "null")
	default:
		path, value = c.pick("STAFF:tags", `STAFF:tags[value eq "x"]`, `STAFF:tags[value sw "y"]`), c.pick(`["x"]`, `["z"]`, "null")
	}
	text, _ := json.Marshal(expand(path))
	return `{"op":"` + op + `","path":` + string(text) + `,"value":` + value + `}`
}

func (c *chooser) filter() string {
	return c.pick(`type eq "work"`, `value eq "a"`, `primary eq true`, `type eq "other"`, `type eq "home" and primary eq false`, `value ne "a"`, `type eq "work" or value eq "b"`, `not (type eq "work")`)
}

// leavesItsTarget reports whether an operation makes elements that its own path does not select, as one that makes a home
// address out of emails[type eq "work"]. Such an operation means something else the second time.
func leavesItsTarget(op patch.Operation, before map[string]any) bool {
	if op.Path.ValueFilter == nil || op.Op == patch.Remove {
		return false
	}
	if op.Path.Attribute.Extension {
		before, _ = before[op.Path.Attribute.URN].(map[string]any)
	}
	list, ok := before[op.Path.Attribute.Name].([]any)
	if !ok && before[op.Path.Attribute.Name] != nil {
		list = []any{before[op.Path.Attribute.Name]}
	}
	some := false
	for _, e := range list {
		if !op.Path.ValueFilter.Match(e) {
			continue
		}
		some = true
		object, ok := copied(e).(map[string]any)
		if !ok {
			return !op.Path.ValueFilter.Match(op.Value)
		}
		if modelSet(op, object); !op.Path.ValueFilter.Match(object) {
			return true
		}
	}
	made, ok := modelCreate(op)
	return !some && ok && !op.Path.ValueFilter.Match(made)
}

// FuzzApply holds Apply against the model, and watches that it leaves its argument alone and that a second time changes
// nothing.
func FuzzApply(f *testing.F) {
	for _, seed := range []string{"", "0123456789", "zyxwvutsrqponmlkjihgfedcba", "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12", "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbccccccccccccc"} {
		f.Add([]byte(seed))
	}
	res := userType(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 200 {
			return
		}
		c := &chooser{data: data}
		resource := c.resource()
		doc, err := dialect.Resource(res, []byte(resource))
		if err != nil {
			t.Fatalf("%s: %v", resource, err)
		}
		list := c.operation()
		single := true
		for c.at < len(c.data) {
			list += "," + c.operation()
			single = false
		}
		p, err := dialect.UserPatch(res, []byte(`{"Operations":[`+list+`]}`))
		if err != nil {
			return
		}
		before := copied(doc.Attributes).(map[string]any)
		got, _, err := patch.Apply(res, doc.Attributes, p.Ops)
		if diff := cmp.Diff(before, doc.Attributes); diff != "" {
			t.Fatalf("%s\n%s\nthe argument changed:\n%s", resource, list, diff)
		}
		want, ok := modelApply(before, p.Ops)
		if ok != (err == nil) {
			t.Fatalf("%s\n%s\nmodel says %v, Apply %v", resource, list, ok, err)
		}
		if !ok {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%s\n(-model +Apply):\n%s", resource, list, diff)
		}
		if !single || len(p.Ops) > 0 && leavesItsTarget(p.Ops[0], before) {
			return
		}
		again, touched, err := patch.Apply(res, got, p.Ops)
		if err == nil && (cmp.Diff(got, again) != "" || len(touched) > 0) {
			t.Fatalf("%s\n%s\na second time touches %v:\n%s", resource, list, touched, cmp.Diff(got, again))
		}
	})
}
