package schema_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/schema"
)

const staff = "urn:example:scim:schemas:1.0:Staff"

func userType(t testing.TB) *schema.Resource {
	t.Helper()
	res, err := schema.User([]config.Extension{{
		URN: staff,
		Attributes: []config.ExtensionAttribute{
			{Name: "badge", Type: "integer", Required: true},
			{Name: "secret", Returned: "never"},
			{Name: "bulky", Returned: "request"},
			{Name: "loud", Returned: "always"},
			{Name: "title"},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestFind(t *testing.T) {
	res := userType(t)
	for text, want := range map[string]string{
		"userName": "userName", "USERNAME": "userName", "name.familyname": "name.familyName", "ID": "id", "externalid": "externalId",
		"meta.lastModified": "meta.lastModified", "schemas": "schemas", "emails.$ref": "", "nope": "", "name.nope": "", "": "",
		schema.UserURN + ":emails.value":           "emails.value",
		strings.ToUpper(schema.UserURN) + ":title": "title",
		schema.EnterpriseURN + ":manager.$REF":     schema.EnterpriseURN + ":manager.$ref",
		schema.EnterpriseURN + ".manager":          schema.EnterpriseURN + ":manager",
		schema.EnterpriseURN:                       "",
		schema.UserURN + ":department":             "",
		"department":                               schema.EnterpriseURN + ":department",
		"badge":                                    staff + ":badge",
		"title":                                    "title",
		staff + ":title":                           staff + ":title",
		"urn:example:other:title":                  "",
		schema.EnterpriseURN + "x:manager":         "",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0User:costCenter": schema.EnterpriseURN + ":costCenter",
	} {
		a, sub, ok := res.Find(text)
		if sub != nil {
			a = sub
		}
		switch {
		case ok != (want != ""):
			t.Errorf("Find(%q) = %v, %v", text, a, ok)
		case ok && a.String() != want:
			t.Errorf("Find(%q) = %s, want %s", text, a, want)
		}
	}
}

func TestCharacteristics(t *testing.T) {
	user, group := userType(t), schema.Group()
	for _, c := range []struct {
		res        *schema.Resource
		path       string
		mutability schema.Mutability
		returned   schema.Returned
		exact      bool
	}{
		{user, "id", schema.ReadOnly, schema.Always, true},
		{user, "schemas", schema.ReadOnly, schema.Always, false},
		{user, "externalId", schema.ReadWrite, schema.Default, true},
		{user, "meta.version", schema.ReadOnly, schema.Default, true},
		{user, "groups", schema.ReadOnly, schema.Default, false},
		{user, "password", schema.WriteOnly, schema.Never, false},
		{user, "userName", schema.ReadWrite, schema.Default, false},
		{user, "manager.displayName", schema.ReadOnly, schema.Default, false},
		{group, "members.value", schema.Immutable, schema.Default, false},
		{group, "displayName", schema.ReadWrite, schema.Default, false},
	} {
		a, sub, ok := c.res.Find(c.path)
		if !ok {
			t.Errorf("%s is unknown", c.path)
			continue
		}
		if sub != nil {
			a = sub
		}
		if a.Mutability != c.mutability || a.Returned != c.returned || a.CaseExact != c.exact {
			t.Errorf("%s: %s, returned %s, caseExact %v", c.path, a.Mutability, a.Returned, a.CaseExact)
		}
	}
}

func TestNearest(t *testing.T) {
	res := userType(t)
	for name, want := range map[string]string{"usrname": "userName", "email": "emails", "departement": "department", "xyzzyplugh": ""} {
		if got := res.Nearest(name); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestExtensionsThatCannotBe(t *testing.T) {
	attribute := func(a ...config.ExtensionAttribute) []config.ExtensionAttribute { return a }
	for name, e := range map[string]config.Extension{
		"no URN":              {URN: "staff"},
		"the enterprise URN":  {URN: strings.ToUpper(schema.EnterpriseURN)},
		"twice the attribute": {URN: staff, Attributes: attribute(config.ExtensionAttribute{Name: "a"}, config.ExtensionAttribute{Name: "A"})},
		"unknown type":        {URN: staff, Attributes: attribute(config.ExtensionAttribute{Name: "a", Type: "blob"})},
		"unknown mutability":  {URN: staff, Attributes: attribute(config.ExtensionAttribute{Name: "a", Mutability: "sometimes"})},
		"bad name":            {URN: staff, Attributes: attribute(config.ExtensionAttribute{Name: "a b"})},
		"complex of nothing":  {URN: staff, Attributes: attribute(config.ExtensionAttribute{Name: "a", Type: "complex"})},
		"text of something":   {URN: staff, Attributes: attribute(config.ExtensionAttribute{Name: "a", Attributes: attribute(config.ExtensionAttribute{Name: "b"})})},
	} {
		_, err := schema.User([]config.Extension{e})
		var refused *directory.Error
		if !errors.As(err, &refused) || refused.Kind != directory.Invalid || !strings.Contains(refused.Message, e.URN) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemasMarshal(t *testing.T) {
	text, err := json.Marshal(userType(t).Schemas())
	if err != nil {
		t.Fatal(err)
	}
	var got []struct {
		ID         string
		Name       string
		Attributes []struct{ Name, Type, Mutability string }
	}
	if err := json.Unmarshal(text, &got); err != nil || len(got) != 3 {
		t.Fatalf("%d schemas, %v", len(got), err)
	}
	if got[2].ID != staff || got[2].Name != "Staff" || got[2].Attributes[0].Name != "badge" || got[2].Attributes[0].Type != "integer" {
		t.Errorf("the connection's own extension: %+v", got[2])
	}
	rt := userType(t).ElimityType(nil)
	if rt.Name != "User" || rt.Endpoint != "/Users" || rt.Schema.ID != schema.UserURN || len(rt.SchemaExtensions) != 2 {
		t.Errorf("resource type: %+v", rt)
	}
}

func TestMembersArePublishedAsTheyAreKept(t *testing.T) {
	group := schema.Group()
	got := map[string]string{}
	for _, a := range group.Schemas()[0].Attributes {
		for _, sub := range a.SubAttributes() {
			got[sub.Name()] = sub.Mutability()
		}
	}
	if diff := cmp.Diff(map[string]string{"value": "immutable", "$ref": "immutable", "type": "immutable"}, got); diff != "" {
		t.Errorf("the sub-attributes of members (-want +got):\n%s", diff)
	}
	if _, _, ok := group.Find("members.display"); !ok {
		t.Error("display is unknown where requests are read")
	}
}

func TestValidate(t *testing.T) {
	res := userType(t)
	ok := func() map[string]any {
		return map[string]any{"userName": "a", staff: map[string]any{"badge": json.Number("7")}}
	}
	if err := res.Validate(ok()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key   string
		value any
		field string
	}{
		{"userName", nil, "userName"},
		{"userName", 7, "userName"},
		{"active", "true", "active"},
		{"emails", map[string]any{}, "emails"},
		{"emails", []any{"a"}, "emails"},
		{"emails", []any{map[string]any{"value": true}}, "emails.value"},
		{"emails", []any{map[string]any{"nope": "a"}}, "emails"},
		{"name", map[string]any{"givenName": 7}, "name.givenName"},
		{"nope", "x", ""},
		{staff, map[string]any{}, staff + ":badge"},
		{staff, map[string]any{"badge": json.Number("1.5")}, staff + ":badge"},
		{staff, map[string]any{"badge": json.Number("1"), "nope": 1}, staff},
		{staff, "x", staff},
	} {
		attrs := ok()
		attrs[c.key] = c.value
		err := res.Validate(attrs)
		var refused *directory.Error
		if !errors.As(err, &refused) || refused.Code != "invalidValue" || refused.Field != c.field || refused.Message == "" {
			t.Errorf("%s = %v: %+v, want invalidValue of %s", c.key, c.value, err, c.field)
		}
	}
}

func resource() map[string]any {
	return map[string]any{
		"id": "1", "schemas": []any{schema.UserURN}, "meta": map[string]any{"version": "1", "created": "t"}, "userName": "a",
		"name":               map[string]any{"givenName": "A", "familyName": "L"},
		"emails":             []any{map[string]any{"value": "a@b.c", "type": "work"}, map[string]any{"type": "home"}},
		schema.EnterpriseURN: map[string]any{"department": "R", "manager": map[string]any{"value": "m"}},
		staff:                map[string]any{"secret": "s", "bulky": "b", "loud": "l", "badge": json.Number("7")},
	}
}

func TestSelection(t *testing.T) {
	always := map[string]any{"id": "1", "schemas": []any{schema.UserURN}, staff: map[string]any{"loud": "l"}}
	with := func(pairs ...any) map[string]any {
		m := map[string]any{}
		for k, v := range always {
			m[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	usual := resource()
	usual[staff] = map[string]any{"loud": "l", "badge": json.Number("7")}
	but := func(edit func(map[string]any)) map[string]any {
		m := resource()
		m[staff] = usual[staff]
		edit(m)
		return m
	}
	cases := []struct {
		name                 string
		attributes, excluded []string
		want                 map[string]any
	}{
		{"nothing asked", nil, nil, usual},
		{"empty parameter", []string{""}, nil, usual},
		{"one attribute", []string{"userName"}, nil, with("userName", "a")},
		{"any case, blanks, unknown", []string{" USERNAME", "nope", "x.y"}, nil, with("userName", "a")},
		{"only unknown", []string{"nope"}, nil, with()},
		{"sub-attribute", []string{"name.givenName", "emails.value"}, nil, with("name", map[string]any{"givenName": "A"}, "emails", []any{map[string]any{"value": "a@b.c"}})},
		{"sub-attribute and the whole", []string{"name.givenName", "name"}, nil, with("name", resource()["name"])},
		{"extension attribute", []string{schema.EnterpriseURN + ":department"}, nil, with(schema.EnterpriseURN, map[string]any{"department": "R"})},
		{"extension", []string{schema.EnterpriseURN}, nil, with(schema.EnterpriseURN, resource()[schema.EnterpriseURN])},
		{"on request", []string{staff + ":bulky"}, nil, with(staff, map[string]any{"loud": "l", "bulky": "b"})},
		{"never", []string{staff + ":secret"}, nil, with()},
		{"exclude", nil, []string{"emails", "meta"}, but(func(m map[string]any) { delete(m, "emails"); delete(m, "meta") })},
		{"exclude sub-attribute", nil, []string{"name.givenName", "meta.created"}, but(func(m map[string]any) {
			m["name"] = map[string]any{"familyName": "L"}
			m["meta"] = map[string]any{"version": "1"}
		})},
		{"exclude what is always returned", nil, []string{"id", "schemas", staff}, but(func(m map[string]any) { m[staff] = map[string]any{"loud": "l"} })},
	}
	res := userType(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := schema.ParseSelection(res, c.attributes, c.excluded)
			if err != nil {
				t.Fatal(err)
			}
			whole := resource()
			if diff := cmp.Diff(c.want, s.Apply(whole)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(resource(), whole); diff != "" {
				t.Errorf("the argument changed:\n%s", diff)
			}
		})
	}
	if _, err := schema.ParseSelection(res, []string{"userName"}, []string{"emails"}); err == nil {
		t.Error("attributes and excludedAttributes together were taken")
	}
}

func TestSelectionWants(t *testing.T) {
	group := schema.Group()
	nothing, _ := schema.ParseSelection(group, nil, nil)
	without, _ := schema.ParseSelection(group, nil, []string{"MEMBERS"})
	only, _ := schema.ParseSelection(group, []string{"members.value"}, nil)
	if !nothing.All() || without.All() || only.All() {
		t.Errorf("All = %v, %v, %v", nothing.All(), without.All(), only.All())
	}
	if !nothing.Wants("members") || without.Wants("members") || !only.Wants("members") || only.Wants("displayName") || !only.Wants("id") ||
		!only.Wants("members.value") || only.Wants("members.display") || only.Wants("nope") {
		t.Error("Wants disagrees with the request")
	}
	user := userType(t)
	all, _ := schema.ParseSelection(user, nil, nil)
	enterprise, _ := schema.ParseSelection(user, []string{"department"}, nil)
	if all.All() {
		t.Error("All although an extension has attributes that are never returned")
	}
	if !enterprise.Wants(schema.EnterpriseURN) || enterprise.Wants("groups") || enterprise.Wants("urn:x") {
		t.Error("Wants disagrees with the request for an extension")
	}
}
