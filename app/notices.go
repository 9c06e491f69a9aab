package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/store"
)

const (
	noticesEvery  = time.Hour          // the admins are told of one thing once a day all the same
	tokenEndsSoon = 7 * 24 * time.Hour // before a token expires
)

// tellOfEnds tells admins by mail what they have to see to of their connections, and of tokens that expire.
func (a *App) tellOfEnds(ctx context.Context) {
	for every := time.NewTicker(noticesEvery); ; {
		if err := a.tellAdmins(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("the admins could not be told of certificates and tokens", slog.Any("err", err))
		}
		select {
		case <-ctx.Done():
			every.Stop()
			return
		case <-every.C:
		}
	}
}

// notice is something to tell an organization's admins.
type notice struct {
	org    directory.OrgNum
	thing  string
	letter mail.Notice
}

func (a *App) tellAdmins(ctx context.Context) error {
	var notices []notice
	err := a.store.View(ctx, func(tx store.Tx) error {
		notices = nil
		conns, err := tx.Connections()
		if err != nil {
			return err
		}
		notices = append(notices, connectionNotices(conns, a.signIn.trust.Findings(a.opts.Now()))...)
		tokens, err := tx.ListTokens()
		if err != nil {
			return err
		}
		for _, n := range tokenNotices(conns, tokens, a.opts.Now()) {
			active, err := tx.ActivePolicy(n.org)
			if err != nil {
				return err
			}
			if active > 0 {
				notices = append(notices, n)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, n := range notices {
		if err := a.engine.TellAdmins(ctx, n.org, n.thing, n.letter); err != nil {
			return fmt.Errorf("app: tell the admins of %s: %w", n.thing, err)
		}
	}
	return nil
}

// connectionNotices makes one notice of all that was found about a connection.
func connectionNotices(conns map[string]store.ConnectionRow, findings []trust.Finding) []notice {
	var list []notice
	for _, f := range findings {
		row, known := conns[f.Connection]
		if !known || f.Weight == trust.OK {
			continue
		}
		thing := "connection/" + f.Connection
		if n := len(list); n > 0 && list[n-1].thing == thing {
			list[n-1].letter.Advice = append(list[n-1].letter.Advice, f.Text)
			continue
		}
		list = append(list, notice{row.Org, thing, mail.Notice{
			About:  "somebody has to see to the connection " + f.Connection,
			Text:   "People sign in through the connection " + f.Connection + ". `usher connections test " + f.Connection + "` examines it; this was found:",
			Advice: []string{f.Text},
		}})
	}
	return list
}

// tokenNotices makes a notice of each token that expires soon.
func tokenNotices(conns map[string]store.ConnectionRow, tokens []*directory.Token, now time.Time) []notice {
	var list []notice
	for _, t := range tokens {
		if t.Org == 0 || t.Expires.IsZero() || !t.Expires.After(now) || t.Expires.Sub(now) > tokenEndsSoon {
			continue
		}
		use := "a program uses it for the REST interface"
		for name, row := range conns {
			if t.Conn != 0 && row.Num == t.Conn {
				use = "the provider of " + name + " pushes with it"
			}
		}
		list = append(list, notice{t.Org, "token/" + t.ID.String(), mail.Notice{
			About:  "the token " + t.Name + " expires on " + t.Expires.UTC().Format("2 January 2006"),
			Text:   fmt.Sprintf("The token %s expires on %s; %s. After that its requests are refused.", t.Name, t.Expires.UTC().Format("2 January 2006, 15:04 MST"), use),
			Advice: []string{"Make the next one with `usher token create`, and give it to whoever uses this one.", "`usher token list` shows when each was used last."},
		}})
	}
	return list
}
