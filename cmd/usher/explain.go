package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

func (p *program) explain() *cobra.Command {
	var from candidateFlags
	var at, file string
	c := p.inOrganization(&cobra.Command{
		Use: "explain EMAIL", Short: "Say why somebody is what they are, were, or would be", Args: arguments("the member's address or id"),
		Long: `Names every fact and who said it, every rule with its file and line, matched or not and why, how each value was chosen, and
the journal entries that followed. With --at it says what was in force at an instant that is over, by the reasons that were
stored then, and what came next; it stays answerable after the person has gone. With --if it says what a changed file would
make of the person; nothing changes.`,
		RunE: func(c *cobra.Command, args []string) error {
			if at != "" && file != "" {
				return usagef("--at asks what was, and --if what would be; give one of them")
			}
			organization, body := from.organization, api.CandidateBody{}
			if file != "" {
				var err error
				if organization, body.Files, err = candidateFiles(file, from); err != nil {
					return err
				}
			}
			return p.within(c, organization, func(cl *client, path string) error {
				path += "/members/" + url.PathEscape(args[0])
				if at != "" {
					return p.showPast(c, cl, path, at)
				}
				var x api.Explanation
				var err error
				if file != "" {
					err = cl.call(c.Context(), http.MethodPost, path+"/explain", nil, body, &x)
				} else {
					err = cl.call(c.Context(), http.MethodGet, path+"/explain", nil, nil, &x)
				}
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, x)
				}
				_, err = io.WriteString(p.out, clean(explanation(&x)))
				return err
			})
		},
	}, &from.organization)
	c.Flags().StringVar(&at, "at", "", "what was in force at an `instant`, as 2027-05-03T10:00:00Z, or at the end of a day (UTC), as 2027-05-03")
	c.Flags().StringVar(&file, "if", "", "what would be under an organization's `file`, or a usher.yaml")
	c.Flags().StringVar(&from.values, "values", "", "for --if, a `file` with ids and addresses per environment, for ${value:NAME}")
	return grouped(groupAsk, c)
}

// explanation renders an explanation for people.
func explanation(x *api.Explanation) string {
	var b strings.Builder
	describeMember(&b, x.Member)
	if x.Paused {
		b.WriteString("\nA paused connection speaks of this person: nothing changes until it is active again.\n")
	}
	if x.Would != nil {
		describeWould(&b, "Only connections in state observe speak of this person, so nothing changes. Were they active", x.Would)
	}
	if x.Under != nil {
		describeWould(&b, "Under the candidate", x.Under)
	}
	describeFacts(&b, x)
	describeRules(&b, x)
	if len(x.Steps) > 0 {
		b.WriteString("\nHow each value is chosen\n")
	}
	for _, s := range x.Steps {
		describeStep(&b, s.Field, s.Value, s.Reason)
		for _, beaten := range s.Beaten {
			fmt.Fprintf(&b, "  %-16s   over %s\n", "", beaten)
		}
	}
	for _, h := range x.Holds {
		fmt.Fprintf(&b, "\nHeld since %s (%s): %s\n", day(h.Created), h.Kind, effects(h.Effects))
	}
	for _, problem := range x.Problems {
		fmt.Fprintf(&b, "\nCould not be decided: %s\n", problem)
	}
	b.WriteString("\nWhat happened, the newest first\n")
	for i := range x.Journal {
		describeEntry(&b, &x.Journal[i], x.Member.ID)
	}
	return b.String()
}

// describeWould writes what would become of a person, as differences from what is in force.
func describeWould(b *strings.Builder, heading string, w *api.Would) {
	fmt.Fprintf(b, "\n%s: %s\n", heading, standsAs(w))
	for _, e := range w.Effects {
		fmt.Fprintf(b, "  %s\n", describeEffect(e))
	}
	if len(w.Effects) == 0 {
		b.WriteString("  no change\n")
	}
	for _, note := range w.Notes {
		fmt.Fprintf(b, "  note: %s\n", note)
	}
	if w.Next != nil {
		fmt.Fprintf(b, "  next change by itself: %s\n", day(*w.Next))
	}
}

// standsAs says in a few words where somebody would stand.
func standsAs(w *api.Would) string {
	if w.Status == string(directory.StatusNone) {
		return "no member"
	}
	return strings.Join(nonEmpty(w.Status, w.Role, w.Department), ", ")
}

// describeStep writes how one value is chosen. An end has no value but the instant.
func describeStep(b *strings.Builder, field, value string, r directory.Reason) {
	r.Value = ""
	if value == "" && !r.Until.IsZero() {
		value, r.Until = day(r.Until), time.Time{}
	}
	fmt.Fprintf(b, "  %-16s %s, %s\n", strings.ReplaceAll(field, "_", " "), orNone(value), by(r))
}

// describeFacts writes what was said about a person, and by whom.
func describeFacts(b *strings.Builder, x *api.Explanation) {
	for _, a := range x.Accounts {
		heading := "says"
		if a.Subject != "" {
			heading = "said when " + a.Subject + " signed in"
		}
		fmt.Fprintf(b, "\nWhat %s %s (%s, %s)\n", a.Connection, heading, second(a.At), origin(a.Said))
		for _, fact := range append(profileFacts(&a.Profile), extensionFacts(a.Extensions)...) {
			fmt.Fprintf(b, "  %-16s %s\n", fact[0], fact[1])
		}
		for _, g := range a.Groups {
			name := g.Name
			if g.Via != "" {
				name += ", through " + g.Via
			}
			if g.Said != nil && g.At != nil {
				name += fmt.Sprintf("  (%s, %s)", second(*g.At), origin(*g.Said))
			}
			fmt.Fprintf(b, "  %-16s %s\n", "group", name)
		}
	}
	if len(x.Accounts) == 0 {
		b.WriteString("\nNo directory speaks of this person.\n")
	}
	if len(x.Grants) > 0 {
		b.WriteString("\nBeside what directories say\n")
	}
	for _, g := range x.Grants {
		fmt.Fprintf(b, "  %-16s %s\n", g.Kind, strings.Join(nonEmpty(g.Role, g.State, strings.Join(g.Changes, "; "), "by "+g.Actor, day(g.Created), quoted(g.Reason), "until "+dayOf(g.Ends, "it is lifted")), ", "))
	}
}

func profileFacts(p *directory.Profile) [][2]string {
	active := "no"
	if p.Active {
		active = "yes"
	}
	facts := [][2]string{
		{"userName", p.UserName},
		{"externalId", p.ExternalID},
		{"active", active},
		{"displayName", p.DisplayName},
		{"name", strings.TrimSpace(p.GivenName + " " + p.FamilyName)},
		{"title", p.Title},
		{"userType", p.UserType},
		{"department", p.Department},
		{"division", p.Division},
		{"organization", p.Organization},
		{"costCenter", p.CostCenter},
		{"employeeNumber", p.EmployeeNumber},
		{"manager", p.Manager},
		{"nickName", p.NickName},
		{"locale", p.Locale},
		{"timezone", p.Timezone},
		{"language", p.PreferredLanguage},
		{"roles", strings.Join(p.Roles, ", ")},
		{"entitlements", strings.Join(p.Entitlements, ", ")},
	}
	for _, e := range p.Emails {
		kind := strings.Join(nonEmpty(e.Type, map[bool]string{true: "primary"}[e.Primary]), ", ")
		if kind != "" {
			kind = " (" + kind + ")"
		}
		facts = append(facts, [2]string{"email", e.Value + kind})
	}
	known := facts[:0]
	for _, f := range facts {
		if f[1] != "" {
			known = append(known, f)
		}
	}
	return known
}

// extensionFacts returns what a record says beyond the standard, each attribute with the schema that it is of.
func extensionFacts(extensions map[string]map[string]json.RawMessage) [][2]string {
	var facts [][2]string
	for _, urn := range slices.Sorted(maps.Keys(extensions)) {
		for _, name := range slices.Sorted(maps.Keys(extensions[urn])) {
			text := string(extensions[urn][name])
			var plain string
			if json.Unmarshal(extensions[urn][name], &plain) == nil {
				text = plain // as other attributes are shown, without quotes
			}
			facts = append(facts, [2]string{name, text + "  (" + urn + ")"})
		}
	}
	return facts
}

// describeRules writes what became of every rule.
func describeRules(b *strings.Builder, x *api.Explanation) {
	if len(x.Rules) > 0 {
		b.WriteString("\nEvery rule\n")
	}
	for _, r := range x.Rules {
		mark := "no "
		if r.Matched {
			mark = "yes"
		}
		fmt.Fprintf(b, "  %s  %s (%s)\n", mark, r.Rule, r.At)
		for _, why := range r.Because {
			fmt.Fprintf(b, "         %s\n", why)
		}
		if len(r.Gave) > 0 {
			fmt.Fprintf(b, "         gives %s\n", strings.Join(r.Gave, ", "))
		}
		if r.Error != "" {
			fmt.Fprintf(b, "         could not be decided: %s\n", r.Error)
		}
	}
}

// origin says who or what made a change, and how to find it again.
func origin(c directory.Cause) string {
	text := string(c.Kind)
	if c.Actor != "" {
		text += " by " + c.Actor
	}
	if c.ID != "" {
		text += ", " + map[directory.CauseKind]string{
			directory.CauseSCIM: "request ", directory.CauseAdmin: "request ", directory.CausePolicy: "revision ",
			directory.CauseLogin: "request ",
		}[c.Kind] + c.ID
	}
	if c.Reason != "" {
		text += ", " + quoted(c.Reason)
	}
	return text
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "“" + text + "”"
}

func nonEmpty(items ...string) []string {
	var kept []string
	for _, item := range items {
		if item != "" {
			kept = append(kept, item)
		}
	}
	return kept
}
