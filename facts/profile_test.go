package facts

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/mixus/usher/directory"
)

// TestProfileOf checks the walk over a body's text against decoding it with encoding/json.
func TestProfileOf(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":    `{}`,
		"all":        `{"displayName":"Ann Lee","emails":[{"primary":true,"type":"work","value":"ann@acme.com"},{"value":"a@b.c"}],"entitlements":[{"value":"e1"},{"display":"no value"}],"locale":"en-GB","name":{"familyName":"Lee","formatted":"Ann Lee","givenName":"Ann"},"nickName":"A","preferredLanguage":"en","roles":[{"value":"r1"},{"value":"r2"}],"timezone":"Europe/London","title":"Engineer","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"costCenter":"7","department":"R&D","division":"d","employeeNumber":"12","manager":{"displayName":"Bob","value":"26118915"},"organization":"o"},"userType":"Employee"}`,
		"escapes":    `{"displayName":"\"Ann\" \\ \u00e9\ud83d\ude00 {,}","name":{"familyName":"O\"N}eil"},"title":"a\\"}`,
		"raw utf-8":  `{"displayName":"Ünal Çelik 李","title":"{not:[an,object]}"}`,
		"null":       `{"displayName":null,"emails":null,"name":null,"roles":null,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":null}`,
		"extensions": `{"urn:acme:1.0:User":{"displayName":"not mine","emails":[1]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var b struct {
				DisplayName, NickName, Title, UserType, PreferredLanguage, Locale, Timezone string
				Name                                                                        struct{ GivenName, FamilyName string }
				Emails                                                                      []directory.Email
				Roles, Entitlements                                                         []struct{ Value string }
				Enterprise                                                                  struct {
					EmployeeNumber, CostCenter, Organization, Division, Department string
					Manager                                                        struct{ Value string }
				} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
			}
			if err := json.Unmarshal([]byte(text), &b); err != nil {
				t.Fatal(err)
			}
			want := &directory.Profile{
				UserName: "ann", ExternalID: "x", Active: true,
				DisplayName: b.DisplayName, NickName: b.NickName, GivenName: b.Name.GivenName, FamilyName: b.Name.FamilyName,
				Title: b.Title, UserType: b.UserType, PreferredLanguage: b.PreferredLanguage, Locale: b.Locale, Timezone: b.Timezone,
				EmployeeNumber: b.Enterprise.EmployeeNumber, CostCenter: b.Enterprise.CostCenter, Organization: b.Enterprise.Organization,
				Division: b.Enterprise.Division, Department: b.Enterprise.Department, Manager: b.Enterprise.Manager.Value,
				Emails: b.Emails,
			}
			for _, r := range b.Roles {
				if r.Value != "" {
					want.Roles = append(want.Roles, r.Value)
				}
			}
			for _, e := range b.Entitlements {
				if e.Value != "" {
					want.Entitlements = append(want.Entitlements, e.Value)
				}
			}
			got, err := ProfileOf(&directory.User{UserName: "ann", ExternalID: "x", Active: true, Body: []byte(text)})
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
	if _, err := ProfileOf(&directory.User{Body: []byte(`{"displayName":5}`)}); err == nil {
		t.Error("a number passed for a string")
	}
}
