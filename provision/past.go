package provision

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
)

// Past is one person at an instant that is over, as the journal and the stored policies tell it: nothing is evaluated
// again.
type Past struct {
	Organization string
	Member       *directory.Member // as the person stands now
	At           time.Time
	Heard        bool // somebody had spoken of the person by then
	Status       directory.Status
	Values       []PastValue // what was in force, the personal values last
	Accounts     []PastAccount
	Grants       []PastGrant
	Policy       *directory.Policy // the revision in force, nil when there was none
	Before       []JournalLine     // the last entries until then, the newest first
	Next         []JournalLine     // the first ones after, the oldest first
	Unknown      []string          // what cannot be said any more, and why
}

// PastValue is one value that was in force.
type PastValue struct {
	Field   string
	Value   string
	Reason  *directory.Reason // stored when it was given; nil for personal values
	Entry   *JournalLine      // which gave it
	Until   *JournalLine      // which took it away since; nil while it stands
	Now     *directory.Reason // why it stands today, where it does, and for another reason than then
	Unknown string            // why the value cannot be told; "" when it is known
	Note    string
}

// PastGrant is what an admin had given or taken by hand.
type PastGrant struct {
	Kind  directory.GrantKind
	Role  string
	Until time.Time
	Entry *JournalLine // which says who, when and why
}

const (
	pastLimit  = 5000 // how many entries of one person are followed
	pastAround = 5    // how many entries before and after the instant are told
)

// pastBuilder puts a Past together.
type pastBuilder struct {
	*Past
	engine *Engine
	ctx    context.Context
	org    directory.OrgNum
	conns  map[directory.ConnNum]string
	lines  []*JournalLine // of the member, the oldest first
	then   int            // how many of them there were by then
}

// Past says what was in force for a member at an instant, and why: by the reasons that were stored then. It stays
// answerable after the person has gone.
func (e *Engine) Past(ctx context.Context, org directory.OrgNum, member directory.ID, at time.Time) (*Past, error) {
	at = at.UTC()
	if at.After(e.Now()) {
		return nil, directory.Errorf(directory.Invalid, "%s has not come yet: history tells what was; leave the instant out to see what is.", at.Format(time.RFC3339))
	}
	b := &pastBuilder{Past: &Past{At: at, Status: directory.StatusNone}, engine: e, ctx: ctx, org: org}
	if err := b.start(member); err != nil {
		return nil, err
	}
	complete, err := e.walk(ctx, chain{directory.SubjectMember, member, b.Member.Entry}, pastLimit, func(l *JournalLine) bool {
		b.lines = append(b.lines, l)
		return true
	})
	if err != nil {
		return nil, err
	}
	if !complete {
		b.unknown("the person's history is longer than the %d entries that are followed; what came before them is left out", pastLimit)
	}
	slices.Reverse(b.lines)
	for b.then = len(b.lines); b.then > 0 && b.lines[b.then-1].At.After(at); {
		b.then--
	}
	b.Heard = b.then > 0
	b.values()
	b.grants()
	b.around()
	if err := b.facts(); err != nil {
		return nil, err
	}
	return b.Past, nil
}

// start reads the member as they are, and the policy that was in force.
func (b *pastBuilder) start(member directory.ID) error {
	return b.engine.Store.View(b.ctx, func(tx store.Tx) error {
		active, err := b.engine.active(tx, b.org)
		if err != nil {
			return err
		}
		b.Organization, b.conns = active.org, active.conns
		rows, err := tx.Members(b.org, []directory.ID{member})
		if err != nil {
			return err
		}
		if b.Member = rows[0]; b.Member == nil {
			return directory.Errorf(directory.NotFound, "There is no member %s in this organization.", member)
		}
		b.Policy, err = policyAt(tx, b.org, active.number, b.At)
		return err
	})
}

// policyAt returns the revision that was in force at an instant, nil when there was none. Revisions count from 1, and each
// was in force until the next.
func policyAt(tx store.Tx, org directory.OrgNum, last uint64, at time.Time) (*directory.Policy, error) {
	var failed error
	read := func(revision uint64) *directory.Policy {
		p, err := tx.Policy(org, revision)
		if err != nil {
			failed = err
			return &directory.Policy{}
		}
		return p
	}
	n := sort.Search(int(last), func(i int) bool { return read(uint64(i + 1)).Activated.After(at) })
	if n == 0 || failed != nil {
		return nil, failed
	}
	p := read(uint64(n))
	return p, failed
}

// values adds the effects up: each begins where the one before it ended.
func (b *pastBuilder) values() {
	var values []PastValue
	for _, l := range b.lines[:b.then] {
		for i := range l.Effects {
			values = takeEffect(values, &l.Effects[i], l)
		}
	}
	for i := range values {
		v := &values[i]
		v.Until = b.ended(v)
		if v.Field == "status" {
			b.Status = directory.Status(v.Value)
			continue
		}
		if now := find(b.Member.Decision.Reasons, v.Field, v.Value); v.Until == nil && now != nil && v.Reason != nil &&
			(now.Source != v.Reason.Source || now.Rule != v.Reason.Rule) {
			v.Now = now
		}
	}
	order := []string{"status", "role", "department", "teams", "permission_sets", "spaces", "projects", "ends", "manager"}
	slices.SortStableFunc(values, func(x, y PastValue) int {
		if d := slices.Index(order, x.Field) - slices.Index(order, y.Field); d != 0 {
			return d
		}
		return strings.Compare(x.Value, y.Value)
	})
	b.Values = append(values, b.personal()...)
}

// takeEffect brings values to what an effect made of them.
func takeEffect(values []PastValue, f *directory.Effect, l *JournalLine) []PastValue {
	if f.Before != "" {
		values = slices.DeleteFunc(values, func(v PastValue) bool { return v.Field == f.Field && v.Value == f.Before })
	}
	if f.After == "" {
		return values
	}
	return append(values, PastValue{Field: f.Field, Value: f.After, Reason: f.Reason, Entry: l})
}

// ended returns the first entry after the instant that took a value away, nil while it stands.
func (b *pastBuilder) ended(v *PastValue) *JournalLine {
	for _, l := range b.lines[b.then:] {
		for i := range l.Effects {
			if l.Effects[i].Field == v.Field && l.Effects[i].Before == v.Value {
				return l
			}
		}
	}
	return nil
}

// personal returns the values that details hold: each as the last entry left it that still tells.
func (b *pastBuilder) personal() []PastValue {
	if b.Status == directory.StatusNone {
		return nil
	}
	var out []PastValue
	for _, field := range []string{"name", "email", "title"} {
		v := PastValue{Field: field}
		for _, l := range b.lines[:b.then] {
			for _, said := range l.Values {
				if said.Attribute == field {
					v.Value, v.Entry, v.Unknown = stringOf(said.After), l, ""
				}
			}
			if l.erased() {
				v.Value, v.Entry = "", l
				v.Unknown = "the personal values of this entry were erased"
			}
		}
		if v.Value != "" || v.Unknown != "" {
			out = append(out, v)
		}
	}
	return out
}

func stringOf(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// grants adds up what admins did by hand.
func (b *pastBuilder) grants() {
	standing := map[directory.GrantKind]PastGrant{}
	for _, l := range b.lines[:b.then] {
		switch l.Kind {
		case "member.pinned":
			delete(standing, directory.GrantPin)
			if role, until, pinned := pinSaid(l.Notes); pinned {
				standing[directory.GrantPin] = PastGrant{Kind: directory.GrantPin, Role: role, Until: until, Entry: l}
			}
		case "member.suspended":
			standing[directory.GrantSuspension] = PastGrant{Kind: directory.GrantSuspension, Entry: l}
		case "member.removed":
			standing[directory.GrantRemoval] = PastGrant{Kind: directory.GrantRemoval, Entry: l}
		case "member.reactivated":
			delete(standing, directory.GrantSuspension)
			delete(standing, directory.GrantRemoval)
		}
		if slices.Contains(l.Notes, noteBackLate) {
			delete(standing, directory.GrantPin)
		}
	}
	for _, kind := range []directory.GrantKind{directory.GrantPin, directory.GrantSuspension, directory.GrantRemoval} {
		if g, ok := standing[kind]; ok && (g.Until.IsZero() || g.Until.After(b.At)) {
			b.Grants = append(b.Grants, g)
		}
	}
	pinned := slices.ContainsFunc(b.Grants, func(g PastGrant) bool { return g.Kind == directory.GrantPin })
	for i := range b.Values {
		if v := &b.Values[i]; v.Reason != nil && v.Reason.Source == directory.SourcePin && !pinned {
			v.Note = "the pin had been lifted by then, and the value stayed: something else gave it as well"
		}
	}
}

// around tells what came before and after.
func (b *pastBuilder) around() {
	for _, l := range slices.Backward(b.lines[max(0, b.then-pastAround):b.then]) {
		b.Before = append(b.Before, *l)
	}
	for _, l := range b.lines[b.then:min(len(b.lines), b.then+pastAround)] {
		b.Next = append(b.Next, *l)
	}
}

// atDay is the end of a day, in UTC, as an instant.
func atDay(day time.Time) time.Time { return day.AddDate(0, 0, 1).Add(-time.Second) }

// ParsePast reads an instant that is over: RFC 3339, or a date, which means the end of that day in UTC, and for today now.
func ParsePast(text string, now time.Time) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		e := directory.Errorf(directory.Invalid, "%q is no instant such as 2027-05-03T10:00:00Z, and no date such as 2027-05-03.", text)
		e.Field = "at"
		return time.Time{}, e
	}
	if at := atDay(day); at.Before(now) || day.After(now) {
		return at, nil
	}
	return now.UTC(), nil
}
