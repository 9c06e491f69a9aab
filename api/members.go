package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Member is one person of an organization, and what is in force for them.
type Member struct {
	ID             string     `json:"id"`
	Email          string     `json:"email"`
	Name           string     `json:"name"`
	Status         string     `json:"status" enum:"active,invited,suspended,removed,none" doc:"Where the person stands. With \"none\" they are not a member, and the rest says what they would be."`
	Role           string     `json:"role"`
	Department     string     `json:"department"`
	Teams          []string   `json:"teams" nullable:"false"`
	PermissionSets []string   `json:"permission_sets" nullable:"false"`
	Spaces         []string   `json:"spaces" nullable:"false"`
	Projects       []string   `json:"projects" nullable:"false"`
	Title          string     `json:"title,omitempty"`
	Manager        string     `json:"manager,omitempty" doc:"The manager's address, or what the directory calls them while they are not known."`
	ManagerID      string     `json:"manager_id,omitempty" doc:"The member who is the manager."`
	Aliases        []string   `json:"aliases" nullable:"false" doc:"Every address that means this person."`
	Guest          bool       `json:"guest,omitempty" doc:"Whether the person is outside the organization's domains."`
	Observed       bool       `json:"observed,omitempty" doc:"Whether only connections that observe speak of the person."`
	Would          *Would     `json:"would,omitempty" doc:"In lists and explanations: what would happen to an observed person, were these connections active."`
	Connections    []Account  `json:"connections" nullable:"false" doc:"The directory records that are this person."`
	Created        time.Time  `json:"created"`
	Modified       time.Time  `json:"modified"`
	Joined         *time.Time `json:"joined,omitempty" doc:"When the person first became active."`
	Left           *time.Time `json:"left,omitempty" doc:"When the person was suspended or removed."`
	Ends           *time.Time `json:"ends,omitempty" doc:"When the membership ends by itself."`
	Next           *time.Time `json:"next,omitempty" doc:"The next instant at which something can change by itself."`
	MergedInto     string     `json:"merged_into,omitempty" doc:"The member into whom this one was merged."`
	Held           []string   `json:"held,omitempty" nullable:"false" doc:"The holds that keep an effect back."`
	Revision       uint64     `json:"revision"`
	Reasons        []Reason   `json:"reasons" nullable:"false" doc:"Why each value is what it is, as stored when it was decided."`
}

// Reason says why one value is what it is.
type Reason = directory.Reason

// Account is a directory record of a person.
type Account struct {
	Connection string `json:"connection"`
	User       string `json:"user" doc:"The SCIM id."`
}

// memberFilter is what a list of members can be narrowed to.
type memberFilter struct {
	InOrganization
	Paging
	Email      string `query:"email" maxLength:"320" doc:"Only the person of this address."`
	Role       string `query:"role" maxLength:"200" doc:"Only active members of this role, or members of another status that is asked for too."`
	Department string `query:"department" maxLength:"200" doc:"Likewise, of this department."`
	Status     string `query:"status" enum:"active,invited,suspended,removed,none,awaiting,all" doc:"Only this status; awaiting for those who asked to join by signing in and wait for an administrator's approval. By default everybody but \"none\" and members merged into others."`
}

// OneMember is the path of one member.
type OneMember struct {
	InOrganization
	Member string `path:"member" maxLength:"320" doc:"The member's id or address."`
}

func (s *Server) members(api huma.API) {
	handle(s, api, get("/organizations/{organization}/members", "list-members", ScopeMembersRead, "List members",
		"Lists members in the order in which they were first seen. A page may hold fewer than limit while there is a next one."),
		func(ctx context.Context, in *memberFilter) (*answer[Page[Member]], error) {
			page, err := s.listMembers(ctx, in)
			if err != nil {
				return nil, err
			}
			if err := s.addWould(ctx, in.Organization, page.Items); err != nil { // the list is worth having without it
				s.Log.WarnContext(ctx, "what would happen to observed people is not known", "org", in.Organization, "err", err)
			}
			return found(page, nil)
		})
	handle(s, api, get("/organizations/{organization}/members/{member}", "get-member", ScopeMembersRead, "Get a member", ""),
		func(ctx context.Context, in *OneMember) (*answer[Member], error) {
			var view Member
			err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
				m, err := findMember(tx, n, org, in.Member)
				if err != nil {
					return err
				}
				views, err := memberViews(tx, n, org, []*directory.Member{m})
				if err == nil {
					view = views[0]
				}
				return err
			})
			return found(view, err)
		})
}

// How far one request walks. A page that finds little ends early, with a cursor to go on.
const (
	walkRows = 500
	walkMost = 20_000
)

func (s *Server) listMembers(ctx context.Context, in *memberFilter) (Page[Member], error) {
	page := Page[Member]{Items: []Member{}}
	after, err := in.after()
	if err != nil {
		return page, err
	}
	for walked := 0; walked < walkMost; {
		var views []Member
		var last directory.ID
		seen, full := 0, false
		err := s.view(ctx, in.Organization, func(tx store.Tx, n *names, org directory.OrgNum) error {
			rows, err := in.rows(tx, org, after)
			if err != nil {
				return err
			}
			seen, full = len(rows), false
			var match []*directory.Member
			for _, m := range rows {
				last = m.ID
				if in.matches(m) {
					match = append(match, m)
				}
				if full = len(page.Items)+len(match) == in.Limit; full {
					break
				}
			}
			views, err = memberViews(tx, n, org, match)
			return err
		})
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, views...)
		if !full && seen < walkRows {
			return page, nil
		}
		after = last
		if walked += seen; full {
			break
		}
	}
	page.Next = cursor(after[:])
	return page, nil
}

// addWould says beside each person whom only connections in state observe speak of what would happen to them.
func (s *Server) addWould(ctx context.Context, organization string, members []Member) error {
	var ids []directory.ID
	for i := range members {
		if id, ok := directory.ParseID(members[i].ID); ok && len(members[i].Connections) > 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var num directory.OrgNum
	err := s.view(ctx, organization, func(_ store.Tx, _ *names, org directory.OrgNum) error {
		num = org
		return nil
	})
	if err != nil {
		return err
	}
	would, err := s.Engine.Observed(ctx, num, ids)
	if err != nil {
		return err
	}
	for i := range members {
		if id, ok := directory.ParseID(members[i].ID); ok {
			members[i].Would = wouldView(would[id])
		}
	}
	return nil
}

// rows returns the next members in the order of their ids, by the index that is narrowest.
func (in *memberFilter) rows(tx store.Tx, org directory.OrgNum, after directory.ID) ([]*directory.Member, error) {
	var key directory.Key
	status := in.standing()
	inForce := in.Status == "" || status == directory.StatusActive // the index holds role and department of active members only
	switch {
	case in.Email != "":
		key = directory.Key{Attribute: directory.AttrEmail, Value: directory.FoldAddress(in.Email)}
	case in.Role != "" && inForce:
		key = directory.Key{Attribute: directory.AttrRole, Value: in.Role}
	case in.Department != "" && inForce:
		key = directory.Key{Attribute: directory.AttrDepartment, Value: directory.Fold(in.Department)}
	case in.Status != "" && in.Status != "all":
		key = directory.Key{Attribute: directory.AttrStatus, Value: string(status)}
	default:
		return tx.ListMembers(org, store.Page{After: after, Limit: walkRows})
	}
	ids, err := tx.FindMembers(org, key, after, walkRows)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Members(org, ids)
	return slices.DeleteFunc(rows, func(m *directory.Member) bool { return m == nil }), err
}

// statusAwaiting is asked for to see those who wait for an administrator's approval. It is no status of its own.
const statusAwaiting = "awaiting"

// standing is the status that is asked for.
func (in *memberFilter) standing() directory.Status {
	if in.Status == statusAwaiting {
		return directory.StatusNone
	}
	return directory.Status(in.Status)
}

// awaits reports whether somebody asked to join by signing in, and waits for an administrator's approval.
func awaits(m *directory.Member) bool {
	return m.Status == directory.StatusNone && slices.ContainsFunc(m.Decision.Reasons, func(r directory.Reason) bool { return r.Source == directory.SourceApproval })
}

func (in *memberFilter) matches(m *directory.Member) bool {
	d := &m.Decision
	switch {
	case in.Status == "" && (m.Status == directory.StatusNone || !m.Merged.IsZero()),
		in.Status == "" && in.Role+in.Department != "" && m.Status != directory.StatusActive,
		in.Status != "" && in.Status != "all" && m.Status != in.standing(),
		in.Status == statusAwaiting && !awaits(m),
		in.Email != "" && !slices.Contains(d.Aliases, directory.Fold(in.Email)),
		in.Role != "" && d.Role != in.Role,
		in.Department != "" && directory.Fold(d.Department) != directory.Fold(in.Department):
		return false
	}
	return true
}

// findMember returns the member of an id, or of an address: the one who is nearest to being a member, where an address
// has had several lives.
func findMember(tx store.Tx, n *names, org directory.OrgNum, ref string) (*directory.Member, error) {
	var ids []directory.ID
	var err error
	id, byID := directory.ParseID(ref)
	if byID {
		ids = []directory.ID{id}
	} else if ids, err = tx.FindMembers(org, directory.Key{Attribute: directory.AttrEmail, Value: directory.FoldAddress(ref)}, directory.NoID, 100); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		if ids, err = membersOfRecords(tx, n, org, directory.Fold(ref)); err != nil {
			return nil, err
		}
	}
	rows, err := tx.Members(org, ids)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(m *directory.Member) bool { return m == nil || !byID && !m.Merged.IsZero() })
	if len(rows) == 0 {
		return nil, directory.Errorf(directory.NotFound,
			"There is nobody with the id or address %q in this organization; `usher members list --all` shows everybody that was ever heard of.", ref)
	}
	slices.SortStableFunc(rows, func(a, b *directory.Member) int {
		return cmp.Compare(slices.Index(directory.Statuses(), a.Status), slices.Index(directory.Statuses(), b.Status))
	})
	if len(rows) > 1 && rows[0].Status == rows[1].Status {
		return nil, directory.Errorf(directory.Conflict, "%q means %d people: %s. Say which by id.", ref, len(rows), namesakes(n, rows))
	}
	return rows[0], nil
}

// maxNamesakes is how many people of one address an error tells apart.
const maxNamesakes = 5

// namesakes tells people of one address apart: by id, status and the connections that speak of them.
func namesakes(n *names, members []*directory.Member) string {
	var texts []string
	for _, m := range members[:min(len(members), maxNamesakes)] {
		text := m.ID.String() + " (" + string(m.Status)
		if m.Decision.Name != "" {
			text += ", " + m.Decision.Name
		}
		for _, u := range m.Users {
			text += ", of " + n.conn[u.Conn]
		}
		texts = append(texts, text+")")
	}
	if more := len(members) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, ", ")
}

// membersOfRecords finds people by their directory records, which know user names and former addresses.
func membersOfRecords(tx store.Tx, n *names, org directory.OrgNum, folded string) ([]directory.ID, error) {
	var ids []directory.ID
	for _, row := range n.conns {
		if row.Org != org {
			continue
		}
		for _, attribute := range []directory.Attribute{directory.AttrEmail, directory.AttrUserName} {
			users, err := tx.FindUsers(row.Num, directory.Key{Attribute: attribute, Value: folded})
			if err != nil {
				return nil, err
			}
			records, err := tx.Users(row.Num, users)
			if err != nil {
				return nil, err
			}
			for _, u := range records {
				if u != nil && !u.Member.IsZero() && !slices.Contains(ids, u.Member) {
					ids = append(ids, u.Member)
				}
			}
		}
	}
	return ids, nil
}

// memberViews renders members, looking their managers up together.
func memberViews(tx store.Tx, n *names, org directory.OrgNum, members []*directory.Member) ([]Member, error) {
	ids := make([]directory.ID, len(members))
	for i, m := range members {
		ids[i] = m.Decision.ManagerID
	}
	managers, err := tx.Members(org, ids)
	if err != nil {
		return nil, err
	}
	views := make([]Member, len(members))
	for i, m := range members {
		views[i] = memberView(n, m)
		if boss := managers[i]; boss != nil && boss.Decision.Email != "" {
			views[i].Manager = boss.Decision.Email
		}
	}
	return views, nil
}

func memberView(n *names, m *directory.Member) Member {
	d := &m.Decision
	view := Member{
		ID: m.ID.String(), Email: d.Email, Name: d.Name, Status: string(m.Status), Role: d.Role, Department: d.Department,
		Teams: list(d.Teams), PermissionSets: list(d.PermissionSets), Spaces: list(d.Spaces), Projects: list(d.Projects),
		Title: d.Title, Manager: d.Manager, ManagerID: text(d.ManagerID), Aliases: list(d.Aliases), Guest: d.Guest, Observed: d.Observe,
		Connections: []Account{}, Created: m.Created, Modified: m.Modified, Joined: instant(m.Joined), Left: instant(m.Suspended),
		Ends: instant(d.Ends), Next: instant(m.Due), MergedInto: text(m.Merged), Held: m.Held, Revision: m.Revision, Reasons: list(d.Reasons),
	}
	for _, u := range m.Users {
		view.Connections = append(view.Connections, Account{Connection: n.conn[u.Conn], User: u.ID.String()})
	}
	return view
}
