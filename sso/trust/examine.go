package trust

import (
	"context"
	"net/url"
	"time"

	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/saml"
)

// Examine asks a connection's provider for everything now, and tells what a sign-in would meet: our own URLs, the
// provider's metadata or discovery, keys and certificates, the clocks, the secret. It is a NotFound error for a connection
// that signs nobody in. Metadata that it finds changed is taken up, as on the schedule.
func (k *Keeper) Examine(ctx context.Context, connection string) ([]Finding, error) {
	if err := k.rebuild(ctx); err != nil { // secrets and files may be new
		return nil, err
	}
	about, err := k.of(connection)
	if err != nil {
		return nil, err
	}
	x := &examination{connection: connection}
	x.publicURL(k.PublicURL)
	line, _ := k.Line(connection)
	if about.provider != nil {
		for _, f := range about.provider.Examine(ctx) {
			x.add(weightOf(f.Weight), f.Text)
		}
	}
	if about.saml {
		if err := k.examineSAML(ctx, x, about); err != nil {
			return nil, err
		}
		line, _ = k.Line(connection)
	}
	if line != nil && line.Problem != nil && !x.unread {
		x.add(Problem, words(line.Problem))
	}
	return x.findings, nil
}

// examination collects findings.
type examination struct {
	connection string
	findings   []Finding
	unread     bool // the provider's metadata could not be read at all, which was said
}

func (x *examination) add(weight Weight, text string) {
	x.findings = append(x.findings, Finding{x.connection, weight, text})
}

func weightOf(w oidc.Weight) Weight {
	switch w {
	case oidc.Fine:
		return OK
	case oidc.Warning:
		return Warning
	case oidc.Problem:
	}
	return Problem
}

// publicURL looks at the address under which providers send people back.
func (x *examination) publicURL(public string) {
	u, err := url.Parse(public)
	switch {
	case err != nil || u.Host == "":
		x.add(Problem, "usher does not know its own address; set public_url in usher.yaml.")
	case u.Scheme == "https":
		x.add(OK, "People and providers come back to "+public+".")
	case isLoopback(u.Hostname()):
		x.add(Warning, "People come back to "+public+", which only this machine can reach; set public_url in usher.yaml to the https address that the provider knows.")
	default:
		x.add(Problem, "People come back to "+public+", which is not https: browsers do not keep the session, and providers refuse it. Set public_url in usher.yaml.")
	}
}

// examineSAML fetches the provider's metadata and describes what there is.
func (k *Keeper) examineSAML(ctx context.Context, x *examination, about subject) error {
	a, err := k.ask(ctx, about)
	where := "The file"
	if about.source.fetched() {
		where = about.source.URL
	}
	switch {
	case about.source == source{}:
		x.add(OK, "The provider is described in the organization's file.")
	case err != nil && about.copy != nil:
		x.add(Warning, "The provider's metadata could not be read anew, and the last good copy of "+about.copy.Taken.UTC().Format(time.DateTime)+" is in use: "+sentence(words(err)))
	case err != nil:
		x.unread = true
		x.add(Problem, "The provider's metadata could not be read: "+sentence(words(err)))
	default:
		x.add(OK, where+" has the provider's metadata.")
	}
	if err == nil && about.source.fetched() {
		x.clock(a, k.skew(about))
	}
	if err := k.rebuild(ctx); err != nil {
		return err
	}
	line, ok := k.Line(about.id)
	if !ok || line.SAML == nil {
		return nil
	}
	if len(line.SAML.Metadata.Certificates) == 0 {
		return nil // the problem says why
	}
	var problem string
	if line.Problem != nil {
		problem = words(line.SAML.Check(k.now()))
	}
	for _, f := range line.SAML.Describe(k.now()) {
		switch {
		case f.Text == problem: // it is told as the problem that it is
		case f.Warning:
			x.add(Warning, f.Text)
		default:
			x.add(OK, f.Text)
		}
	}
	return nil
}

func (k *Keeper) skew(about subject) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if about.state.saml.ClockSkew == 0 {
		return saml.DefaultSkew
	}
	return about.state.saml.ClockSkew
}

// clock compares the clocks; an HTTP date is exact to a second.
func (x *examination) clock(a answer, skew time.Duration) {
	switch apart := a.ahead.Abs(); {
	case !a.timed:
		x.add(Warning, "The provider does not say what time it is, so that the clocks could not be compared.")
	case apart > skew:
		x.add(Problem, "The provider's clock is "+apart.String()+" from ours, and "+skew.String()+" are allowed; set both by NTP.")
	case apart > skew/3 && apart > 5*time.Second:
		x.add(Warning, "The provider's clock is "+apart.String()+" from ours, of the "+skew.String()+" that are allowed; set both by NTP.")
	default:
		x.add(OK, "The provider's clock and ours agree to within "+max(apart, 2*time.Second).String()+".")
	}
}
