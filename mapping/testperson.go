package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// enterpriseURN is the schema under which SCIM nests what an employer says of a user (RFC 7643, section 4.3).
const enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// textAttributes are the attributes of a profile that hold one text, under the names that conditions use.
func textAttributes(p *directory.Profile) map[string]*string {
	return map[string]*string{
		"userName": &p.UserName, "externalId": &p.ExternalID, "displayName": &p.DisplayName, "nickName": &p.NickName,
		"givenName": &p.GivenName, "familyName": &p.FamilyName, "title": &p.Title, "userType": &p.UserType,
		"preferredLanguage": &p.PreferredLanguage, "locale": &p.Locale, "timezone": &p.Timezone,
		"employeeNumber": &p.EmployeeNumber, "costCenter": &p.CostCenter, "organization": &p.Organization,
		"division": &p.Division, "department": &p.Department, "manager": &p.Manager,
	}
}

// unasked are attributes of SCIM users that no condition can ask about. A test may copy them from a real record.
func unasked() []string {
	return []string{
		"schemas", "id", "meta", "profileUrl", "phoneNumbers", "ims", "photos", "addresses", "x509Certificates", "formatted",
		"middleName", "honorificPrefix", "honorificSuffix",
	}
}

// madeUp turns the attributes of a test into a directory record, and reports those that make no sense.
type madeUp struct {
	compiler *compiler
	test     *config.Test
	profile  directory.Profile
	texts    map[string]*string
	custom   map[string]any
}

// madeUp makes the record of a test's person.
func (c *compiler) madeUp(t *config.Test, connection string) Account {
	m := &madeUp{compiler: c, test: t, custom: map[string]any{}, profile: directory.Profile{Active: true}}
	m.texts = textAttributes(&m.profile)
	m.attributes("user", t.User)
	if m.profile.UserName == "" && len(m.profile.Emails) == 0 {
		m.profile.UserName = "somebody"
		if len(c.org.Domains) > 0 {
			m.profile.UserName += "@" + c.org.Domains[0].Domain
		}
	}
	a := Account{Connection: connection, Profile: m.profile}
	if len(m.custom) > 0 {
		body, err := json.Marshal(m.custom)
		if err != nil {
			c.fail(t.Places.Of("user", t.At), "write texts, numbers, true, false, lists and mappings", "test %s: its user cannot be understood: %v", t.Name, err)
		}
		a.Body = body
	}
	for _, name := range t.Groups {
		a.Groups = append(a.Groups, madeUpGroup(name))
	}
	return a
}

// madeUpGroup is a group as tests name it: by its name, or by "id:" and its id.
func madeUpGroup(text string) Group {
	name, byID := strings.CutPrefix(text, "id:")
	name = strings.TrimSpace(name)
	if !byID {
		return Group{Name: name, Names: []string{directory.Fold(name)}}
	}
	id, _ := directory.ParseID(name)
	return Group{ID: id, ExternalID: name, Name: text}
}

// attributes takes the attributes of a mapping, in the order of their names.
func (m *madeUp) attributes(path string, values map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if v := values[name]; v != nil {
			m.attribute(path+"."+name, name, v)
		}
	}
}

func (m *madeUp) attribute(path, name string, v any) {
	text := m.texts[name]
	switch {
	case name == "manager":
		if of, ok := v.(map[string]any); ok {
			v = of["value"]
		}
		*text = m.text(path, name, v)
	case text != nil:
		*text = m.text(path, name, v)
	case name == "active":
		active, ok := v.(bool)
		if !ok {
			m.wrong(path, name, "true or false", "true")
		}
		m.profile.Active = active
	case name == "name", strings.EqualFold(name, enterpriseURN):
		of, ok := v.(map[string]any)
		if !ok {
			m.wrong(path, name, "a mapping", "{givenName: Ann, familyName: Lee}")
		}
		m.attributes(path, of)
	case name == "email":
		m.profile.Emails = append(m.profile.Emails, directory.Email{Value: m.text(path, name, v)})
	case name == "emails":
		m.emails(path, v)
	case name == "roles":
		m.profile.Roles = m.values(path, name, v)
	case name == "entitlements":
		m.profile.Entitlements = m.values(path, name, v)
	case strings.HasPrefix(strings.ToLower(name), "urn:"):
		m.custom[name] = v
	case !slices.Contains(unasked(), name):
		known := append(slices.Collect(maps.Keys(m.texts)), "active", "name", "email", "emails", "roles", "entitlements")
		slices.Sort(known)
		m.compiler.fail(m.test.Places.Of(path, m.test.At), hint("attributes", name, known), "test %s: a user has no attribute %q", m.test.Name, name)
	}
}

// wrong reports a value of another kind than the attribute has.
func (m *madeUp) wrong(path, name, want, example string) {
	m.compiler.fail(m.test.Places.Of(path, m.test.At), "write for example "+name+": "+example, "test %s: the attribute %q takes %s", m.test.Name, name, want)
}

func (m *madeUp) text(path, name string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case nil:
		return ""
	}
	m.wrong(path, name, "a text", fmt.Sprintf("%q", "text"))
	return ""
}

// values takes a list of texts, or of mappings with a value, as SCIM has it.
func (m *madeUp) values(path, name string, v any) []string {
	items, ok := v.([]any)
	if !ok {
		m.wrong(path, name, "a list", "[first, second]")
	}
	var all []string
	for _, item := range items {
		if of, ok := item.(map[string]any); ok {
			item = of["value"]
		}
		if text := m.text(path, name, item); text != "" {
			all = append(all, text)
		}
	}
	return all
}

func (m *madeUp) emails(path string, v any) {
	items, ok := v.([]any)
	if !ok {
		m.wrong(path, "emails", "a list", "[{value: ann@acme.com, type: work, primary: true}]")
	}
	for _, item := range items {
		of, ok := item.(map[string]any)
		if !ok {
			of = map[string]any{"value": item}
		}
		primary, _ := of["primary"].(bool)
		m.profile.Emails = append(m.profile.Emails, directory.Email{
			Value: m.text(path, "emails", of["value"]), Type: m.text(path, "emails", of["type"]), Primary: primary,
		})
	}
}
