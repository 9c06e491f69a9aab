package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/mapping"
)

func (p *program) initialize() *cobra.Command {
	var organization, connection, domain string
	var fromGroups bool
	c := p.inOrganization(&cobra.Command{
		Use: "init", Short: "Write a first configuration, or draft one from the groups that were pushed", Args: arguments(),
		Long: `Writes the smallest organization's file and a usher.yaml that names it into the current folder; files that are there are
never replaced. With --from-groups it prints a draft of the organization's file instead, made from the groups and people that
a connection has received: one rule for each group, departments and domains as they were seen, and tests. Those in state
observe count; without one, all do.`,
		Example: "  usher init --organization acme --domain acme.com\n  usher init --from-groups --organization acme > acme.draft.yaml",
		RunE: func(c *cobra.Command, _ []string) error {
			if fromGroups {
				if domain != "" {
					return usagef("--domain is for the smallest file; --from-groups takes the domains that were seen")
				}
				return p.draft(c, organization, connection)
			}
			if connection != "" {
				return usagef("--connection needs --from-groups")
			}
			return p.minimal(organization, domain)
		},
	}, &organization)
	c.Flags().BoolVar(&fromGroups, "from-groups", false, "draft the file from what connections have received, and print it")
	c.Flags().StringVar(&connection, "connection", "", "with --from-groups, only what the connection of this `id` has received")
	c.Flags().StringVar(&domain, "domain", "", "the mail `domain` that the organization owns")
	return grouped(groupRun, c)
}

// draft prints the draft of an organization's file.
func (p *program) draft(c *cobra.Command, organization, connection string) error {
	return p.within(c, organization, func(cl *client, path string) error {
		query := url.Values{}
		setAll(query, "connection", connection)
		var d api.Draft
		if err := cl.call(c.Context(), http.MethodGet, path+"/draft", query, nil, &d); err != nil {
			return err
		}
		if p.json {
			return printJSON(p.out, d)
		}
		if _, err := io.WriteString(p.out, clean(d.Text)); err != nil {
			return err
		}
		p.say("A draft with rules for %s, from %s. Save it, then: usher check FILE, usher test FILE.", count(d.Groups, "group"), count(d.People, "active record"))
		return nil
	})
}

var (
	organizationForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,47}[a-z0-9])?$`)
	domainForm       = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// operatorText is the operator's file that init writes, for an organization and its domain.
func operatorText(organization, domain string) string {
	return `# The operator's file. The organizations' files are beside it, one each.
data: ./data
domains: {` + organization + `: [` + domain + `]}    # whose a mail domain is, by your word
`
}

// written is what init has written.
type written struct {
	Files []string `json:"files"`
}

// minimal writes the smallest configuration into the current folder.
func (p *program) minimal(organization, domain string) error {
	domain = directory.Fold(domain)
	why, fix := config.NobodysDomain(domain)
	switch {
	case !organizationForm.MatchString(organization):
		return usagef("--organization %q is no id: use up to 49 lower-case letters, digits and hyphens, such as acme", organization)
	case !domainForm.MatchString(domain):
		return usagef("--domain %q is no mail domain such as acme.com", domain)
	case why != "":
		return usagef("--domain %s: %s; %s", domain, why, fix)
	}
	file := filepath.Join("organizations", organization+".yaml")
	texts := map[string][]byte{operatorFile: []byte(operatorText(organization, domain)), file: mapping.Minimal(organization, domain)}
	order := []string{operatorFile, file}
	for _, path := range order {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return directory.Errorf(directory.Conflict, "%s is there already; nothing was written. Move it away, or run this in another folder.", path)
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return &directory.Error{Kind: directory.Invalid, Message: "The folder of the organizations cannot be made", Err: err}
	}
	for _, path := range order {
		if err := writeNew(path, texts[path]); err != nil {
			return err
		}
	}
	if p.json {
		return printJSON(p.out, written{Files: order})
	}
	_, err := io.WriteString(p.out, nextSteps(order, organization, domain))
	return err
}

// nextSteps says what to do after init, until people have come in.
func nextSteps(files []string, organization, domain string) string {
	connection, base := organization+"-directory", "http://"+config.DefaultListen
	var b strings.Builder
	step := func(what, note string) { fmt.Fprintf(&b, "  %-50s  %s\n", what, note) }
	fmt.Fprintf(&b, "Wrote %s. Next:\n\n", strings.Join(files, " and "))
	step("usher check", "is it well-formed?")
	step("usher serve", "leave it running")
	step("usher token create --connection "+connection, "in a second terminal; prints the provider's token, this once")
	b.WriteString("\nThen, on your identity provider's page for provisioning by SCIM 2.0, paste\n\n")
	step("as base URL (Entra ID: Tenant URL)", base+"/scim/v2/"+connection)
	step("as bearer token (Entra ID: Secret token)", "what token create printed")
	fmt.Fprintf(&b, "\nA provider in the cloud comes from outside: give it the https address at which it reaches this server in place\n"+
		"of %s, and write that into %s as public_url. Say in %s\n"+
		"which provider it is: okta, entra, google or generic. Assign people and a group Admins there, push, and see:\n\n", base, files[0], files[1])
	step("usher members list", "who came in")
	step("usher explain YOU@"+domain, "why, with every rule")
	return b.String()
}

// writeNew writes a file that is not there yet.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &directory.Error{Kind: directory.Invalid, Message: path + " cannot be written", Err: err}
	}
	return nil
}
