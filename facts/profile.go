package facts

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/mixus/usher/directory"
)

// ProfileOf returns what rules can ask about a stored user, the enterprise extension (RFC 7643, section 4.3) with it. It
// walks the text of the body once, as every change of a user comes through here.
func ProfileOf(u *directory.User) (*directory.Profile, error) {
	p := &directory.Profile{}
	if err := ReadProfile(u, p); err != nil {
		return nil, err
	}
	return p, nil
}

// ReadProfile is ProfileOf into a profile that is there.
func ReadProfile(u *directory.User, p *directory.Profile) error {
	*p = directory.Profile{UserName: u.UserName, ExternalID: u.ExternalID, Active: u.Active}
	for m := (members{rest: u.Body}); m.next(); {
		if err := profileMember(p, string(m.name), m.value); err != nil {
			return fmt.Errorf("facts: profile of user %s: %s: %w", u.ID, m.name, err)
		}
	}
	return nil
}

func profileMember(p *directory.Profile, name string, text []byte) error {
	switch name {
	case "displayName":
		return scalar(&p.DisplayName, text)
	case "nickName":
		return scalar(&p.NickName, text)
	case "name":
		for m := (members{rest: text}); m.next(); {
			if err := nameMember(p, string(m.name), m.value); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	case "title":
		return scalar(&p.Title, text)
	case "userType":
		return scalar(&p.UserType, text)
	case "preferredLanguage":
		return scalar(&p.PreferredLanguage, text)
	case "locale":
		return scalar(&p.Locale, text)
	case "timezone":
		return scalar(&p.Timezone, text)
	case "emails":
		return emails(&p.Emails, text)
	case "roles":
		return values(&p.Roles, text)
	case "entitlements":
		return values(&p.Entitlements, text)
	case enterpriseURN:
		for m := (members{rest: text}); m.next(); {
			if err := enterpriseMember(p, string(m.name), m.value); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	return nil
}

func nameMember(p *directory.Profile, name string, text []byte) error {
	switch name {
	case "givenName":
		return scalar(&p.GivenName, text)
	case "familyName":
		return scalar(&p.FamilyName, text)
	}
	return nil
}

func enterpriseMember(p *directory.Profile, name string, text []byte) error {
	switch name {
	case "employeeNumber":
		return scalar(&p.EmployeeNumber, text)
	case "costCenter":
		return scalar(&p.CostCenter, text)
	case "organization":
		return scalar(&p.Organization, text)
	case "division":
		return scalar(&p.Division, text)
	case "department":
		return scalar(&p.Department, text)
	case "manager":
		return scalar(&p.Manager, member(text, "value"))
	}
	return nil
}

// scalar reads a string; no text is an absent one. Only what is escaped needs a decoder.
func scalar(to *string, text []byte) error {
	if n := len(text); n >= 2 && text[0] == '"' && bytes.IndexByte(text, '\\') < 0 {
		*to = string(text[1 : n-1])
		return nil
	}
	if len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, to)
}

// values reads the value of each element of a multi-valued attribute, leaving out the empty ones.
func values(to *[]string, text []byte) error {
	for e := (elements{rest: text}); e.next(); {
		var v string
		if err := scalar(&v, member(e.value, "value")); err != nil {
			return err
		}
		if v != "" {
			*to = append(*to, v)
		}
	}
	return nil
}

func emails(to *[]directory.Email, text []byte) error {
	for e := (elements{rest: text}); e.next(); {
		*to = append(*to, directory.Email{})
		email := &(*to)[len(*to)-1]
		for m := (members{rest: e.value}); m.next(); {
			var err error
			switch string(m.name) {
			case "value":
				err = scalar(&email.Value, m.value)
			case "type":
				err = scalar(&email.Type, m.value)
			case "primary":
				email.Primary = string(m.value) == "true"
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// keysOf returns the indexed values of a user. A superseded user has lost its userName to another person.
func keysOf(u *directory.User, p *directory.Profile) []directory.Key {
	keys := make([]directory.Key, 0, 3)
	if !u.Superseded {
		keys = append(keys, directory.Key{Attribute: directory.AttrUserName, Value: directory.Fold(u.UserName)})
	}
	if u.ExternalID != "" {
		keys = append(keys, directory.Key{Attribute: directory.AttrExternalID, Value: u.ExternalID})
	} else if last := lastSubject(u); last != "" {
		keys = append(keys, directory.Key{Attribute: directory.AttrLastSubject, Value: last})
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
