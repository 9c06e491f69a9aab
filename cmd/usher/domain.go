package main

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/directory"
)

func (p *program) domain() *cobra.Command {
	c := &cobra.Command{
		Use: "domain", Aliases: []string{"domains"}, Short: "See which mail domains are proven, and prove one", Args: noArguments,
		Long: "Nobody joins, and nobody is met, by an address of a domain that is neither declared in usher.yaml nor proven by a DNS record.",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.domainList(), p.domainVerify())
	return grouped(groupAsk, c)
}

func (p *program) domainList() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "list", Short: "List the domains of the organization's file, and the DNS record that proves each", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				domains, err := all[api.Domain](c.Context(), cl, path+"/domains", nil)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, domains)
				}
				if len(domains) == 0 {
					p.say("The organization's file has no domains.")
					return nil
				}
				rows := make([][]string, len(domains))
				for i, d := range domains {
					rows[i] = []string{d.Domain, d.State, d.Joining, dayOf(d.Proven, ""), dayOf(d.Checked, ""), d.Record.Name + " " + d.Record.Type + " " + d.Record.Value}
				}
				if err := table(p.out, []string{"DOMAIN", "OWNED", "JOINING", "PROVEN SINCE", "CHECKED", "RECORD"}, rows); err != nil {
					return err
				}
				for _, d := range domains {
					if d.Problem != "" {
						p.say("%s", clean(d.Problem))
					}
				}
				return nil
			})
		},
	}, &organization)
}

func (p *program) domainVerify() *cobra.Command {
	var organization string
	return p.inOrganization(&cobra.Command{
		Use: "verify DOMAIN", Short: "Print the DNS record that proves a domain, and look for it", Args: arguments("the domain"),
		Long: "Prints the TXT record to create, and looks for it. Run it again once the record is there, and leave it there: it is looked for every day.",
		RunE: func(c *cobra.Command, args []string) error {
			return p.within(c, organization, func(cl *client, path string) error {
				err := each(c.Context(), cl, path+"/domains", nil, func(d api.Domain) error {
					if d.Domain == directory.Fold(args[0]) && !d.Owned && d.State != "taken" {
						p.say("%s", clean(recordToCreate(&d)))
					}
					return nil
				})
				if err != nil && !forbidden(err) { // who may verify need not see the list
					return err
				}
				var d api.Domain
				if err := cl.call(c.Context(), http.MethodPost, path+"/domains/"+url.PathEscape(args[0])+"/verify", nil, nil, &d); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, d)
				}
				_, err = fmt.Fprintln(p.out, clean(verified(&d)))
				return err
			})
		},
	}, &organization)
}

// recordToCreate says what to enter at whoever runs the DNS.
func recordToCreate(d *api.Domain) string {
	return fmt.Sprintf("The record that proves %s, for whoever runs its DNS:\n\n  name   %s\n  type   %s\n  value  %s\n", d.Domain, d.Record.Name, d.Record.Type, d.Record.Value)
}

func verified(d *api.Domain) string {
	if d.State == "declared" {
		return d.Domain + " is declared in usher.yaml, and needs no proof."
	}
	return d.Domain + " is proven. Leave the record where it is: it is looked for again every day."
}
