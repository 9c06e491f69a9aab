package trust

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml"
)

// Weight says how much a finding matters.
type Weight string

// The weights of findings.
const (
	OK      Weight = "ok"
	Warning Weight = "warning" // sign-in works, and somebody should see to something
	Problem Weight = "problem" // sign-in does not work
)

// Finding is one thing to know of a connection, in words for its admin.
type Finding struct {
	Connection string `json:"connection"`
	Weight     Weight `json:"weight"`
	Text       string `json:"text"`
}

const (
	endsSoon = 30 * 24 * time.Hour // before the end of a certificate
	tooOld   = 3 * 24 * time.Hour  // since metadata was last seen at the provider
	sayAgain = 24 * time.Hour      // before a finding is logged again
)

// Findings returns what somebody should see to, of every connection: why sign-in does not work, certificates that end
// within 30 days, metadata that was not renewed for three days, a provider that cannot be asked. It looks nothing up.
func (k *Keeper) Findings(at time.Time) []Finding {
	var list []Finding
	for _, e := range k.look().order {
		list = append(list, e.findings(at)...)
	}
	return list
}

func (e *entry) findings(at time.Time) []Finding {
	l := e.line.at(at)
	var list []Finding
	add := func(weight Weight, format string, args ...any) {
		list = append(list, Finding{l.ID, weight, fmt.Sprintf(format, args...)})
	}
	if l.Problem != nil {
		add(Problem, "%s", words(l.Problem))
	}
	if l.SAML != nil {
		for _, pair := range l.SAML.Keys {
			if text := ending(pair.Certificate, at); text != "" {
				add(Warning, "Our own certificate %s %s. Rotate the key, and let the provider follow.", saml.Fingerprint(pair.Certificate), text)
			}
		}
		for _, c := range l.SAML.Metadata.Certificates {
			if text := ending(c, at); text != "" {
				add(Warning, "The provider's certificate %s %s. Its signatures are accepted all the same; ask the provider's admin for the next one.", saml.Fingerprint(c), text)
			}
		}
	}
	if !e.taken.IsZero() && at.Sub(e.taken) >= tooOld {
		add(Warning, "The provider's metadata was last fetched on %s, and could not be since. If the provider changes its certificate now, sign-in stops.", day(e.taken))
	}
	var refusal *identity.Refusal
	switch {
	case e.err == nil || l.Problem != nil && l.SAML != nil && e.taken.IsZero(): // the problem says it
	case errors.As(e.err, &refusal) && refusal.Code == identity.Misset:
		add(Problem, "The provider and the settings do not fit: %s", sentence(words(e.err)))
	case l.OIDC != nil && !l.OIDC.Ready(): // there is no former answer to go by
		add(Problem, "The provider cannot be asked since %s: %s", e.since.UTC().Format(time.DateTime), sentence(words(e.err)))
	default:
		add(Warning, "The provider cannot be asked since %s: %s", e.since.UTC().Format(time.DateTime), sentence(words(e.err)))
	}
	return list
}

// ending says when a certificate ends, or has ended; "" when that is not soon.
func ending(c *x509.Certificate, at time.Time) string {
	switch {
	case at.After(c.NotAfter):
		return "has ended on " + day(c.NotAfter)
	case at.Add(endsSoon).After(c.NotAfter):
		return "ends on " + day(c.NotAfter)
	}
	return ""
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// tell logs findings, each once a day for as long as it lasts.
func (k *Keeper) tell() {
	now := k.now()
	found := k.Findings(now)
	k.mu.Lock()
	defer k.mu.Unlock()
	for known := range k.told {
		if !slices.Contains(found, known) {
			delete(k.told, known)
		}
	}
	for _, f := range found {
		if last, said := k.told[f]; said && now.Sub(last) < sayAgain {
			continue
		}
		if k.told == nil {
			k.told = map[Finding]time.Time{}
		}
		k.told[f] = now
		level := slog.LevelWarn
		if f.Weight == Problem {
			level = slog.LevelError
		}
		k.Log.Log(context.Background(), level, "a connection needs attention", slog.String("connection", f.Connection), slog.String("weight", string(f.Weight)), slog.String("text", strings.TrimSpace(f.Text)))
	}
}
