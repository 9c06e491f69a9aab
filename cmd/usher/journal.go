package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
)

// followEvery is how often a journal that is followed is asked for more.
const followEvery = time.Second

func (p *program) journal() *cobra.Command {
	var organization, member, kind string
	var limit int
	var follow bool
	c := p.inOrganization(&cobra.Command{
		Use: "journal", Short: "Show what happened", Args: arguments(),
		Long: "Shows the last entries of the journal, the newest at the end. With --follow it goes on as things happen, and --json prints one entry a line.",
		RunE: func(c *cobra.Command, _ []string) error {
			if follow && member != "" {
				return usagef("--follow shows the whole journal; leave out --member")
			}
			if limit < 1 {
				return usagef("--limit must be at least 1")
			}
			query := url.Values{}
			setAll(query, "member", member, "kind", kind)
			return p.within(c, organization, func(cl *client, path string) error {
				if follow {
					if cl.direct() { // it would keep the store from the server, and nothing else can write to it
						return usagef("no server has %s open, so that nothing happens there; leave out --follow, or start `usher serve` first", p.data)
					}
					return p.followJournal(c.Context(), cl, path+"/journal", query)
				}
				entries, err := lastEntries(c.Context(), cl, path+"/journal", query, limit)
				if err != nil {
					return err
				}
				if p.json {
					return printJSON(p.out, entries)
				}
				if len(entries) == 0 {
					p.say("There is no such entry.")
				}
				return p.printEntries(entries)
			})
		},
	}, &organization)
	flags := c.Flags()
	flags.StringVar(&member, "member", "", "only entries about the member of this `address` or id")
	flags.StringVar(&kind, "kind", "", "only entries of this `kind`, such as member.changed")
	flags.IntVar(&limit, "limit", 50, "how `many` entries")
	flags.BoolVarP(&follow, "follow", "f", false, "go on as things happen")
	return grouped(groupAsk, c)
}

// lastEntries returns the newest entries in the order in which they happened.
func lastEntries(ctx context.Context, cl *client, path string, query url.Values, limit int) ([]api.Entry, error) {
	entries := []api.Entry{}
	query.Set("limit", strconv.Itoa(min(limit, 500)))
	for {
		var page api.Page[api.Entry]
		if err := cl.call(ctx, http.MethodGet, path, query, nil, &page); err != nil {
			return nil, err
		}
		entries = append(entries, page.Items...)
		if page.Next == "" || len(entries) >= limit {
			entries = entries[:min(limit, len(entries))]
			slices.Reverse(entries)
			return entries, nil
		}
		query.Set("cursor", page.Next)
	}
}

// followJournal prints what comes after the newest entry, until the context ends.
func (p *program) followJournal(ctx context.Context, cl *client, path string, query url.Values) error {
	last, err := lastEntries(ctx, cl, path, url.Values{}, 1)
	if err != nil {
		return err
	}
	query.Set("order", "oldest")
	query.Set("limit", "500")
	if len(last) > 0 {
		query.Set("cursor", api.JournalCursor(last[0].Seq))
	}
	for {
		var page api.Page[api.Entry]
		if err := cl.call(ctx, http.MethodGet, path, query, nil, &page); err != nil {
			return err
		}
		if err := p.streamEntries(page.Items); err != nil {
			return err
		}
		if page.Next != "" {
			query.Set("cursor", page.Next)
		}
		if len(page.Items) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

func (p *program) streamEntries(entries []api.Entry) error {
	if !p.json {
		return p.printEntries(entries)
	}
	e := json.NewEncoder(p.out)
	for i := range entries {
		if err := e.Encode(&entries[i]); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) printEntries(entries []api.Entry) error {
	var b strings.Builder
	for i := range entries {
		describeEntry(&b, &entries[i], "")
	}
	_, err := io.WriteString(p.out, clean(b.String()))
	return err
}
