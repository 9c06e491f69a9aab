package oidc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/mixus/usher/sso/identity"
)

// Finding is one thing that an examination of a connection has found, in words.
type Finding struct {
	Weight Weight
	Text   string
}

// Weight says how much a finding matters.
type Weight string

// The weights of findings.
const (
	Fine    Weight = "ok"
	Warning Weight = "warning" // sign-in works, and something should be seen to
	Problem Weight = "problem" // sign-in does not work
)

// Examine asks the provider anew for everything that a sign-in needs, and says what it found. It changes nothing but the
// copies of the provider's documents, and sends the provider one code that was never given out, to see whether it knows us.
func (p *Provider) Examine(ctx context.Context) []Finding {
	var found findings
	m, err := p.metadata.renew(ctx, always)
	switch last := p.metadata.last(); {
	case last == nil && err == nil:
		found.add(Fine, "The configuration of %s was read, and calls itself by that name.", p.settings.Issuer)
		found.clock(m, p.settings.Skew)
	case !found.unread(last, err, "The provider's configuration could not be read"):
		return found
	}
	p.examineKeys(ctx, &found)
	p.examineFeatures(m, &found)
	p.examineClient(ctx, m, &found)
	return found
}

type findings []Finding

func (f *findings) add(weight Weight, format string, args ...any) {
	*f = append(*f, Finding{weight, fmt.Sprintf(format, args...)})
}

// unread tells of a document that could not be read just now, and reports whether there is a last good copy in use, so that
// people can sign in all the same.
func (f *findings) unread(last, err error, what string) bool {
	if last == nil {
		last = err
	}
	why := unavailable(last, what)
	if err == nil && why.Code != identity.Misset {
		f.add(Warning, "%s. The last good copy is in use.", sentence(why.Reason))
		return true
	}
	f.add(Problem, "%s.", sentence(why.Reason))
	return false
}

// clock compares the clocks; an HTTP date is exact to a second.
func (f *findings) clock(m *metadata, skew time.Duration) {
	ahead := m.ahead
	switch apart := ahead.Abs(); {
	case !m.timed:
		f.add(Warning, "The provider does not say what time it is, so that the clocks could not be compared.")
	case apart > skew:
		f.add(Problem, "The provider's clock is %s from ours, and %s are allowed; set both by NTP.", apart, skew)
	case apart > skew/3 && apart > 5*time.Second:
		f.add(Warning, "The provider's clock is %s from ours, of the %s that are allowed; set both by NTP.", apart, skew)
	default:
		f.add(Fine, "The provider's clock and ours agree to within %s.", max(apart, 2*time.Second))
	}
}

// examineKeys says which keys there are.
func (p *Provider) examineKeys(ctx context.Context, found *findings) {
	k, err := p.keys.renew(ctx, always)
	if last := p.keys.last(); (last != nil || err != nil) && !found.unread(last, err, "The provider's keys could not be read") {
		return
	}
	found.add(Fine, "The provider publishes %s.", counted(len(k.all), "key that can sign", "keys that can sign"))
	for _, why := range k.ignored {
		found.add(Warning, "A key of the provider is not used: %s.", why)
	}
}

// examineFeatures compares what the connection needs with what the provider says it can do. A provider that says nothing of
// a feature is believed to have it where all do.
func (p *Provider) examineFeatures(m *metadata, found *findings) {
	switch {
	case len(m.Algorithms) == 0:
	case !slices.ContainsFunc(m.Algorithms, func(alg string) bool { return slices.Contains(p.settings.Algorithms, alg) }):
		found.add(Problem, "The provider signs by %s, and this connection accepts %s; change one of them.", clip(strings.Join(m.Algorithms, ", ")), strings.Join(p.settings.Algorithms, ", "))
	case slices.ContainsFunc(m.Algorithms, func(alg string) bool { return !slices.Contains(safeAlgorithms(), alg) }):
		found.add(Fine, "The provider also offers signatures without a private key; this connection never accepts them.")
	}
	for _, scope := range p.settings.Scopes {
		if len(m.Scopes) > 0 && !slices.Contains(m.Scopes, scope) {
			found.add(Warning, "The provider does not list the scope %q, and may refuse sign-ins that ask for it.", scope)
		}
	}
	say := func(has bool, yes, no string) {
		if has {
			found.add(Fine, "%s", yes)
		} else {
			found.add(Fine, "%s", no)
		}
	}
	say(slices.Contains(m.Challenges, "S256"), "Codes are bound to this server (PKCE, S256).", "The provider does not mention PKCE; it is used all the same.")
	say(m.NamesItself, "Answers name the provider they come from (iss).", "Answers do not name the provider they come from; the redirect URI of this connection tells them apart.")
	say(m.EndSession != "", "Signing out here can sign people out at the provider.", "The provider has no address for signing out there.")
	say(m.BackChannel, "The provider can tell us when somebody signs out there (back-channel logout).", "The provider does not tell us when somebody signs out there.")
	say(p.kind.userinfo && m.UserInfo != "", "The profile is completed from userinfo.", "The profile is taken from the ID token alone.")
}

// examineClient tries to give back a code that there never was. A provider that knows us says that it does not know the
// code; one that does not know us says so.
func (p *Provider) examineClient(ctx context.Context, m *metadata, found *findings) {
	_, refusal := p.exchange(ctx, m, "usher-connection-test", oauth2.GenerateVerifier())
	switch {
	case refusal == nil:
		found.add(Problem, "The provider took a code that it never gave out; do not use it.")
	case refusal.Code == identity.Expired:
		found.add(Fine, "The provider did not object to the client id and its %s.", p.proof())
	case refusal.Code == identity.Unavailable:
		found.add(Problem, "%s.", sentence(refusal.Reason))
	default:
		found.add(Problem, "%s. Check the client id, its %s and the redirect URI %s.", sentence(refusal.Reason), p.proof(), p.settings.RedirectURI)
	}
}

func (p *Provider) proof() string {
	if p.settings.Key != nil {
		return "private key"
	}
	return "secret"
}

// sentence begins a text with a capital letter and takes its full stop away.
func sentence(text string) string {
	text = strings.TrimRight(text, ".")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
