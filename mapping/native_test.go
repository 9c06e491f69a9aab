package mapping

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

// TestNativeConditionsAgreeWithCEL draws conditions and people, and compares what the two make of them.
func TestNativeConditionsAgreeWithCEL(t *testing.T) {
	values := []string{"", "Engineer", "engineer", "Director of R&D", "é", "a", `qu"ote`, "Title 1"}
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
	attribute := rapid.SampledFrom([]string{"user.title", "user.department", "user.userName", "user.email", "user.manager", "connection"})
	literal := rapid.Map(rapid.SampledFrom(values), quote)
	texts := rapid.OneOf(attribute, literal)
	leaf := rapid.Custom(func(rt *rapid.T) string {
		a, b := texts.Draw(rt, "a"), texts.Draw(rt, "b")
		switch rapid.IntRange(0, 9).Draw(rt, "form") {
		case 0:
			return a + " == " + b
		case 1:
			return a + " != " + b
		case 2:
			return a + ".startsWith(" + b + ")"
		case 3:
			return a + ".endsWith(" + b + ")"
		case 4:
			return a + ".contains(" + b + ")"
		case 5:
			return a + ` in ["Engineer", "é", ` + literal.Draw(rt, "c") + "]"
		case 6:
			return a + " in " + rapid.SampledFrom([]string{"user.roles", "user.emails", "groups"}).Draw(rt, "list")
		case 7:
			return "inGroup(" + literal.Draw(rt, "group") + ")"
		case 8:
			return a + `.matches("^[A-Z].*[rD1]$")`
		}
		return rapid.SampledFrom([]string{"user.active", "true", "!user.active", "user.active == false"}).Draw(rt, "bool")
	})
	rapid.Check(t, func(rt *rapid.T) {
		text := leaf.Draw(rt, "leaf")
		for range rapid.IntRange(0, 3).Draw(rt, "joins") {
			text = fmt.Sprintf("%s(%s) %s %s", rapid.SampledFrom([]string{"", "!"}).Draw(rt, "not"), text,
				rapid.SampledFrom([]string{"&&", "||"}).Draw(rt, "join"), leaf.Draw(rt, "leaf"))
		}
		c := compiler{org: &config.Organization{}, policy: &Policy{}}
		compiled := c.condition(&config.Rule{Name: "r", When: text})
		if compiled == nil {
			rt.Fatalf("%s: %v", text, c.problems)
		}
		if compiled.native == nil {
			rt.Fatalf("%s is not compiled natively", text)
		}
		pick := rapid.SampledFrom(values)
		account := &Account{Connection: pick.Draw(rt, "connection"), Profile: directory.Profile{
			UserName: pick.Draw(rt, "userName"), Title: pick.Draw(rt, "title"), Department: pick.Draw(rt, "department"), Manager: pick.Draw(rt, "manager"),
			Active: rapid.Bool().Draw(rt, "active"), Roles: []string{pick.Draw(rt, "role")}, Emails: []directory.Email{{Value: pick.Draw(rt, "email")}},
		}}
		if name := pick.Draw(rt, "in group"); name != "" {
			account.Groups = []Group{{Name: name, Names: []string{directory.Fold(name)}}}
		}
		s := &subject{}
		s.set(account, zeros{})
		got, err := compiled.holds(s)
		compiled.native = nil
		want, wantErr := compiled.holds(s)
		if err != nil || wantErr != nil || got != want {
			rt.Fatalf("%s is %v natively and %v by CEL (%v, %v) for %+v", text, got, want, err, wantErr, account)
		}
		if field, values := requires(compiled.tree.Expr()); field >= 0 && got && !slices.Contains(values, attributeText(field)(&s.user)) {
			rt.Fatalf("%s held, and was said to require one of %q, for %+v", text, values, account)
		}
	})
}
