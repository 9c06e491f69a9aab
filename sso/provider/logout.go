package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
)

// How applications are told.
const (
	logoutLasts    = 2 * time.Minute // a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4, recommends two)
	logoutTimeout  = 10 * time.Second
	logoutBatch    = 100
	logoutAtOnce   = 8 // calls to one application
	logoutLook     = time.Second
	logoutGivenUp  = 24 * time.Hour
	backoffFirst   = time.Second
	backoffLongest = 5 * time.Minute
)

// logoutEvent is what a logout token is about (OpenID Connect Back-Channel Logout 1.0, section 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// Run tells applications of sessions that ended, until the context ends: it follows the journal, so that nothing is told
// before it is durable, and nothing is forgotten over a restart. An application is told at least once of each session that
// it knows of; one that does not answer holds up no other, and is given up on for a session after a day. It makes the
// provider's keys too, ahead of their time.
func (p *Provider) Run(ctx context.Context) error {
	follow := &provision.Departures{Engine: p.Engine, Wants: p.wants}
	var wanting []string                  // the applications that want to be told, when it was looked last
	workers := map[string]chan struct{}{} // by client: wakes it
	var work sync.WaitGroup
	defer work.Wait()
	look := time.NewTicker(logoutLook)
	defer look.Stop()
	for ctx.Err() == nil {
		if _, err := p.ring().get(ctx); err != nil && ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "the provider's keys cannot be read or made", "err", err)
		}
		wanting = p.forget(ctx, wanting)
		n, err := follow.Note(ctx)
		if err != nil && ctx.Err() == nil {
			p.Log.ErrorContext(ctx, "sessions that ended could not be looked for; it is tried again", "err", err)
		}
		for _, c := range p.Clients() {
			wake := workers[c.ID]
			if wake == nil && c.BackChannelLogoutURI != "" {
				wake = make(chan struct{}, 1)
				workers[c.ID] = wake
				work.Go(func() { p.tell(ctx, c.ID, wake) })
			}
			if n > 0 && wake != nil {
				select {
				case wake <- struct{}{}:
				default:
				}
			}
		}
		select {
		case <-ctx.Done():
		case <-look.C:
		}
	}
	return ctx.Err()
}

// wants reports whether an application wants to be told.
func (p *Provider) wants(id string) bool {
	c := p.client(id)
	return c != nil && c.BackChannelLogoutURI != ""
}

// forget drops what waits for applications that do not want to be told any more, when others want to than before, nil for
// nothing known. It returns those that want to now.
func (p *Provider) forget(ctx context.Context, before []string) []string {
	now := []string{}
	for _, c := range p.Clients() {
		if c.BackChannelLogoutURI != "" {
			now = append(now, c.ID)
		}
	}
	if before != nil && slices.Equal(before, now) {
		return before
	}
	n, err := p.Engine.ForgetDepartures(ctx, p.wants)
	switch {
	case err != nil && ctx.Err() == nil:
		p.Log.ErrorContext(ctx, "what applications of before were to be told could not be dropped; it is tried again", "err", err)
		return before
	case n > 0:
		p.Log.InfoContext(ctx, "applications that are not configured any more, or have no backchannel_logout_uri, are not told of sessions that ended", "sessions", n)
	}
	return now
}

// tell tells one application, whenever there is something to tell.
func (p *Provider) tell(ctx context.Context, client string, wake <-chan struct{}) {
	backoff := backoffFirst
	for ctx.Err() == nil {
		more, err := p.tellBatch(ctx, client)
		switch {
		case err == nil && more:
			backoff = backoffFirst
			continue
		case err == nil:
			backoff = backoffFirst
			select {
			case <-ctx.Done():
			case <-wake:
			}
			continue
		case ctx.Err() == nil:
			p.Log.WarnContext(ctx, "an application was not told that somebody was signed out; it is tried again", "client", client, "in", backoff, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, backoffLongest)
	}
}

// tellBatch tells an application of what comes next, and reports whether there may be more.
func (p *Provider) tellBatch(ctx context.Context, client string) (bool, error) {
	list, err := p.Engine.Departures(ctx, client, logoutBatch)
	if err != nil || len(list) == 0 {
		return false, err
	}
	var (
		mu     sync.Mutex
		done   []*provision.Departure
		failed []error
		calls  sync.WaitGroup
		places = make(chan struct{}, logoutAtOnce)
	)
	for _, d := range list {
		places <- struct{}{}
		calls.Go(func() {
			defer func() { <-places }()
			err := p.call(ctx, d)
			if err != nil && p.now().Sub(d.At) >= logoutGivenUp {
				p.Log.ErrorContext(ctx, "an application was never told that somebody was signed out, and will not be", "client", client, "member", d.Member.String(), "err", err)
				err = nil
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, err)
				return
			}
			done = append(done, d)
		})
	}
	calls.Wait()
	if len(done) > 0 {
		err = p.Engine.Departed(ctx, done)
	}
	if len(failed) > 0 {
		err = errors.Join(err, failed[0])
	}
	return len(list) == logoutBatch, err
}

// call tells an application of one session (OpenID Connect Back-Channel Logout 1.0, section 2.5).
func (p *Provider) call(ctx context.Context, d *provision.Departure) error {
	c := p.client(d.Client)
	if c == nil || c.BackChannelLogoutURI == "" {
		return nil // it does not want to be told any more
	}
	now := p.now()
	token, err := p.sign(ctx, typeLogout, map[string]any{
		"iss": p.Issuer, "aud": c.ID, "sub": d.Member.String(), "sid": d.Session.String(),
		"iat": now.Unix(), "exp": now.Add(logoutLasts).Unix(), "jti": randomText(), "events": map[string]any{logoutEvent: struct{}{}},
	})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BackChannelLogoutURI, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := p.logoutClient().Do(r)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("provider: %s answers %d", c.BackChannelLogoutURI, answer.StatusCode)
	}
	return nil
}

// logoutClient returns the client for back channels, which follows no redirect and dials private addresses as well.
func (p *Provider) logoutClient() *http.Client {
	p.ring()
	return p.outbound
}

// everywhere allows every address.
func everywhere() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
}

func newLogoutClient() *http.Client {
	return httpx.Outbound{Allowed: everywhere(), Timeout: logoutTimeout, Redirects: -1}.Client()
}
