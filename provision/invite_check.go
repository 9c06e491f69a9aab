package provision

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// The longest texts of an invitation, in characters.
const (
	inviteNameMost    = 200
	inviteMessageMost = 2000
	addressMost       = 254 // RFC 5321, section 4.5.3.1.3, without the angle brackets
)

func wrong(field, format string, args ...any) *directory.Error {
	err := directory.Errorf(directory.Invalid, format, args...)
	err.Field = field
	return err
}

// grantOf checks what an admin wrote, and makes an invitation of it.
func (s *settlement) grantOf(in *Invite) (*directory.Grant, *directory.Error) {
	i := &directory.Invitation{
		Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, Manager: in.Manager, Message: in.Message, Lasts: in.Lasts,
		Access: in.Access, Sets: slices.Compact(slices.Sorted(slices.Values(in.Sets))),
	}
	if i.Access == "" {
		i.Access = directory.AccessFull
		if len(i.Sets) > 0 {
			i.Access = directory.AccessCustom
		}
	}
	if problem := cmpProblem(checkAddress("email", in.Email), checkPerson(i), s.checkAccess(i), checkLasts(i.Lasts)); problem != nil {
		return nil, problem
	}
	g := &directory.Grant{
		ID: s.engine.ids.New(s.now), Org: s.org, Kind: directory.GrantInvitation, Role: in.Role,
		Actor: s.cause.Actor, Reason: s.cause.Reason, Created: s.now, Invited: i,
	}
	if problem := cmpProblem(s.checkRole(in.Role), s.nameDepartment(i, in.Department)); problem != nil {
		return nil, problem
	}
	return g, nil
}

// cmpProblem returns the first that there is.
func cmpProblem(problems ...*directory.Error) *directory.Error {
	for _, p := range problems {
		if p != nil {
			return p
		}
	}
	return nil
}

// checkAddress says what is wrong with an address: it must be one mailbox, written as plain text, without
// characters that nobody sees.
func checkAddress(field, address string) *directory.Error {
	switch {
	case address == "":
		return wrong(field, "There is no address.")
	case len(address) <= addressMost && commonAddress(address):
		return nil
	}
	a, err := mail.ParseAddress(address)
	local, domain, _ := strings.Cut(address, "@")
	plain := !strings.ContainsFunc(address, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf) || strings.ContainsRune("<>()[],;:\\\"", r)
	})
	if err != nil || !plain || a.Address != address || local == "" || !strings.Contains(domain, ".") || !utf8.ValidString(address) {
		return wrong(field, "%q is not an email address.", shortly(address))
	}
	if len(address) > addressMost {
		return wrong(field, "%q is too long for an address.", shortly(address))
	}
	return nil
}

// commonAddress reports whether an address is written as nearly all are: with ASCII letters, digits and what stands between
// them. It reports false for many a right one.
func commonAddress(address string) bool {
	local, domain, at := strings.Cut(address, "@")
	if !at || !strings.Contains(domain, ".") {
		return false
	}
	between := true // nothing but a letter or digit may come
	for i := range len(address) {
		c := address[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			between = false
		case c == '-', c == '_' && i < len(local), c == '+' && i < len(local):
		case (c == '.' || i == len(local)) && !between:
			between = true
		default:
			return false
		}
	}
	return !between
}

func checkPerson(i *directory.Invitation) *directory.Error {
	for _, t := range []struct{ field, text string }{{"first_name", i.FirstName}, {"last_name", i.LastName}} {
		if problem := checkText(t.field, t.text, inviteNameMost, false); problem != nil {
			return problem
		}
	}
	if i.Manager != "" {
		if problem := checkAddress("manager_email", i.Manager); problem != nil {
			return problem
		}
		if directory.FoldAddress(i.Manager) == directory.FoldAddress(i.Email) {
			return wrong("manager_email", "Nobody is their own manager.")
		}
	}
	return checkText("message", i.Message, inviteMessageMost, true)
}

// checkText refuses what does not show as it was written.
func checkText(field, text string, most int, lines bool) *directory.Error {
	if n := utf8.RuneCountInString(text); n > most {
		return wrong(field, "This has %d characters, and may have %d.", n, most)
	}
	odd := func(r rune) bool { return unshown(r) && (!lines || !strings.ContainsRune("\n\r\t", r)) }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, odd) {
		return wrong(field, "This has a character that cannot be shown; write it as plain text, in UTF-8.")
	}
	return nil
}

// unshown reports characters that break a line, steer a terminal, or reverse what is read.
func unshown(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// oneLine is a text that somebody else has chosen as a letter to admins may have it: within its line.
func oneLine(text string) string {
	shown := strings.Map(func(r rune) rune {
		if unshown(r) {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(shown), " ")
}

// unlimited reports whether an address is outside the organization's domains, and nothing says which role guests have at most.
func (s *settlement) unlimited(address string) bool {
	o := s.policy.Organization
	return o.Guests == nil && len(o.Domains) > 0 && !s.policy.Owns(directory.EmailDomain(address))
}

func (s *settlement) checkRole(name string) *directory.Error {
	if name == "" {
		return wrong("role", "There is no role; the roles are %s.", s.roleNames())
	}
	if _, known := s.policy.Role(name); !known {
		return wrong("role", "There is no role %q; the roles are %s.", shortly(name), s.roleNames())
	}
	return nil
}

func (s *settlement) roleNames() string {
	var names []string
	for _, r := range s.policy.Organization.Roles {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// nameDepartment puts the one name of a department in place of what was written.
func (s *settlement) nameDepartment(i *directory.Invitation, text string) *directory.Error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	name, known := s.policy.DepartmentNamed(text)
	if !known {
		return wrong("department", "There is no department %q. Add it to `departments` in the organization's file, or leave it out.", shortly(text))
	}
	i.Department = name
	return nil
}

func (s *settlement) checkAccess(i *directory.Invitation) *directory.Error {
	switch i.Access {
	case directory.AccessFull, directory.AccessLimited:
		if len(i.Sets) > 0 {
			return wrong("permission_sets", "Permission sets go with custom access; this is %s access.", i.Access)
		}
	case directory.AccessCustom:
		if len(i.Sets) == 0 {
			return wrong("permission_sets", "Custom access needs at least one permission set; for none, write limited access.")
		}
	default:
		return wrong("access", "Access is full, limited or custom, not %q.", shortly(string(i.Access)))
	}
	for _, name := range i.Sets {
		if _, known := s.policy.PermissionSet(name); !known {
			return wrong("permission_sets", "There is no permission set %q in the organization's file.", shortly(name))
		}
	}
	return nil
}

func checkLasts(d time.Duration) *directory.Error {
	if d != 0 && (d < time.Hour || d > config.MostInvitation) {
		return wrong("expires", "A link works for 1h to %s; this would be %s.", config.FormatDuration(config.MostInvitation), config.FormatDuration(d))
	}
	return nil
}

// shortly is a text as a message shows it.
func shortly(text string) string {
	const most = 100
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

// holders returns the people who go by an address, without those who were merged into others.
func (s *settlement) holders(address string) ([]*directory.Member, error) {
	ids, err := s.tx.FindMembers(s.org, directory.Key{Attribute: directory.AttrEmail, Value: directory.FoldAddress(address)}, directory.NoID, 8)
	if err != nil {
		return nil, err
	}
	members, err := s.tx.Members(s.org, ids)
	return slices.DeleteFunc(members, func(m *directory.Member) bool { return m == nil || !m.Merged.IsZero() }), err
}

// known says what there is about the people of an address already: a result, when nothing is left to do, or why nobody is
// invited by it. With neither, at most one goes by it, who was invited before and did not come.
func (s *settlement) known(members []*directory.Member) (*InviteResult, *directory.Error, error) {
	for _, m := range members {
		grants, err := s.tx.Grants(s.org, []directory.ID{m.ID})
		if err != nil {
			return nil, nil, err
		}
		open := openInvitation(grants[0])
		switch {
		case m.Status == directory.StatusActive:
			return &InviteResult{Code: InviteMember, Member: m}, nil, nil
		case open != nil, m.Status == directory.StatusInvited:
			return &InviteResult{Code: InviteInvited, Member: m, Invitation: open}, nil, nil
		case m.Status == directory.StatusSuspended, m.Status == directory.StatusRemoved:
			return nil, wrong("email", "The person is %s; `usher members reactivate` lets them in again.", m.Status), nil
		case slices.ContainsFunc(grants[0], func(g *directory.Grant) bool {
			return g.Kind == directory.GrantSuspension || g.Kind == directory.GrantRemoval
		}):
			return nil, wrong("email", "An admin has suspended or removed the person; `usher members reactivate` lifts that."), nil
		case len(m.Users) > 0:
			return nil, wrong("email", "A directory speaks of the person, so that rules decide, and none makes them a member; `usher explain` says why."), nil
		}
	}
	if len(members) > 1 {
		return nil, wrong("email", "Several people go by this address; `usher members merge` makes them one."), nil
	}
	return nil, nil, nil
}
