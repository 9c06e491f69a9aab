package provision_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
)

// said is one thing that a provider says, drawn once and said to several worlds.
type said struct {
	kind    saidKind
	who     string
	group   string
	manager string
	active  bool
	email   string
	op      facts.MemberOpKind
	members []string
	subject string // another externalId
}

type saidKind int

const (
	saidUser saidKind = iota
	saidUserAgain
	saidGroup
	saidMembers
	saidMembersAgain
	saidUserGone
	saidGroupGone
	saidAnotherSubject
)

// nestable says which groups may contain which, so that no push is refused for a cycle.
var nestable = map[string][]string{"Everyone": {"#Engineering", "#Other"}, "Engineering": {"#Other"}, "Other": nil, "Contractors": nil}

func drawSaid(rt *rapid.T, last saidKind) []said {
	kinds := rapid.IntRange(int(saidUser), int(last))
	out := make([]said, rapid.IntRange(3, 25).Draw(rt, "how many"))
	for i := range out {
		s := said{
			kind:    saidKind(kinds.Draw(rt, "kind")),
			who:     rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(rt, "who"),
			group:   rapid.SampledFrom([]string{"Everyone", "Engineering", "Other", "Contractors"}).Draw(rt, "group"),
			manager: rapid.SampledFrom([]string{"", "ext-ann", "bob@acme.com", "CID@acme.com", "mail-ann@acme.com"}).Draw(rt, "manager"),
			active:  rapid.IntRange(0, 3).Draw(rt, "active") > 0,
			op:      rapid.SampledFrom([]facts.MemberOpKind{facts.MemberAdd, facts.MemberAdd, facts.MemberRemove, facts.MemberReplace}).Draw(rt, "op"),
			members: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{
				"ext-ann", "bob@acme.com", "mail-cid@acme.com", "#Engineering", "#Other",
			}), 0, 3, rapid.ID[string]).Draw(rt, "members"),
		}
		s.email = rapid.SampledFrom([]string{"", "mail-" + s.who + "@acme.com"}).Draw(rt, "email")
		s.subject = rapid.SampledFrom([]string{"ext-" + s.who, "other-" + s.who}).Draw(rt, "subject")
		s.members = slices.DeleteFunc(s.members, func(v string) bool {
			return v[0] == '#' && !slices.Contains(nestable[s.group], v)
		})
		out[i] = s
	}
	return out
}

// say says it to a writer; what is refused changes nothing, and is no finding.
func (w *world) say(f *facts.Writer, ids map[string]directory.ID, s said) error {
	err := w.trySay(f, ids, s)
	if kind := directory.KindOf(err); kind == directory.Conflict || kind == directory.NotFound {
		return nil
	}
	return err
}

func (w *world) trySay(f *facts.Writer, ids map[string]directory.ID, s said) error {
	user, known := ids[s.who]
	group := ids["#"+s.group]
	switch {
	case s.kind <= saidUserAgain && !known:
		u, err := f.CreateUser(s.input(w, "ext-"+s.who))
		if err == nil {
			ids[s.who] = u.ID
		}
		return err
	case s.kind <= saidUserAgain:
		_, err := f.ReplaceUser(user, facts.Match{}, s.input(w, "ext-"+s.who))
		return err
	case s.kind <= saidMembersAgain && group.IsZero():
		g, err := f.CreateGroup(facts.GroupInput{DisplayName: s.group}, nil)
		if err == nil {
			ids["#"+s.group] = g.ID
		}
		return err
	case s.kind <= saidMembersAgain:
		_, err := f.ModifyGroup(group, facts.Match{}, nil, []facts.MemberOp{{Op: s.op, Values: s.values(ids)}})
		return err
	case s.kind == saidUserGone:
		delete(ids, s.who)
		return f.DeleteUser(user, facts.Match{})
	case s.kind == saidGroupGone:
		delete(ids, "#"+s.group)
		return f.DeleteGroup(group, facts.Match{})
	}
	_, err := f.ReplaceUser(user, facts.Match{}, s.input(w, s.subject))
	return err
}

func (s said) input(w *world, externalID string) facts.UserInput {
	a := person(s.who).with(attrs{"externalId": externalID, "active": s.active})
	if s.manager != "" {
		a["manager"] = s.manager
	}
	if s.email != "" {
		a["emails"] = []attrs{{"value": s.email, "type": "work"}}
	}
	return w.input(a)
}

// values returns the members as they are sent: people by a name of theirs, groups that are there by id.
func (s said) values(ids map[string]directory.ID) []string {
	var out []string
	for _, v := range s.members {
		if v[0] != '#' {
			out = append(out, v)
		} else if id, ok := ids[v]; ok {
			out = append(out, id.String())
		}
	}
	return out
}
