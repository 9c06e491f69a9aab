package facts

import (
	"encoding/json"
	"fmt"

	"github.com/mixus/usher/directory"
)

// body is the part of a stored resource that becomes a profile, the enterprise extension (RFC 7643, section 4.3) with it.
type body struct {
	DisplayName string `json:"displayName"`
	NickName    string `json:"nickName"`
	Name        struct {
		GivenName  string `json:"givenName"`
		FamilyName string `json:"familyName"`
	} `json:"name"`
	Title             string            `json:"title"`
	UserType          string            `json:"userType"`
	PreferredLanguage string            `json:"preferredLanguage"`
	Locale            string            `json:"locale"`
	Timezone          string            `json:"timezone"`
	Emails            []directory.Email `json:"emails"`
	Roles             []value           `json:"roles"`
	Entitlements      []value           `json:"entitlements"`
	Enterprise        struct {
		EmployeeNumber string `json:"employeeNumber"`
		CostCenter     string `json:"costCenter"`
		Organization   string `json:"organization"`
		Division       string `json:"division"`
		Department     string `json:"department"`
		Manager        value  `json:"manager"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

type value struct {
	Value string `json:"value"`
}

// ProfileOf returns what rules can ask about a stored user.
func ProfileOf(u *directory.User) (*directory.Profile, error) {
	var b body
	if len(u.Body) > 0 {
		if err := json.Unmarshal(u.Body, &b); err != nil {
			return nil, fmt.Errorf("facts: profile of user %s: %w", u.ID, err)
		}
	}
	return &directory.Profile{
		UserName: u.UserName, ExternalID: u.ExternalID, Active: u.Active,
		DisplayName: b.DisplayName, NickName: b.NickName, GivenName: b.Name.GivenName, FamilyName: b.Name.FamilyName,
		Title: b.Title, UserType: b.UserType,
		PreferredLanguage: b.PreferredLanguage, Locale: b.Locale, Timezone: b.Timezone,
		EmployeeNumber: b.Enterprise.EmployeeNumber, CostCenter: b.Enterprise.CostCenter,
		Organization: b.Enterprise.Organization, Division: b.Enterprise.Division,
		Department: b.Enterprise.Department, Manager: b.Enterprise.Manager.Value,
		Emails: b.Emails, Roles: texts(b.Roles), Entitlements: texts(b.Entitlements),
	}, nil
}

func texts(values []value) []string {
	if len(values) == 0 {
		return nil
	}
	out := make([]string, 0, len(values))
	for _, v := range values {
		if v.Value != "" {
			out = append(out, v.Value)
		}
	}
	return out
}

// keysOf returns the indexed values of a user. A superseded user has lost its userName to another person.
func keysOf(u *directory.User, p *directory.Profile) []directory.Key {
	keys := make([]directory.Key, 0, 3)
	if !u.Superseded {
		keys = append(keys, directory.Key{Attribute: directory.AttrUserName, Value: directory.Fold(u.UserName)})
	}
	if u.ExternalID != "" {
		keys = append(keys, directory.Key{Attribute: directory.AttrExternalID, Value: u.ExternalID})
	}
	for i, e := range p.Emails {
		v := directory.Fold(e.Value)
		if v == "" || repeated(p.Emails[:i], v) {
			continue
		}
		keys = append(keys, directory.Key{Attribute: directory.AttrEmail, Value: v})
	}
	return keys
}

func repeated(emails []directory.Email, folded string) bool {
	for _, e := range emails {
		if directory.Fold(e.Value) == folded {
			return true
		}
	}
	return false
}

// addresses returns the folded addresses by which the provider knows the person: the userName where it is an address,
// and every email.
func addresses(p *directory.Profile) []string {
	var out []string
	if directory.EmailDomain(p.UserName) != "" {
		out = append(out, directory.FoldAddress(p.UserName))
	}
	for _, e := range p.Emails {
		v := directory.FoldAddress(e.Value)
		if directory.EmailDomain(v) != "" && (len(out) == 0 || out[0] != v) {
			out = append(out, v)
		}
	}
	return out
}
