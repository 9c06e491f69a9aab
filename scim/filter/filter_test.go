package filter_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/scim/dialect"
	"github.com/mixus/usher/scim/filter"
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
			{Name: "weight", Type: "decimal"},
			{Name: "hired", Type: "dateTime"},
			{Name: "tags", MultiValued: true},
			{Name: "code", CaseExact: true},
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

// ann is the record that the tables ask about.
func ann(t testing.TB) *filter.Record {
	t.Helper()
	attributes, err := dialect.Decode([]byte(expand(`{
		"userName": "Ann@Acme.com", "active": true, "title": "Engineer \"Q\" / ä", "nickName": "",
		"name": {"givenName": "Ann", "familyName": "Lee"},
		"emails": [{"value": "ann@acme.com", "type": "work", "primary": true}, {"value": "ann@home.net", "type": "home"}],
		"roles": [{"value": "dev", "primary": false}],
		"ENT": {"employeeNumber": "0042", "department": "R&D", "manager": {"value": "m1"}},
		"STAFF": {"badge": 7, "weight": 1.5, "hired": "2020-05-01T10:00:00+02:00", "tags": ["red", "Blue"], "code": "AbC"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	return &filter.Record{
		ID: "018f3c2a-5d1e-7c3a-9b1f-2f6f5a1e0c77", ExternalID: "00uABC", Version: `W/"3"`,
		Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Modified: time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC),
		Attributes: attributes,
		Groups:     func() []any { return []any{map[string]any{"value": "g1", "display": "Engineering", "type": "direct"}} },
	}
}

func TestMatch(t *testing.T) {
	cases := []struct {
		name string
		yes  []string
		no   []string
	}{
		{"eq without case", []string{`userName eq "ann@acme.com"`, `USERNAME EQ "ANN@ACME.COM"`, `name.familyName eq "lee"`}, []string{`userName eq "bo@acme.com"`}},
		{"eq with case", []string{`externalId eq "00uABC"`, `STAFF:code eq "AbC"`}, []string{`externalId eq "00uabc"`, `STAFF:code eq "abc"`}},
		{"ne", []string{`userName ne "bo"`, `nickName ne "x"`, `preferredLanguage ne "en"`}, []string{`userName ne "ANN@acme.com"`}},
		{"co, sw, ew", []string{`userName co "@ACME"`, `userName sw "ann"`, `title sw "eng"`, `userName ew ".com"`}, []string{`userName co "bo"`, `userName sw "nn"`, `userName ew "acme"`}},
		{"order of texts", []string{`userName gt "amy"`, `userName lt "bo"`, `userName ge "ann@acme.com"`, `userName le "ann@acme.com"`}, []string{`userName gt "bo"`, `userName lt "ann@acme.com"`}},
		{"pr", []string{`title pr`, `emails pr`, `name pr`, `active pr`, `ENT:manager pr`, `externalId pr`, `meta.created pr`, `schemas pr`}, []string{`nickName pr`, `phoneNumbers pr`, `addresses.region pr`, `photos pr`}},
		{"booleans", []string{`active eq true`, `active eq "True"`, `active ne false`, `roles.primary eq false`}, []string{`active eq false`, `active eq "false"`}},
		{"numbers", []string{`STAFF:badge eq 7`, `STAFF:badge gt 6.5`, `STAFF:badge le 7`, `STAFF:weight lt 1.51`, `STAFF:badge eq "7"`, `STAFF:badge ne 8`, `STAFF:badge eq 0.7e1`}, []string{`STAFF:badge gt 7`, `STAFF:weight ge 2`}},
		{
			"dateTimes by instant",
			[]string{`STAFF:hired eq "2020-05-01T08:00:00Z"`, `STAFF:hired lt "2020-05-01T08:00:00.001Z"`, `meta.created eq "2026-01-01T01:00:00+01:00"`, `meta.lastModified ge "2026-02-01T12:00:00Z"`},
			[]string{`STAFF:hired gt "2020-05-01T09:00:00Z"`, `meta.lastModified lt "2026-02-01T12:00:00Z"`},
		},
		{"null", []string{`title ne null`, `phoneNumbers eq null`, `nickName eq null`, `ENT:costCenter eq null`}, []string{`title eq null`, `nickName ne null`}},
		{"escapes", []string{`title eq "Engineer \"Q\" \/ \u00e4"`, `title co "\"q\""`, `title ew "\u00C4"`}, []string{`title eq "Engineer"`}},
		{"multi-valued: any element", []string{`emails.value eq "ann@home.net"`, `emails.type eq "work"`, `emails.value ne "ann@acme.com"`, `emails eq "ann@acme.com"`, `emails co "home"`}, []string{`emails.value eq "x"`, `emails.type eq "other"`}},
		{"multi-valued simple", []string{`STAFF:tags eq "blue"`, `STAFF:tags[value sw "re"]`}, []string{`STAFF:tags eq "green"`}},
		{"value path: one element passes all", []string{`emails[type eq "work" and value co "@acme.com"]`, `emails[type eq "home"]`, `emails[primary eq true]`, `emails[not (type eq "work")]`}, []string{`emails[type eq "home" and value co "@acme.com"]`}},
		{"value path with three terms", []string{`emails[type eq "work" and primary eq true and value pr]`, `emails[type eq "x" or type eq "y" or type eq "home"]`}, []string{`emails[type eq "work" and primary eq true and display pr]`}},
		{"Entra: sub-attribute behind a value path", []string{`emails[type eq "work"].value eq "ANN@acme.com"`, `emails[primary eq "True"].value sw "ann"`}, []string{`emails[type eq "home"].value eq "ann@acme.com"`}},
		{"Entra: values without quotes", []string{`userName eq ann@acme.com`, `(userName eq Ann@Acme.com)`, `ENT:employeeNumber eq 0042`, `externalId eq 00uABC and active eq True`}, []string{`userName eq bo@acme.com`}},
		{"Entra: id and manager", []string{`id eq "018f3c2a-5d1e-7c3a-9b1f-2f6f5a1e0c77" and manager eq "m1"`, `ENT.manager eq "m1"`}, []string{`id eq "018f3c2a-5d1e-7c3a-9b1f-2f6f5a1e0c77" and manager eq "m2"`}},
		{"Entra: changed since", []string{`active eq true and (meta.lastModified ge "2026-01-15T00:00:00Z" and meta.lastModified le "2026-03-01T00:00:00Z")`}, nil},
		{"extension attributes", []string{`ENT:department eq "r&d"`, `department eq "R&D"`, `ENT:manager.value eq "m1"`, `urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ann"`}, []string{`ENT:department eq "Ops"`}},
		{"core and extension mixed", []string{`userName sw "ann" and (ENT:department eq "Ops" or STAFF:badge lt 10)`, `not (ENT:department eq "Ops") and not(active eq false)`}, []string{`active eq true and not (department pr)`}},
		{"and binds tighter than or", []string{`title pr or title pr and active eq false`, `active eq false and title pr or active eq true`}, []string{`(title pr or title pr) and active eq false`}},
		{"groups", []string{`groups.value eq "g1"`, `groups eq "G1"`, `groups[display eq "Engineering"]`}, []string{`groups.value eq "g2"`}},
		{"meta and schemas", []string{`meta.resourceType eq "User"`, `meta.version eq "W/\"3\""`, `schemas eq "ENT"`}, []string{`meta.resourceType eq "Group"`, `schemas eq "urn:x"`}},
		{"blanks", []string{"  active   eq\ttrue  and( title pr )"}, nil},
	}
	res, rec := userType(t), ann(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for want, texts := range map[bool][]string{true: c.yes, false: c.no} {
				for _, text := range texts {
					f, err := filter.Parse(res, expand(text))
					if err != nil {
						t.Errorf("%s: %v", text, err)
					} else if got := f.Match(rec); got != want {
						t.Errorf("%s = %v, want %v", text, got, want)
					}
				}
			}
		})
	}
}

func TestMatchOnNothing(t *testing.T) {
	res := userType(t)
	for text, want := range map[string]bool{
		`userName pr`: false, `userName ne "x"`: true, `emails.value ne "x"`: true, `groups pr`: false, `meta.created pr`: false,
		`id eq null`: true, `ENT:department ne "x"`: true, `not (active eq true)`: true, `emails[type ne "work"]`: false,
	} {
		f, err := filter.Parse(res, expand(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(&filter.Record{}); got != want {
			t.Errorf("%s on an empty record = %v, want %v", text, got, want)
		}
	}
}

func TestMatchMembers(t *testing.T) {
	rec := &filter.Record{Members: 2, HasMember: func(id string) bool { return id == "a" || id == "b" }}
	for text, want := range map[string]bool{
		`members eq "a"`: true, `members.value eq "c"`: false, `members ne "c"`: true, `members pr`: true,
		`members[value eq "b"]`: true, `members[value eq "x" or value eq "b"]`: true, `displayName pr or members.value eq "a"`: true,
	} {
		f, err := filter.Parse(schema.Group(), text)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Match(rec); got != want {
			t.Errorf("%s = %v, want %v", text, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat("(", 40) + "title pr" + strings.Repeat(")", 40)
	cases := []struct{ name, text, says string }{
		{"empty", ``, "expected the name of an attribute, found the end"},
		{"only a name", `userName`, "character 9: expected an operator"},
		{"unknown operator", `userName is "x"`, `character 10: expected an operator: eq, ne`},
		{"no value", `userName eq`, "character 12: expected a value"},
		{"open quote", `userName eq "x`, "expected a closing quote"},
		{"bad escape", `userName eq "\x"`, "expected an escape"},
		{"half an escape", `userName eq "\u12"`, "expected an escape"},
		{"open parenthesis", `(title pr`, `expected ")"`},
		{"open bracket", `emails[type pr`, `expected "]"`},
		{"closing too much", `title pr)`, `expected "and", "or" or the end`},
		{"two filters", `title pr title pr`, `character 10: expected "and", "or" or the end of the filter, found title pr`},
		{"ends with and", `title pr and `, "found the end"},
		{"nested brackets", `emails[type[value pr] pr]`, "brackets do not nest"},
		{"three names", `name.a.b pr`, "unknown attribute: name.a.b"},
		{"unknown attribute with a near one", `usrName eq "x"`, "Did you mean userName?"},
		{"unknown attribute", `shoeSize eq 43`, "unknown attribute: shoeSize"},
		{"unknown sub-attribute", `emails[kind eq "x"]`, "emails has no sub-attribute kind"},
		{"unknown URN", `urn:x:title pr`, "unknown attribute"},
		{"order of booleans", `active gt true`, "which gt does not compare"},
		{"part of a boolean", `active co true`, "which co does not compare"},
		{"boolean with banana", `active eq "banana"`, "Compare it with true or false"},
		{"number with a text", `STAFF:badge eq "x"`, "Compare it with a number"},
		{"part of a number", `STAFF:badge sw 7`, "which sw does not compare"},
		{"dateTime with a text", `meta.created gt "yesterday"`, "is a dateTime"},
		{"order of null", `title gt null`, "by eq and ne only"},
		{"a whole name", `name eq "Ann"`, "Name one of its sub-attributes"},
		{"brackets behind a simple value", `title[value eq "x"]`, "nothing to select in brackets"},
		{"order of certificates", `x509Certificates.value gt "x"`, "cannot be compared by gt"},
		{"too long", `title eq "` + strings.Repeat("x", 5000) + `"`, "longer than 4096"},
		{"too deep", deep, "deeper than 32"},
		{"too many terms", strings.TrimSuffix(strings.Repeat("title pr or ", 300), " or "), "more than 200"},
		{"invalid UTF-8", "title eq \"\xff\"", "UTF-8"},
	}
	res := userType(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := filter.Parse(res, expand(c.text))
			wantInvalidFilter(t, err, c.says)
		})
	}
	for _, text := range []string{`members co "a"`, `members.display eq "A"`, `members[type eq "User"]`} {
		_, err := filter.Parse(schema.Group(), text)
		wantInvalidFilter(t, err, "members can only be compared by id")
	}
}

func wantInvalidFilter(t *testing.T, err error, says string) {
	t.Helper()
	var e *directory.Error
	if !errors.As(err, &e) || e.Kind != directory.Invalid || e.Code != "invalidFilter" {
		t.Fatalf("error = %v, want invalidFilter", err)
	}
	if !strings.Contains(e.Message, says) {
		t.Errorf("message = %q, want %q in it", e.Message, says)
	}
}

func TestLookup(t *testing.T) {
	byAttribute := func(a directory.Attribute, value string, exact bool) *filter.Lookup {
		return &filter.Lookup{Kind: filter.LookupAttribute, Attribute: a, Value: value, Exact: exact}
	}
	cases := []struct {
		text string
		want *filter.Lookup
	}{
		{`userName eq "Ann@Acme.com"`, byAttribute(directory.AttrUserName, "ann@acme.com", true)},
		{`userName eq ann`, byAttribute(directory.AttrUserName, "ann", true)},
		{`userName eq 42`, byAttribute(directory.AttrUserName, "42", true)},
		{`(userName eq "ann")`, byAttribute(directory.AttrUserName, "ann", true)},
		{`externalId eq "00uABC"`, byAttribute(directory.AttrExternalID, "00uABC", true)},
		{`emails.value eq "A@b.c"`, byAttribute(directory.AttrEmail, "a@b.c", true)},
		{`emails eq "A@b.c"`, byAttribute(directory.AttrEmail, "a@b.c", true)},
		{`emails[value eq "A@b.c"]`, byAttribute(directory.AttrEmail, "a@b.c", true)},
		{`emails[type eq "work"].value eq "A@b.c"`, byAttribute(directory.AttrEmail, "a@b.c", false)},
		{`displayName eq "Ann"`, byAttribute(directory.AttrDisplayName, "ann", true)},
		{`id eq "X"`, &filter.Lookup{Kind: filter.LookupID, Value: "X", Exact: true}},
		{`id eq X and manager eq Y`, &filter.Lookup{Kind: filter.LookupID, Value: "X"}},
		{`active eq true and (title pr and userName eq "ann")`, byAttribute(directory.AttrUserName, "ann", false)},
		{`emails eq "a@b.c" and externalId eq "x"`, byAttribute(directory.AttrExternalID, "x", false)},
		{`userName eq "ann" or active eq true`, nil},
		{`not (userName eq "ann")`, nil},
		{`userName ne "ann"`, nil},
		{`userName eq null`, nil},
		{`name.givenName eq "ann"`, nil},
		{`emails.type eq "work"`, nil},
		{`emails[value eq "a" or value eq "b"]`, nil},
		{`emails[value ne "a"]`, nil},
		{`title eq "x"`, nil},
	}
	res := userType(t)
	for _, c := range cases {
		f, err := filter.Parse(res, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got, ok := f.Lookup()
		if c.want == nil {
			if ok {
				t.Errorf("%s: look-up %+v, want none", c.text, got)
			}
		} else if diff := cmp.Diff(*c.want, got); diff != "" || !ok {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
	for text, exact := range map[string]bool{`members.value eq "u1"`: true, `members[value eq "u1"]`: true, `members eq "u1" and externalId pr`: false} {
		f, err := filter.Parse(schema.Group(), text)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.Lookup(); !ok || got != (filter.Lookup{Kind: filter.LookupMember, Value: "u1", Exact: exact}) {
			t.Errorf("%s: look-up %+v", text, got)
		}
	}
}

func BenchmarkParseLookup(b *testing.B) {
	res := userType(b)
	b.ReportAllocs()
	for b.Loop() {
		f, err := filter.Parse(res, `userName eq "ann@acme.com"`)
		if err != nil {
			b.Fatal(err)
		}
		if _, ok := f.Lookup(); !ok {
			b.Fatal("no look-up")
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	f, err := filter.Parse(userType(b), `active eq true and emails[type eq "work" and value co "@acme.com"]`)
	if err != nil {
		b.Fatal(err)
	}
	rec := ann(b)
	b.ReportAllocs()
	for b.Loop() {
		if !f.Match(rec) {
			b.Fatal("no match")
		}
	}
}
