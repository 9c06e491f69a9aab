package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
)

func (p *program) why() *cobra.Command {
	return grouped(groupAsk, p.remote(&cobra.Command{
		Use: "why REFERENCE", Short: "Say why somebody could not sign in, by the reference on their page", Args: arguments("the reference that the page showed"),
		Long: "Every page that lets somebody not in shows a reference, such as 2P4-K7QD. This says when it was, by which connection, who it was as far as is known, why, and what helps.",
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c, func(cl *client) error {
				var r api.Refusal
				if err := cl.call(c.Context(), http.MethodGet, "/refusals/"+url.PathEscape(args[0]), nil, nil, &r); err != nil {
					return noRefusal(args[0], err)
				}
				if p.json {
					return printJSON(p.out, r)
				}
				_, err := io.WriteString(p.out, clean(refusalText(&r)))
				return err
			})
		},
	}))
}

// noRefusal says of what has the form of a reference why it may not be found.
func noRefusal(reference string, err error) error {
	var problem *api.Problem
	reference = strings.ToUpper(strings.TrimSpace(reference))
	if !errors.As(err, &problem) || problem.Kind != directory.NotFound.String() || strings.HasPrefix(reference, "LOG-") || !provision.LooksLikeReference(reference) {
		return err
	}
	return directory.Errorf(directory.NotFound, "There is no refused sign-in %s here. References are kept for as long as the journal, which is for good: "+
		"it is mistyped, belongs to another server, or is newer than a backup that was restored.", reference)
}

// refusalText renders a refused sign-in for the helpdesk.
func refusalText(r *api.Refusal) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-13s %s\n", name, value)
		}
	}
	fmt.Fprintf(&b, "%s  refused %s\n", r.Reference, second(r.At))
	line("organization", r.Organization)
	connection := r.Connection
	if r.Method != "" {
		connection = strings.TrimSpace(connection + " (" + r.Method + ")")
	}
	line("connection", connection)
	line("who", whoWas(r))
	if s := r.Said; s != nil {
		line("subject", s.Subject)
		line("addresses", strings.Join(s.Addresses, ", "))
		line("groups", strings.Join(s.Groups, ", "))
	}
	line("why", r.Code+": "+r.Because)
	for _, note := range r.Notes {
		line("note", note)
	}
	line("request", r.Request)
	line("what helps", r.Help)
	for _, command := range r.Commands {
		fmt.Fprintf(&b, "  %-13s %s\n", "", command)
	}
	return b.String()
}

// whoWas names who stood at the door, as far as it is known.
func whoWas(r *api.Refusal) string {
	switch {
	case r.Member != "" && r.Status != "":
		return cmp.Or(r.Email, r.Member) + ", " + standing(r.Status)
	case r.Member != "":
		return cmp.Or(r.Email, r.Member)
	case r.Said != nil && r.Said.Name != "":
		return r.Said.Name + ", nobody whom the organization knows"
	case r.Said != nil:
		return "nobody whom the organization knows"
	}
	return "not known"
}

// standing says where a member stands now.
func standing(status string) string {
	if status == "none" {
		return "no member"
	}
	return status + " now"
}
