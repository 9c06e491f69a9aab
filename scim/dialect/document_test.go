package dialect_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/schema"
)

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	staff      = "urn:example:scim:schemas:1.0:Staff"
)

var groupType = schema.Group()

// userType is the User resource with an extension that has every type of attribute.
func userType(t testing.TB) *schema.Resource {
	t.Helper()
	res, err := schema.User([]config.Extension{{
		URN: staff, Name: "Staff",
		Attributes: []config.ExtensionAttribute{
			{Name: "badge", Type: "integer"},
			{Name: "weight", Type: "decimal"},
			{Name: "hired", Type: "dateTime"},
			{Name: "tags", MultiValued: true},
			{Name: "remote", Type: "boolean"},
			{Name: "serial", Mutability: "immutable"},
			{Name: "score", Type: "integer", Mutability: "readOnly"},
			{Name: "desk", Type: "complex", Attributes: []config.ExtensionAttribute{{Name: "floor"}, {Name: "seat", Required: true}}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// decode reads what a test expects.
func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	m, err := dialect.Decode([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

// expand fills in the URNs and the quotes that would make the tables unreadable.
func expand(text string) string {
	return strings.NewReplacer("ENT", enterprise, "STAFF", staff).Replace(text)
}

func TestResourceTakesEveryShape(t *testing.T) {
	cases := []struct{ name, body, want, note string }{
		{
			"plain", `{"schemas":["x"],"userName":"ann@acme.com","name":{"givenName":"Ann","familyName":"Lee"},"active":true}`,
			`{"userName":"ann@acme.com","name":{"givenName":"Ann","familyName":"Lee"},"active":true}`, "",
		},
		{
			"what Okta echoes on PUT", `{"schemas":[],"id":"1","userName":"a","groups":[{"value":"g"}],"meta":{"version":"W/1"},"password":"hunter2"}`,
			`{"userName":"a"}`, "",
		},
		{"nulls", `{"userName":"a","nickName":null,"name":{"givenName":null},"emails":null,"ENT":null}`, `{"userName":"a"}`, ""},
		{"empty roles", `{"userName":"a","roles":[]}`, `{"userName":"a"}`, ""},
		{
			"enterprise URN without its last colon", `{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0User":{"department":"R&D"}}`,
			`{"userName":"a","ENT":{"department":"R&D"}}`, "",
		},
		{"top-level department", `{"userName":"a","department":"R&D"}`, `{"userName":"a","ENT":{"department":"R&D"}}`, "ENT:department: given without its URN"},
		{"top-level manager as text", `{"userName":"a","manager":"123"}`, `{"userName":"a","ENT":{"manager":{"value":"123"}}}`, "ENT:manager: a plain value was taken as value"},
		{
			"department twice, under its URN and without", `{"userName":"a","ENT":{"department":"R&D"},"department":"Eng"}`,
			`{"userName":"a","ENT":{"department":"R&D"}}`, "ENT:department: given twice, the one under its URN counts",
		},
		{
			"department twice, the other way round", `{"userName":"a","department":"Eng","ENT":{"department":"R&D"}}`,
			`{"userName":"a","ENT":{"department":"R&D"}}`, "ENT:department: given without its URN",
		},
		{
			"booleans as text", `{"userName":"a","active":"True","emails":[{"value":"a@b.c","primary":"False"}]}`,
			`{"userName":"a","active":true,"emails":[{"value":"a@b.c","primary":false}]}`, "active: a text or number was taken as a boolean",
		},
		{"manager as object", `{"userName":"a","ENT":{"manager":{"value":"1","displayName":"Bo"}}}`, `{"userName":"a","ENT":{"manager":{"value":"1"}}}`, ""},
		{"manager as array of one", `{"userName":"a","ENT":{"manager":[{"value":"1"}]}}`, `{"userName":"a","ENT":{"manager":{"value":"1"}}}`, "ENT:manager: an array was taken as its only value"},
		{"manager empty", `{"userName":"a","ENT":{"manager":""}}`, `{"userName":"a"}`, "ENT:manager: an empty text was taken as no value"},
		{"manager with an empty value", `{"userName":"a","ENT":{"manager":{"value":""}}}`, `{"userName":"a"}`, ""},
		{"manager as number", `{"userName":"a","manager":7}`, `{"userName":"a","ENT":{"manager":{"value":"7"}}}`, "ENT:manager.value: a number was taken as a text"},
		{"emails as one object", `{"userName":"a","emails":{"value":"a@b.c"}}`, `{"userName":"a","emails":[{"value":"a@b.c"}]}`, "emails: a single value was taken as an array"},
		{"emails as text", `{"userName":"a","emails":"a@b.c"}`, `{"userName":"a","emails":[{"value":"a@b.c"}]}`, "emails: a plain value was taken as value"},
		{
			"roles as JSON inside a text", `{"userName":"a","roles":"[{\"value\":\"r\",\"primary\":\"True\"}]"}`,
			`{"userName":"a","roles":[{"value":"r","primary":true}]}`, "roles: JSON inside a text was unpacked",
		},
		{"roles as array of JSON texts", `{"userName":"a","roles":["{\"value\":\"r\"}"]}`, `{"userName":"a","roles":[{"value":"r"}]}`, "roles: JSON inside a text was unpacked"},
		{
			"an address without a value", `{"userName":"a","emails":[{"type":"work","value":null,"primary":true},{"type":"home","value":"h@b.c"}]}`,
			`{"userName":"a","emails":[{"type":"home","value":"h@b.c"}]}`, "emails: an element without a value was dropped",
		},
		{
			"two primary values", `{"userName":"a","emails":[{"value":"x@b.c","primary":true},{"value":"y@b.c","primary":true}]}`,
			`{"userName":"a","emails":[{"value":"x@b.c","primary":true},{"value":"y@b.c"}]}`, "emails: more than one value was primary, the first was kept so",
		},
		{"names in any case", `{"USERNAME":"a","Name":{"GIVENNAME":"Ann"},"eMails":[{"VALUE":"a@b.c"}]}`, `{"userName":"a","name":{"givenName":"Ann"},"emails":[{"value":"a@b.c"}]}`, ""},
		{"unknown attribute", `{"userName":"a","shoeSize":43,"name":{"nick":"x","givenName":"Ann"}}`, `{"userName":"a","name":{"givenName":"Ann"}}`, "shoeSize: unknown attribute, dropped"},
		{"unknown extension", `{"userName":"a","urn:example:other:2.0:User":{"x":1}}`, `{"userName":"a"}`, "urn:example:other:2.0:User: unknown attribute, dropped"},
		{"number where a text belongs", `{"userName":"a","ENT":{"employeeNumber":123}}`, `{"userName":"a","ENT":{"employeeNumber":"123"}}`, "ENT:employeeNumber: a number was taken as a text"},
		{"random certificates", `{"userName":"a","x509Certificates":[{"value":"not base64!"}]}`, `{"userName":"a","x509Certificates":[{"value":"not base64!"}]}`, "x509Certificates.value: not base64, kept as it is"},
		{"missing schemas", `{"userName":"a"}`, `{"userName":"a"}`, "schemas: absent"},
		{"dotted and URN-prefixed keys", `{"userName":"a","name.givenName":"Ann","ENT:costCenter":"42"}`, `{"userName":"a","name":{"givenName":"Ann"},"ENT":{"costCenter":"42"}}`, ""},
		{"name as text", `{"userName":"a","name":"Ann Lee"}`, `{"userName":"a","name":{"formatted":"Ann Lee"}}`, "name: a plain value was taken as formatted"},
		{"value wrapped in an object in an array", `{"userName":[{"$ref":null,"value":"a"}]}`, `{"userName":"a"}`, "userName: an object was taken as its value"},
		{"byte order mark and escapes", "\ufeff" + `{"userName":"\u00e4\ud83d\ude00\"\\\/","title":"half \ud83d"}`, `{"userName":"ä😀\"\\/","title":"half �"}`, ""},
		{
			"custom extension", `{"userName":"a","STAFF":{"badge":"7","weight":1.5,"hired":"2026-01-31T08:00:00Z","tags":"x","remote":"true","serial":"s","score":9,"desk":{"seat":"4"}}}`,
			`{"userName":"a","STAFF":{"badge":7,"weight":1.5,"hired":"2026-01-31T08:00:00Z","tags":["x"],"remote":true,"serial":"s","desk":{"seat":"4"}}}`, "STAFF:score: read-only, dropped",
		},
		{"large integer", `{"userName":"a","STAFF":{"badge":9007199254740993}}`, `{"userName":"a","STAFF":{"badge":9007199254740993}}`, ""},
	}
	res := userType(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			doc, err := dialect.Resource(res, []byte(expand(c.body)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decode(t, expand(c.want)), doc.Attributes); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
			notes := strings.Join(doc.Notes, "\n")
			if c.note != "" && !strings.Contains(notes, expand(c.note)) {
				t.Errorf("notes = %q, want %q", notes, expand(c.note))
			}
			again, err := dialect.Resource(res, []byte(expand(c.want)))
			if err != nil || cmp.Diff(doc.Attributes, again.Attributes) != "" {
				t.Errorf("normalizing the outcome changes it: %v, %v", again, err)
			}
		})
	}
}

func TestResourceRefuses(t *testing.T) {
	cases := []struct{ name, body, code, says string }{
		{"no JSON", `{"userName":`, "invalidSyntax", "byte 13"},
		{"no object", `["a"]`, "invalidSyntax", "expected an object"},
		{"something behind it", `{"userName":"a"}}`, "invalidSyntax", "nothing behind"},
		{"trailing comma", `{"userName":"a",}`, "invalidSyntax", "behind the comma"},
		{"attribute twice", `{"userName":"a","userName":"b"}`, "invalidSyntax", "userName is given twice"},
		{"attribute twice in different case", `{"userName":"a","USERNAME":"b"}`, "invalidSyntax", "userName is given twice"},
		{"sub-attribute twice", `{"userName":"a","name":{"givenName":"a","GivenName":"b"}}`, "invalidSyntax", "name.givenName is given twice"},
		{"null character", `{"userName":"a\u0000b"}`, "invalidSyntax", "null character"},
		{"raw control character", "{\"userName\":\"a\x00b\"}", "invalidSyntax", "control"},
		{"invalid UTF-8", "{\"userName\":\"a\xffb\"}", "invalidSyntax", "UTF-8"},
		{"invalid UTF-8 in a key", "{\"user\xffName\":\"a\"}", "invalidSyntax", "UTF-8"},
		{"too deep", `{"userName":"a","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "invalidSyntax", "deeper than 32"},
		{"no userName", `{"displayName":"Ann"}`, "invalidValue", "userName is required"},
		{"empty userName", `{"userName":""}`, "invalidValue", "userName is required"},
		{"userName of blanks", `{"userName":" \t\u00a0"}`, "invalidValue", "userName is required"},
		{"active banana", `{"userName":"a","active":"banana"}`, "invalidValue", "active must be a boolean"},
		{"externalId as object", `{"userName":"a","externalId":{"x":1}}`, "invalidValue", "externalId must be a string"},
		{"two managers", `{"userName":"a","ENT":{"manager":[{"value":"1"},{"value":"2"}]}}`, "invalidValue", "manager must be an object"},
		{"extension as number", `{"userName":"a","ENT":5}`, "invalidValue", "must be an object"},
		{"fraction for an integer", `{"userName":"a","STAFF":{"badge":1.5}}`, "invalidValue", "badge must be an integer"},
		{"no date", `{"userName":"a","STAFF":{"hired":"yesterday"}}`, "invalidValue", "dateTime"},
		{"desk without its seat", `{"userName":"a","STAFF":{"desk":{"floor":"4"}}}`, "invalidValue", "desk.seat is required"},
	}
	res := userType(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := dialect.Resource(res, []byte(expand(c.body)))
			wantError(t, err, c.code, c.says)
		})
	}
}

func wantError(t *testing.T, err error, code, says string) {
	t.Helper()
	var e *directory.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want a directory.Error", err)
	}
	if e.Kind != directory.Invalid || e.Code != code || !strings.Contains(e.Message, says) {
		t.Errorf("error = %v %s %q, want %s with %q", e.Kind, e.Code, e.Message, code, says)
	}
}

func TestResourceFillsItsFields(t *testing.T) {
	doc, err := dialect.Resource(userType(t), []byte(`{"id":"i","externalId":42,"userName":"ann","displayName":"Ann","active":"false"}`))
	if err != nil {
		t.Fatal(err)
	}
	got := []any{doc.ID, doc.ExternalID, doc.UserName, doc.DisplayName, doc.Active, doc.ActiveGiven}
	if diff := cmp.Diff([]any{"i", "42", "ann", "Ann", false, true}, got); diff != "" {
		t.Error(diff)
	}
	silent, err := dialect.Resource(userType(t), []byte(`{"userName":"ann"}`))
	if err != nil || !silent.Active || silent.ActiveGiven {
		t.Errorf("without active: %+v, %v; want active by default", silent, err)
	}
}

func TestNotesNeverHoldValues(t *testing.T) {
	body := `{"userName":"secret-1","password":"secret-2","active":"True","manager":"secret-3","emails":"secret-4","phones":"secret-5","x y secret":1}`
	doc, err := dialect.Resource(userType(t), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(doc.Notes, "\n"); strings.Contains(all, "secret") || len(doc.Notes) < 4 {
		t.Errorf("notes = %q", all)
	}
	if strings.Contains(strings.Join(doc.Notes, "\n"), "password") || doc.Attributes["password"] != nil {
		t.Error("the password left a trace")
	}
}

func TestDocumentOfTakesExternalIDOut(t *testing.T) {
	doc := dialect.DocumentOf(map[string]any{"userName": "ann", "externalId": "x", "active": false})
	if doc.ExternalID != "x" || doc.UserName != "ann" || doc.Active || doc.Attributes["externalId"] != nil {
		t.Errorf("document = %+v", doc)
	}
}
