package trust

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/httpx"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/saml"
)

const entity = "https://idp.example/saml"

func TestAProviderChangesItsCertificate(t *testing.T) {
	w := newWorld(t)
	a, b := certificate(t, w.now), certificate(t, w.now)
	p := newProvider(t, metadata(entity, "", a))
	w.withKeys("okta").use(p.connection("okta"))
	w.broken("okta", "has not been read yet")
	w.step()
	if got := w.works("okta").SAML.Metadata.Certificates; len(got) != 1 || !got[0].Equal(a) {
		t.Fatalf("%d certificates at first", len(got))
	}
	w.foundNothing()

	p.publish(metadata(entity, "", a, b))
	w.later(time.Hour)
	if n := len(w.works("okta").SAML.Metadata.Certificates); n != 1 || p.count() != 1 {
		t.Errorf("%d certificates and %d fetches after an hour, want one of each", n, p.count())
	}
	w.later(5 * time.Hour)
	if n := len(w.works("okta").SAML.Metadata.Certificates); n != 2 {
		t.Errorf("%d certificates side by side", n)
	}
	p.publish(metadata(entity, "", b))
	w.later(6 * time.Hour)
	if got := w.works("okta").SAML.Metadata.Certificates; len(got) != 1 || !got[0].Equal(b) {
		t.Errorf("%d certificates in the end, or the former one", len(got))
	}
	notes := w.journal(provision.KindMetadataChanged)
	if len(notes) != 3 {
		t.Fatalf("the journal has %d entries: %q", len(notes), notes)
	}
	for i, want := range []string{
		"the provider is " + entity + "|new certificate: SHA-256 " + saml.Fingerprint(a),
		"new certificate: SHA-256 " + saml.Fingerprint(b),
		"certificate no longer trusted: SHA-256 " + saml.Fingerprint(a),
	} {
		if got := strings.Join(notes[i], "|"); !strings.HasPrefix(got, want) {
			t.Errorf("entry %d is %q, want %q", i+1, got, want)
		}
	}
}

func TestUnchangedMetadataIsAskedForConditionally(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t, metadata(entity, "", certificate(t, w.now)))
	p.tag = `"one"`
	w.withKeys("okta").use(p.connection("okta"))
	w.step()
	p.publish("<html>not looked at</html>") // only a 304 keeps what is there
	for range 13 {
		w.later(6 * time.Hour)
	}
	w.works("okta")
	w.foundNothing() // it was seen within three days
	if n := len(w.journal(provision.KindMetadataChanged)); n != 1 || p.count() != 14 {
		t.Errorf("%d entries and %d fetches, want 1 and 14", n, p.count())
	}
}

func TestAnotherEntityIsRefused(t *testing.T) { // catalogue 28
	w := newWorld(t)
	good := metadata(entity, "", certificate(t, w.now))
	p := newProvider(t, good)
	w.withKeys("okta").use(p.connection("okta"))
	w.step()
	p.publish(metadata("https://evil.example", "", certificate(t, w.now)))
	w.later(6 * time.Hour)
	if got := w.works("okta").SAML.Metadata.EntityID; got != entity {
		t.Fatalf("the provider is %s now", got)
	}
	w.found(Warning, "write the new one into entity_id")
	if n := len(w.journal(provision.KindMetadataChanged)); n != 1 {
		t.Errorf("%d entries", n)
	}
	// A second start has the pin from the store.
	w.k = w.keeper()
	w.use(p.connection("okta"))
	w.step()
	if got := w.works("okta").SAML.Metadata.EntityID; got != entity {
		t.Errorf("the provider is %s after a restart", got)
	}
	// The admin's word moves it.
	w.use(p.connection("okta", `entity_id: "https://evil.example"`))
	w.broken("okta", "and not")
	w.later(time.Minute)
	if got := w.works("okta").SAML.Metadata.EntityID; got != "https://evil.example" {
		t.Errorf("the provider is %s, and the settings name another", got)
	}
}

func TestMetadataThatIsNeverUsed(t *testing.T) { // catalogue 28
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	one := metadata(entity, "", certificate(t, now))
	other := metadata("https://other.example", "", certificate(t, now))
	group := func(docs ...string) string {
		return `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + strings.Join(docs, "") + `</EntitiesDescriptor>`
	}
	for name, c := range map[string]struct{ document, because string }{
		"many entities":       {group(one, other), "several providers"},
		"no entity":           {group(), "no identity provider"},
		"a javascript URL":    {strings.Replace(one, "https://idp.example/sso", "javascript:alert(1)", 1), "is not an"},
		"a plain URL":         {strings.Replace(one, "https://idp.example/sso", "http://idp.example/sso", 1), "is not an https URL"},
		"no certificate":      {metadata(entity, ""), "no certificate"},
		"a page":              {"<html><body>Sign in</body></html>", "its root is"},
		"an entity bomb":      {`<!DOCTYPE x [<!ENTITY a "b">]>` + one, "not well-formed"},
		"ended":               {metadata(entity, `validUntil="2026-11-01T00:00:00Z"`, certificate(t, now)), "was valid until"},
		"more than there may": {one + strings.Repeat(" ", largest), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := newProvider(t, c.document)
			w.withKeys("okta").use(p.connection("okta"))
			w.step()
			w.broken("okta", c.because)
			if n := len(w.journal(provision.KindMetadataChanged)); n != 0 {
				t.Errorf("%d entries", n)
			}
			p.publish(one)
			w.later(retry)
			w.works("okta") // it is asked again soon
			p.publish(c.document)
			w.later(6 * time.Hour)
			w.works("okta") // the last good one stays
		})
	}
	t.Run("many entities, one of them named; no use", func(t *testing.T) {
		w := newWorld(t)
		p := newProvider(t, strings.ReplaceAll(group(other, one), ` use="signing"`, ""))
		w.withKeys("okta").use(p.connection("okta", fmt.Sprintf("entity_id: %q", entity)))
		w.step()
		if m := w.works("okta").SAML.Metadata; m.EntityID != entity || len(m.Certificates) != 1 {
			t.Errorf("%s with %d certificates", m.EntityID, len(m.Certificates))
		}
	})
}

func TestTheLastGoodCopyOutlivesARestart(t *testing.T) {
	w := newWorld(t)
	c := certificate(t, w.now)
	p := newProvider(t, metadata(entity, "", c))
	w.withKeys("okta").use(p.connection("okta"))
	w.step()
	p.Close()
	w.k = w.keeper()
	w.use(p.connection("okta"))
	if got := w.works("okta").SAML.Metadata.Certificates; len(got) != 1 || !got[0].Equal(c) { // before anything is fetched
		t.Errorf("%d certificates", len(got))
	}
	w.step()
	w.works("okta")
	w.found(Warning, "cannot be asked since 2026-11-02 09:00:00: Nothing listens at its address")
	w.later(3 * 24 * time.Hour)
	w.works("okta")
	w.found(Warning, "last fetched on 2026-11-02")
	if n := strings.Count(w.log.String(), "last fetched on"); n != 1 {
		t.Errorf("it was logged %d times", n)
	}
	w.later(time.Hour)
	if n := strings.Count(w.log.String(), "last fetched on"); n != 1 {
		t.Errorf("it was logged %d times within a day", n)
	}
	w.later(24 * time.Hour)
	if n := strings.Count(w.log.String(), "last fetched on"); n != 2 {
		t.Errorf("it was logged %d times in two days", n)
	}
}

func TestMetadataPastItsEndIsNotUsed(t *testing.T) {
	w := newWorld(t)
	c := certificate(t, w.now)
	p := newProvider(t, metadata(entity, `validUntil="2026-11-02T11:00:00Z"`, c))
	w.withKeys("okta").use(p.connection("okta"))
	w.step()
	w.works("okta")
	p.status = http.StatusBadGateway
	w.now = w.now.Add(2 * time.Hour)
	w.broken("okta", "was valid until") // at once, though nobody has looked
	if lines := w.k.Lines(w.org); len(lines) != 1 || lines[0].Problem == nil {
		t.Error("the list of lines does not know")
	}
	w.step()
	w.broken("okta", "was valid until")
	w.found(Problem, "was valid until")
	if !strings.Contains(w.log.String(), "level=ERROR") {
		t.Errorf("it was not logged as an error:\n%s", w.log)
	}
	p.status = 0
	p.publish(metadata(entity, `validUntil="2026-11-09T11:00:00Z"`, c))
	w.later(retryTop)
	w.works("okta")
	w.foundNothing()
	if n := len(w.journal(provision.KindMetadataChanged)); n != 1 {
		t.Errorf("%d entries; nothing but the end has changed", n)
	}
}

func TestAMetadataFileIsReadAgainWhenItChanges(t *testing.T) {
	w := newWorld(t)
	a, b := certificate(t, w.now), certificate(t, w.now)
	const settings = "{id: okta, saml: {metadata_file: idp/okta.xml}}"
	w.withKeys("okta").use(settings)
	w.step()
	w.broken("okta", "the metadata file organizations/idp/okta.xml cannot be read: there is no such file")
	w.write("organizations/idp/okta.xml", metadata(entity, "", a))
	w.later(tick)
	w.works("okta")
	w.write("organizations/idp/okta.xml", metadata("https://new.example", "", b)) // the admin's own word
	w.later(tick)
	if m := w.works("okta").SAML.Metadata; m.EntityID != "https://new.example" || !m.Certificates[0].Equal(b) {
		t.Errorf("the provider is %s", m.EntityID)
	}
	w.write("organizations/idp/okta.xml", "half a fi")
	w.later(tick)
	w.works("okta")
	w.found(Warning, "not well-formed")
	w.must(os.Remove(filepath.Join(w.folder, "organizations/idp/okta.xml")))
	w.k = w.keeper()
	w.use(settings)
	w.step()
	w.works("okta")
	if n := len(w.journal(provision.KindMetadataChanged)); n != 2 {
		t.Errorf("%d entries, want 2", n)
	}
}

func TestAMetadataFileLiesInsideTheFolder(t *testing.T) {
	w := newWorld(t)
	outside := filepath.Join(t.TempDir(), "okta.xml")
	w.must(os.WriteFile(outside, []byte(metadata(entity, "", certificate(t, w.now))), 0o600))
	w.write("organizations/x", "")
	w.must(os.Symlink(outside, filepath.Join(w.folder, "organizations/link.xml")))
	w.withKeys("a", "b", "c").use(fmt.Sprintf("{id: a, saml: {metadata_file: %q}}", outside), "{id: b, saml: {metadata_file: ../../okta.xml}}", "{id: c, saml: {metadata_file: link.xml}}")
	w.step()
	for _, id := range []string{"a", "b", "c"} {
		w.broken(id, "the folder of the configuration")
	}
}

func TestMetadataIsNotFetchedFromInsideOrInClear(t *testing.T) { // catalogue 65
	p := newProvider(t, "")
	led := httptest.NewTLSServer(http.RedirectHandler(p.URL, http.StatusFound))
	t.Cleanup(led.Close)
	w := newWorld(t)
	w.k.Client = func(string) *http.Client { return httpx.Outbound{}.Client() }
	w.k.Loopback = func(id string) bool { return id == "allowed" }
	w.withKeys("plain", "inside", "allowed").use(p.connection("plain"),
		fmt.Sprintf("{id: inside, saml: {metadata_url: %q}}", led.URL), p.connection("allowed"))
	w.step()
	w.broken("plain", "does not begin with https://")
	w.broken("inside", "not an address of the public internet")
	w.broken("allowed", "not an address of the public internet") // http is, and the address is not
	if p.count() != 0 {
		t.Errorf("%d requests came through", p.count())
	}
}

func TestHowOftenMetadataIsFetched(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		cache time.Duration
		until time.Time
		want  time.Duration
	}{
		{0, time.Time{}, 6 * time.Hour},
		{2 * time.Hour, time.Time{}, 2 * time.Hour},
		{time.Second, time.Time{}, time.Hour},
		{365 * 24 * time.Hour, time.Time{}, 6 * time.Hour},
		{0, now.Add(30 * time.Minute), 15 * time.Minute},
		{0, now.Add(time.Second), 5 * time.Minute},
		{0, now.Add(-time.Hour), 5 * time.Minute},
	} {
		if got := interval(c.cache, c.until, now); got != c.want {
			t.Errorf("cacheDuration %v, validUntil %v: %v, want %v", c.cache, c.until, got, c.want)
		}
	}
	for fails, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 6: 32 * time.Minute, 7: time.Hour, 1000: time.Hour} {
		if got := backoff(fails); got != want {
			t.Errorf("after %d failures: %v, want %v", fails, got, want)
		}
	}
	for range 100 {
		if got := jitter(time.Hour); got > time.Hour || got < 54*time.Minute {
			t.Errorf("an hour became %v", got)
		}
	}
}

func TestAnEndedContextIsNoFailureOfTheProvider(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t, metadata(entity, "", certificate(t, w.now)))
	w.withKeys("okta").use(p.connection("okta"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.k.Step(ctx); err == nil {
		t.Error("a step with an ended context said that it was done")
	}
	w.step()
	w.works("okta")
	w.foundNothing()
}
