package patch_test

import (
	"errors"
	"strings"
	"testing"

	ast "github.com/scim2/filter-parser/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/patch"
	"github.com/mixus/usher/scim/schema"
)

func TestParsePath(t *testing.T) {
	for text, want := range map[string]string{
		"userName": "userName", "USERNAME": "userName", " userName ": "userName", "name.givenname": "name.givenName",
		"urn:ietf:params:scim:schemas:core:2.0:User:name.givenName": "name.givenName",
		"ENT:department": "ENT:department", "ENT:manager.value": "ENT:manager.value", "ENT.manager": "ENT:manager", "ENT": "ENT",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department": "ENT:department",
		"department":                     "ENT:department",
		`emails[type eq "work"]`:         `emails[type eq "work"]`,
		`Emails[Type EQ "work"].VALUE`:   `emails[Type eq "work"].value`,
		`emails [ value co "]" ].type`:   `emails[value co "]"].type`,
		`manager[value eq "1"]`:          `ENT:manager[value eq "1"]`,
		`STAFF:keys[label pr].value`:     `STAFF:keys[label pr].value`,
		`roles[primary eq "True"].value`: `roles[primary eq "True"].value`,
		`members`:                        ``,
		`externalId`:                     `externalId`,
		`meta.created`:                   `meta.created`,
	} {
		p, err := patch.ParsePath(userType(t), expand(text))
		switch {
		case want == "":
			if err == nil {
				t.Errorf("%s: %v, want an error", text, p)
			}
		case err != nil:
			t.Errorf("%s: %v", text, err)
		case p.String() != expand(want):
			t.Errorf("%s = %s, want %s", text, p, expand(want))
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	for text, code := range map[string]string{
		``: "invalidPath", `nope`: "invalidPath", `name.nope`: "invalidPath", `emails[`: "invalidPath", `emails]`: "invalidPath",
		`emails[type eq "a"]value`: "invalidPath", `emails[type eq "a"].`: "invalidPath", `emails[type eq "a"].nope`: "invalidPath",
		`emails.type[type eq "a"]`: "invalidPath", `[type eq "a"]`: "invalidPath", `ENT[x pr]`: "invalidPath", `urn:x:y`: "invalidPath",
		`emails[]`: "invalidFilter", `emails[type]`: "invalidFilter", `emails[nope eq "a"]`: "invalidFilter", `title[value eq "a"]`: "invalidFilter",
		`emails[type eq "a"][type eq "b"]`: "invalidFilter", `name.givenName.x`: "invalidPath",
	} {
		_, err := patch.ParsePath(userType(t), expand(text))
		var e *directory.Error
		if !errors.As(err, &e) || e.Kind != directory.Invalid || e.Code != code || e.Message == "" {
			t.Errorf("%q: %v, want %s", text, err, code)
		}
	}
	_, err := patch.ParsePath(userType(t), "emails["+strings.Repeat("(", 40)+"type pr"+strings.Repeat(")", 40)+"]")
	if err == nil || !strings.Contains(err.Error(), "deeper than 32") {
		t.Errorf("deep path: %v", err)
	}
}

// FuzzPath holds ParsePath against the library's parser: a path that the library reads, and whose names the schema has,
// leads to the same place here.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"userName", "name.givenName", `emails[type eq "work"].value`, `emails[type eq "work" and value co "]"]`, "ENT:manager.value",
		"urn:ietf:params:scim:schemas:core:2.0:User:emails[primary eq true]", `roles[not (primary eq true)].display`, "a[b", "ENT.manager", "x509Certificates.value",
	} {
		f.Add(expand(seed))
	}
	res, err := schema.User(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := patch.ParsePath(res, text)
		if err == nil {
			if again, err := patch.ParsePath(res, p.String()); err != nil || again.String() != p.String() {
				t.Fatalf("%q is written as %q, which reads as %v, %v", text, p, again, err)
			}
		}
		if len(text) > 200 || strings.Count(text, "(") > 4 {
			return
		}
		want, libErr := ast.ParsePathNumber([]byte(text))
		if libErr != nil {
			return
		}
		a, sub, known := res.Find(want.AttributePath.String())
		if !known || want.ValueExpression != nil && sub != nil {
			return
		}
		if want.SubAttribute != nil {
			if sub = a.SubAttribute(*want.SubAttribute); sub == nil {
				return
			}
		}
		if err != nil {
			var e *directory.Error
			if errors.As(err, &e) && e.Code == "invalidFilter" {
				return // the schema refuses what the grammar takes
			}
			t.Fatalf("%q: the library reads it, and here: %v", text, err)
		}
		if p.Attribute != a || p.Sub != sub || (p.ValueFilter == nil) != (want.ValueExpression == nil) {
			t.Fatalf("%q leads to %s, the library says %s", text, p, want)
		}
	})
}
