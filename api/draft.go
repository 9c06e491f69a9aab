package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// Draft is an organization's file, drafted from what its connections have received.
type Draft struct {
	Name   string `json:"name" doc:"What to call the file."`
	Text   string `json:"text" doc:"The file."`
	Groups int    `json:"groups" doc:"The groups that it has rules for."`
	People int    `json:"people" doc:"The active directory records that were looked at."`
}

type draftOf struct {
	InOrganization
	Connection string `query:"connection" maxLength:"200" doc:"Only what this connection has received; without it those in state observe, or all where none is."`
}

func (s *Server) draft(api huma.API) {
	handle(s, api, get("/organizations/{organization}/draft", "draft-policy", ScopePolicyRead, "Draft an organization's file",
		"Drafts a file from the groups and people that connections have received: one rule for each group, and nobody gets more than the role member by it. It changes nothing."),
		func(ctx context.Context, in *draftOf) (*answer[Draft], error) {
			return found(s.makeDraft(ctx, in))
		})
}

// drafter collects what a draft is made of.
type drafter struct {
	mapping.Draft
	domains, departments map[string]int
	groups               map[string]int // folded name → place in Groups
	people               int
}

func (s *Server) makeDraft(ctx context.Context, in *draftOf) (Draft, error) {
	d := &drafter{domains: map[string]int{}, departments: map[string]int{}, groups: map[string]int{}}
	conns := map[string]directory.ConnNum{}
	err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
		policy, err := s.Engine.Policy(tx, org)
		if err != nil {
			return err
		}
		if in.Connection != "" {
			if _, err := n.connection(org, in.Connection); err != nil {
				return err
			}
		}
		d.take(policy.Organization)
		for _, id := range drafted(policy.Organization, in.Connection) {
			conns[id] = n.conns[id].Num
		}
		return nil
	})
	if err != nil {
		return Draft{}, err
	}
	var from []string
	for _, id := range slices.Sorted(maps.Keys(conns)) {
		from = append(from, id)
		if err := s.draftGroups(ctx, d, id, conns[id]); err != nil {
			return Draft{}, err
		}
		if err := s.draftPeople(ctx, d, conns[id]); err != nil {
			return Draft{}, err
		}
	}
	d.From = fmt.Sprintf("what %s had received by %s: %d groups, %d active people", cmp.Or(strings.Join(from, ", "), "no connection"),
		s.Now().UTC().Format("2006-01-02"), len(d.Groups), d.people)
	d.Domains, d.Departments = counted(d.domains), counted(d.departments)
	return Draft{Name: "organizations/" + d.ID + ".yaml", Text: string(d.File()), Groups: len(d.Groups), People: d.people}, nil
}

// take takes over what the policy in force says of the organization and its connections.
func (d *drafter) take(o *config.Organization) {
	d.ID, d.Name, d.Connections = o.ID, o.Name, o.Connections
	for i := range o.Domains {
		d.Owned = append(d.Owned, o.Domains[i].Domain)
	}
}

// drafted returns the connections to draft from: the one that is asked for, else those in state observe, else all.
func drafted(o *config.Organization, only string) []string {
	var observed, all []string
	for i := range o.Connections {
		c := &o.Connections[i]
		if all = append(all, c.ID); c.State == config.StateObserve {
			observed = append(observed, c.ID)
		}
	}
	switch {
	case only != "":
		return []string{only}
	case len(observed) > 0:
		return observed
	}
	return all
}

func (s *Server) draftGroups(ctx context.Context, d *drafter, connection string, conn directory.ConnNum) error {
	own := map[string]int{} // folded name → groups of this connection
	var rows []*directory.Group
	for after := directory.NoID; ; {
		seen := 0
		err := s.Store.View(ctx, func(tx store.Tx) error {
			page, err := tx.ListGroups(conn, store.Page{After: after, Limit: walkRows})
			rows, seen = append(rows, page...), len(page)
			return err
		})
		if err != nil {
			return err
		}
		if seen < walkRows {
			break
		}
		after = rows[len(rows)-1].ID
	}
	for _, g := range rows {
		own[directory.Fold(g.DisplayName)]++
	}
	for _, g := range rows {
		name := directory.Fold(g.DisplayName)
		repeated := own[name] > 1
		if i, known := d.groups[name]; known && !repeated {
			d.Groups[i].Members += g.Members // one rule by name means the groups of every connection
			d.Groups[i].Connections = append(d.Groups[i].Connections, connection)
			continue
		}
		if !repeated {
			d.groups[name] = len(d.Groups)
		}
		d.Groups = append(d.Groups, mapping.DraftGroup{
			Name: g.DisplayName, ExternalID: g.ExternalID, ID: g.ID, Repeated: repeated, Members: g.Members, Connections: []string{connection},
		})
	}
	return nil
}

func (s *Server) draftPeople(ctx context.Context, d *drafter, conn directory.ConnNum) error {
	for after := directory.NoID; ; {
		var rows []*directory.User
		err := s.Store.View(ctx, func(tx store.Tx) (err error) {
			rows, err = tx.ListUsers(conn, store.Page{After: after, Limit: walkRows})
			return err
		})
		if err != nil {
			return err
		}
		for _, u := range rows {
			after = u.ID
			if err := d.add(u); err != nil {
				return err
			}
		}
		if len(rows) < walkRows {
			return nil
		}
	}
}

// add counts the domains and the department of an active record, each once.
func (d *drafter) add(u *directory.User) error {
	if !u.Active {
		return nil
	}
	p, err := facts.ProfileOf(u)
	if err != nil {
		return err
	}
	d.people++
	seen := map[string]bool{}
	for _, address := range append([]directory.Email{{Value: p.UserName}}, p.Emails...) {
		if domain := directory.EmailDomain(address.Value); domain != "" && !seen[domain] {
			seen[domain] = true
			d.domains[domain]++
		}
	}
	if p.Department != "" {
		d.departments[p.Department]++
	}
	return nil
}

func counted(of map[string]int) []mapping.Counted {
	var list []mapping.Counted
	for text, n := range of {
		list = append(list, mapping.Counted{Text: text, Count: n})
	}
	slices.SortFunc(list, func(a, b mapping.Counted) int { return strings.Compare(a.Text, b.Text) })
	return list
}
