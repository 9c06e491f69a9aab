package scim

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

func TestEntraProvisionsAUser(t *testing.T) {
	w := newWorld(t).as("acme-entra", "entra-secret")

	probe := w.do("GET", "/Users"+query1(`userName eq "b4b5f6f0-0001-4000-8000-5f2f7c0f5d3e"`), "").want(200)
	if probe.get("totalResults") != 0.0 {
		t.Errorf("the connection test found %s", probe.text)
	}
	boss := w.do("POST", "/Users", `{"schemas":["`+userURN+`"],"userName":"boss@acme.com","externalId":"boss","active":true}`).want(201).id()
	created := w.do("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
		"externalId":"oid-1","userName":"dana@acme.com","active":"True","displayName":"Dana","title":null,"roles":[],
		"emails":[{"primary":true,"type":"work","value":"dana@acme.com"}],"department":"Sales","manager":"`+boss+`"}`).want(201)
	id := created.id()
	if created.get("active") != true || created.get(enterprise, "department") != "Sales" || created.get(enterprise, "manager", "value") != boss {
		t.Errorf("created %s", created.text)
	}
	if diff := cmp.Diff([]any{userURN, enterprise}, created.get("schemas")); diff != "" {
		t.Errorf("schemas (-want +got):\n%s", diff)
	}

	for _, filter := range []string{
		`externalId eq "oid-1"`, `emails[type eq "work"].value eq "dana@acme.com"`, `emails.value eq "DANA@acme.com"`,
		`USERNAME EQ "dana@acme.com"`, `displayName eq "dana"`, `id eq "` + id + `" and manager eq "` + boss + `"`,
		`active eq true and (meta.lastModified ge "2026-11-01T00:00:00Z" and userName sw "dana")`,
	} {
		if got := w.do("GET", "/Users"+query1(filter), "").want(200); got.get("totalResults") != 1.0 || got.get("Resources", 0, "id") != id {
			t.Errorf("%s found %s", filter, got.text)
		}
	}

	steps := []struct{ operations, attribute string }{
		{`[{"op":"Replace","path":"active","value":"False"}]`, "active"},
		{`[{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+1 555"},{"op":"Replace","path":"emails[type eq \"work\"].value","value":"d@acme.com"}]`, "phoneNumbers"},
		{`[{"op":"Replace","path":"` + enterprise + `:manager","value":""}]`, enterprise},
		{`[{"op":"replace","value":{"name.givenName":"Dana","` + enterprise + `:employeeNumber":"7"}}]`, "name"},
		{`[]`, "active"},
	}
	for _, s := range steps {
		w.do("PATCH", "/Users/"+id+"?aadOptscim062020", patchOf(s.operations)).want(200)
	}
	got := w.do("GET", "/Users/"+id, "").want(200)
	want := map[string]any{
		"active": false, "name": map[string]any{"givenName": "Dana"},
		"phoneNumbers": []any{map[string]any{"type": "mobile", "value": "+1 555"}},
		"emails":       []any{map[string]any{"primary": true, "type": "work", "value": "d@acme.com"}},
		enterprise:     map[string]any{"department": "Sales", "employeeNumber": "7"},
	}
	for name, value := range want {
		if diff := cmp.Diff(value, got.get(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	w.do("DELETE", "/Users/"+id, "").want(204)
	w.do("DELETE", "/Users/"+id, "").refused(404, "")
	w.do("GET", "/Users/"+id, "").refused(404, "")
}

const userURN = "urn:ietf:params:scim:schemas:core:2.0:User"

func TestEntraProvisionsAGroup(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.user("ann"), w.user("bob")
	id := w.do("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
		"displayName":"Design","externalId":"g-1","meta":{"resourceType":"Group"}}`).want(201).id()

	w.do("PATCH", "/Groups/"+id, patchOf(`[{"op":"Add","path":"members","value":[{"$ref":null,"value":"`+ann+`"},{"$ref":null,"value":"`+bob+`"}]}]`)).want(204)
	without := w.do("GET", "/Groups/"+id+"?excludedAttributes=members", "").want(200)
	if without.get("members") != nil || without.get("displayName") != "Design" || without.get("externalId") != "g-1" {
		t.Errorf("without members: %s", without.text)
	}
	for filter, n := range map[string]float64{
		`displayName eq "design"`:                          1,
		`externalId eq "g-1"`:                              1,
		`id eq "` + id + `" and members eq "` + ann + `"`:  1,
		`members.value eq "` + bob + `"`:                   1,
		`members[value eq "` + bob + `"]`:                  1,
		`members.value eq "nobody"`:                        0,
		`displayName eq "design" and members eq "nobody"`:  0,
		`displayName eq "Design" and externalId ne "g-1"`:  0,
		`displayName co "esi" and not (externalId eq "x")`: 1,
	} {
		if got := w.do("GET", "/Groups"+query1(filter)+"&excludedAttributes=members", "").want(200); got.get("totalResults") != n {
			t.Errorf("%s found %s", filter, got.text)
		}
	}
	w.do("PATCH", "/Groups/"+id, patchOf(`[{"op":"remove","path":"members[value eq \"`+ann+`\"]"}]`)).want(204)
	w.do("PATCH", "/Groups/"+id, patchOf(`[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"`+bob+`"}]}]`)).want(204)
	if got := w.do("GET", "/Groups/"+id, "").get("members"); got != nil {
		t.Errorf("members after both were removed: %v", got)
	}
	w.do("PATCH", "/Groups/"+id, patchOf(`[{"op":"Replace","path":"displayName","value":"Design 2"}]`)).want(204)
	if got := w.do("GET", "/Groups/"+id, "").get("displayName"); got != "Design 2" {
		t.Errorf("after a rename: %v", got)
	}
}

func TestMembersPushedBeforeTheyExistAreShownAsPushed(t *testing.T) {
	w := newWorld(t)
	id := w.do("POST", "/Groups", `{"displayName":"Early","members":[{"value":"00ulate"}]}`).want(201).id()
	got := w.do("GET", "/Groups/"+id, "").want(200)
	if diff := cmp.Diff([]any{map[string]any{"value": "00ulate"}}, got.get("members")); diff != "" {
		t.Errorf("a parked member (-want +got):\n%s", diff)
	}
	late := w.do("POST", "/Users", oktaUser("late")).want(201)
	if late.get("groups", 0, "value") != id {
		t.Errorf("the answer to the POST does not show the group that waited: %s", late.text)
	}
	if got := w.do("GET", "/Groups/"+id, "").values("members", "value"); !cmp.Equal(got, []string{late.id()}) {
		t.Errorf("members after the user arrived: %v", got)
	}
}

func TestNestedGroupsShowAsIndirect(t *testing.T) {
	w := newWorld(t)
	ann := w.user("ann")
	inner := w.group("Inner", ann)
	outer := w.group("Outer", inner)
	if got := w.do("GET", "/Groups/"+outer, ""); got.get("members", 0, "type") != "Group" || got.get("members", 0, "$ref") != "https://usher.example/scim/v2/acme-okta/Groups/"+inner {
		t.Errorf("a nested group as member: %s", got.text)
	}
	got := w.do("GET", "/Users/"+ann, "")
	if !cmp.Equal(got.values("groups", "value"), []string{inner, outer}) || !cmp.Equal(got.values("groups", "type"), []string{"direct", "indirect"}) {
		t.Errorf("groups %v", got.get("groups"))
	}
	if got := w.do("GET", "/Users"+query1(`groups.value eq "`+outer+`"`), ""); got.get("totalResults") != 1.0 {
		t.Errorf("by an indirect group: %s", got.text)
	}
}
