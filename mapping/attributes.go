package mapping

import (
	"reflect"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/mixus/usher/directory"
)

// attributes is the variable "user" of conditions. Absent attributes are zero values.
type attributes struct {
	UserName          string   `cel:"userName"`
	ExternalID        string   `cel:"externalId"`
	Active            bool     `cel:"active"`
	DisplayName       string   `cel:"displayName"`
	NickName          string   `cel:"nickName"`
	GivenName         string   `cel:"givenName"`
	FamilyName        string   `cel:"familyName"`
	Title             string   `cel:"title"`
	UserType          string   `cel:"userType"`
	PreferredLanguage string   `cel:"preferredLanguage"`
	Locale            string   `cel:"locale"`
	Timezone          string   `cel:"timezone"`
	EmployeeNumber    string   `cel:"employeeNumber"`
	CostCenter        string   `cel:"costCenter"`
	Organization      string   `cel:"organization"`
	Division          string   `cel:"division"`
	Department        string   `cel:"department"`
	Manager           string   `cel:"manager"`
	Email             string   `cel:"email"`
	Emails            []string `cel:"emails"`
	Roles             []string `cel:"roles"`
	Entitlements      []string `cel:"entitlements"`
	Ext               any      `cel:"ext"` // an *extensions; declared dyn, so that a missing key can be empty
}

// attributeNames returns what may follow "user." in a condition, sorted.
func attributeNames() []string {
	t := reflect.TypeFor[attributes]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("cel")
	}
	slices.Sort(names)
	return names
}

func (a *attributes) set(p *directory.Profile) {
	*a = attributes{
		UserName: p.UserName, ExternalID: p.ExternalID, Active: p.Active, DisplayName: p.DisplayName,
		NickName: p.NickName, GivenName: p.GivenName, FamilyName: p.FamilyName, Title: p.Title, UserType: p.UserType,
		PreferredLanguage: p.PreferredLanguage, Locale: p.Locale, Timezone: p.Timezone,
		EmployeeNumber: p.EmployeeNumber, CostCenter: p.CostCenter, Organization: p.Organization,
		Division: p.Division, Department: p.Department, Manager: p.Manager, Email: p.Email(),
		Emails: a.Emails[:0], Roles: p.Roles, Entitlements: p.Entitlements,
	}
	for i := range p.Emails {
		a.Emails = append(a.Emails, p.Emails[i].Value)
	}
	if len(a.Emails) == 0 {
		a.Emails = nil // has(user.emails) is false of no list, and true of an empty one
	}
}

// The variables of conditions, and the attribute of user that holds custom schemas.
const (
	variableUser       = "user"
	variableGroups     = "groups"
	variableConnection = "connection"
	attributeExt       = "ext"
)

// subject is one account as conditions see it: CEL's variables, and inGroup.
type subject struct {
	user    attributes
	ext     extensions
	account *Account
}

func (s *subject) set(a *Account, z zeros) {
	s.account, s.ext = a, extensions{body: a.Body, zeros: z}
	s.user.set(&a.Profile)
	s.user.Ext = &s.ext
}

// groups returns the present displayNames of the account's groups, sorted.
func (s *subject) groups() []string {
	names := make([]string, len(s.account.Groups))
	for i := range names {
		names[i] = s.account.Groups[i].Name
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ResolveName returns a variable.
func (s *subject) ResolveName(name string) (any, bool) {
	switch name {
	case variableUser:
		return &s.user, true
	case variableGroups:
		return s.groups(), true
	case variableConnection:
		return s.account.Connection, true
	}
	return nil, false
}

// Parent returns nil: there is no outer scope.
func (s *subject) Parent() cel.Activation { return nil }

// ResolveFunction returns inGroup for this account.
func (s *subject) ResolveFunction(name string) (functions.LateBoundOp, bool) {
	if name != functionInGroup {
		return nil, false
	}
	return s.inGroup, true
}

func (s *subject) inGroup(_ string, args ...ref.Val) ref.Val {
	name, ok := args[0].(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(args[0])
	}
	return types.Bool(s.isIn(string(name)))
}

// isCalled reports whether a group of the account has a displayName.
func (s *subject) isCalled(name string) bool {
	return slices.ContainsFunc(s.account.Groups, func(g Group) bool { return g.Name == name })
}

// isIn reports whether the account is in a group that a name means.
func (s *subject) isIn(name string) bool { return s.isInFolded(directory.Fold(name)) }

func (s *subject) isInFolded(folded string) bool {
	for i := range s.account.Groups {
		if slices.Contains(s.account.Groups[i].Names, folded) {
			return true
		}
	}
	return false
}
