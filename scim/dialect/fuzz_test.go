package dialect_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/patch"
	"github.com/mixus/usher/scim/schema"
)

// FuzzNormalizer feeds bodies to every entrance: none may panic or fail with anything but an Invalid error; what comes
// out of Resource is valid, is stored and read back the same, and normalizes to itself; a stream and a text are read the
// same.
func FuzzNormalizer(f *testing.F) {
	for _, seed := range []string{
		expand(oktaUser), expand(entraUser), string(deactivate),
		`{"Operations":[{"op":"Add","path":"emails[type eq \"work\"].value","value":"a@b.c"},{"op":"remove","value":{"members":["a"]}}]}`,
		`{"displayName":"G","members":[{"value":"a"},{"$ref":"/Users/b"},"c",4,null]}`,
		`{"operations":{"op":"replace","value":"{\"active\":\"False\",\"name.givenName\":\"x\"}"}}`,
		`{"userName":["a"],"roles":"[{\"value\":1}]","manager":[{"value":""}],"emails":{"value":"x","primary":"TRUE"}}`,
		`{"userName":"\ud800\u0000","x":[[[{}]]]}`, `{`, ``, `null`, "\ufeff{}", `{"Operations":[{"value":{"members":[],"displayName":"x"},"op":"replace"}]}`,
	} {
		f.Add([]byte(seed))
	}
	res := userType(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 4<<10 {
			return
		}
		fuzzResource(t, res, body)
		g, err := dialect.Group(groupType, bytes.NewReader(body))
		slow, slowErr := dialect.Group(groupType, iotest.OneByteReader(bytes.NewReader(body)))
		refusal(t, err)
		if (err == nil) != (slowErr == nil) || cmp.Diff(g, slow) != "" {
			t.Fatalf("%q: at once %+v, %v; byte by byte %+v, %v", body, g, err, slow, slowErr)
		}
		m, err := dialect.ReadGroupPatch(groupType, iotest.HalfReader(bytes.NewReader(body)))
		refusal(t, err)
		if err == nil {
			_, _, err := patch.Apply(groupType, map[string]any{"displayName": "G"}, m.Ops)
			refusal(t, err)
		}
		p, err := dialect.UserPatch(res, body)
		refusal(t, err)
		if err != nil {
			return
		}
		next, _, err := patch.Apply(res, map[string]any{"userName": "u"}, p.Ops)
		refusal(t, err)
		if err == nil {
			if err := res.Validate(dialect.DocumentOf(next).Attributes); err != nil && !strings.Contains(err.Error(), "required") {
				t.Fatalf("%q leaves %v, which is not valid: %v", body, next, err)
			}
		}
	})
}

func fuzzResource(t *testing.T, res *schema.Resource, body []byte) {
	doc, err := dialect.Resource(res, body)
	refusal(t, err)
	if err != nil {
		return
	}
	if !json.Valid(bytes.TrimPrefix(body, []byte("\ufeff"))) || !utf8.Valid(body) {
		t.Fatalf("%q is not JSON, but was read", body)
	}
	if err := res.Validate(doc.Attributes); err != nil {
		t.Fatalf("%q became %v, which is not valid: %v", body, doc.Attributes, err)
	}
	text, err := json.Marshal(doc.Attributes)
	if err != nil {
		t.Fatal(err)
	}
	if stored := decode(t, string(text)); cmp.Diff(doc.Attributes, stored) != "" {
		t.Fatalf("%q is stored as %s, which differs:\n%s", body, text, cmp.Diff(doc.Attributes, stored))
	}
	again, err := dialect.Resource(res, text)
	if err != nil || cmp.Diff(doc.Attributes, again.Attributes) != "" {
		t.Fatalf("%s normalizes to %+v, %v", text, again, err)
	}
}

// refusal makes sure that an error is one for the client, with a sentence.
func refusal(t *testing.T, err error) {
	t.Helper()
	var e *directory.Error
	if err != nil && (!errors.As(err, &e) || e.Kind != directory.Invalid || e.Code == "" || !strings.HasSuffix(strings.TrimSuffix(e.Message, "?"), ".") && !strings.HasSuffix(e.Message, "?")) {
		t.Fatalf("error = %#v, want an Invalid one with a code and a sentence", err)
	}
}
