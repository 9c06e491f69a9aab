package provision_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// acmeInvites is acme, where whom entra pushes is invited, and rules give every kind of value.
var acmeInvites = strings.NewReplacer(
	"{id: entra, provider: entra}", "{id: entra, provider: entra, provisioning: invite}",
	"teams: [platform]}\n  - {name: admins", "teams: [platform], permission_sets: [tools], spaces: [lab], projects: [rover]}\n  - {name: admins",
).Replace(acme) + "permission_sets: {tools: {integrations: [github]}}\n"

// acmeLater is acme after its IT admins thought again: another role, department and teams by another line.
var acmeLater = strings.NewReplacer(
	"role: member, department: engineering, teams: [platform]", "role: viewer, department: sales, teams: [field]",
	"roles:\n", "# A line more.\nroles:\n",
).Replace(acme)

// TestLaw3EveryChangeSaysWhy: whatever is pushed, done by hand, changed in the policy or ended by time, every entry of the
// journal names its cause, every effect its reason, with the line of the file where a rule decided; and the effects of a
// member's history, from the oldest, add up to where the member stands.
func TestLaw3EveryChangeSaysWhy(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorld(t, rt)
		defer done()
		for _, s := range interleave(rt, "order", history(rt)) {
			if err := s.do(w); err != nil {
				rt.Fatalf("%s: %v", s.what, err)
			}
			if rapid.IntRange(0, 3).Draw(rt, "an admin acts") == 0 {
				w.anyAct(rt)
			}
			switch rapid.IntRange(-10, 1).Draw(rt, "time passes, or the policy changes") {
			case 0:
				w.pass(time.Duration(rapid.IntRange(1, 100).Draw(rt, "days")) * day)
			case 1:
				policies := []string{acme, acmeInvites, acmeLater}
				w.activate(policies[rapid.IntRange(0, len(policies)-1).Draw(rt, "policy")])
			}
		}
		w.idle()
		w.checkReasons(rt)
		w.checkHistories(rt)
	})
}

// anyAct has an admin do anything to anybody; what makes no sense is refused.
func (w *world) anyAct(rt *rapid.T) {
	everybody := w.everybody()
	if len(everybody) == 0 {
		return
	}
	m := everybody[rapid.IntRange(0, len(everybody)-1).Draw(rt, "member")]
	other := everybody[rapid.IntRange(0, len(everybody)-1).Draw(rt, "other member")]
	verb := map[string]actFunc{
		"suspend": w.engine.Suspend, "reactivate": w.engine.Reactivate, "remove": w.engine.Remove,
		"pin": func(ctx context.Context, a provision.Act) (*directory.Member, error) {
			return w.engine.Pin(ctx, a, "admin", w.now.Add(10*day))
		},
		"lift the pin": func(ctx context.Context, a provision.Act) (*directory.Member, error) {
			return w.engine.Pin(ctx, a, "", time.Time{})
		},
		"merge": func(ctx context.Context, a provision.Act) (*directory.Member, error) {
			return w.engine.Merge(ctx, a, other.ID)
		},
		"unlink": func(ctx context.Context, a provision.Act) (*directory.Member, error) {
			return w.engine.Unlink(ctx, a, w.conns["entra"])
		},
	}[rapid.SampledFrom([]string{"suspend", "reactivate", "remove", "pin", "lift the pin", "merge", "unlink"}).Draw(rt, "verb")]
	_, err := verb(w.t.Context(), provision.Act{
		Org: w.org, Member: m.ID, Cause: directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "a test"},
	})
	if k := directory.KindOf(err); err != nil && k != directory.Conflict && k != directory.Invalid {
		rt.Fatal(err)
	}
}

func (w *world) everybody() []*directory.Member {
	w.t.Helper()
	var out []*directory.Member
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		out, err = tx.ListMembers(w.org, store.Page{Limit: 1000})
		return err
	}))
	return out
}

func (w *world) entries() []*directory.Entry {
	w.t.Helper()
	var out []*directory.Entry
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) (err error) {
		out, err = tx.ListEntries(0, 10_000, false)
		return err
	}))
	return out
}

// place is where a reason that comes from the file points.
var place = regexp.MustCompile(`^acme\.yaml:[1-9][0-9]*$`)

func (w *world) checkReasons(rt *rapid.T) {
	for _, e := range w.entries() {
		c := e.Cause
		switch {
		case c.Kind == "",
			c.Kind == directory.CauseSCIM && (c.ID == "" || c.Actor == "" || e.Conn == 0 && e.Kind != "member.changed"),
			c.Kind == directory.CauseAdmin && (c.Actor == "" || c.Reason == ""),
			c.Kind == directory.CausePolicy && c.ID == "":
			rt.Errorf("entry %d, %s, does not say what caused it: %+v", e.Seq, e.Kind, c)
		}
		for _, effect := range e.Effects {
			r := effect.Reason
			if r == nil || r.Field != effect.Field || r.Source == "" {
				rt.Errorf("entry %d, %s by %s: %s from %q to %q because of %+v", e.Seq, e.Kind, c.Kind, effect.Field, effect.Before, effect.After, r)
				continue
			}
			byRule := slices.Contains([]directory.Source{directory.SourceRule, directory.SourceDeny, directory.SourceCap, directory.SourceEnded}, r.Source)
			if byRule && (r.Rule == "" || !place.MatchString(r.At)) || r.Rule != "" && !place.MatchString(r.At) || r.Because == "" {
				rt.Errorf("entry %d: %s from %q to %q does not say where that stands, or why: %+v", e.Seq, effect.Field, effect.Before, effect.After, r)
			}
		}
	}
}

// standing is what the effects of a history add up to, by field.
type standing map[string][]string

// take applies an effect, and reports whether it begins where the history stands.
func (s standing) take(e directory.Effect) bool {
	began := e.Before == "" || slices.Contains(s[e.Field], e.Before)
	s[e.Field] = slices.DeleteFunc(s[e.Field], func(v string) bool { return v == e.Before })
	if e.After != "" {
		s[e.Field] = append(s[e.Field], e.After)
	}
	slices.Sort(s[e.Field])
	if len(s[e.Field]) == 0 {
		delete(s, e.Field)
	}
	return began
}

// stands returns where a member stands, as a history tells it: somebody who is no member has nothing.
func stands(m *directory.Member) standing {
	s := standing{"status": {string(m.Status)}}
	if m.Status == directory.StatusNone {
		return s
	}
	d := m.Decision
	for field, values := range map[string][]string{
		"role": {d.Role}, "department": {d.Department}, "teams": d.Teams, "permission_sets": d.PermissionSets,
		"spaces": d.Spaces, "projects": d.Projects,
	} {
		for _, v := range values {
			if v != "" {
				s[field] = append(s[field], v)
			}
		}
	}
	return s
}

// checkHistories replays the history of each member.
func (w *world) checkHistories(rt *rapid.T) {
	for _, m := range w.everybody() {
		s := standing{"status": {string(directory.StatusNone)}}
		for _, e := range w.historyOf(m) {
			for _, effect := range e.Effects {
				if !s.take(effect) {
					rt.Errorf("entry %d says that %s was %q, and the history before it says %q", e.Seq, effect.Field, effect.Before, s[effect.Field])
				}
			}
		}
		delete(s, "ends")
		delete(s, "manager")
		if diff := cmp.Diff(stands(m), s); diff != "" {
			rt.Errorf("the history of %s does not lead to where they stand (-row +history):\n%s", m.Decision.Email, diff)
		}
	}
}

// historyOf follows a member's chain through the journal, and returns it with the oldest entry first.
func (w *world) historyOf(m *directory.Member) []*directory.Entry {
	w.t.Helper()
	var out []*directory.Entry
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		out = nil
		for seq := m.Entry; seq != 0; {
			found, err := tx.Entries([]uint64{seq})
			if err != nil {
				return err
			}
			out, seq = append(out, found[0]), 0
			for _, s := range found[0].Subjects {
				if s.Kind == directory.SubjectMember && s.ID == m.ID {
					seq = s.Prev
				}
			}
		}
		return nil
	}))
	slices.Reverse(out)
	return out
}
