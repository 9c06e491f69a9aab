package trust

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/store"
)

// How often metadata is fetched. What a document asks for itself counts within these bounds.
const (
	every    = 6 * time.Hour // no document makes us ask less often
	atMost   = time.Hour     // nor more often, unless it is about to end
	nearEnd  = 5 * time.Minute
	retry    = time.Minute // after the first failure; it doubles up to an hour
	retryTop = time.Hour
)

// subject is what asking a provider needs of a state, taken under mu: settings may change while the provider answers.
type subject struct {
	state    *state
	org      directory.OrgNum
	conn     directory.ConnNum
	id       string
	saml     bool
	source   source
	entity   string // that the settings name
	copy     *copied
	provider *oidc.Provider
	loopback bool
}

func (k *Keeper) subject(s *state) subject {
	return subject{
		state: s, org: s.org.Num, conn: s.num, id: s.id, saml: s.settings.SAML != nil, source: s.source(), entity: s.saml.EntityID, copy: s.copy,
		provider: s.provider, loopback: k.loopback(s.id),
	}
}

// renew brings the copy of a connection's metadata up to date with its source.
func (k *Keeper) renew(ctx context.Context, about subject) (a answer, err error) {
	if about.copy != nil {
		if _, err := judge(about.copy.Document, about.pin(about.copy), k.now(), about.loopback); err != nil {
			about.copy = nil // it is of no use any more, and must not be what an answer is the same as
		}
	}
	if about.source.fetched() {
		a, err = k.fetch(ctx, about.state.client, about.source.URL, about.copy, about.loopback)
	} else {
		a.document, err = k.readFile(about.source.File)
		if err == nil && about.copy != nil && bytes.Equal(a.document, about.copy.Document) {
			return a, nil
		}
	}
	if err != nil {
		return a, err
	}
	return a, k.accept(ctx, about, &a)
}

// accept judges what a source said, and keeps and journals it. What the store has counts, and not the copy that was asked
// with: another process may have been faster.
func (k *Keeper) accept(ctx context.Context, about subject, a *answer) error {
	change := provision.Trust{Org: about.org, Conn: about.conn, Kind: provision.KindMetadataChanged, Cause: directory.Cause{Kind: directory.CauseTime}}
	return k.Engine.Trust(ctx, change, func(documents store.Documents) ([]string, error) {
		now := k.now().UTC()
		before, err := readCopy(documents, about.id)
		if err != nil {
			return nil, err
		}
		if before != nil && before.Source != about.source {
			before = nil
		}
		after := &copied{Source: about.source, Tag: a.tag, Modified: a.modified, Taken: now, Document: a.document}
		if a.same {
			if before == nil || before.Tag != about.copy.Tag || before.Modified != about.copy.Modified {
				return nil, nil // another process has it anew
			}
			*after = *before
			after.Taken = now
		}
		read, err := about.judge(after.Document, before, now)
		if err != nil {
			return nil, err
		}
		after.Entity, after.Cache = read.EntityID, saml.CacheDuration(after.Document)
		a.cache, a.until = after.Cache, read.ValidUntil
		return about.differences(before, read), after.write(documents, about.id)
	})
}

// judge reads metadata of the entity that is pinned.
func (s subject) judge(document []byte, before *copied, at time.Time) (*saml.Metadata, error) {
	pin := s.pin(before)
	read, err := judge(document, pin, at, s.loopback)
	if err == nil || pin == s.entity {
		return read, err
	}
	if other, bad := judge(document, "", at, s.loopback); bad == nil && other.EntityID != pin {
		return nil, directory.Errorf(directory.Conflict, "it now describes %s, and until now it was %s, which stays in use; if that is meant, write the new one into entity_id", clip(other.EntityID), clip(pin))
	}
	return nil, err
}

// judge reads metadata.
func judge(document []byte, entity string, at time.Time, loopback bool) (*saml.Metadata, error) {
	return saml.ParseMetadata(document, saml.Source{EntityID: entity, At: at, AllowLoopback: loopback})
}

// pin returns the one entity that is believed: the one that the settings name, else the one that the URL led to first. A
// file is its admin's own word each time.
func (s subject) pin(c *copied) string {
	if s.entity != "" || c == nil || !s.source.fetched() {
		return s.entity
	}
	return c.Entity
}

// differences says what is new in metadata, for the journal.
func (s subject) differences(before *copied, after *saml.Metadata) []string {
	var was *saml.Metadata
	if before != nil {
		// As it was when it was taken: it may have ended since.
		was, _ = judge(before.Document, before.Entity, before.Taken, s.loopback)
	}
	if was == nil {
		was = &saml.Metadata{}
	}
	var notes []string
	if was.EntityID != after.EntityID {
		notes = append(notes, "the provider is "+clip(after.EntityID))
	}
	for _, c := range after.Certificates {
		if !has(was.Certificates, c) {
			notes = append(notes, fmt.Sprintf("new certificate: SHA-256 %s, until %s", saml.Fingerprint(c), c.NotAfter.UTC().Format(time.DateOnly)))
		}
	}
	for _, c := range was.Certificates {
		if !has(after.Certificates, c) {
			notes = append(notes, "certificate no longer trusted: SHA-256 "+saml.Fingerprint(c))
		}
	}
	for _, u := range []struct {
		what       string
		was, after saml.Endpoints
	}{{"sign-in", was.SSO, after.SSO}, {"sign-out", was.SLO, after.SLO}, {"answers to sign-outs", was.SLOResponses, after.SLOResponses}} {
		if u.was != u.after {
			notes = append(notes, fmt.Sprintf("%s: %s; before: %s", u.what, clip(u.after.String()), clip(u.was.String())))
		}
	}
	if was.WantRequestsSigned != after.WantRequestsSigned {
		notes = append(notes, fmt.Sprintf("the provider wants signed requests: %t", after.WantRequestsSigned))
	}
	return notes
}

func has(list []*x509.Certificate, one *x509.Certificate) bool {
	return slices.ContainsFunc(list, one.Equal)
}

// interval returns how long to wait before metadata is fetched again: what it asks for within bounds, and well before it
// ends.
func interval(cache time.Duration, until, now time.Time) time.Duration {
	wait := every
	if cache > 0 {
		wait = min(max(cache, atMost), every)
	}
	if !until.IsZero() {
		wait = min(wait, max(until.Sub(now)/2, nearEnd))
	}
	return wait
}

// backoff returns how long to wait after some failures in a row.
func backoff(fails int) time.Duration {
	return min(retry<<min(max(fails-1, 0), 10), retryTop)
}
