package app

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/config"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/outbox/mail"
	"github.com/mixus/usher/sso"
	"github.com/mixus/usher/sso/provider"
	"github.com/mixus/usher/sso/trust"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/web"
)

// signIn is how people sign in: by their providers, and through us to the application.
type signIn struct {
	trust    *trust.Keeper
	sso      *sso.Server
	provider *provider.Provider
}

// recheckEvery is how often it is looked which domains' records are due to be looked for again.
const recheckEvery = time.Hour

// folder is what the paths of the configuration are relative to.
func (a *App) folder() string { return filepath.Dir(a.opts.Config) }

// empower gives the engine what only a server has: whose domains are, the DNS, and the mail server.
func (a *App) empower(ctx context.Context) error {
	a.engine.Declared, a.engine.Verified = a.operator.DomainOwner, a.engine.OwnsDomain
	a.engine.PublicURL = a.operator.PublicURL
	a.engine.TXT = net.DefaultResolver.LookupTXT
	if settings := a.operator.Mail; settings != nil {
		sender := &mail.Sender{Settings: settings, PublicURL: a.operator.PublicURL}
		if settings.Password != "" {
			secrets := config.NewSecrets(a.operator, a.folder())
			sender.Password = func() (config.Secret, error) { return secrets.Read("mail: password", settings.Password) }
		}
		a.engine.Mail = sender.Send
	}
	return a.engine.LoadDomains(ctx)
}

// letPeopleIn makes what people sign in with. The address has to be known: it is part of every URL that a provider is given.
func (a *App) letPeopleIn(ctx context.Context) error {
	key, err := a.data.cursorKey()
	if err != nil {
		return err
	}
	seal, err := hkdf.Key(sha256.New, key, nil, "cookies of people who sign in", sha256.Size)
	if err != nil {
		return fmt.Errorf("app: derive a key: %w", err)
	}
	a.engine.PublicURL = a.URL()
	pages := web.New(nil)
	pages.Loopback = strings.HasPrefix(a.URL(), "http://")
	keeper := a.keeper()
	s := &sso.Server{
		Engine: a.engine, Lines: keeper, Pages: pages, Log: a.log, Now: a.opts.Now, PublicURL: a.URL(), Key: [32]byte(seal),
	}
	if clients := a.operator.Clients; len(clients) > 0 { // of several, the first is whose name people see
		s.Application, s.Home = clients[0].Name, clients[0].URL
	}
	secrets := config.NewSecrets(a.operator, a.folder())
	a.signIn = &signIn{trust: keeper, sso: s, provider: &provider.Provider{
		Engine: a.engine, Pages: pages, Log: a.log, Issuer: a.URL(), SignOut: s.SignOut,
		Clients: func() []config.Client { return a.operator.Clients },
		Secret: func(c *config.Client) (config.Secret, error) {
			return secrets.Read(fmt.Sprintf("clients: the secret of %q", c.ID), c.Secret)
		},
	}}
	a.api.SignIn = lines{keeper}
	return a.refreshTrust(ctx)
}

// tendSignIn starts what works beside the server.
func (a *App) tendSignIn(ctx context.Context) {
	a.work.Go(func() { a.signIn.trust.Tend(ctx) })
	a.work.Go(func() { _ = a.engine.WorkMail(ctx) }) // ends with the context
	a.work.Go(func() { a.recheckDomains(ctx) })
	a.work.Go(func() { a.tellOfEnds(ctx) })
	a.work.Go(func() {
		if err := a.signIn.provider.Run(ctx); err != nil && ctx.Err() == nil {
			a.fail(err)
		}
	})
}

// recheckDomains looks now and then for the records that prove domains.
func (a *App) recheckDomains(ctx context.Context) {
	for every := time.NewTicker(recheckEvery); ; {
		if err := a.engine.RecheckDomains(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("whose the domains are could not be looked up again", slog.Any("err", err))
		}
		select {
		case <-ctx.Done():
			every.Stop()
			return
		case <-every.C:
		}
	}
}

// keeper makes the keeper of what we and the providers know of one another.
func (a *App) keeper() *trust.Keeper {
	secrets := config.NewSecrets(a.operator, a.folder())
	loopback := netip.MustParseAddr("127.0.0.1")
	return &trust.Keeper{
		Store: a.store, Engine: a.engine, Log: a.log, Now: a.opts.Now, PublicURL: a.URL(), Folder: a.folder(),
		Secrets: func(organization, reference string) (string, error) {
			secret, err := secrets.Get(organization, reference)
			return secret.Reveal(), err
		},
		Client: func(connection string) *http.Client {
			return httpx.Outbound{Allowed: a.operator.Networks(connection)}.Client()
		},
		// What may be led to this machine's own loopback may speak plain http there: it never leaves the machine.
		Loopback: func(connection string) bool {
			return slices.ContainsFunc(a.operator.Networks(connection), func(p netip.Prefix) bool { return p.Contains(loopback) })
		},
	}
}

// inForceAll returns every organization that has a policy in force, with its settings, in the order of their numbers.
func (a *App) inForceAll(ctx context.Context) ([]trust.Organization, error) {
	var list []trust.Organization
	err := a.store.View(ctx, func(tx store.Tx) error {
		list = nil
		orgs, err := tx.Organizations()
		if err != nil {
			return err
		}
		for _, num := range orgs {
			policy, err := a.engine.Policy(tx, num)
			if directory.KindOf(err) == directory.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			list = append(list, trust.Organization{Num: num, Config: policy.Organization})
		}
		return nil
	})
	slices.SortFunc(list, func(x, y trust.Organization) int { return cmp.Compare(x.Num, y.Num) })
	return list, err
}

// refreshed takes the policies in force up wherever connections are known: among what pushes and among what signs in.
func (a *App) refreshed(ctx context.Context) error {
	if err := a.connections.refresh(ctx, a.engine); err != nil || a.signIn == nil {
		return err
	}
	return a.refreshTrust(ctx)
}

func (a *App) refreshTrust(ctx context.Context) error {
	organizations, err := a.inForceAll(ctx)
	if err == nil {
		err = a.signIn.trust.Update(ctx, organizations)
	}
	if err != nil {
		return fmt.Errorf("app: take up how people sign in: %w", err)
	}
	return nil
}

// lines are the connections that sign people in, as the REST interface shows them.
type lines struct{ keeper *trust.Keeper }

// Setup returns what to paste at a connection's provider.
func (l lines) Setup(connection string) (*api.Setup, error) {
	s, err := l.keeper.Setup(connection)
	if err != nil {
		return nil, err
	}
	view := &api.Setup{
		Connection: s.Connection, Organization: s.Organization, Provider: s.Provider, Protocol: s.Protocol, SCIM: s.SCIM, Login: s.Login,
		EntityID: s.EntityID, ACS: s.ACS, Metadata: s.Metadata, SLO: s.SLO, NameID: s.NameID,
		RedirectURI: s.RedirectURI, SignedOut: s.SignedOut, BackChannelLogout: s.BackChannelLogout, Scopes: s.Scopes,
		Subject: api.SetupSubject(s.Subject), Steps: []api.SetupStep{},
	}
	if len(s.Keys) > 0 {
		view.Keys = s.Keys
	}
	for _, c := range s.Certificates {
		view.Certificates = append(view.Certificates, api.SetupCertificate(c))
	}
	for _, f := range s.Attributes {
		view.Attributes = append(view.Attributes, api.SetupAttribute(f))
	}
	for _, step := range s.Steps {
		view.Steps = append(view.Steps, api.SetupStep(step))
	}
	return view, nil
}

// Examine asks a connection's provider for everything that a sign-in needs.
func (l lines) Examine(ctx context.Context, connection string) ([]api.SignInFinding, error) {
	found, err := l.keeper.Examine(ctx, connection)
	return findings(found), err
}

// Rotate takes the next step of changing a connection's own key.
func (l lines) Rotate(ctx context.Context, connection string, cause directory.Cause) (*api.Rotation, error) {
	done, err := l.keeper.Rotate(ctx, connection, cause)
	if err != nil {
		return nil, err
	}
	view := api.Rotation(*done)
	return &view, nil
}

// Findings returns what somebody should see to, of every connection.
func (l lines) Findings(at time.Time) []api.SignInFinding { return findings(l.keeper.Findings(at)) }

func findings(found []trust.Finding) []api.SignInFinding {
	var views []api.SignInFinding
	for _, f := range found {
		views = append(views, api.SignInFinding{Connection: f.Connection, Weight: string(f.Weight), Text: f.Text})
	}
	return views
}
