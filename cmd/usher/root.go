package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mixus/usher/config"
)

// program is the surroundings of a command, and the flags that all of them share.
type program struct {
	in       io.Reader
	out, err io.Writer

	data      string
	server    string
	tokenFile string
	json      bool
}

// orientation is what `usher` alone says.
const orientation = `usher shows people to their places: identity providers push, your mapping file decides, and anyone can ask why.

Start here
  usher demo                                     see it at work, on a store that is thrown away
  usher init --organization ID --domain DOMAIN   a first configuration, and what to do with it
  usher check usher.yaml                         is the configuration well-formed?
  usher serve --config usher.yaml --data DIR     serve SCIM, the REST interface and the command line
  usher token create --data DIR --connection ID  a token for an identity provider

Ask
  usher members list --data DIR                  who is a member, with which role
  usher explain --data DIR ann@acme.com          why: every fact, every rule, every change
  usher journal --data DIR --follow              what happens, as it happens

usher help lists every command; usher help COMMAND explains one.
`

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	p := &program{in: in, out: out, err: err}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(err)
	return p.exit(root.ExecuteContext(ctx))
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "usher",
		Short: "Shows people to their places",
		Long: "Identity providers push, your mapping file decides who belongs where, and anyone can ask why.\n\n" +
			"Results go to standard output, everything else to standard error; --json prints the same for programs. " +
			"The exit code is 0 when it is done, 1 when it failed, and 2 when a command that looks has found something; its own help says what.",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArguments,

		PersistentPreRunE: nothingEmpty,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(p.out, orientation)
			return err
		},
	}
	root.SetVersionTemplate("usher {{.Version}}\n")
	root.AddGroup(&cobra.Group{ID: groupRun, Title: "Run it:"}, &cobra.Group{ID: groupChange, Title: "Change the mapping:"}, &cobra.Group{ID: groupAsk, Title: "Ask and act:"}, &cobra.Group{ID: groupKeep, Title: "Look after it:"})
	root.AddCommand(
		p.serve(), p.demo(), p.initialize(), p.check(), p.test(), p.schema(),
		p.members(), p.groups(), p.connections(), p.explain(), p.can(), p.permissions(), p.requests(), p.projects(), p.holds(), p.who(), p.journal(), p.tokens(),
		p.sessions(), p.credentials(), p.lockdown(), p.why(), p.domain(), p.mail(), p.invitations(), p.onboarding(),
		p.plan(), p.apply(), p.policy(), p.status(),
		p.backup(), p.restore(), p.compact(), p.version(),
	)
	root.SetHelpCommandGroupID(groupKeep)
	root.SetCompletionCommandGroupID(groupKeep)
	root.SetFlagErrorFunc(flagError)
	return root
}

// The groups of commands in the help.
const (
	groupRun    = "run"
	groupChange = "change"
	groupAsk    = "ask"
	groupKeep   = "keep"
)

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return noCommand(c, args[0])
	}
	return nil
}

// opposites are commands that people look for and that have another name, by what is typed. What is spelt most alike
// would be the very thing that is to be undone.
func opposites() map[string]string {
	return map[string]string{
		"usher members unsuspend": "reactivate",
		"usher members unremove":  "reactivate",
		"usher members restore":   "reactivate",
		"usher members unpin":     "pin --lift",
		"usher unlock":            "lockdown --off",
	}
}

// noCommand says that a command has no such command below it, and which is meant most likely.
func noCommand(c *cobra.Command, name string) error {
	if meant := opposites()[c.CommandPath()+" "+name]; meant != "" {
		return usagef("%q is not a command of `%s`; did you mean %s? See `%s --help`", name, c.CommandPath(), meant, c.CommandPath())
	}
	var names []string
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	if near := config.Nearest(name, names); near != "" {
		return usagef("%q is not a command of `%s`; did you mean %s? See `%s --help`", name, c.CommandPath(), near, c.CommandPath())
	}
	return usagef("%q is not a command of `%s`; see `%s --help`", name, c.CommandPath(), c.CommandPath())
}

// nothingEmpty refuses flags and arguments that are given and empty, as those of a script are whose variable is not set:
// a command would do something else than what was meant.
func nothingEmpty(c *cobra.Command, args []string) error {
	if c.Name() == cobra.ShellCompRequestCmd {
		return nil // what is not typed yet is empty
	}
	var empty string
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" {
			empty = "--" + f.Name
		}
	})
	if empty == "" && slices.Contains(args, "") {
		empty = "an argument"
	}
	if empty == "" {
		return nil
	}
	return usagef("%s of `%s` is empty; give a value, or leave it out; see `%s --help`", empty, c.CommandPath(), c.CommandPath())
}

// arguments makes a check that a command has its arguments, by their names.
func arguments(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if i := slices.Index(args, ""); i >= 0 && i < len(names) {
			return usagef("`%s` needs %s, which is empty; see `%s --help`", c.CommandPath(), names[i], c.CommandPath())
		}
		if len(args) == len(names) {
			return nil
		}
		if len(args) < len(names) {
			return usagef("`%s` needs %s; see `%s --help`", c.CommandPath(), names[len(args)], c.CommandPath())
		}
		return usagef("%q is one argument too many for `%s`; see `%s --help`", args[len(names)], c.CommandPath(), c.CommandPath())
	}
}

// remote adds the flags of commands that speak to a server or a store.
func (p *program) remote(c *cobra.Command) *cobra.Command {
	flags := c.Flags()
	flags.StringVar(&p.data, "data", "data", "the data `directory` of the server")
	flags.StringVar(&p.server, "server", "", "the `URL` of a server elsewhere; needs --token-file")
	flags.StringVar(&p.tokenFile, "token-file", "", "the `file` with an API token, for --server")
	return p.printing(c)
}

// printing adds the flag of commands that have a result.
func (p *program) printing(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&p.json, "json", false, "print JSON")
	return c
}

func grouped(id string, c *cobra.Command) *cobra.Command {
	c.GroupID = id
	return c
}
