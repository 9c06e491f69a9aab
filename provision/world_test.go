package provision_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/bolt"
)

// world is one organization on a store of its own, with a clock that only the test moves, and two providers.
type world struct {
	t      *testing.T
	store  store.Store
	engine *provision.Engine
	now    time.Time
	org    directory.OrgNum
	conns  map[string]directory.ConnNum
	ids    map[string]directory.ID // "okta:ann" → SCIM id; "okta:#Engineering" → group id
	pushes int
}

// acme is the policy of the tests: two connections, two owned domains.
const acme = `
organization: {id: acme, name: Acme Inc.}
domains:
  - {domain: acme.com}
  - {domain: acme.org}
connections:
  - {id: okta, provider: okta}
  - {id: entra, provider: entra}
departments:
  - {name: engineering, match: [Eng, "R&D"]}
  - {name: sales}
roles:
  - {name: viewer, permissions: [conversations.view_shared]}
  - {name: member, includes: [viewer], permissions: [agents.run]}
  - {name: admin, includes: [member], permissions: [members.manage]}
rules:
  - {name: everyone, groups: [Everyone], role: viewer}
  - {name: engineers, groups: [Engineering], role: member, department: engineering, teams: [platform]}
  - {name: admins, groups: [IT Admins], role: admin}
  - {name: on call, groups: [On Call], role: admin, grant_for: 7d}
  - {name: contractors, groups: [Contractors], role: viewer, max_role: viewer, deny: {teams: [platform]}, membership_for: 90d}
  - {name: guests, groups: [Partners], guests: true, role: member}
ignore: [{user_name: "svc-*"}]
guests: {max_role: viewer}
`

func newWorld(t *testing.T, policy string) *world {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "usher.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return newWorldOn(t, s, policy)
}

func newWorldOn(t *testing.T, s store.Store, policy string) *world {
	t.Helper()
	w := &world{
		t: t, store: s, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC),
		conns: map[string]directory.ConnNum{}, ids: map[string]directory.ID{},
	}
	w.engine = &provision.Engine{Store: s, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now }}
	w.engine.Compile = func(files []directory.PolicyFile) (*mapping.Policy, error) {
		return compile(t, string(files[0].Text)), nil
	}
	p := compile(t, policy)
	w.must(s.Update(t.Context(), func(tx store.Tx) error {
		var err error
		if w.org, err = tx.PutOrganization("acme"); err != nil {
			return err
		}
		for _, c := range p.Organization.Connections {
			if w.conns[c.ID], err = tx.PutConnection(w.org, c.ID); err != nil {
				return err
			}
		}
		return nil
	}))
	w.activate(policy)
	return w
}

func compile(t *testing.T, text string) *mapping.Policy {
	t.Helper()
	org, problems := config.ParseOrganization("acme.yaml", []byte(text), config.Options{})
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	p, problems := mapping.Compile(org)
	if directory.Failed(problems) {
		t.Fatal(problems)
	}
	return p
}

func (w *world) activate(policy string) {
	w.t.Helper()
	files := []directory.PolicyFile{{Name: "acme.yaml", Text: []byte(policy)}}
	_, err := w.engine.Activate(w.t.Context(), w.org, compile(w.t, policy), files, "test")
	w.must(err)
	w.idle()
}

func (w *world) idle() {
	w.t.Helper()
	w.must(w.engine.Idle(w.t.Context()))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// pass moves the clock and settles whom the time concerns.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	w.idle()
}

func (w *world) do(conn string, fn func(*facts.Writer) error) error {
	w.pushes++
	w.now = w.now.Add(time.Second)
	return w.engine.Do(context.Background(), provision.Push{
		Org: w.org, Conn: w.conns[conn],
		Cause: directory.Cause{Kind: directory.CauseSCIM, ID: "request-" + time.Duration(w.pushes).String(), Actor: conn},
	}, fn)
}

// attrs are the attributes of a user in a test: userName, externalId and active come from it, everything is the body.
type attrs map[string]any

func (a attrs) with(more attrs) attrs {
	out := attrs{}
	for k, v := range a {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func (w *world) input(a attrs) facts.UserInput {
	w.t.Helper()
	in := facts.UserInput{Active: true}
	body := attrs{}
	for k, v := range a {
		switch k {
		case "externalId":
			in.ExternalID = v.(string)
		case "active":
			in.Active = v.(bool)
			body[k] = v
		case "userName":
			in.UserName = v.(string)
			body[k] = v
		case "department", "manager":
			ext, _ := body[enterprise].(attrs)
			if ext == nil {
				ext = attrs{}
			}
			if ext[k] = v; k == "manager" {
				ext[k] = attrs{"value": v}
			}
			body[enterprise] = ext
		default:
			body[k] = v
		}
	}
	text, err := json.Marshal(body)
	w.must(err)
	in.Body = text
	return in
}

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// person returns the attributes of somebody of acme.com.
func person(name string) attrs {
	return attrs{"userName": name + "@acme.com", "externalId": "ext-" + name, "displayName": name, "active": true}
}

func (w *world) create(conn, name string, a attrs) {
	w.t.Helper()
	var u *directory.User
	w.must(w.do(conn, func(f *facts.Writer) error {
		var err error
		u, err = f.CreateUser(w.input(a))
		return err
	}))
	w.ids[conn+":"+name] = u.ID
}

func (w *world) replace(conn, name string, a attrs) {
	w.t.Helper()
	w.must(w.do(conn, func(f *facts.Writer) error {
		_, err := f.ReplaceUser(w.ids[conn+":"+name], facts.Match{}, w.input(a))
		return err
	}))
}

func (w *world) delete(conn, name string) {
	w.t.Helper()
	w.must(w.do(conn, func(f *facts.Writer) error { return f.DeleteUser(w.ids[conn+":"+name], facts.Match{}) }))
}

func (w *world) group(conn, name string, members ...string) {
	w.t.Helper()
	var g *directory.Group
	w.must(w.do(conn, func(f *facts.Writer) error {
		var err error
		g, err = f.CreateGroup(facts.GroupInput{DisplayName: name}, w.values(conn, members))
		return err
	}))
	w.ids[conn+":#"+name] = g.ID
}

// values turns names of people and "#groups" into what a provider sends; a name that is unknown is sent as it is.
func (w *world) values(conn string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n
		if id, ok := w.ids[conn+":"+n]; ok {
			out[i] = id.String()
		}
	}
	return out
}

// add adds members to a group of Okta's.
func (w *world) add(group string, members ...string) {
	w.t.Helper()
	w.member(group, facts.MemberAdd, members)
}

// remove takes members out of a group of Okta's.
func (w *world) remove(group string, members ...string) {
	w.t.Helper()
	w.member(group, facts.MemberRemove, members)
}

func (w *world) member(group string, op facts.MemberOpKind, members []string) {
	w.t.Helper()
	w.must(w.do("okta", func(f *facts.Writer) error {
		_, err := f.ModifyGroup(w.ids["okta:#"+group], facts.Match{}, nil, []facts.MemberOp{{Op: op, Values: w.values("okta", members)}})
		return err
	}))
}

func (w *world) rename(conn, group, to string) {
	w.t.Helper()
	w.must(w.do(conn, func(f *facts.Writer) error {
		_, err := f.ModifyGroup(w.ids[conn+":#"+group], facts.Match{}, func(g *directory.Group) (facts.GroupInput, error) {
			return facts.GroupInput{DisplayName: to, ExternalID: g.ExternalID, Body: g.Body}, nil
		}, nil)
		return err
	}))
}

func (w *world) deleteGroup(group string) {
	w.t.Helper()
	w.must(w.do("okta", func(f *facts.Writer) error { return f.DeleteGroup(w.ids["okta:#"+group], facts.Match{}) }))
}

// members returns everybody whom the organization knows by an address, the oldest first.
func (w *world) members(address string) []*directory.Member {
	w.t.Helper()
	var out []*directory.Member
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		ids, err := tx.FindMembers(w.org, directory.Key{Attribute: directory.AttrEmail, Value: directory.Fold(address)}, directory.NoID, 10)
		if err != nil {
			return err
		}
		out, err = tx.Members(w.org, ids)
		return err
	}))
	return out
}

// of returns the person of a directory record.
func (w *world) of(conn, name string) *directory.Member {
	w.t.Helper()
	var m *directory.Member
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		users, err := tx.Users(w.conns[conn], []directory.ID{w.ids[conn+":"+name]})
		if err != nil {
			return err
		}
		members, err := tx.Members(w.org, []directory.ID{users[0].Member})
		m = members[0]
		return err
	}))
	return m
}

func (w *world) one(address string) *directory.Member {
	w.t.Helper()
	found := w.members(address)
	if len(found) != 1 {
		w.t.Fatalf("%d people are known as %s, want one", len(found), address)
	}
	return found[0]
}

// expect checks where a person stands: status, role and department, "" for none.
func (w *world) expect(m *directory.Member, status directory.Status, role, department string, teams ...string) {
	w.t.Helper()
	d := m.Decision
	if m.Status != status || d.Role != role || d.Department != department || !slices.Equal(d.Teams, teams) {
		w.t.Errorf("%s is %s, role %q, department %q, teams %v;\nwant %s, role %q, department %q, teams %v\nreasons %+v",
			d.Email, m.Status, d.Role, d.Department, d.Teams, status, role, department, teams, d.Reasons)
	}
}

// actFunc is one of the engine's verbs for admins.
type actFunc func(context.Context, provision.Act) (*directory.Member, error)

func (w *world) act(fn actFunc, m *directory.Member) {
	w.t.Helper()
	_, err := fn(w.t.Context(), provision.Act{
		Org: w.org, Member: m.ID, Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "test"},
	})
	w.must(err)
}

func (w *world) pin(m *directory.Member, role string, until time.Time) {
	w.t.Helper()
	w.act(func(ctx context.Context, a provision.Act) (*directory.Member, error) {
		return w.engine.Pin(ctx, a, role, until)
	}, m)
}
