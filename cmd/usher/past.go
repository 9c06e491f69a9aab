package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

// showPast asks what a member was, and prints it.
func (p *program) showPast(c *cobra.Command, cl *client, path, at string) error {
	var x api.Past
	if err := cl.call(c.Context(), http.MethodGet, path+"/past", url.Values{"at": {at}}, nil, &x); err != nil {
		return err
	}
	if p.json {
		return printJSON(p.out, x)
	}
	_, err := io.WriteString(p.out, clean(past(&x)))
	return err
}

// past renders what a member was for people.
func past(x *api.Past) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s\n", heading(x.Member), second(x.At))
	fmt.Fprintf(&b, "  %-16s %s (today %s)\n", "status", x.Status, x.Member.Status)
	if x.Policy != nil {
		fmt.Fprintf(&b, "  %-16s revision %d, activated %s by %s\n", "policy", x.Policy.Revision, second(x.Policy.Activated),
			strings.Join(nonEmpty(x.Policy.Actor, quoted(x.Policy.Reason)), ", "))
	} else {
		fmt.Fprintf(&b, "  %-16s none was active yet\n", "policy")
	}
	switch {
	case !x.Heard:
		b.WriteString("\nNobody had spoken of this person by then.\n")
	case x.Status == string(directory.StatusNone):
		b.WriteString("\nThe person was no member then; nothing was in force.\n")
	}
	if len(x.Values) > 0 {
		b.WriteString("\nWhat was in force, and why\n")
	}
	for i := range x.Values {
		describePastValue(&b, &x.Values[i])
	}
	describePastFacts(&b, x)
	for _, text := range x.Unknown {
		fmt.Fprintf(&b, "\nNot known any more: %s\n", text)
	}
	for _, part := range []struct {
		heading string
		entries []api.Entry
	}{{"What had happened, the newest first", x.Before}, {"What came next, the oldest first", x.Next}} {
		if len(part.entries) > 0 {
			fmt.Fprintf(&b, "\n%s\n", part.heading)
		}
		for i := range part.entries {
			describeEntry(&b, &part.entries[i], x.Member.ID)
		}
	}
	return b.String()
}

func describePastValue(b *strings.Builder, v *api.PastValue) {
	line := func(format string, args ...any) { fmt.Fprintf(b, "  %-16s   %s\n", "", fmt.Sprintf(format, args...)) }
	field := strings.ReplaceAll(v.Field, "_", " ")
	switch {
	case v.Unknown != "":
		fmt.Fprintf(b, "  %-16s not known: %s\n", field, v.Unknown)
	case v.Reason != nil:
		describeStep(b, v.Field, cmp.Or(v.Name, v.Value), *v.Reason)
	default:
		fmt.Fprintf(b, "  %-16s %s\n", field, v.Value)
	}
	if v.Since != nil {
		line("since %s", pastEntry(v.Since))
	}
	if v.Note != "" {
		line("%s", v.Note)
	}
	switch {
	case v.Until != nil:
		line("until %s", pastEntry(v.Until))
	case v.Now != nil:
		now := *v.Now
		now.Value = ""
		line("today %s", by(now))
	}
}

// pastEntry names an entry: when, its number and kind, and who made the change.
func pastEntry(e *api.PastEntry) string {
	return fmt.Sprintf("%s, #%d %s (%s)", second(e.At), e.Seq, e.Kind, origin(e.Cause))
}

func describePastFacts(b *strings.Builder, x *api.Past) {
	for i := range x.Accounts {
		a := &x.Accounts[i]
		fmt.Fprintf(b, "\nWhat %s said", a.Connection)
		if a.Said != nil {
			fmt.Fprintf(b, " (%s)", pastEntry(a.Said))
		}
		b.WriteString("\n")
		if a.Erased {
			fmt.Fprintf(b, "  %-16s was erased since\n", "the record")
		} else {
			for _, fact := range append(profileFacts(&a.Profile), extensionFacts(a.Extensions)...) {
				fmt.Fprintf(b, "  %-16s %s\n", fact[0], fact[1])
			}
		}
		for _, g := range a.Groups {
			fmt.Fprintf(b, "  %-16s %s\n", "group", pastGroup(&g))
		}
	}
	if x.Heard && len(x.Accounts) == 0 {
		b.WriteString("\nNo directory had a record of this person then.\n")
	}
	if len(x.Grants) > 0 {
		b.WriteString("\nBeside what directories say\n")
	}
	for _, g := range x.Grants {
		parts := nonEmpty(g.Role, pastEntry(g.Said))
		if g.Until != nil {
			parts = append(parts, "until "+day(*g.Until))
		}
		fmt.Fprintf(b, "  %-16s %s\n", g.Kind, strings.Join(parts, ", "))
	}
}

func pastGroup(g *api.PastGroup) string {
	text := g.Name
	if text == "" {
		text = g.ID + ", deleted since"
	}
	if g.Via != "" {
		text += ", through " + g.Via
	}
	if g.Renamed {
		text += ", under another name then"
	}
	if g.Said != nil {
		text += "  (" + pastEntry(g.Said) + ")"
	}
	if g.Doubt != "" {
		text += "  [not certain: " + g.Doubt + "]"
	}
	return text
}
