package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/patch"
)

// ops wraps operations in a PATCH body.
func ops(list string) []byte {
	return []byte(expand(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + list + `]}`))
}

func TestUserPatchTakesEveryShape(t *testing.T) {
	const ann = `{"userName":"ann","active":true,"name":{"givenName":"Ann","familyName":"Lee"},` +
		`"emails":[{"value":"ann@acme.com","type":"work","primary":true},{"value":"ann@home.net","type":"home"}],` +
		`"roles":[{"value":"r1","primary":true},{"value":"r2"}],"externalId":"x1","ENT":{"department":"R&D","manager":{"value":"m1"}}}`
	const noManager = `"ENT":{"department":"R&D"}`
	with := func(from, to string) string {
		if !strings.Contains(ann, from) {
			t.Fatalf("%q is not in the user", from)
		}
		return strings.Replace(ann, from, to, 1)
	}
	cases := []struct{ name, ops, want, note string }{
		{"Okta deactivates", `{"op":"replace","value":{"active":false}}`, with(`"active":true`, `"active":false`), ""},
		{"Okta sets a password", `{"op":"replace","value":{"password":"x"}}`, ann, ""},
		{"password by path", `{"op":"replace","path":"password","value":"x"}`, ann, ""},
		{"Okta echoes the id", `{"op":"replace","value":{"id":"1","displayName":"Ann L","meta":{},"groups":[]}}`, with(`"active":true`, `"active":true,"displayName":"Ann L"`), ""},
		{"Entra disables with a text", `{"op":"Replace","path":"active","value":"False"}`, with(`"active":true`, `"active":false`), "active: a text or number was taken as a boolean"},
		{"op in upper case", `{"op":"REPLACE","path":"ACTIVE","value":false}`, with(`"active":true`, `"active":false`), ""},
		{"add work address that is there", `{"op":"Add","path":"emails[type eq \"work\"].value","value":"a2@acme.com"}`, with("ann@acme.com", "a2@acme.com"), ""},
		{"replace in any case", `{"op":"Replace","path":"Emails[Type EQ \"work\"].Value","value":"a2@acme.com"}`, with("ann@acme.com", "a2@acme.com"), ""},
		{
			"add an address that is not there", `{"op":"Add","path":"emails[type eq \"other\"].value","value":"o@acme.com"}`,
			with(`"type":"home"}`, `"type":"home"},{"type":"other","value":"o@acme.com"}`), "",
		},
		{
			"replace an address that is not there", `{"op":"Replace","path":"emails[type eq \"other\"].value","value":"o@acme.com"}`,
			with(`"type":"home"}`, `"type":"home"},{"type":"other","value":"o@acme.com"}`), "",
		},
		{"text for a boolean in the filter", `{"op":"Replace","path":"roles[primary eq \"True\"].value","value":"r9"}`, with(`"r1"`, `"r9"`), ""},
		{
			"text for a boolean, element not there", `{"op":"Add","path":"phoneNumbers[primary eq \"True\"].value","value":"5"}`,
			with(`"active":true`, `"active":true,"phoneNumbers":[{"primary":true,"value":"5"}]`), "",
		},
		{"Rippling's primary", `{"op":"replace","path":"emails[primary eq true].value","value":"a2@acme.com"}`, with("ann@acme.com", "a2@acme.com"), ""},
		{"manager as text", `{"op":"Add","path":"ENT:manager","value":"m2"}`, with(`"m1"`, `"m2"`), "ENT:manager: a plain value was taken as value"},
		{"manager behind a dot", `{"op":"Add","path":"ENT.manager","value":"m2"}`, with(`"m1"`, `"m2"`), ""},
		{"manager without URN", `{"op":"Replace","path":"manager","value":{"value":"m2"}}`, with(`"m1"`, `"m2"`), "ENT:manager: given without its URN"},
		{"manager as array of one", `{"op":"Replace","path":"ENT:manager","value":[{"value":"m2"}]}`, with(`"m1"`, `"m2"`), ""},
		{"manager empty", `{"op":"Replace","path":"ENT:manager","value":""}`, with(`"ENT":{"department":"R&D","manager":{"value":"m1"}}`, noManager), ""},
		{"manager null", `{"op":"Replace","path":"manager","value":null}`, with(`"ENT":{"department":"R&D","manager":{"value":"m1"}}`, noManager), ""},
		{"manager.value empty", `{"op":"Replace","path":"ENT:manager.value","value":""}`, with(`"ENT":{"department":"R&D","manager":{"value":"m1"}}`, noManager), ""},
		{"manager removed", `{"op":"Remove","path":"ENT:manager"}`, with(`"ENT":{"department":"R&D","manager":{"value":"m1"}}`, noManager), ""},
		{"manager removed by its value", `{"op":"Remove","path":"manager[value eq \"m1\"]"}`, with(`"ENT":{"department":"R&D","manager":{"value":"m1"}}`, noManager), ""},
		{"another manager removed by value", `{"op":"Remove","path":"manager[value eq \"m7\"]"}`, ann, ""},
		{"removed with a value that says nothing", `{"op":"Remove","path":"ENT:department","value":"R&D"}`, with(`"department":"R&D",`, ``), ""},
		{"null is remove", `{"op":"Replace","path":"name.givenName","value":null}`, with(`"givenName":"Ann",`, ``), ""},
		{
			"null for add, too", `{"op":"Add","path":"emails","value":null}`,
			with(`"emails":[{"value":"ann@acme.com","type":"work","primary":true},{"value":"ann@home.net","type":"home"}],`, ``), "",
		},
		{
			"dotted and URN-prefixed keys", `{"op":"replace","value":{"name.givenName":"Anna","ENT:employeeNumber":"7","ENT:department":"Ops"}}`,
			strings.NewReplacer(`"Ann"`, `"Anna"`, `"department":"R&D"`, `"department":"Ops","employeeNumber":"7"`).Replace(ann), "",
		},
		{
			"URN key with an object", `{"op":"add","value":{"ENT":{"department":"Ops","manager":null}}}`,
			with(`"ENT":{"department":"R&D","manager":{"value":"m1"}}`, `"ENT":{"department":"Ops"}`), "",
		},
		{"URN as path", `{"op":"replace","path":"ENT","value":{"department":"Ops"}}`, with("R&D", "Ops"), ""},
		{"URN removed", `{"op":"remove","path":"ENT"}`, with(`,"ENT":{"department":"R&D","manager":{"value":"m1"}}`, ``), ""},
		{"core URN in front", `{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName","value":"Li"}`, with("Lee", "Li"), ""},
		{"core URN as path", `{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User","value":{"active":false}}`, with(`"active":true`, `"active":false`), ""},
		{"bracketed key without path", `{"op":"replace","value":{"emails[type eq \"work\"].value":"a2@acme.com"}}`, with("ann@acme.com", "a2@acme.com"), ""},
		{"multi-valued as object", `{"op":"Add","path":"roles","value":{"value":"r3"}}`, with(`{"value":"r2"}`, `{"value":"r2"},{"value":"r3"}`), "roles: a single value was taken as an array"},
		{
			"multi-valued as JSON inside a text", `{"op":"Replace","path":"roles","value":"[{\"value\":\"r3\"}]"}`,
			with(`[{"value":"r1","primary":true},{"value":"r2"}]`, `[{"value":"r3"}]`), "roles: JSON inside a text was unpacked",
		},
		{"remove listed elements", `{"op":"Remove","path":"roles","value":[{"value":"R2"}]}`, with(`,{"value":"r2"}`, ``), ""},
		{"remove no elements", `{"op":"Remove","path":"roles","value":[]}`, ann, "roles: nothing to remove"},
		{"add no elements", `{"op":"Add","path":"roles","value":[]}`, ann, "roles: nothing to add"},
		{"replace by no elements", `{"op":"Replace","path":"roles","value":[]}`, with(`"roles":[{"value":"r1","primary":true},{"value":"r2"}],`, ``), ""},
		{"unknown key without path", `{"op":"replace","value":{"shoeSize":43,"title":"Dr"}}`, with(`"active":true`, `"active":true,"title":"Dr"`), "shoeSize: unknown attribute, dropped"},
		{"externalId", `{"op":"replace","path":"externalId","value":"x2"}`, with(`"x1"`, `"x2"`), ""},
		{"no operations", ``, ann, "Operations: none, nothing to change"},
		{
			"several at once", `{"op":"replace","path":"title","value":"Dr"},{"op":"remove","path":"title"},{"op":"add","path":"nickName","value":"A"}`,
			with(`"active":true`, `"active":true,"nickName":"A"`), "",
		},
	}
	res := userType(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := dialect.UserPatch(res, ops(c.ops))
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := patch.Apply(res, decode(t, expand(ann)), p.Ops)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, expand(c.want)), got); diff != "" {
				t.Errorf("user (-want +got):\n%s", diff)
			}
			if all := strings.Join(p.Notes, "\n"); !strings.Contains(all, expand(c.note)) {
				t.Errorf("notes = %q, want %q", all, c.note)
			}
			again, touched, err := patch.Apply(res, got, p.Ops)
			if err != nil || cmp.Diff(got, again) != "" || c.name != "several at once" && len(touched) > 0 {
				t.Errorf("a second time: %v touched, %v, %s", touched, err, cmp.Diff(got, again))
			}
		})
	}
}

func TestUserPatchTakesEveryEnvelope(t *testing.T) {
	res := userType(t)
	for _, body := range []string{
		`{"operations":[{"OP":"replace","PATH":"active","VALUE":false}]}`,
		`{"schemas":null,"Operations":{"op":"replace","path":"active","value":false}}`,
		`{"Operations":[{"value":false,"path":"active","op":"replace","extra":{"a":[1]}}],"schemas":["x"]}`,
		`{"Operations":[{"op":"replace","path":"","value":[{"active":false}]}]}`,
		`{"Operations":[{"op":"replace","path":null,"value":"{\"active\":\"false\"}"}]}`,
	} {
		p, err := dialect.UserPatch(res, []byte(body))
		if err != nil || len(p.Ops) != 1 || p.Ops[0].Path.String() != "active" || p.Ops[0].Value != false {
			t.Errorf("%s: %+v, %v", body, p, err)
		}
	}
}

func TestUserPatchRefuses(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`{"op":"remove","path":"title"},`, dialect.MaxOperations+1), ",")
	var wide strings.Builder
	for i := range dialect.MaxOperations + 1 {
		fmt.Fprintf(&wide, `{"op":"replace","value":{"title":"%d","nickName":"x"}},`, i)
	}
	cases := []struct{ name, ops, code, says string }{
		{"unknown op", `{"op":"move","path":"title"}`, "invalidSyntax", "add, remove or replace"},
		{"no op", `{"path":"title","value":"x"}`, "invalidSyntax", "no op"},
		{"path of another type", `{"op":"add","path":7,"value":"x"}`, "invalidSyntax", "path must be a string"},
		{"unknown path", `{"op":"replace","path":"shoeSize","value":43}`, "invalidPath", "shoeSize"},
		{"unknown path with a near one", `{"op":"replace","path":"titel","value":"x"}`, "invalidPath", "Did you mean title?"},
		{"unknown sub-attribute", `{"op":"replace","path":"name.nick","value":"x"}`, "invalidPath", "name.nick"},
		{"unknown URN", `{"op":"replace","path":"urn:example:no:User:title","value":"x"}`, "invalidPath", "urn:example:no"},
		{"broken filter", `{"op":"replace","path":"emails[type eq].value","value":"x"}`, "invalidFilter", "expected a value"},
		{"unclosed bracket", `{"op":"replace","path":"emails[type eq \"work\"","value":"x"}`, "invalidPath", "without"},
		{"path too long", `{"op":"replace","path":"` + strings.Repeat("a", 5000) + `","value":"x"}`, "invalidPath", "4096"},
		{"active banana", `{"op":"replace","path":"active","value":"banana"}`, "invalidValue", "active must be a boolean"},
		{"no value", `{"op":"replace","path":"active"}`, "invalidValue", "no value"},
		{"no path and no object", `{"op":"replace","value":"x"}`, "invalidValue", "object of attributes"},
		{"remove without path", `{"op":"remove"}`, "noTarget", "needs a path"},
		{"key twice", `{"op":"replace","value":{"title":"a","Title":"b"}}`, "invalidSyntax", "twice"},
		{"op twice", `{"op":"replace","op":"add","path":"title","value":"b"}`, "invalidSyntax", "twice"},
		{"too many operations", many, "tooMany", "1000"},
		{"too many attributes", strings.TrimSuffix(wide.String(), ","), "tooMany", "1000"},
		{"operation is no object", `7`, "invalidSyntax", "expected an object"},
	}
	res := userType(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := dialect.UserPatch(res, ops(c.ops))
			wantError(t, err, c.code, c.says)
		})
	}
	_, err := dialect.UserPatch(res, []byte(`{"schemas":[]}`))
	wantError(t, err, "invalidSyntax", "must have Operations")
}

func TestGroupPatchTakesEveryShape(t *testing.T) {
	add := func(v ...string) []dialect.MemberOp { return []dialect.MemberOp{{Op: dialect.MemberAdd, Values: v}} }
	remove := func(v ...string) []dialect.MemberOp { return []dialect.MemberOp{{Op: dialect.MemberRemove, Values: v}} }
	set := func(v ...string) []dialect.MemberOp {
		return []dialect.MemberOp{{Op: dialect.MemberReplace, Values: v}}
	}
	cases := []struct {
		name, ops string
		members   []dialect.MemberOp
		paths     string // of the other operations
	}{
		{"Entra adds", `{"op":"Add","path":"members","value":[{"$ref":null,"value":"a"},{"$ref":null,"value":"b"}]}`, add("a", "b"), ""},
		{"Entra removes", `{"op":"Remove","path":"members","value":[{"$ref":null,"value":"a"}]}`, remove("a"), ""},
		{"removed by filter", `{"op":"remove","path":"members[value eq \"a\"]"}`, remove("a"), ""},
		{"removed by filter with or", `{"op":"remove","path":"members[value eq \"a\" or value eq \"b\" or value eq \"c\"]"}`, remove("a", "b", "c"), ""},
		{"removed by filter and type", `{"op":"remove","path":"members[type eq \"User\" and value eq \"a\"]"}`, remove("a"), ""},
		{"removed by filter behind the URN", `{"op":"remove","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members[value eq \"a\"].value"}`, remove("a"), ""},
		{"added by filter", `{"op":"add","path":"members[value eq \"a\"]","value":{"value":"a"}}`, add("a"), ""},
		{
			"Okta removes and adds", `{"op":"remove","path":"members[value eq \"a\"]"},{"op":"add","path":"members","value":[{"value":"b","display":"B"}]}`,
			append(remove("a"), add("b")...), "",
		},
		{"Okta replaces all", `{"op":"replace","path":"members","value":[{"value":"a"}]}`, set("a"), ""},
		{"replaced by none", `{"op":"replace","path":"members","value":[]}`, set(), ""},
		{"replaced by null", `{"op":"replace","path":"members","value":null}`, set(), ""},
		{"removed whole", `{"op":"remove","path":"members"}`, set(), ""},
		{"removed with an empty array", `{"op":"remove","path":"members","value":[]}`, nil, ""},
		{"added with an empty array", `{"op":"add","path":"members","value":[]}`, nil, ""},
		{"added null", `{"op":"add","path":"members","value":null}`, nil, ""},
		{"texts", `{"op":"add","path":"members.value","value":["a"]}`, add("a"), ""},
		{"one text", `{"op":"add","path":"members.value","value":"a"}`, add("a"), ""},
		{"one object", `{"op":"add","path":"members","value":{"value":"a"}}`, add("a"), ""},
		{"value before path", `{"value":[{"value":"a"}],"path":"members","op":"add"}`, add("a"), ""},
		{"Okta renames with every push", `{"op":"replace","value":{"id":"1","displayName":"G"}}`, nil, "displayName"},
		{"members without path", `{"op":"replace","value":{"displayName":"G","members":[{"value":"a"}]}}`, set("a"), "displayName"},
		{"members without path, in an array, in a text", `{"op":"add","value":["{\"members\":[{\"value\":\"a\"}]}"]}`, add("a"), ""},
		{"removed without path", `{"op":"remove","value":{"members":[{"value":"a"}]}}`, remove("a"), ""},
		{"core URN as path", `{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group","value":{"members":["a"],"externalId":"x"}}`, add("a"), "externalId"},
		{"renamed by path", `{"op":"Replace","path":"displayName","value":"G"}`, nil, "displayName"},
		{"display of a member", `{"op":"replace","path":"members[value eq \"a\"].display","value":"A"}`, nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := dialect.ReadGroupPatch(groupType, strings.NewReader(string(ops(c.ops))))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.members, p.Members); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			var paths []string
			for _, op := range p.Ops {
				paths = append(paths, op.Path.String())
			}
			if got := strings.Join(paths, " "); got != c.paths {
				t.Errorf("paths = %q, want %q", got, c.paths)
			}
		})
	}
}

func TestGroupPatchRefuses(t *testing.T) {
	cases := []struct{ name, ops, code, says string }{
		{"another sub-attribute in the filter", `{"op":"remove","path":"members[display eq \"A\"]"}`, "invalidFilter", "by their value"},
		{"negated filter", `{"op":"remove","path":"members[not (value eq \"a\")]"}`, "invalidFilter", "by their value"},
		{"value of a member replaced", `{"op":"replace","path":"members[value eq \"a\"].value","value":"b"}`, "mutability", "immutable"},
		{"no value", `{"op":"add","path":"members"}`, "invalidValue", "no value"},
		{"unknown path", `{"op":"add","path":"owners","value":"x"}`, "invalidPath", "owners"},
		{"no op", `{"path":"members","value":[]}`, "invalidSyntax", "no op"},
		{"members twice", `{"op":"add","value":{"members":["a"],"Members":["b"]}}`, "invalidSyntax", "twice"},
		{"cut off", `{"op":"add","path":"members","value":[{"value":"a"}`, "invalidSyntax", "not valid JSON"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := dialect.ReadGroupPatch(groupType, strings.NewReader(string(ops(c.ops))))
			wantError(t, err, c.code, c.says)
		})
	}
}
