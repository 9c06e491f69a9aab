package provision

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// mailInvitation mails a link of an invitation. Each link is worth a mail.
func (s *settlement) mailInvitation(g *directory.Grant, kind, token string) error {
	i := g.Invited
	m := &directory.Mail{Kind: kind, To: i.Email, About: g.ID, Key: strconv.Itoa(i.Resent) + "/" + strconv.Itoa(i.Reminded)}
	if i.Goes.After(s.now) {
		m.Due, m.Waits = i.Goes, s.limitWords(i.Email)
	}
	err := s.letter(m, mail.Invitation{
		Name: i.Name(), Inviter: inviter(g), Role: g.Role, Department: i.Department, Note: i.Message, Expires: i.Expires, Token: token,
	})
	if !m.ID.IsZero() {
		i.Letter = m.ID
	}
	return err
}

// inviter is who invites, as the person may read it: an admin's address, and no token or account of the machine.
func inviter(g *directory.Grant) string {
	if checkAddress("", g.Actor) != nil {
		return ""
	}
	return g.Actor
}

func (s *settlement) letter(m *directory.Mail, what any) error {
	if m.To == "" {
		return nil
	}
	data, err := json.Marshal(what)
	if err != nil {
		return err
	}
	m.Data = data
	return s.mail(m)
}

// welcomeAfter is how long the letter waits for who came by a push: a provider pushes people first, and then the groups that
// give them their role.
const welcomeAfter = 10 * time.Minute

// welcome greets somebody who has become a member.
func (s *settlement) welcome(member directory.ID, d *directory.Decision) error {
	m := &directory.Mail{Kind: mail.KindWelcome, To: d.Email, About: member}
	if s.cause.Kind == directory.CauseSCIM {
		m.Due = s.now.Add(welcomeAfter)
	}
	return s.letter(m, mail.Welcome{}) // welcomeNow fills it in
}

// approversMost is how many admins are told that an approval is needed.
const approversMost = 20

// askForApproval tells the active admins of an invitation that waits for them: of many at once, of the first.
func (s *settlement) askForApproval(g *directory.Grant, several int) error {
	to, err := s.adminAddresses()
	if err != nil {
		return err
	}
	letter := mail.ApprovalNeeded{
		Email: g.Invited.Email, Name: g.Invited.Name(), Inviter: oneLine(g.Actor), Role: g.Role,
		Why:     "the organization approves every invitation",
		Approve: "usher invitations approve " + g.ID.String() + " --reason WHY",
	}
	if several > 1 {
		letter.Why += "; " + strconv.Itoa(several-1) + " more were asked for at once, which `usher invitations list --state " + directory.InvitationUnapproved + "` shows"
	}
	for _, address := range to {
		m := &directory.Mail{Kind: mail.KindApprovalNeeded, To: address, Key: g.ID.String() + "/" + InvitationVersion(g)}
		if err := s.letter(m, letter); err != nil {
			return err
		}
	}
	return nil
}

// adminAddresses returns the addresses of active admins, else that of the support.
func (s *settlement) adminAddresses() ([]string, error) {
	var to []string
	top := directory.Key{Attribute: directory.AttrRole, Value: s.policy.TopRole()}
	ids, err := s.tx.FindMembers(s.org, top, directory.NoID, approversMost)
	if err != nil {
		return nil, err
	}
	members, err := s.tx.Members(s.org, ids)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if m != nil && m.Decision.Email != "" && !slices.Contains(to, m.Decision.Email) {
			to = append(to, m.Decision.Email)
		}
	}
	if support := s.policy.Organization.Support.Email; len(to) == 0 && support != "" {
		to = append(to, support)
	}
	return to, nil
}

// invitationOf returns an invitation of an organization by its id.
func invitationOf(tx store.Invitations, org directory.OrgNum, id directory.ID) (*directory.Grant, error) {
	g, err := tx.Invitation(org, id)
	if err == nil && g.Invited == nil { // of before there were letters
		g.Invited = &directory.Invitation{Pushed: true}
	}
	return g, err
}
