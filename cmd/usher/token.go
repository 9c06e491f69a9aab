package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
)

// tokenLife is how long a token works unless --expires says otherwise.
const tokenLife = "365d"

func (p *program) tokens() *cobra.Command {
	c := &cobra.Command{
		Use: "token", Aliases: []string{"tokens"}, Short: "Create, list and revoke tokens", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.tokenCreate(), p.tokenList(), p.tokenRevoke())
	return grouped(groupAsk, c)
}

func (p *program) tokenCreate() *cobra.Command {
	var request api.TokenRequest
	var expires string
	c := p.remote(&cobra.Command{
		Use: "create", Short: "Create a token", Args: arguments(),
		Long: `Creates a token and prints it, this once.

With --connection it is the SCIM token of that connection's identity provider. A connection has at most two live ones: to
rotate, create the second, give it to the provider, and revoke the first.
With --scope it is an API token; the scopes are
  ` + strings.Join(api.Scopes(), ", ") + ".",
		RunE: func(c *cobra.Command, _ []string) error {
			if request.Connection == "" && len(request.Scopes) == 0 {
				return usagef("say what the token is for: --connection ID for an identity provider, or --scope SCOPE for the REST interface")
			}
			if expires != "never" {
				life, err := config.ParseDuration(expires)
				if err != nil {
					return usagef("--expires: %v; or say never", err)
				}
				request.Expires = time.Now().Add(life).UTC().Truncate(time.Second)
			}
			return p.with(c, func(cl *client) error {
				var made api.NewToken
				if err := cl.call(c.Context(), http.MethodPost, "/tokens", nil, request, &made); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, made)
				}
				_, _ = fmt.Fprintf(p.err, "This is shown only now. Token %s, expires: %s.\n", made.ID, dayOf(made.Expires, "never"))
				_, err := fmt.Fprintln(p.out, made.Secret)
				return err
			})
		},
	})
	flags := c.Flags()
	flags.StringVar(&request.Connection, "connection", "", "the `id` of the connection whose provider pushes with it")
	flags.StringSliceVar(&request.Scopes, "scope", nil, "what an API token may do, a `scope`; may be given several times")
	flags.StringVar(&request.Organization, "organization", "", "limit an API token to the organization of this `id`")
	flags.StringVar(&request.Name, "name", "", "the actor's `name` in the journal")
	flags.StringVar(&expires, "expires", tokenLife, "how `long` it works, as 180d, or never")
	return c
}

func (p *program) tokenList() *cobra.Command {
	query := url.Values{}
	var connection, organization string
	c := p.remote(&cobra.Command{
		Use: "list", Short: "List tokens, never their secrets", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			setAll(query, "connection", connection, "organization", organization)
			return p.with(c, func(cl *client) error {
				tokens, err := all[api.Token](c.Context(), cl, "/tokens", query)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, tokens)
				}
				var rows [][]string
				for _, t := range tokens {
					expires := dayOf(t.Expires, "never")
					if !t.Live {
						expires += " (expired)"
					}
					what := t.Connection
					if what == "" {
						what = strings.Join(t.Scopes, ",")
					}
					rows = append(rows, []string{t.ID, t.Name, t.Organization, what, expires, dayOf(t.LastUsed, "never")})
				}
				return table(p.out, []string{"ID", "NAME", "ORGANIZATION", "FOR", "EXPIRES", "LAST USED"}, rows)
			})
		},
	})
	c.Flags().StringVar(&connection, "connection", "", "only tokens of the connection of this `id`")
	c.Flags().StringVar(&organization, "organization", "", "only tokens of the organization of this `id`")
	return c
}

func (p *program) tokenRevoke() *cobra.Command {
	return p.remote(&cobra.Command{
		Use: "revoke ID", Short: "Revoke a token, which stops working at once", Args: arguments("the token's id"),
		RunE: func(c *cobra.Command, args []string) error {
			return p.with(c, func(cl *client) error {
				if err := cl.call(c.Context(), http.MethodDelete, "/tokens/"+url.PathEscape(args[0]), nil, nil, nil); err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, map[string]string{"revoked": args[0]})
				}
				_, err := fmt.Fprintf(p.err, "Token %s is revoked.\n", clean(args[0]))
				return err
			})
		},
	})
}

// with runs fn with whoever answers.
func (p *program) with(c *cobra.Command, fn func(*client) error) error {
	cl, err := p.connect(c.Context())
	if err != nil {
		return err
	}
	err = fn(cl)
	if closed := cl.close(); err == nil {
		err = closed
	}
	return err
}

// setAll sets what is not empty, in pairs of name and value.
func setAll(query url.Values, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
}
