package provision

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

// letterNow returns what a letter is made of as things are when it is sent, nil where it is true no more: between the change
// that it follows from and its sending there may be days without a mail server.
func (e *Engine) letterNow(tx store.Tx, policy *mapping.Policy, m *directory.Mail, data json.RawMessage) (json.RawMessage, error) {
	var stays bool
	var err error
	switch m.Kind {
	case mail.KindWelcome:
		return e.welcomeNow(tx, policy, m)
	case mail.KindInvitation, mail.KindReminder:
		return invitationNow(tx, m, data)
	case mail.KindExpiring:
		stays, err = e.stillExpires(tx, policy, m, data)
	case mail.KindApprovalNeeded:
		stays, err = stillAsked(tx, m, data)
	default:
		return data, nil
	}
	if err != nil || !stays {
		return nil, err
	}
	return data, nil
}

// projectEnding is what a letter about a project that ends is made of, and what tells whether it is true when it is sent.
type projectEnding struct {
	mail.Expiring
	Project string       `json:"project,omitempty"`
	Member  directory.ID `json:"member,omitzero"` // who is in it; zero for admins, who are told in any case
}

// stillExpires reports whether something ends when a letter says so, and has not ended yet.
func (e *Engine) stillExpires(tx store.Tx, policy *mapping.Policy, m *directory.Mail, data json.RawMessage) (bool, error) {
	var letter projectEnding
	if err := json.Unmarshal(data, &letter); err != nil {
		return false, err
	}
	switch {
	case !letter.Ends.After(e.Now()):
		return false, nil
	case letter.Project != "":
		return e.projectStillEnds(tx, policy, m.Org, &letter)
	case m.About.IsZero():
		return true, nil
	}
	g, err := requestOf(tx, m.Org, m.About)
	if directory.KindOf(err) == directory.NotFound {
		return false, nil
	}
	return err == nil && g.State == directory.RequestApproved && g.Ends.Equal(letter.Ends), err
}

// projectStillEnds reports whether a project ends when a letter says so, and whoever is told is in it still.
func (e *Engine) projectStillEnds(tx store.Tx, policy *mapping.Policy, org directory.OrgNum, letter *projectEnding) (bool, error) {
	ends, err := endsOf(tx, org)
	if err != nil {
		return false, err
	}
	projects := policy.Organization.Projects
	i := slices.IndexFunc(projects, func(p config.Project) bool { return p.Name == letter.Project })
	if i < 0 || !ends.end(&projects[i]).Equal(letter.Ends) {
		return false, nil
	}
	if letter.Member.IsZero() {
		return true, nil
	}
	may, err := e.Access(tx, org)
	if err != nil {
		return false, err
	}
	members, err := tx.Members(org, []directory.ID{letter.Member})
	if err != nil || members[0] == nil {
		return false, err
	}
	return members[0].Status == directory.StatusActive && isIn(may, members[0], letter.Project, e.Now()), nil
}

// stillAsked reports whether what a letter asks admins for still waits for them: a permission, or somebody who would join.
func stillAsked(tx store.Tx, m *directory.Mail, data json.RawMessage) (bool, error) {
	var letter mail.ApprovalNeeded
	if err := json.Unmarshal(data, &letter); err != nil {
		return false, err
	}
	switch {
	case m.About.IsZero(): // of an invitation, and maybe of more that were asked for with it
		return true, nil
	case letter.Permission != "":
		g, err := requestOf(tx, m.Org, m.About)
		if directory.KindOf(err) == directory.NotFound {
			return false, nil
		}
		return err == nil && g.State == directory.RequestWaiting, err
	}
	grants, err := tx.Grants(m.Org, []directory.ID{m.About})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && slices.ContainsFunc(grants[0], func(g *directory.Grant) bool { return g.State == directory.InvitationAwaiting }), err
}
