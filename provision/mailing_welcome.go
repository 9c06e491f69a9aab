package provision

import (
	"encoding/json"
	"time"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/onboarding"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/store"
)

const (
	welcomeEverybody = config.WelcomeEverybody
	welcomeNobody    = config.WelcomeNobody
)

// welcomeNow says what a member can do as things are when the letter is sent, nil when the person is no member any more or
// nobody is to be welcomed.
func (e *Engine) welcomeNow(tx store.Tx, policy *mapping.Policy, m *directory.Mail) (json.RawMessage, error) {
	if policy.Organization.Letters.Welcome == welcomeNobody {
		return nil, nil
	}
	members, err := tx.Members(m.Org, []directory.ID{m.About})
	if err != nil || members[0] == nil || members[0].Status != directory.StatusActive {
		return nil, err
	}
	o, err := readOnboardee(tx, policy, members[0])
	if err != nil {
		return nil, err
	}
	may, err := e.Access(tx, m.Org)
	if err != nil {
		return nil, err
	}
	given, err := permissionGrants(tx, m.Org, members)
	if err != nil {
		return nil, err
	}
	return json.Marshal(WelcomeOf(policy, members[0], may.Of(members[0], e.Now(), given[0]...), o.progress))
}

// WelcomeOf says what a member can do, of whom access tells all of that, and what they begin with.
func WelcomeOf(policy *mapping.Policy, m *directory.Member, a access.Access, progress *onboarding.Progress) *mail.Welcome {
	o, d := policy.Organization, &m.Decision
	w := &mail.Welcome{Name: d.Name, Role: d.Role, Department: d.Department}
	welcomeThings(w, o, d, &a)
	welcomeActions(w, &a)
	for _, r := range o.Letters.Resources {
		w.Resources = append(w.Resources, mail.Resource{Name: r.Name, URL: r.URL})
	}
	for _, step := range progress.Steps {
		if step.Required && !step.Done && step.ID != config.AccountStep { // which is what they have just done
			w.Steps = append(w.Steps, mail.Step{Title: step.Title, Minutes: step.Minutes})
		}
	}
	return w
}

// ExampleWelcome is the welcome of somebody made up, by an organization's file: with the role that people have who join, the
// department, permission set and space that the file names first, and what follows from these at an instant.
func ExampleWelcome(policy *mapping.Policy, at time.Time) *mail.Welcome {
	o := policy.Organization
	d := directory.Decision{InScope: true, Active: true, Name: "Ann Example", Role: joiningRole(o)}
	if len(o.Departments) > 0 {
		d.Department = o.Departments[0].Name
	}
	if len(o.PermissionSets) > 0 {
		d.PermissionSets = []string{o.PermissionSets[0].Name}
	}
	if len(o.Spaces) > 0 {
		d.Spaces = []string{o.Spaces[0].Name}
	}
	m := &directory.Member{Status: directory.StatusActive, Decision: d}
	return WelcomeOf(policy, m, access.Compile(o).Of(m, at), onboarding.Compile(o).Progress(&d, &directory.Onboarding{}))
}

// joiningRole is the role of people who join, by the first default that a file has, else the lowest.
func joiningRole(o *config.Organization) string {
	for i := range o.Domains {
		if role := o.Domains[i].DefaultRole; role != "" {
			return role
		}
	}
	for i := range o.Connections {
		if role := o.Connections[i].DefaultRole; role != "" {
			return role
		}
	}
	if len(o.Roles) > 0 {
		return o.Roles[0].Name
	}
	return ""
}

// agentsWords says how far a member may create agents.
func agentsWords(level string) string {
	switch level {
	case "true":
		return "as you need them"
	case "admin_approval":
		return "each after an admin's approval"
	}
	return ""
}

// mailApproved tells somebody who asked to join that they may, and what they can do.
func (s *settlement) mailApproved(member directory.ID) error {
	m, err := s.existing(member)
	if err != nil {
		return err
	}
	letter := mail.Approved{Name: m.Decision.Name, Role: m.Decision.Role}
	if err := s.letter(&directory.Mail{Kind: mail.KindApproved, To: m.Decision.Email, About: member}, letter); err != nil {
		return err
	}
	return s.welcome(member, &m.Decision)
}
