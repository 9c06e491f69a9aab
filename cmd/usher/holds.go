package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

func (p *program) holds() *cobra.Command {
	c := &cobra.Command{
		Use: "holds", Aliases: []string{"hold"}, Short: "See what waits for a decision, and decide", Args: noArguments,
		Long: "More changes of a kind than a brake of the organization's file lets pass wait in a hold. " +
			"ID may be left out when there is only one hold.",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.holdsList(), p.holdsShow(), p.holdsApprove(),
		p.holdsDecide("dismiss", "Leave everybody who waits as they are",
			"Who waits stays as they are, until what would change of them is something else."),
		p.holdsDecide("undo", "Put those back who were done before the hold",
			"Shows who they are, from whatever cause, and asks. They are put back as they were and wait in the hold: they leave it when the provider moves them back, and approving it does it again."),
		p.holdsExpect())
	return grouped(groupAsk, c)
}

func (p *program) holdsList() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "list", Short: "List what waits, and what is expected", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				var all api.Holds
				if err := cl.call(c.Context(), http.MethodGet, path+"/holds", nil, nil, &all); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, all)
				}
				if len(all.Holds) == 0 {
					p.say("Nothing waits for a decision.")
				}
				_, err := io.WriteString(p.out, clean(holdsText(&all)))
				return err
			})
		},
	}, &organization)
}

// holdsText renders all holds for people.
func holdsText(all *api.Holds) string {
	var b strings.Builder
	for i := range all.Holds {
		h := &all.Holds[i]
		describeHold(&b, h)
	}
	for _, x := range all.Expected {
		fmt.Fprintf(&b, "expected: %d %s until %s, %d used; by %s: %s\n", x.Count, strings.ReplaceAll(x.Kind, "_", " "), day(x.Until), x.Used, x.Actor, x.Reason)
	}
	return b.String()
}

// describeHold writes what waits, and what to do.
func describeHold(b *strings.Builder, h *api.OpenHold) {
	fmt.Fprintf(b, "%s  %s  since %s\n  %s\n", h.ID, holdKind(h), day(h.Created), h.Message)
	for _, line := range h.Advice {
		fmt.Fprintf(b, "  - %s\n", line)
	}
}

// holdKind names a hold in a line.
func holdKind(h *api.OpenHold) string {
	text := strings.ReplaceAll(h.Kind, "_", " ")
	if h.Group != "" {
		text += " (" + h.Group + ")"
	}
	if h.State != "open" {
		text += ", " + h.State
	}
	return text
}

// oneHold returns the path of the hold that an argument names, or of the only one there is.
func oneHold(c *cobra.Command, cl *client, path string, args []string) (string, error) {
	if len(args) == 1 {
		return path + "/holds/" + url.PathEscape(args[0]), nil
	}
	var all api.Holds
	if err := cl.call(c.Context(), http.MethodGet, path+"/holds", nil, nil, &all); err != nil {
		return "", err
	}
	switch len(all.Holds) {
	case 0:
		return "", directory.Errorf(directory.NotFound, "There is no hold: nothing waits for a decision.")
	case 1:
		return path + "/holds/" + all.Holds[0].ID, nil
	}
	return "", usagef("there are %d holds; say which by its id, as `usher holds list` shows them", len(all.Holds))
}

func (p *program) holdsShow() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "show [ID]", Short: "Show a hold, who waits in it and who was done before", Args: atMostOne("ID"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				h, err := fetchHold(c, cl, path, args)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, h)
				}
				_, err = io.WriteString(p.out, clean(holdText(h)))
				return err
			})
		},
	}, &organization)
}

func fetchHold(c *cobra.Command, cl *client, path string, args []string) (*api.HoldDetail, error) {
	at, err := oneHold(c, cl, path, args)
	if err != nil {
		return nil, err
	}
	h := &api.HoldDetail{}
	return h, cl.call(c.Context(), http.MethodGet, at, nil, nil, h)
}

// holdText renders a hold with its people.
func holdText(h *api.HoldDetail) string {
	var b strings.Builder
	describeHold(&b, &h.OpenHold)
	if h.Set != "" {
		fmt.Fprintf(&b, "  Set %s\n", h.Set)
	}
	fmt.Fprintf(&b, "\nWho waits\n")
	for _, person := range h.People {
		text := effects(person.Effects)
		if person.Undone {
			text += "; was done, and is put back"
		}
		if person.SignedIn != nil {
			text += "; the provider let them in since, on " + day(*person.SignedIn)
		}
		fmt.Fprintf(&b, "  %-32s %s\n", personOf(person.Email, person.ID), text)
	}
	if more := h.Waiting - len(h.People); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	if len(h.Done) > 0 {
		b.WriteString("\nDone before\n")
	}
	for _, person := range h.Done {
		fmt.Fprintf(&b, "  %-32s %s  (%s, %s)\n", personOf(person.Email, person.ID), effects(person.Effects), second(person.At), origin(person.Cause))
	}
	return b.String()
}

func personOf(email, id string) string {
	if email == "" {
		return id
	}
	return email
}

func (p *program) holdsApprove() *cobra.Command {
	var organization, reason, set string
	var yes bool
	c := p.inOrganization(&cobra.Command{
		Use: "approve [ID]", Short: "Let everybody who waits pass", Args: atMostOne("ID"),
		Long: "Shows who waits, asks, and lets them pass: exactly those who were shown, or nobody. Nobody approves a hold that they caused.",
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				h, err := fetchHold(c, cl, path, args)
				if err != nil {
					return err
				}
				if !c.Flags().Changed("set") {
					set = h.Set
				}
				if ok, err := p.agreeOnHold(h, "Let them pass?", yes); !ok || err != nil {
					return err
				}
				body := api.ApproveBody{ReasonBody: api.ReasonBody{Reason: reason}, Set: set}
				if h.Set == "" {
					body.Set = "none" // of the last admin; the server says what to do
				}
				return p.decided(c, cl, path+"/holds/"+h.ID+"/approve", body, "approved")
			})
		},
	}, &organization)
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	c.Flags().StringVar(&set, "set", "", "approve only this `set`, as `usher holds show` printed it before")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// agreeOnHold shows a hold with its people, and asks.
func (p *program) agreeOnHold(h *api.HoldDetail, question string, yes bool) (bool, error) {
	if !p.json {
		if _, err := io.WriteString(p.out, clean(holdText(h))); err != nil {
			return false, err
		}
	}
	return p.agree(question, yes)
}

// decided sends a decision and says what came of it.
func (p *program) decided(c *cobra.Command, cl *client, path string, body any, what string) error {
	var h api.OpenHold
	if err := cl.call(c.Context(), http.MethodPost, path, nil, body, &h); err != nil {
		return err
	}
	if p.json {
		return printJSON(p.out, h)
	}
	text := fmt.Sprintf("The hold is %s.", what)
	if h.Waiting > 0 {
		text = fmt.Sprintf("The hold is %s; %d wait in it.", what, h.Waiting)
	}
	_, err := fmt.Fprintln(p.out, text)
	return err
}

func (p *program) holdsDecide(verb, short, long string) *cobra.Command {
	var organization, reason string
	done := map[string]string{"dismiss": "dismissed", "undo": "undone"}[verb]
	question := map[string]string{"dismiss": "Leave those who wait as they are?", "undo": "Put back everybody who was done before?"}[verb]
	var except []string
	var yes bool
	c := p.inOrganization(&cobra.Command{
		Use: verb + " [ID]", Short: short, Long: short + ". " + long, Args: atMostOne("ID"),
		RunE: func(c *cobra.Command, args []string) error {
			if reason == "" {
				return usagef("say why with --reason; it is kept in the journal")
			}
			return p.within(c, organization, func(cl *client, path string) error {
				h, err := fetchHold(c, cl, path, args)
				if err != nil {
					return err
				}
				if ok, err := p.agreeOnHold(h, question, yes); !ok || err != nil {
					return err
				}
				body := api.UndoBody{ReasonBody: api.ReasonBody{Reason: reason}, Except: except}
				return p.decided(c, cl, path+"/holds/"+h.ID+"/"+verb, body, done)
			})
		},
	}, &organization)
	if verb == "undo" {
		c.Flags().StringSliceVar(&except, "except", nil, "leave these people out of it, by address or `id`, separated by commas: those who were meant to go")
	}
	c.Flags().StringVar(&reason, "reason", "", "`why`; it is kept in the journal")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}
