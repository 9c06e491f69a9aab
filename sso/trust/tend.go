package trust

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mixus/usher/directory"
)

const (
	tick    = time.Minute      // how often files and secrets are looked at, and what is due is asked for
	refresh = 50 * time.Minute // how often discovery is read; oidc.Provider holds it for an hour
	atOnce  = 16               // providers that are asked at the same time
)

// Tend keeps the lines up to date until the context ends.
func (k *Keeper) Tend(ctx context.Context) {
	for ctx.Err() == nil {
		if err := k.Step(ctx); err != nil && ctx.Err() == nil {
			k.Log.Error("the lines to providers were not brought up to date", slog.Any("err", err))
		}
		select {
		case <-ctx.Done():
		case <-k.wake.channel():
		case <-time.After(tick):
		}
	}
}

// Step does what is due: it makes keys that are missing, asks providers, reads files and secrets anew, and logs once a day
// what somebody should see to. Tend calls it once a minute.
func (k *Keeper) Step(ctx context.Context) error {
	if err := k.rebuild(ctx); err != nil { // what other processes and files say
		return err
	}
	places := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for _, about := range k.due() {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			k.tend(ctx, about)
		})
	}
	all.Wait()
	if err := k.rebuild(ctx); err != nil {
		return err
	}
	k.tell()
	return nil
}

// rebuild makes a new table.
func (k *Keeper) rebuild(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.build(ctx)
}

// due returns the connections for which something is to be done.
func (k *Keeper) due() []subject {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []subject
	now := k.now()
	for _, s := range k.states {
		if s.damage != nil {
			continue
		}
		keys := s.settings.SAML != nil && s.ring == nil
		file := s.source().File != ""
		asks := s.source().fetched() || s.provider != nil
		if keys || file || asks && !now.Before(s.due) {
			list = append(list, k.subject(s))
		}
	}
	return list
}

// of returns a connection by its id.
func (k *Keeper) of(connection string) (subject, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.states[connection]
	if s == nil {
		return subject{}, directory.Errorf(directory.NotFound, "There is no connection %q that signs people in; look at saml and oidc in the organization's file.", clip(connection))
	}
	return k.subject(s), nil
}

// tend does what is due for one connection.
func (k *Keeper) tend(ctx context.Context, about subject) {
	k.mu.Lock()
	noKeys := about.saml && about.state.ring == nil
	asks := !k.now().Before(about.state.due)
	k.mu.Unlock()
	if noKeys {
		if err := k.makeKeys(ctx, about); err != nil && ctx.Err() == nil {
			k.Log.Error("the key of a connection could not be made", slog.String("connection", about.id), slog.Any("err", err))
		}
	}
	if asks || about.source.File != "" {
		_, _ = k.ask(ctx, about) // it is kept, logged and found
	}
}

// ask asks a provider, or reads its file, and notes what came of it.
func (k *Keeper) ask(ctx context.Context, about subject) (a answer, err error) {
	about.state.asking.Lock()
	defer about.state.asking.Unlock()
	switch {
	case about.source != source{}:
		a, err = k.renew(ctx, about)
	case about.provider != nil:
		err = about.provider.Refresh(ctx)
	default:
		return a, nil
	}
	if ctx.Err() == nil {
		k.asked(about, a, err)
	}
	return a, err
}

// asked notes what came of asking a provider, and when it is asked again.
func (k *Keeper) asked(about subject, a answer, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := about.state
	if s.source() != about.source || s.provider != about.provider {
		return // the settings changed meanwhile, and it is asked again
	}
	now := k.now()
	s.err = err
	if err != nil {
		if s.fails++; s.fails == 1 {
			s.since = now
			k.Log.Warn("a provider could not be asked; what is known of it stays in use", slog.String("connection", s.id), slog.Any("err", err))
		}
		s.due = now.Add(jitter(backoff(s.fails)))
		return
	}
	if s.fails > 0 {
		k.Log.Info("a provider answers again", slog.String("connection", s.id))
	}
	s.fails, s.since = 0, time.Time{}
	if s.provider != nil {
		s.due = now.Add(jitter(refresh))
		return
	}
	s.due = now.Add(jitter(interval(a.cache, a.until, now)))
}

// jitter shortens a wait by up to a tenth, so that many connections do not ask at once.
func jitter(wait time.Duration) time.Duration {
	return wait - rand.N(max(wait/10, 1))
}
