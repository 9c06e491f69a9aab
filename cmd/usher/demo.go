package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/app"
	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/examples"
)

// demoPatience is how long the demonstration waits for work to be done.
const demoPatience = 2 * time.Minute

func (p *program) demo() *cobra.Command {
	var exit bool
	var listen string
	c := &cobra.Command{
		Use: "demo", Short: "See usher at work, on a store that is thrown away", Args: arguments(),
		Long: "Starts a server on a temporary store with the example company Acme, plays what Okta and Entra send, and a company of 500 people, over HTTP, and says who became what and why. It stays up until Ctrl-C.",
		RunE: func(c *cobra.Command, _ []string) error { return p.showDemo(c.Context(), listen, exit) },
	}
	c.Flags().BoolVar(&exit, "exit", false, "end at once; the exit code is 1 if anything did not come out as expected")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "the `address` to listen on")
	return grouped(groupRun, c)
}

// demo is one demonstration.
type demo struct {
	program *program
	app     *app.App
	client  *client
	dir     string
	tokens  map[string]string // connection → SCIM token
	sent    int
	begun   time.Time
}

func (p *program) showDemo(ctx context.Context, listen string, exit bool) (err error) {
	dir, err := os.MkdirTemp("", "usher-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := &demo{program: p, dir: dir, tokens: map[string]string{}, begun: time.Now()}
	if err := d.start(ctx, listen); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.client.close(), stop(d.app)) }()
	people := company()
	if err := d.play(ctx, people); err != nil {
		return err
	}
	if err := d.tell(ctx, people); err != nil {
		return err
	}
	if exit {
		return nil
	}
	if err := d.invite(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		_, _ = fmt.Fprintln(p.err, "\nThe demonstration is over; its store is removed.")
		return nil
	case err := <-d.app.Failed():
		return err
	}
}

func (d *demo) data() string { return filepath.Join(d.dir, "data") }

// start starts a server on the example's configuration, and makes a token for each of its connections.
func (d *demo) start(ctx context.Context, listen string) error {
	d.program.say("Starting a server on a temporary store, with the configuration of examples/acme …")
	configuration := filepath.Join(d.dir, "acme")
	if err := os.CopyFS(configuration, examples.Acme()); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(d.dir, "server.log"))
	if err != nil {
		return err
	}
	d.app, err = app.New(app.Options{Config: filepath.Join(configuration, "usher.yaml"), Data: d.data(), Listen: listen, Version: version(), Output: log})
	if err != nil {
		return err
	}
	if err := d.app.Start(ctx); err != nil {
		return errors.Join(err, stop(d.app))
	}
	if d.client, err = dial(ctx, app.Data(d.data())); err != nil {
		return errors.Join(err, stop(d.app))
	}
	for _, connection := range []string{"acme-okta", "acme-entra"} {
		var made api.NewToken
		if err := d.client.call(ctx, http.MethodPost, "/tokens", nil, api.TokenRequest{Connection: connection, Name: connection}, &made); err != nil {
			return errors.Join(err, d.client.close(), stop(d.app))
		}
		d.tokens[connection] = made.Secret
	}
	return nil
}

// say tells a person how far things are.
func (p *program) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.err, format+"\n", args...)
}

func (d *demo) base(connection string) string { return d.app.URL() + "/scim/v2/" + connection }

// play sends everything: the transcripts, then the company.
func (d *demo) play(ctx context.Context, people []employee) error {
	transcripts, err := examples.Transcripts()
	if err != nil {
		return err
	}
	played := 0
	player := examples.Player{Played: func(*examples.Transcript, examples.Exchange) { d.sent++ }}
	for _, t := range transcripts {
		if !strings.HasPrefix(t.Name(), "okta/") && !strings.HasPrefix(t.Name(), "entra/") {
			continue
		}
		if err := player.Play(ctx, d.base(t.Connection), d.tokens[t.Connection], t); err != nil {
			return &directory.Error{Kind: directory.Internal, Message: "The server did not answer as the transcript says", Err: err}
		}
		played++
	}
	d.program.say("Played %d situations as Okta and Entra send them: %d requests, each answered as expected.", played, d.sent)
	provider := &provider{base: d.base("acme-okta"), token: d.tokens["acme-okta"], client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: pushers}}}
	defer provider.client.CloseIdleConnections()
	d.program.say("Okta pushes a company of %d people and their groups …", len(people))
	bar := d.program.begin("people", int64(len(people)), false)
	err = provider.pushCompany(ctx, people, bar)
	bar.end()
	d.sent += int(provider.sent.Load())
	if err != nil {
		return err
	}
	return d.settle(ctx)
}

// settle waits until the work that followed from the pushes is done.
func (d *demo) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	for {
		var o api.Organization
		if err := d.client.call(ctx, http.MethodGet, "/organizations/acme", nil, nil, &o); err != nil {
			return err
		}
		if o.Jobs == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return directory.Errorf(directory.Unavailable, "%s did not finish in %v.", count(o.Jobs, "job"), demoPatience)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// invite prints how to go on exploring.
func (d *demo) invite(ctx context.Context) error {
	var made api.NewToken
	request := api.TokenRequest{Organization: "acme", Scopes: []string{api.ScopeMembersRead, api.ScopeGroupsRead, api.ScopeConnectionsRead, api.ScopeJournalRead, api.ScopePolicyRead}, Name: "demo"}
	if err := d.client.call(ctx, http.MethodPost, "/tokens", url.Values{}, request, &made); err != nil {
		return err
	}
	for name, secret := range map[string]string{"api.token": made.Secret, "okta.token": d.tokens["acme-okta"]} {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(secret+"\n"), 0o600); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(d.program.out, `
Go on exploring
  %[4]s explain --data %[1]s ann@acme.com
  %[4]s members list --data %[1]s --role admin
  %[4]s members suspend --data %[1]s --reason "trying it out" priya.raman@acme.com
  %[4]s journal --data %[1]s --follow
  curl -s -H "Authorization: Bearer $(cat %[2]s/api.token)" '%[3]s/api/v1/organizations/acme/members?role=admin'
  curl -s -H "Authorization: Bearer $(cat %[2]s/okta.token)" '%[3]s/scim/v2/acme-okta/Users?filter=userName%%20eq%%20%%22ann@acme.com%%22'
  %[3]s/api/v1/openapi.json   %[3]s/metrics   %[2]s/acme   %[2]s/server.log
Ctrl-C ends it.
`, d.data(), d.dir, d.app.URL(), invocation())
	return err
}

// invocation is how this program is called: by its name where that finds it, else by its path.
func invocation() string {
	path, err := os.Executable()
	if err != nil {
		return "usher"
	}
	if found, err := exec.LookPath("usher"); err == nil && sameFile(found, path) {
		return "usher"
	}
	if folder, err := os.Getwd(); err == nil && folder == filepath.Dir(path) {
		return "./" + filepath.Base(path)
	}
	return path
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
