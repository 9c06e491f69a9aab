package provision

import (
	"encoding/json"

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
func welcomeNow(tx store.Tx, policy *mapping.Policy, m *directory.Mail) (json.RawMessage, error) {
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
	return json.Marshal(welcomeOf(policy, &members[0].Decision, o.progress))
}

// welcomeOf says what somebody of whom this was decided can do, and what they begin with.
func welcomeOf(policy *mapping.Policy, d *directory.Decision, progress *onboarding.Progress) *mail.Welcome {
	w := &mail.Welcome{Name: d.Name, Role: d.Role, Department: d.Department, Can: inWords(policy.RolePermissions(d.Role)), Spaces: d.Spaces}
	for _, v := range policy.MergedPermissions(d.PermissionSets) {
		switch v.Name {
		case "ai_models":
			w.Models = v.Value.List
		case "integrations":
			w.Integrations = len(v.Value.List)
		case "file_upload_limit":
			w.Upload = directory.FormatSize(v.Value.Size)
		case "storage", "storage_limit":
			if v.Value.IsSize {
				w.Storage = directory.FormatSize(v.Value.Size)
			}
		case "agent_creation":
			w.Agents = agentsWords(v.Value.Level)
		}
	}
	for _, r := range policy.Organization.Letters.Resources {
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
// department, permission set and space that the file names first, and what follows from these.
func ExampleWelcome(policy *mapping.Policy) *mail.Welcome {
	o := policy.Organization
	d := &directory.Decision{InScope: true, Active: true, Name: "Ann Example", Role: joiningRole(o)}
	if len(o.Departments) > 0 {
		d.Department = o.Departments[0].Name
	}
	if len(o.PermissionSets) > 0 {
		d.PermissionSets = []string{o.PermissionSets[0].Name}
	}
	if len(o.Spaces) > 0 {
		d.Spaces = []string{o.Spaces[0].Name}
	}
	return welcomeOf(policy, d, onboarding.Compile(o).Progress(d, &directory.Onboarding{}))
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
	case "", "false":
		return ""
	case "admin_approval":
		return "each after an admin's approval"
	}
	return level
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
