package provision_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/store"
)

// signIns draws the sign-ins of a few people by both connections.
func signIns(rt *rapid.T) [][]step {
	var all [][]step
	for _, conn := range []string{"okta", "entra"} {
		for _, name := range []string{"ann", "bob", "cid"} {
			var out []step
			for range rapid.IntRange(0, 3).Draw(rt, "sign-ins of "+name+" by "+conn) {
				groups := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"Engineering", "Contractors"}), rapid.ID[string]).Draw(rt, "groups")
				known := rapid.Bool().Draw(rt, "groups are known")
				out = append(out, step{name, fmt.Sprint("sign in ", name, " by ", conn, " ", groups, known), func(w *world) error {
					in := w.loginOf(conn, name)
					in.Groups, in.GroupsKnown = groups, known
					w.signIn(in)
					return nil
				}})
			}
			if len(out) > 0 {
				all = append(all, out)
			}
		}
	}
	return all
}

// TestLawsHoldWithSignInsAmongThePushes: in whatever order pushes and sign-ins come, each person is one member; nobody is in
// whom every directory that speaks of them has let go; whoever is not in has no session; and settling twice changes nothing.
func TestLawsHoldWithSignInsAmongThePushes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorldOf(t, rt, openWith("groups_from: login"))
		defer done()
		for _, s := range interleave(rt, "order", slices.Concat(history(rt), signIns(rt))) {
			w.must(s.do(w))
			for _, m := range w.everybody() {
				w.checkStanding(rt, s.what, m)
			}
		}
		before := w.everybody()
		w.settleAll()
		if diff := cmp.Diff(before, w.everybody()); diff != "" {
			rt.Errorf("settling again changed:\n%s", diff)
		}
		for _, name := range []string{"ann", "bob", "cid"} {
			if n := len(w.members(name + "@acme.com")); n > 1 {
				rt.Errorf("%s is %d members", name, n)
			}
		}
	})
}

func (w *world) checkStanding(rt *rapid.T, after string, m *directory.Member) {
	w.must(w.store.View(w.t.Context(), func(tx store.Tx) error {
		recorded, in := len(m.Users) > 0, false
		for _, ref := range m.Users {
			rows, err := tx.Users(ref.Conn, []directory.ID{ref.ID})
			if err != nil {
				return err
			}
			in = in || rows[0].Active
		}
		if active := m.Status == directory.StatusActive; recorded && !in && active {
			rt.Errorf("after %q %s is in, whom every directory has let go", after, m.Decision.Email)
		}
		sessions, err := tx.SessionsOf(w.org, m.ID)
		if len(sessions) > 0 && m.Status != directory.StatusActive {
			rt.Errorf("after %q %s is %s and has %d sessions", after, m.Decision.Email, m.Status, len(sessions))
		}
		return err
	}))
}

// TestLaw2TheOrderOfSignInsAndPushesDecidesNothing: of people whose directories have them in from the beginning, pushes and
// sign-ins come to the same in any order.
func TestLaw2TheOrderOfSignInsAndPushesDecidesNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var histories [][]step
		for _, conn := range []string{"okta", "entra"} {
			for _, name := range []string{"ann", "bob"} {
				if rapid.Bool().Draw(rt, "pushed") {
					histories = append(histories, []step{{conn + ":" + name, "push " + name, func(w *world) error { w.create(conn, name, person(name)); return nil }}})
				}
			}
		}
		histories = append(histories, signIns(rt)...)
		var first map[string]verdict
		for _, label := range []string{"one order", "another order"} {
			w, done := freshWorldOf(t, rt, openWith("groups_from: login"))
			for _, s := range interleave(rt, label, histories) {
				w.must(s.do(w))
			}
			got := w.verdicts()
			done()
			if first == nil {
				first = got
			} else if diff := cmp.Diff(first, got); diff != "" {
				rt.Errorf("another order decides otherwise:\n%s", diff)
			}
		}
	})
}

// TestRow29HoldsForEveryAddress: whatever addresses a provider asserts, vouched for or not, nobody is linked or joins by one
// that is not vouched for in a domain of the organization.
func TestRow29HoldsForEveryAddress(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, done := freshWorldOf(t, rt, open)
		defer done()
		w.create("okta", "ann", person("ann").with(attrs{"emails": []attrs{{"value": "ann@elsewhere.example"}}}))
		in := w.loginOf("entra", "stranger")
		owned := false
		in.Addresses = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) provision.LoginAddress {
			a := provision.LoginAddress{
				Value: rapid.SampledFrom([]string{"ann", "new"}).Draw(rt, "who") + "@" +
					rapid.SampledFrom([]string{"acme.com", "elsewhere.example", "acme.com.evil.example", "mail.acme.com", "acme.com "}).Draw(rt, "domain"),
				Vouched: rapid.Bool().Draw(rt, "vouched"),
			}
			owned = owned || a.Vouched && (a.Value == "ann@acme.com" || a.Value == "new@acme.com")
			return a
		}), 0, 3).Draw(rt, "addresses")
		r := w.signIn(in)
		if r.In() != owned {
			rt.Errorf("%+v: %s", in.Addresses, r.Code)
		}
	})
}
