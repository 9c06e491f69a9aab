package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/access"
	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
)

func (p *program) can() *cobra.Command {
	var organization string
	var properties []string
	one, two := arguments("the member's address or id", "the action, such as agents.run"), arguments("the member's address or id", "the action", "the resource, as TYPE:ID")
	c := p.inOrganization(&cobra.Command{
		Use: "can EMAIL ACTION [TYPE:ID]", Short: "Say whether somebody may do something, and why",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) <= 2 {
				return one(c, args)
			}
			return two(c, args)
		},
		Long: `Answers yes or no, names the line of the organization's file that gives or withholds it, and the rule by which the person has
that. Of a resource, --property says what the application knows: owner, shared, public, space, project, data, size.
Exits with 0 for yes, 2 for no, and 1 where nothing in the file speaks of such an action.`,
		Example: "  usher can ann@acme.com billing.manage\n  usher can ann@acme.com run agent:customer_support_bot\n  usher can ann@acme.com files.upload file:new --property size=120MB",
		RunE: func(c *cobra.Command, args []string) error {
			body := api.CanRequest{Action: args[1]}
			if len(args) > 2 {
				var err error
				if body.Resource, err = canResource(args[2], properties); err != nil {
					return err
				}
			} else if len(properties) > 0 {
				return usagef("--property is about a resource; name one as TYPE:ID")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				var answer api.CanAnswer
				if err := cl.call(c.Context(), http.MethodPost, path+"/members/"+url.PathEscape(args[0])+"/can", nil, body, &answer); err != nil {
					return err
				}
				if answer.Unknown != "" {
					return directory.Errorf(directory.NotFound, "%s", answer.Unknown)
				}
				return p.showAnswer(&answer.Answer)
			})
		},
	}, &organization)
	c.Flags().StringArrayVar(&properties, "property", nil, "what the application knows of the resource, as `name=value`; may be repeated")
	return grouped(groupAsk, c)
}

// canResource reads TYPE:ID and the properties.
func canResource(text string, properties []string) (*api.CanResource, error) {
	kind, id, _ := strings.Cut(text, ":")
	if kind == "" || id == "" {
		return nil, usagef("%q is no resource; write its type and its id, as in agent:customer_support_bot", text)
	}
	r := &api.CanResource{Type: kind, ID: id}
	for _, property := range properties {
		name, value, found := strings.Cut(property, "=")
		if !found || name == "" {
			return nil, usagef("--property %q is not of the form name=value", property)
		}
		if known := access.ResourceProperties(); !slices.Contains(known, name) {
			fix := "the properties are " + strings.Join(known, ", ")
			if near := config.Nearest(name, known); near != "" {
				fix = "did you mean " + near + "?"
			}
			return nil, usagef("--property %s is none that is looked at; %s", name, fix)
		}
		if r.Properties == nil {
			r.Properties = map[string]any{}
		}
		bytes, err := strconv.ParseInt(value, 10, 64)
		switch {
		case value == "true", value == "false":
			r.Properties[name] = value == "true"
		case name == "size" && err == nil:
			r.Properties[name] = bytes
		default:
			r.Properties[name] = value
		}
	}
	return r, nil
}

// showAnswer prints an answer. A no is a finding.
func (p *program) showAnswer(a *access.Answer) error {
	var err error
	if p.json {
		err = printJSON(p.out, a)
	} else {
		_, err = io.WriteString(p.out, clean(answerText(a)))
	}
	if err == nil && !a.Allowed {
		return findings{}
	}
	return err
}

func answerText(a *access.Answer) string {
	var b strings.Builder
	word := "no"
	if a.Allowed {
		word = "yes"
	}
	fmt.Fprintf(&b, "%s: %s\n", word, a.Why)
	if a.Given != nil && a.Given.Because != "" && a.Given.Rule != "" {
		fmt.Fprintf(&b, "  because  %s\n", a.Given.Because)
	}
	for _, s := range a.Also {
		fmt.Fprintf(&b, "  also     %s %s (%s)\n", strings.ReplaceAll(s.Kind, "_", " "), s.Name, s.At)
	}
	if len(a.Data) > 0 {
		fmt.Fprintf(&b, "  data     %s\n", strings.Join(a.Data, ", "))
	}
	if a.Limit > 0 {
		fmt.Fprintf(&b, "  up to    %s\n", directory.FormatSize(a.Limit))
	}
	if !a.Until.IsZero() {
		fmt.Fprintf(&b, "  until    %s\n", day(a.Until))
	}
	if a.Approval {
		b.WriteString("  can be requested; an admin can approve it for a time\n")
	}
	return b.String()
}
