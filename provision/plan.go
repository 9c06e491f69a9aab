package provision

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/facts"
	"github.com/mixus/usher/mapping"
	"github.com/mixus/usher/store"
)

// Candidate is a policy that could become the active one, with the text that it was compiled from.
type Candidate struct {
	Policy *mapping.Policy
	Files  []directory.PolicyFile
}

// Plan is what a candidate would change, over everybody. It names what it was made of, so that it can be applied as it is
// shown: the active revision, the place in the journal, and for each person whom it changes a digest of the effects.
type Plan struct {
	Organization string                  `json:"organization"`
	Base         uint64                  `json:"base"`           // the active revision that it was compared with, 0 for none
	Same         bool                    `json:"same,omitempty"` // the candidate is what is in force already
	Hash         string                  `json:"hash"`           // of the candidate's text
	Position     uint64                  `json:"position"`       // the last journal entry that it has seen
	At           time.Time               `json:"at"`
	ValidUntil   time.Time               `json:"valid_until"`    // it is applied before then, or made again
	Ends         *PlanEnd                `json:"ends,omitempty"` // what changes by itself then; nil when that is only its age
	People       int                     `json:"people"`         // who were evaluated
	Rows         []PlanRow               `json:"rows"`
	Counts       PlanCounts              `json:"counts"`
	Brakes       map[string]int          `json:"brakes,omitempty"`   // kind of brake → people whom it would count
	Problems     []string                `json:"problems,omitempty"` // conditions that could not be decided, each once
	Seal         string                  `json:"seal"`               // proves that the plan was made here, and not changed since
	Digests      map[directory.ID]Digest `json:"digests"`            // whom it changes → digest of what they get
}

// Digest is a short proof of the effects on one person, 16 hexadecimal digits as text.
type Digest uint64

// MarshalText writes the digits.
func (d Digest) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(d)), nil }

// UnmarshalText reads the digits.
func (d *Digest) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	*d = Digest(n)
	return err
}

// PlanRow is one change that several people share: one value gained, lost or replaced, for one reason.
type PlanRow struct {
	Field  string           `json:"field"` // "status", "role", "department", "teams", …
	Before string           `json:"before,omitempty"`
	After  string           `json:"after,omitempty"`
	Source directory.Source `json:"source,omitempty"`
	Rule   string           `json:"rule,omitempty"`
	At     string           `json:"at,omitempty"` // file:line of the rule
	Count  int              `json:"count"`
	People []PlanPerson     `json:"people"` // the first of them
}

// PlanPerson names somebody in a plan.
type PlanPerson struct {
	ID    string `json:"id"`
	Email string `json:"email,omitempty"`
}

// PlanCounts sums a plan up. A person counts once in each line that holds.
type PlanCounts struct {
	Changed   int `json:"changed"`
	Joining   int `json:"joining"`   // become active or are invited
	Leaving   int `json:"leaving"`   // are suspended, or no member any more
	Gaining   int `json:"gaining"`   // get something that they did not have
	Losing    int `json:"losing"`    // lose something, or have it replaced
	Unchanged int `json:"unchanged"` // the others
}

// planPage is how many people one snapshot evaluates: their rows, records and groups stay under what a View may read.
const planPage = 100

// planProblems is how many problems a plan tells.
const planProblems = 20

// Plan evaluates a candidate against everybody and changes nothing. Each row names up to named people, all when it is
// negative.
func (e *Engine) Plan(ctx context.Context, org directory.OrgNum, c Candidate, named int) (*Plan, error) {
	b := planBuilder{named: named, rows: map[planKey]*PlanRow{}, problems: map[string]bool{}, spare: newSpace(planPage)}
	now := e.Now().UTC()
	b.plan = &Plan{
		Hash: hashOf(c.Files), At: now, ValidUntil: now.Add(planLife), Digests: map[directory.ID]Digest{}, Brakes: map[string]int{},
	}
	var after directory.ID
	var err error
	for first := true; first || !after.IsZero(); first = false {
		err = e.Store.View(ctx, func(tx store.Tx) error {
			s, err := e.dryAfter(tx, org, c.Policy, b.before)
			if err != nil {
				return err
			}
			b.before = s
			if first {
				if err := b.begin(s, c); err != nil {
					return err
				}
			}
			after, err = b.page(s, after)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	plan := b.finish()
	plan.Seal, err = e.seal(plan, org)
	return plan, err
}

// seal signs what apply relies on of a plan, with the organization that it is of.
func (e *Engine) seal(p *Plan, org directory.OrgNum) (string, error) {
	brakes := p.Brakes
	if len(brakes) == 0 {
		brakes = nil // as it is when it comes back
	}
	text, err := json.Marshal(struct {
		Org        directory.OrgNum
		Base       uint64
		Hash       string
		Position   uint64
		At         time.Time
		ValidUntil time.Time
		Ends       *PlanEnd
		Counts     PlanCounts
		Brakes     map[string]int
		Digests    map[directory.ID]Digest
	}{org, p.Base, p.Hash, p.Position, p.At, p.ValidUntil, p.Ends, p.Counts, brakes, p.Digests})
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, e.PlanKey)
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

type planKey struct {
	field, before, after, at, rule string
	source                         directory.Source
}

// planBuilder adds people up. What it keeps of each is a digest, so that its size follows the changes, not the company.
type planBuilder struct {
	plan     *Plan
	named    int
	rows     map[planKey]*PlanRow
	problems map[string]bool
	before   *settlement               // of the page before
	spare    space                     // for each page
	admins   map[directory.ID]*outcome // who matter for the last admin, over all pages
}

func (b *planBuilder) begin(s *settlement, c Candidate) error {
	b.plan.Organization, b.plan.Base = s.orgName, s.revision
	if err := keepsConnections(s.tx, s.org, c.Policy.Organization); err != nil {
		return err
	}
	active, err := s.engine.inForce(s.tx, s.org, c)
	if err != nil {
		return err
	}
	b.plan.Same = active != nil
	last, err := s.tx.ListEntries(0, 1, true)
	if len(last) > 0 {
		b.plan.Position = last[0].Seq
	}
	return err
}

// page evaluates the people after one, and returns the last of them, the zero ID at the end.
func (b *planBuilder) page(s *settlement, after directory.ID) (directory.ID, error) {
	members, err := s.tx.ListMembers(s.org, store.Page{After: after, Limit: planPage})
	if err != nil || len(members) == 0 {
		return directory.NoID, err
	}
	ids := make([]directory.ID, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	if u, reading := s.tx.(unwritten); reading {
		u.page = members
		s.tx = u
	}
	s.spare = b.spare
	if b.admins == nil {
		b.admins = map[directory.ID]*outcome{}
	}
	for id, o := range b.admins {
		s.settled[id] = o
	}
	outcomes, err := s.outcomesOf(ids)
	if err != nil {
		return directory.NoID, err
	}
	for _, o := range outcomes {
		b.add(s, o)
		if s.wasAdmin(o.before) || o.member.Decision.Role == s.policy.TopRole() {
			b.admins[o.member.ID] = &outcome{member: &directory.Member{
				ID: o.member.ID, Status: o.member.Status, Decision: directory.Decision{Role: o.member.Decision.Role},
			}}
		}
	}
	for _, p := range s.problems {
		if len(b.problems) < planProblems {
			b.problems[p] = true
		}
	}
	b.plan.People += len(members)
	if len(members) < planPage {
		return directory.NoID, nil
	}
	return ids[len(ids)-1], nil
}

// outcomesOf decides about people without writing, and returns the outcomes in the order of their ids.
func (s *settlement) outcomesOf(ids []directory.ID) ([]*outcome, error) {
	touched, rows := make([]*facts.Touch, len(ids)), make([]facts.Touch, len(ids))
	for i, id := range ids {
		touched[i] = &rows[i]
		rows[i].Member = id
	}
	if err := s.settle(touched); err != nil {
		return nil, err
	}
	out := slices.Clone(s.outcomes)
	s.outcomes = nil
	for _, o := range out {
		o.effects = append(o.effects, s.allowed.effects(o.before, o.member)...)
	}
	slices.SortFunc(out, func(a, b *outcome) int { return bytes.Compare(a.member.ID[:], b.member.ID[:]) })
	return out, nil
}

// add counts one person.
func (b *planBuilder) add(s *settlement, o *outcome) {
	b.plan.endBy(o.member)
	if len(o.effects) == 0 {
		b.plan.Counts.Unchanged++
		return
	}
	b.plan.Digests[o.member.ID] = digest(o.effects)
	b.plan.Counts.count(s.policy, o)
	for _, kind := range braked(s.policy, o.before, o.member) {
		b.plan.Brakes[kind]++
	}
	for i := range o.effects {
		b.row(&o.effects[i], o)
	}
}

func (b *planBuilder) row(f *directory.Effect, o *outcome) {
	k := planKey{field: f.Field, before: f.Before, after: f.After}
	if f.Field == "manager" || f.Field == "ends" {
		k.before, k.after = "", "" // of one person each
	}
	if r := f.Reason; r != nil {
		k.at, k.rule, k.source = r.At, r.Rule, r.Source
	}
	row := b.rows[k]
	if row == nil {
		row = &PlanRow{Field: k.field, Before: k.before, After: k.after, Source: k.source, Rule: k.rule, At: k.at, People: []PlanPerson{}}
		b.rows[k] = row
	}
	row.Count++
	if b.named < 0 || len(row.People) < b.named {
		row.People = append(row.People, PlanPerson{ID: o.member.ID.String(), Email: o.member.Decision.Email})
	}
}

func (c *PlanCounts) count(policy *mapping.Policy, o *outcome) {
	c.Changed++
	gains, loses := false, false
	for i := range o.effects {
		f := &o.effects[i]
		switch {
		case f.Field == "role" && f.Before != "" && f.After != "": // a promotion, or the reverse
			up := policy.RoleRank(f.After) > policy.RoleRank(f.Before)
			gains, loses = gains || up, loses || !up
		case f.Field != "status":
			gains = gains || f.After != ""
			loses = loses || f.Before != ""
		case f.After == string(directory.StatusActive), f.After == string(directory.StatusInvited):
			c.Joining++
		default:
			c.Leaving++
		}
	}
	if gains {
		c.Gaining++
	}
	if loses {
		c.Losing++
	}
}

// finish puts the rows in order: by the rule's place in the file, then by field, as people read a decision, and value.
func (b *planBuilder) finish() *Plan {
	p := b.plan
	p.Rows = make([]PlanRow, 0, len(b.rows))
	for _, row := range b.rows {
		p.Rows = append(p.Rows, *row)
	}
	order := []string{"status", "role", fieldRolePermissions, "department", "teams", "permission_sets", fieldSetValues, "spaces", "projects", "ends", "manager"}
	slices.SortFunc(p.Rows, func(x, y PlanRow) int {
		return cmp.Or(
			comparePlaces(x.At, y.At), strings.Compare(x.Rule, y.Rule), slices.Index(order, x.Field)-slices.Index(order, y.Field),
			strings.Compare(x.Before, y.Before), strings.Compare(x.After, y.After), strings.Compare(string(x.Source), string(y.Source)))
	})
	for problem := range b.problems {
		p.Problems = append(p.Problems, problem)
	}
	slices.Sort(p.Problems)
	return p
}

// comparePlaces puts file:line texts in order of file and line, and what has no place last.
func comparePlaces(x, y string) int {
	file := func(at string) (string, int) {
		i := strings.LastIndexByte(at, ':')
		line, err := strconv.Atoi(at[i+1:])
		if i < 0 || err != nil {
			return "\uffff", 0
		}
		return at[:i], line
	}
	xf, xl := file(x)
	yf, yl := file(y)
	return cmp.Or(strings.Compare(xf, yf), xl-yl)
}

// Empty reports whether a plan changes nobody.
func (p *Plan) Empty() bool { return p.Counts.Changed == 0 }

// digest is a short proof of effects: the values, not the reasons for them.
func digest(effects []directory.Effect) Digest {
	h := fnv.New64a()
	for i := range effects {
		f := &effects[i]
		for _, part := range []string{f.Field, f.Before, f.After} {
			h.Write([]byte(part))
			h.Write([]byte{0})
		}
	}
	return Digest(h.Sum64())
}

// braked returns the kinds of brake that count the change from one state of a member to the next.
func braked(policy *mapping.Policy, before, after *directory.Member) []string {
	was := before
	if was == nil {
		was = &directory.Member{Status: directory.StatusNone}
	}
	active := was.Status == directory.StatusActive
	rank := func(m *directory.Member) int { return policy.RoleRank(m.Decision.Role) }
	var kinds []string
	switch {
	case active && after.Status != directory.StatusActive:
		kinds = append(kinds, BrakeSuspensions)
	case active && (rank(after) < rank(was) || rank(was) < 0 && was.Decision.Role != after.Decision.Role):
		kinds = append(kinds, BrakeRoleLosses)
	}
	top := policy.TopRole()
	if top != "" && after.Status == directory.StatusActive && after.Decision.Role == top && (!active || was.Decision.Role != top) {
		kinds = append(kinds, BrakeTopRoleGains)
	}
	return kinds
}

// The kinds of brake, as files name them.
const (
	BrakeSuspensions   = "suspensions"
	BrakeRoleLosses    = "role_losses"
	BrakeTopRoleGains  = "top_role_gains"
	BrakeGroupRemovals = "group_removals"
)

// Name is by what people know somebody: the address, or the id.
func (p PlanPerson) Name() string { return cmp.Or(p.Email, p.ID) }
