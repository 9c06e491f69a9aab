package patch_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/patch"
	"github.com/mixus/usher/scim/schema"
)

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	staff      = "urn:example:scim:schemas:1.0:Staff"
)

func userType(t testing.TB) *schema.Resource {
	t.Helper()
	res, err := schema.User([]config.Extension{{
		URN: staff,
		Attributes: []config.ExtensionAttribute{
			{Name: "badge", Type: "integer"},
			{Name: "tags", MultiValued: true},
			{Name: "serial", Mutability: "immutable"},
			{Name: "score", Type: "integer", Mutability: "readOnly"},
			{Name: "desk", Type: "complex", Attributes: []config.ExtensionAttribute{
				{Name: "floor"}, {Name: "seat", Required: true}, {Name: "since", Mutability: "immutable"}, {Name: "zones", MultiValued: true},
			}},
			{Name: "keys", Type: "complex", MultiValued: true, Attributes: []config.ExtensionAttribute{
				{Name: "value", Mutability: "immutable"}, {Name: "label"},
			}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func expand(text string) string {
	return strings.NewReplacer("ENT", enterprise, "STAFF", staff).Replace(text)
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	m, err := dialect.Decode([]byte(expand(text)))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

// apply applies the operations of a PATCH body to a resource.
func apply(t testing.TB, res *schema.Resource, current map[string]any, ops string) (map[string]any, []string, error) {
	t.Helper()
	p, err := dialect.UserPatch(res, []byte(expand(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+ops+`]}`)))
	if err != nil {
		t.Fatal(err)
	}
	return patch.Apply(res, current, p.Ops)
}

// TestApply goes through RFC 7644, sections 3.5.2.1 to 3.5.2.3, rule by rule.
func TestApply(t *testing.T) {
	const two = `"emails":[{"value":"a@b.c","type":"work","primary":true},{"value":"h@b.c","type":"home"}]`
	cases := []struct{ name, before, ops, after, touched string }{
		{
			"add: no path merges attributes", `{"userName":"a"}`, `{"op":"add","value":{"nickName":"A","emails":[{"value":"a@b.c"}]}}`,
			`{"userName":"a","nickName":"A","emails":[{"value":"a@b.c"}]}`, "nickName emails",
		},
		{"add: an attribute that is not there", `{"userName":"a"}`, `{"op":"add","path":"title","value":"Dr"}`, `{"userName":"a","title":"Dr"}`, "title"},
		{"add: a complex attribute merges", `{"name":{"givenName":"Ann"}}`, `{"op":"add","path":"name","value":{"familyName":"Lee"}}`, `{"name":{"givenName":"Ann","familyName":"Lee"}}`, "name"},
		{"add: a single value is replaced", `{"title":"Dr"}`, `{"op":"add","path":"title","value":"Prof"}`, `{"title":"Prof"}`, "title"},
		{"add: multi-valued appends", `{"emails":[{"value":"a@b.c"}]}`, `{"op":"add","path":"emails","value":[{"value":"x@b.c"}]}`, `{"emails":[{"value":"a@b.c"},{"value":"x@b.c"}]}`, "emails"},
		{
			"add: what is there already changes nothing", `{` + two + `}`, `{"op":"add","path":"emails","value":[{"value":"A@b.c","type":"work","primary":true},{"value":"h@b.c","type":"home"}]}`,
			`{"emails":[{"value":"A@b.c","type":"work","primary":true},{"value":"h@b.c","type":"home"}]}`, "emails",
		},
		{
			"add: the same value, new sub-attribute", `{` + two + `}`, `{"op":"add","path":"emails","value":[{"value":"h@b.c","type":"home","display":"H"}]}`,
			`{"emails":[{"value":"a@b.c","type":"work","primary":true},{"value":"h@b.c","type":"home","display":"H"}]}`, "emails",
		},
		{
			"add: a new primary takes it from the old", `{` + two + `}`, `{"op":"add","path":"emails","value":[{"value":"x@b.c","primary":true}]}`,
			`{"emails":[{"value":"a@b.c","type":"work","primary":false},{"value":"h@b.c","type":"home"},{"value":"x@b.c","primary":true}]}`, "emails",
		},
		{
			"add: to a selected element", `{` + two + `}`, `{"op":"add","path":"emails[type eq \"home\"]","value":{"display":"H"}}`,
			`{"emails":[{"value":"a@b.c","type":"work","primary":true},{"value":"h@b.c","type":"home","display":"H"}]}`, "emails",
		},
		{
			"add: primary to a selected element", `{` + two + `}`, `{"op":"add","path":"emails[type eq \"home\"].primary","value":true}`,
			`{"emails":[{"value":"a@b.c","type":"work","primary":false},{"value":"h@b.c","type":"home","primary":true}]}`, "emails.primary",
		},
		{"add: simple values unite", `{"STAFF":{"tags":["x"]}}`, `{"op":"add","path":"STAFF:tags","value":["X","y"]}`, `{"STAFF":{"tags":["x","y"]}}`, "STAFF:tags"},
		{
			"add: a multi-valued sub-attribute unites", `{"STAFF":{"desk":{"seat":"1","zones":["a"]}}}`, `{"op":"add","path":"STAFF:desk.zones","value":["a","b"]}`,
			`{"STAFF":{"desk":{"seat":"1","zones":["a","b"]}}}`, "STAFF:desk.zones",
		},
		{"add: a sub-attribute of no element makes one", `{}`, `{"op":"add","path":"emails.value","value":"a@b.c"}`, `{"emails":[{"value":"a@b.c"}]}`, "emails.value"},

		{"remove: single value", `{"title":"Dr","userName":"a"}`, `{"op":"remove","path":"title"}`, `{"userName":"a"}`, "title"},
		{"remove: what is not there", `{"userName":"a"}`, `{"op":"remove","path":"title"}`, `{"userName":"a"}`, ""},
		{"remove: all values", `{` + two + `}`, `{"op":"remove","path":"emails"}`, `{}`, "emails"},
		{"remove: selected values", `{` + two + `}`, `{"op":"remove","path":"emails[type eq \"work\"]"}`, `{"emails":[{"value":"h@b.c","type":"home"}]}`, "emails"},
		{"remove: the last selected value", `{` + two + `}`, `{"op":"remove","path":"emails[value pr]"}`, `{}`, "emails"},
		{"remove: nothing is selected", `{` + two + `}`, `{"op":"remove","path":"emails[type eq \"other\"]"}`, `{` + two + `}`, ""},
		{
			"remove: sub-attribute of selected values", `{` + two + `}`, `{"op":"remove","path":"emails[type eq \"work\"].primary"}`,
			`{"emails":[{"value":"a@b.c","type":"work"},{"value":"h@b.c","type":"home"}]}`, "emails.primary",
		},
		{"remove: the value of an element takes the element", `{` + two + `}`, `{"op":"remove","path":"emails[type eq \"work\"].value"}`, `{"emails":[{"value":"h@b.c","type":"home"}]}`, "emails.value"},
		{"remove: sub-attribute of all values", `{` + two + `}`, `{"op":"remove","path":"emails.type"}`, `{"emails":[{"value":"a@b.c","primary":true},{"value":"h@b.c"}]}`, "emails.type"},
		{"remove: the last sub-attribute takes the object", `{"name":{"givenName":"Ann"}}`, `{"op":"remove","path":"name.givenName"}`, `{}`, "name.givenName"},
		{"remove: the last attribute takes the extension", `{"ENT":{"department":"R"}}`, `{"op":"remove","path":"ENT:department"}`, `{}`, "ENT:department"},
		{"remove: a simple value", `{"STAFF":{"tags":["x","y"]}}`, `{"op":"remove","path":"STAFF:tags[value eq \"x\"]"}`, `{"STAFF":{"tags":["y"]}}`, "STAFF:tags"},

		{"replace: single value", `{"title":"Dr"}`, `{"op":"replace","path":"title","value":"Prof"}`, `{"title":"Prof"}`, "title"},
		{"replace: what is not there is added", `{}`, `{"op":"replace","path":"title","value":"Prof"}`, `{"title":"Prof"}`, "title"},
		{"replace: all values", `{` + two + `}`, `{"op":"replace","path":"emails","value":[{"value":"x@b.c"}]}`, `{"emails":[{"value":"x@b.c"}]}`, "emails"},
		{
			"replace: a complex attribute leaves the rest", `{"name":{"givenName":"Ann","familyName":"Lee"}}`, `{"op":"replace","path":"name","value":{"familyName":"Li"}}`,
			`{"name":{"givenName":"Ann","familyName":"Li"}}`, "name",
		},
		{
			"replace: selected values", `{` + two + `}`, `{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"x@b.c","type":"work"}}`,
			`{"emails":[{"value":"x@b.c","type":"work","primary":true},{"value":"h@b.c","type":"home"}]}`, "emails",
		},
		{
			"replace: sub-attribute of all selected values", `{"addresses":[{"type":"work","region":"A"},{"type":"work","region":"B"},{"type":"home","region":"C"}]}`,
			`{"op":"replace","path":"addresses[type eq \"work\"].region","value":"X"}`,
			`{"addresses":[{"type":"work","region":"X"},{"type":"work","region":"X"},{"type":"home","region":"C"}]}`, "addresses.region",
		},
		{
			"replace: selects by or", `{` + two + `}`, `{"op":"replace","path":"emails[type eq \"work\" or type eq \"home\"].display","value":"D"}`,
			`{"emails":[{"value":"a@b.c","type":"work","primary":true,"display":"D"},{"value":"h@b.c","type":"home","display":"D"}]}`, "emails.display",
		},
		{
			"replace: makes an element with all the filter says", `{}`, `{"op":"replace","path":"addresses[type eq \"work\" and primary eq true].region","value":"X"}`,
			`{"addresses":[{"type":"work","primary":true,"region":"X"}]}`, "addresses.region",
		},
		{"replace: a manager loses the reference of the former", `{"ENT":{"manager":{"value":"1","$ref":"/Users/1"}}}`, `{"op":"replace","path":"ENT:manager.value","value":"2"}`, `{"ENT":{"manager":{"value":"2"}}}`, "ENT:manager.value"},
		{"replace: immutable that was not set", `{}`, `{"op":"replace","path":"STAFF:serial","value":"s"}`, `{"STAFF":{"serial":"s"}}`, "STAFF:serial"},
		{"replace: immutable by the same", `{"STAFF":{"serial":"s"}}`, `{"op":"replace","path":"STAFF:serial","value":"s"}`, `{"STAFF":{"serial":"s"}}`, ""},
		{"replace: numbers that are equal", `{"STAFF":{"badge":7}}`, `{"op":"replace","path":"STAFF:badge","value":"7"}`, `{"STAFF":{"badge":7}}`, ""},
		{
			"operations see each other", `{}`, `{"op":"add","path":"emails","value":[{"value":"a@b.c","type":"work"}]},{"op":"replace","path":"emails[type eq \"work\"].value","value":"x@b.c"}`,
			`{"emails":[{"value":"x@b.c","type":"work"}]}`, "emails emails.value",
		},
	}
	res := userType(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := decode(t, c.before)
			got, touched, err := apply(t, res, before, c.ops)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, c.after), got); diff != "" {
				t.Errorf("resource (-want +got):\n%s", diff)
			}
			if all := strings.Join(touched, " "); all != expand(c.touched) {
				t.Errorf("touched = %q, want %q", all, expand(c.touched))
			}
			if diff := cmp.Diff(decode(t, c.before), before); diff != "" {
				t.Errorf("the argument changed:\n%s", diff)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	cases := []struct{ name, before, ops, code, says string }{
		{"no element matches", `{"emails":[{"value":"a","type":"work"}]}`, `{"op":"replace","path":"emails[type ne \"work\"].value","value":"x"}`, "noTarget", "No value of emails"},
		{"no element to make from or", `{}`, `{"op":"replace","path":"emails[type eq \"a\" or type eq \"b\"].value","value":"x"}`, "noTarget", "No value of emails"},
		{"no element whose value could change so", `{}`, `{"op":"replace","path":"emails[value eq \"a\"].value","value":"x"}`, "noTarget", "No value of emails"},
		{"id", `{}`, `{"op":"replace","path":"id","value":"x"}`, "mutability", "id is read-only"},
		{"meta", `{}`, `{"op":"replace","path":"meta.created","value":"2026-01-01T00:00:00Z"}`, "mutability", "meta.created is read-only"},
		{"groups", `{}`, `{"op":"add","path":"groups","value":[{"value":"g"}]}`, "mutability", "groups is read-only"},
		{"schemas", `{}`, `{"op":"remove","path":"schemas"}`, "mutability", "schemas is read-only"},
		{"read-only sub-attribute", `{}`, `{"op":"add","path":"ENT:manager.displayName","value":"x"}`, "mutability", "displayName is read-only"},
		{"required attribute removed", `{"userName":"a"}`, `{"op":"remove","path":"userName"}`, "mutability", "userName is required"},
		{"required attribute nulled", `{"userName":"a"}`, `{"op":"replace","path":"userName","value":null}`, "mutability", "userName is required"},
		{"required attribute emptied", `{"userName":"a"}`, `{"op":"replace","path":"userName","value":""}`, "invalidValue", "userName is required"},
		{"required attribute made blank", `{"userName":"a"}`, `{"op":"replace","path":"userName","value":"  "}`, "invalidValue", "userName is required"},
		{"required sub-attribute removed", `{"STAFF":{"desk":{"seat":"1","floor":"2"}}}`, `{"op":"remove","path":"STAFF:desk.seat"}`, "invalidValue", "desk.seat is required"},
		{"required sub-attribute never given", `{}`, `{"op":"add","path":"STAFF:desk.floor","value":"2"}`, "invalidValue", "desk.seat is required"},
		{"immutable changed", `{"STAFF":{"serial":"s"}}`, `{"op":"replace","path":"STAFF:serial","value":"t"}`, "mutability", "serial is immutable"},
		{"immutable removed", `{"STAFF":{"serial":"s"}}`, `{"op":"remove","path":"STAFF:serial"}`, "mutability", "serial is immutable"},
		{"immutable removed with its extension", `{"STAFF":{"serial":"s","badge":1}}`, `{"op":"remove","path":"STAFF"}`, "mutability", "serial is immutable"},
		{"immutable sub-attribute changed", `{"STAFF":{"desk":{"seat":"1","since":"a"}}}`, `{"op":"replace","path":"STAFF:desk","value":{"since":"b"}}`, "mutability", "since is immutable"},
		{"immutable sub-attribute of an element changed", `{"STAFF":{"keys":[{"value":"1","label":"x"}]}}`, `{"op":"replace","path":"STAFF:keys[label eq \"x\"].value","value":"2"}`, "mutability", "keys.value is immutable"},
		{"immutable sub-attribute of an element removed", `{"STAFF":{"keys":[{"value":"1","label":"x"}]}}`, `{"op":"remove","path":"STAFF:keys.value"}`, "mutability", "keys.value is immutable"},
	}
	res := userType(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := decode(t, c.before)
			got, touched, err := apply(t, res, before, `{"op":"add","path":"nickName","value":"first"},`+c.ops)
			var e *directory.Error
			if !errors.As(err, &e) || e.Kind != directory.Invalid || e.Code != c.code || !strings.Contains(e.Message, c.says) {
				t.Errorf("error = %+v, want %s with %q", err, c.code, c.says)
			}
			if got != nil || touched != nil || cmp.Diff(decode(t, c.before), before) != "" {
				t.Errorf("something was applied: %v, %v, %v", got, touched, before)
			}
		})
	}
}

func TestApplyRemovesAnExtension(t *testing.T) {
	got, touched, err := apply(t, userType(t), decode(t, `{"userName":"a","ENT":{"department":"R","costCenter":"1"}}`), `{"op":"remove","path":"ENT"}`)
	if err != nil || len(got) != 1 || len(touched) != 2 {
		t.Errorf("%v, %v, %v", got, touched, err)
	}
}

func TestApplyWithoutPath(t *testing.T) {
	_, _, err := patch.Apply(userType(t), nil, []patch.Operation{{Op: patch.Add, Value: map[string]any{}}})
	var e *directory.Error
	if !errors.As(err, &e) || e.Code != "noTarget" {
		t.Errorf("error = %v, want noTarget", err)
	}
}

// TestDeactivateWhatAnOlderSchemaLetIn makes sure that a leaver's record need not be valid to be deactivated.
func TestDeactivateWhatAnOlderSchemaLetIn(t *testing.T) {
	got, _, err := apply(t, userType(t), decode(t, `{"active":true,"gone":1,"title":7}`), `{"op":"replace","path":"active","value":false}`)
	text, _ := json.Marshal(got)
	if err != nil || string(text) != `{"active":false,"gone":1,"title":7}` {
		t.Errorf("%s, %v", text, err)
	}
}
