package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/config"
)

func (p *program) schema() *cobra.Command {
	return grouped(groupRun, p.printing(&cobra.Command{
		Use: "schema [organization|usher]", Short: "Print the JSON Schema of a file, for editors",
		Long:      "Prints the JSON Schema of an organization's file, or of usher.yaml. Save it, and name it in the file's first line: # yaml-language-server: $schema=organization.schema.json",
		ValidArgs: []string{"organization", "usher"},
		RunE: func(_ *cobra.Command, args []string) error {
			text := config.OrganizationSchema()
			switch {
			case len(args) == 1 && args[0] == "usher":
				text = config.OperatorSchema()
			case len(args) > 1 || len(args) == 1 && args[0] != "organization":
				return usagef("there is no schema %q; the two there are: organization and usher", strings.Join(args, " "))
			}
			_, err := p.out.Write(append(text, '\n'))
			return err
		},
	}))
}
