package trust

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mixus/usher/sso/oidc"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/store"
)

func TestWhatALineHasOfTheFile(t *testing.T) {
	w := newWorld(t)
	w.withKeys("a").use(`{id: a, provider: okta, subject: {saml: employeeID, oidc: oid}, saml: {metadata: '` + metadata(entity, "", certificate(t, w.now)) + `', attributes: {email: m, user_name: u, given_name: g, family_name: f, display_name: d, title: t, department: p, locale: l, groups: r}, name_id: unspecified, idp_initiated: true, sign_requests: false, want_assertions_signed: true, allow_sha1: true, force_authn: true, authn_contexts: [x], clock_skew: 30s}}`)
	got := *w.works("a").SAML
	got.Keys, got.Metadata = nil, saml.Metadata{}
	want := saml.Settings{
		Connection: "a", EntityID: "https://usher.example/sso/a/saml/metadata", ACS: "https://usher.example/sso/a/saml/acs", SLO: "https://usher.example/sso/a/saml/slo",
		IDPInitiated: true, AllowSHA1: true, WantAssertionsSigned: true, ForceAuthn: true, AuthnContexts: []string{"x"}, NameIDFormat: saml.Unspecified,
		Skew: 30 * time.Second, Subject: "employeeID", AllowLoopback: true,
		Attributes: saml.Attributes{
			Email: []string{"m"}, UserName: []string{"u"}, GivenName: []string{"g"}, FamilyName: []string{"f"}, DisplayName: []string{"d"}, Title: []string{"t"},
			Department: []string{"p"}, Locale: []string{"l"}, Groups: []string{"r"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("SAML (-want +got):\n%s", diff)
	}

	w.use(`{id: b, provider: entra, subject: {oidc: oid}, oidc: {issuer: "https://login.microsoftonline.com/0f3c8e2a-6f6b-4a52-9d3e-6f0a3a1f2b11/v2.0", client_id: c, client_secret: "${secret:okta}", scopes: [email], claims: {email: m, user_name: u, given_name: g, family_name: f, display_name: d, title: t, department: p, locale: l, groups: r}, tenant: 0f3c8e2a-6f6b-4a52-9d3e-6f0a3a1f2b11, algorithms: [RS256], audiences: [z], prompt: login, max_age: 8h, acr_values: [phr], clock_skew: 1m}}`)
	w.works("b")
	made, _, err := w.k.oidcSettings(w.k.states["b"])
	w.must(err)
	wanted := oidc.Settings{
		Connection: "b", Kind: oidc.Entra, Issuer: "https://login.microsoftonline.com/0f3c8e2a-6f6b-4a52-9d3e-6f0a3a1f2b11/v2.0", ClientID: "c", ClientSecret: "first",
		RedirectURI: "https://usher.example/sso/b/oidc/callback", Scopes: []string{"email"}, Subject: []string{"oid"}, Tenant: "0f3c8e2a-6f6b-4a52-9d3e-6f0a3a1f2b11",
		Claims:     oidc.Claims{Email: "m", UserName: "u", GivenName: "g", FamilyName: "f", DisplayName: "d", Title: "t", Department: "p", Groups: "r", Locale: "l"},
		Algorithms: []string{"RS256"}, Audiences: []string{"z"}, Skew: time.Minute, Prompt: "login", MaxAge: 8 * time.Hour, ACR: []string{"phr"}, AllowHTTP: true,
	}
	if diff := cmp.Diff(wanted, made, cmpopts.IgnoreFields(oidc.Settings{}, "Key")); diff != "" {
		t.Errorf("OpenID Connect (-want +got):\n%s", diff)
	}
}

func TestOneMissetConnectionHindersNoOther(t *testing.T) {
	w := newWorld(t)
	w.withKeys("d").use(
		"{id: a, oidc: {issuer: 'https://a.example', client_id: a, client_secret: '${secret:missing}'}}",
		"{id: b, oidc: {issuer: 'https://b.example', client_id: b}}",
		"{id: c, provider: entra, oidc: {issuer: 'https://login.microsoftonline.com/common/v2.0', client_id: c, client_secret: '${secret:okta}', trust_email: true}}",
		inline(t, "d", w.now),
		"{id: e}",
		"{id: f, oidc: {issuer: 'https://f.example', client_id: f, private_key: '${secret:okta}'}}",
	)
	w.broken("a", `organizations/acme.yaml:5: usher.yaml does not say where the secret "missing"`)
	w.broken("b", "organizations/acme.yaml:6: The connection has neither client_secret nor private_key")
	w.broken("c", "names no tenant")
	w.broken("c", "cannot be trusted unseen") // everything that is wrong, at once
	w.broken("f", "There is no private key")
	w.works("d")
	if _, ok := w.k.Line("e"); ok {
		t.Error("a connection without sign-in has a line")
	}
	var ids []string
	for _, line := range w.k.Lines(w.org) {
		ids = append(ids, line.ID)
		if line.Org != w.org || line.Conn == 0 || line.Organization.ID != "acme" || line.Settings.ID != line.ID {
			t.Errorf("%s is %+v", line.ID, line)
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "f"}, ids); diff != "" {
		t.Error(diff)
	}
	if orgs := w.k.Organizations(); len(orgs) != 1 || orgs[0].Num != w.org {
		t.Errorf("organizations: %+v", orgs)
	}
	if lines := w.k.Lines(w.org + 1); len(lines) != 0 {
		t.Errorf("another organization has %d lines", len(lines))
	}
}

func TestARetiredConnectionHasNoLine(t *testing.T) {
	w := newWorld(t)
	w.withKeys("okta").use(inline(t, "okta", w.now))
	w.works("okta")
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error { return tx.RetireConnection("okta", w.now) }))
	w.must(w.k.Update(t.Context(), w.k.Organizations()))
	if _, ok := w.k.Line("okta"); ok {
		t.Error("it has")
	}
}

func TestAChangedSecretIsUsedWithinAMinute(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var used []string
	var idp *httptest.Server
	idp = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_ = json.NewEncoder(rw).Encode(map[string]string{
				"issuer": idp.URL, "authorization_endpoint": idp.URL + "/auth", "token_endpoint": idp.URL + "/token", "jwks_uri": idp.URL + "/keys",
			})
		case "/token":
			_, secret, _ := r.BasicAuth()
			mu.Lock()
			used = append(used, secret)
			mu.Unlock()
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = rw.Write([]byte(`{"error":"invalid_grant"}`))
		default:
			_, _ = rw.Write([]byte(`{"keys":[]}`))
		}
	}))
	t.Cleanup(idp.Close)
	w.use("{id: okta, oidc: {issuer: '" + idp.URL + "', client_id: a, client_secret: '${secret:okta}'}}")
	before := w.works("okta").OIDC
	w.step()
	w.found(Problem, "has none that can sign") // the word of an examination, too
	w.later(tick)
	if w.works("okta").OIDC != before {
		t.Error("nothing changed, and the provider is another one, without the documents that it had")
	}
	w.secrets["okta"] = "second"
	w.later(tick)
	if w.works("okta").OIDC == before {
		t.Error("the provider is the former one")
	}
	found, err := w.k.Examine(t.Context(), "okta")
	w.must(err)
	if len(used) != 1 || used[0] != "second" {
		t.Errorf("the provider was shown %q", used)
	}
	told := false
	for _, f := range found {
		told = told || f.Weight == OK && strings.Contains(f.Text, "did not object to the client id and its secret")
		if strings.Contains(f.Text, "second") || f.Connection != "okta" {
			t.Errorf("found %+v", f)
		}
	}
	if !told {
		t.Errorf("found %+v", found)
	}
	delete(w.secrets, "okta")
	w.later(tick)
	w.broken("okta", "does not say where the secret")
	if w.line("okta").OIDC != nil {
		t.Error("it can still be used")
	}
	w.secrets["okta"] = "third"
	w.later(tick)
	w.works("okta")
}

func TestDiscoveryThatFailsIsFound(t *testing.T) {
	w := newWorld(t)
	asked := 0
	var issuer string
	idp := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		asked++
		_ = json.NewEncoder(rw).Encode(map[string]any{
			"issuer": issuer, "authorization_endpoint": "https://x.example/a", "token_endpoint": "https://x.example/t", "jwks_uri": "https://x.example/k", "keys": []any{},
		})
	}))
	issuer = idp.URL + "/"
	w.use("{id: okta, oidc: {issuer: '" + idp.URL + "', client_id: a, client_secret: '${secret:okta}'}}")
	w.step()
	w.works("okta") // a sign-in asks once more, and says so itself
	w.found(Problem, "differ in the slash")
	idp.Close()
	w.later(retry)
	w.found(Problem, "cannot be asked since 2026-11-02 09:00:00") // and never answered, so that nobody can sign in
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestCertificatesThatEndAreFound(t *testing.T) {
	w := newWorld(t)
	old := w.now.Add(-10*365*24*time.Hour + 20*24*time.Hour)
	w.withKeys("okta").use(inline(t, "okta", old))
	w.works("okta")
	w.found(Warning, "ends on 2026-11-22. Its signatures are accepted all the same")
	w.now = w.now.Add(30 * 24 * time.Hour)
	w.found(Warning, "has ended on 2026-11-22")
	w.now = time.Date(2035, 12, 20, 0, 0, 0, 0, time.UTC)
	w.found(Warning, "Rotate the key, and let the provider follow")
	w.step()
	for _, secret := range []string{"PRIVATE", "first"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, w.log)
		}
	}
}

func TestExaminingSAML(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t, metadata(entity, "", certificate(t, w.now)))
	p.now = func() time.Time { return w.now }
	w.withKeys("okta").use(p.connection("okta"))
	examine := func() (texts map[Weight]string) {
		t.Helper()
		found, err := w.k.Examine(t.Context(), "okta")
		w.must(err)
		texts = map[Weight]string{}
		for _, f := range found {
			texts[f.Weight] += f.Text + "\n"
		}
		return texts
	}
	all := examine()
	for _, want := range []string{"come back to https://usher.example", p.URL + " has the provider's metadata", "The provider is " + entity, "agree to within", "certificate 1 of 1", "Our key (signs)"} {
		if !strings.Contains(all[OK], want) {
			t.Errorf("%q is not among\n%s", want, all[OK])
		}
	}
	if all[Warning]+all[Problem] != "" {
		t.Errorf("found %q", all)
	}
	w.works("okta") // what it saw is taken up

	p.ahead = 10 * time.Minute
	w.k.PublicURL = "http://usher.example"
	if all = examine(); !strings.Contains(all[Problem], "clock is 10m0s from ours") || !strings.Contains(all[Problem], "which is not https") {
		t.Errorf("found %q", all)
	}
	w.k.PublicURL = "https://usher.example"
	p.ahead, p.status = 0, http.StatusNotFound
	if all = examine(); !strings.Contains(all[Warning], "last good copy") || !strings.Contains(all[Warning], `It answers "404 Not Found"`) || all[Problem] != "" {
		t.Errorf("found %q", all)
	}
	w.use(p.connection("other"))
	found, err := w.k.Examine(t.Context(), "other")
	w.must(err)
	problems := 0
	for _, f := range found {
		if f.Weight == Problem {
			problems++
		}
	}
	if problems != 1 {
		t.Errorf("found %+v, want one problem said once", found)
	}
	if _, err := w.k.Examine(t.Context(), "unknown"); err == nil {
		t.Error("an unknown connection was examined")
	}
}

func TestSetupNamesEveryFieldOfTheConsole(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.secrets["key"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for _, provider := range []string{"okta", "entra", "google", "generic"} {
		w.withKeys("s").use(
			"{id: s, provider: "+provider+", saml: {metadata_url: 'https://idp.example/metadata'}}",
			"{id: o, provider: "+provider+", oidc: {issuer: 'https://login.microsoftonline.com/0f3c8e2a-6f6b-4a52-9d3e-6f0a3a1f2b11/v2.0', client_id: a, private_key: '${secret:key}'}}")
		for _, id := range []string{"s", "o"} {
			s, err := w.k.Setup(id)
			w.must(err)
			text, err := json.Marshal(s)
			w.must(err)
			values := ""
			for _, step := range s.Steps {
				values += step.Value + "\n"
				if step.Where == "" || step.Field == "" || step.Value == "" {
					t.Errorf("%s %s: %+v", provider, id, step)
				}
			}
			wanted := []string{"https://usher.example/sso/s/saml/acs", "https://usher.example/sso/s/saml/metadata"}
			if id == "o" {
				wanted = []string{"https://usher.example/sso/o/oidc/callback"}
			}
			if provider != "google" {
				wanted = append(wanted, "https://usher.example/scim/v2/"+id)
			}
			for _, want := range wanted {
				if !strings.Contains(values, want) {
					t.Errorf("%s %s: no step with %s", provider, id, want)
				}
			}
			if s.Subject.SCIM == "" || s.Subject.SignIn == "" || s.Subject.Source == "" || strings.Contains(string(text), "PRIVATE") {
				t.Errorf("%s %s: %s", provider, id, text)
			}
			if id == "s" && (len(s.Certificates) != 1 || len(s.Attributes) != 9 || s.Protocol != "saml") || id == "o" && (!strings.Contains(string(s.Keys), `"kty"`) || s.Protocol != "oidc") {
				t.Errorf("%s %s: %s", provider, id, text)
			}
		}
	}
	if _, err := w.k.Setup("unknown"); err == nil {
		t.Error("there is a setup of an unknown connection")
	}
}

func TestLinesAreReadWhileTheyChange(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t, metadata(entity, "", certificate(t, w.now)))
	w.withKeys("okta").use(p.connection("okta"))
	w.step()
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if line, ok := w.k.Line("okta"); !ok || line.Problem != nil {
					t.Errorf("a line is not there, or has a problem: %+v", line)
					return
				}
				w.k.Findings(time.Now())
				if _, err := w.k.Setup("okta"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 20 {
		w.must(w.k.Update(t.Context(), w.k.Organizations()))
		w.step()
		if _, err := w.k.Examine(t.Context(), "okta"); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	readers.Wait()
}

func TestTendLooksAtOnceWhenPoliciesChange(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t, metadata(entity, "", certificate(t, w.now)))
	w.withKeys("okta", "second")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		w.k.Tend(ctx)
		close(done)
	}()
	for _, id := range []string{"okta", "second"} {
		w.use(p.connection(id))
		for until := time.Now().Add(10 * time.Second); w.line(id).Problem != nil; time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("%s after ten seconds: %v", id, w.line(id).Problem)
			}
		}
	}
	cancel()
	<-done
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Errorf("the log says:\n%s", w.log)
	}
}
