package provision

import (
	"context"
	"slices"
	"strings"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// What Who can be asked for.
const (
	WhoRole          = "role"
	WhoPermission    = "permission"
	WhoRule          = "rule"
	WhoTeam          = "team"
	WhoPermissionSet = "permission_set"
	WhoDepartment    = "department"
)

// Holder is an active member who has what was asked for, and why.
type Holder struct {
	Member  *directory.Member
	Has     []string           // through what: "role admin", "permission set tools", or what the rule gives
	Reasons []directory.Reason // stored when it was decided
}

// HolderPage is one page of holders. Next goes on behind it, nil at the end.
type HolderPage struct {
	Holders []Holder
	Next    []byte
}

const (
	whoRows = 500    // members that one snapshot reads
	whoMost = 20_000 // members that one call walks
	whoRule = 4_000  // people whom one call evaluates
)

// Who answers the question the other way round: which active members have a role, permission, team, permission set or
// department, or are matched by a rule, and why. Pages are in the order of ids, of each role after the other.
func (e *Engine) Who(ctx context.Context, org directory.OrgNum, kind, value string, after []byte, limit int) (*HolderPage, error) {
	page := &HolderPage{}
	var q *whoQuestion
	for walked := 0; ; {
		var read int
		err := e.Store.View(ctx, func(tx store.Tx) error {
			s, err := e.settlement(tx, org, directory.Cause{})
			if err != nil {
				return err
			}
			if q, err = s.question(kind, value, after); err != nil {
				return err
			}
			var found []Holder
			if found, read, err = q.page(s, limit-len(page.Holders)); err != nil {
				return err
			}
			page.Holders = append(page.Holders, found...)
			return nil
		})
		if err != nil {
			return nil, err
		}
		after = q.cursor()
		if walked += read; after == nil || len(page.Holders) >= limit || walked >= q.most {
			page.Next = after
			return page, nil
		}
	}
}

// whoQuestion is a question, with the indexes that lead to the answer and where the walk is.
type whoQuestion struct {
	kind, value string
	keys        []directory.Key // walked one after the other
	at          int             // the key
	last        directory.ID    // the last member seen below it
	rows, most  int
	roles, sets []string // that have the permission
	permission  string   // the value of permission sets that is asked for, which admins give by hand too; "" for none
}

func (s *settlement) question(kind, value string, after []byte) (*whoQuestion, error) {
	q := &whoQuestion{kind: kind, value: value, rows: whoRows, most: whoMost}
	active := []directory.Key{{Attribute: directory.AttrStatus, Value: string(directory.StatusActive)}}
	known := slices.Contains(s.policy.Vocabulary(kind), value)
	switch kind {
	case WhoRole:
		q.keys = roleKeys(value)
	case WhoDepartment:
		q.keys = []directory.Key{{Attribute: directory.AttrDepartment, Value: directory.Fold(value)}}
		known = s.policy.DepartmentPath(value) != nil
	case WhoPermission:
		q.roles = s.policy.RolesPermitting(value)
		if q.permission = s.valueAsked(value); q.permission == "" {
			q.keys = roleKeys(q.roles...)
		} else {
			q.sets, q.keys, known = s.policy.SetsGiving(q.permission), active, true
		}
	case WhoRule:
		q.keys, q.rows, q.most = active, planPage, whoRule
	default:
		q.keys = active
	}
	if !known {
		what := strings.ReplaceAll(kind, "_", " ")
		e := directory.Errorf(directory.NotFound, "The policy has no %s %q; %s", what, value, s.policy.Suggest(kind, value))
		if !strings.HasSuffix(e.Message, "?") {
			e.Message += "."
		}
		e.Field = kind
		return nil, e
	}
	if len(after) == 0 {
		return q, nil
	}
	if q.at = int(after[0]); len(after) != 1+len(q.last) || q.at >= len(q.keys) {
		return nil, directory.Errorf(directory.Invalid, "The cursor belongs to another question, or to a policy of before; start over.")
	}
	copy(q.last[:], after[1:])
	return q, nil
}

func roleKeys(roles ...string) []directory.Key {
	keys := make([]directory.Key, len(roles))
	for i, r := range roles {
		keys[i] = directory.Key{Attribute: directory.AttrRole, Value: r}
	}
	return keys
}

// cursor returns where the walk is, nil at its end.
func (q *whoQuestion) cursor() []byte {
	if q.at >= len(q.keys) {
		return nil
	}
	return append([]byte{byte(q.at)}, q.last[:]...)
}

// page reads the next members, and returns up to limit of those who are meant and how many it read.
func (q *whoQuestion) page(s *settlement, limit int) ([]Holder, int, error) {
	if q.at >= len(q.keys) {
		return nil, 0, nil
	}
	ids, err := s.tx.FindMembers(s.org, q.keys[q.at], q.last, q.rows)
	if err != nil {
		return nil, 0, err
	}
	holders, err := q.holders(s, ids)
	if err != nil {
		return nil, 0, err
	}
	if len(holders) > limit {
		holders = holders[:limit]
		q.last = holders[limit-1].Member.ID
		return holders, len(ids), nil
	}
	if len(ids) < q.rows {
		q.at, q.last = q.at+1, directory.NoID
	} else {
		q.last = ids[len(ids)-1]
	}
	return holders, len(ids), nil
}

func (q *whoQuestion) holders(s *settlement, ids []directory.ID) ([]Holder, error) {
	if q.kind == WhoRule {
		return q.matched(s, ids)
	}
	rows, err := s.tx.Members(s.org, ids)
	if err != nil {
		return nil, err
	}
	given := make([][]*directory.Grant, len(rows))
	var policy *access.Policy
	if q.permission != "" {
		if given, err = permissionGrants(s.tx, s.org, rows); err == nil {
			policy, err = s.engine.Access(s.tx, s.org)
		}
		if err != nil {
			return nil, err
		}
	}
	var out []Holder
	for i, m := range rows {
		if m == nil || m.Status != directory.StatusActive {
			continue
		}
		sets, byHand := q.sets, []directory.Reason(nil)
		if len(given[i]) > 0 {
			sets, byHand = q.handed(s, policy, m, given[i])
		}
		if h := q.holder(m, sets, byHand); len(h.Has) > 0 {
			out = append(out, h)
		}
	}
	return out, nil
}

// holder says through what a member has what was asked for, and why. A permission is given by these sets, and by hand.
func (q *whoQuestion) holder(m *directory.Member, sets []string, byHand []directory.Reason) Holder {
	h := Holder{Member: m}
	d := &m.Decision
	role := func() {
		h.Has = append(h.Has, "role "+d.Role)
		h.because(func(r *directory.Reason) bool { return r.Field == "role" })
	}
	item := func(what, field, value string) {
		h.Has = append(h.Has, what+" "+value)
		h.because(func(r *directory.Reason) bool { return r.Field == field && r.Value == value })
	}
	switch q.kind {
	case WhoRole:
		role()
	case WhoDepartment:
		item("department", "department", d.Department)
	case WhoTeam:
		if slices.Contains(d.Teams, q.value) {
			item("team", "teams", q.value)
		}
	case WhoPermissionSet:
		if slices.Contains(d.PermissionSets, q.value) {
			item("permission set", "permission_sets", q.value)
		}
	case WhoPermission:
		if slices.Contains(q.roles, d.Role) {
			role()
		}
		for _, set := range sets {
			if slices.Contains(d.PermissionSets, set) {
				item("permission set", "permission_sets", set)
			}
		}
		for _, r := range byHand {
			h.Has = append(h.Has, r.Because)
			h.Reasons = append(h.Reasons, r)
		}
	}
	return h
}

func (h *Holder) because(of func(*directory.Reason) bool) {
	for i := range h.Member.Decision.Reasons {
		if r := &h.Member.Decision.Reasons[i]; of(r) {
			h.Reasons = append(h.Reasons, *r)
		}
	}
}

// matched evaluates people, since a rule that another one outdoes leaves no reason with them.
func (q *whoQuestion) matched(s *settlement, ids []directory.ID) ([]Holder, error) {
	touched := make([]*facts.Touch, len(ids))
	for i, id := range ids {
		touched[i] = &facts.Touch{Member: id}
	}
	people, err := s.load(touched)
	if err != nil {
		return nil, err
	}
	var out []Holder
	for _, p := range people {
		if p.before == nil || p.before.Status != directory.StatusActive {
			continue
		}
		if trace, ok := s.policy.Matching(&p.person, s.now, q.value); ok {
			out = append(out, matchedBy(p.before, &trace))
		}
	}
	return out, nil
}

// matchedBy tells of a rule that matches a member: why, and which reasons in force name it.
func matchedBy(m *directory.Member, trace *mapping.RuleTrace) Holder {
	h := Holder{Member: m, Has: trace.Gave, Reasons: []directory.Reason{{
		Field: WhoRule, Value: trace.Rule, Source: directory.SourceRule, Rule: trace.Rule, At: trace.At, Because: strings.Join(trace.Because, "; "),
	}}}
	h.because(func(r *directory.Reason) bool { return r.Rule == trace.Rule && r.Source != directory.SourceNoLonger })
	return h
}
