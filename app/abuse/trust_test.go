package abuse_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mixus/usher/api"
	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/sso/saml/samltest"
)

func TestAbuse28Metadata(t *testing.T) {
	var document atomic.Value
	document.Store("")
	publisher := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil // the provider's clock is not what is tried here
		_, _ = fmt.Fprint(w, document.Load())
	}))
	defer publisher.Close()
	const entity = "https://idp.example/acme-url"
	good := samltest.Describe(entity, entity+"/sso", acmeKey())
	w := newWorld(t, "connection: {id: acme-url, saml: {metadata_url: "+quoted(publisher.URL)+", entity_id: "+quoted(entity)+", idp_initiated: true}}")
	w.ready("acme-url")
	p := w.saml("acme-url")
	// problems are what a test of the connection finds to be wrong, after it has asked for the metadata: a warning while the
	// former ones go on.
	problems := func(w *world) (found []string) {
		w.pass(between) // one that is tested too often says so
		var all api.Examination
		w.ask(http.MethodPost, "/connections/acme-url/test", nil, &all)
		for _, f := range all.Findings {
			if f.Weight == "problem" || f.Weight == "warning" && strings.Contains(f.Text, "metadata") {
				found = append(found, f.Text)
			}
		}
		return found
	}
	evil := samltest.Describe(entity, "https://evil.example/sso", evilKey())
	another, script, keyless, unencrypted := evil, evil, evil, evil
	another.ID = "https://evil.example/"
	script.SSO = strings.Replace(evil.SSO, "https://evil.example/sso", "javascript:alert(1)", 1)
	keyless.Keys = nil
	unencrypted.Keys = []string{samltest.KeyDescriptor("encryption", evilKey())}
	hostile := map[string]string{
		"another entity":     another.XML(),
		"others only":        samltest.Several("", another.XML(), another.XML()),
		"the same twice":     samltest.Several("", good.XML(), evil.XML()),
		"a script":           script.XML(),
		"no key":             keyless.XML(),
		"no key for signing": unencrypted.XML(),
		"a document type":    "<!DOCTYPE x>" + good.XML(),
		"a bomb":             strings.Repeat("<a>", 100_000),
		"a page":             "<html><body><input></body></html>",
	}
	try := func(t *testing.T, xml string, status int, code string) {
		w := w.in(t)
		document.Store(xml)
		if len(problems(w)) == 0 {
			t.Error("nothing is found to be wrong")
		}
		p, b, before := w.saml("acme-url"), w.browser(), w.people()
		w.pass(time.Minute)
		forged := p.says("eve@acme.com", "")
		b.out(p.deliver(b, forged.SignedBy(t, evilKey()), ""), status, code, before)
		b.out(p.deliver(b, samltest.Encode(t, forged.Response(t, forged.Assertion(t))), ""), status, code, before)
	}
	for name, xml := range hostile { // nothing else is known yet
		t.Run("at first, "+name, func(t *testing.T) {
			try(t, xml, http.StatusServiceUnavailable, "unavailable")
			b := w.in(t).browser()
			if a := b.get("/sso/acme-url/login"); a.status != http.StatusServiceUnavailable || a.location != "" {
				t.Errorf("it leads to %q: %d", a.location, a.status)
			}
		})
	}
	document.Store(samltest.Several("", another.XML(), good.XML())) // of many, the one that is pinned
	if found := problems(w); len(found) > 0 {
		t.Fatalf("the genuine metadata is not taken: %s", found)
	}
	if a := w.browser().get("/sso/acme-url/login"); !strings.HasPrefix(a.location, entity+"/sso?") {
		t.Fatalf("it leads to %q", a.location)
	}
	p.stillSignsIn()
	for name, xml := range hostile { // the last good ones go on
		t.Run("later, "+name, func(t *testing.T) {
			try(t, xml, http.StatusBadRequest, "invalid")
			w.in(t).saml("acme-url").stillSignsIn()
		})
	}
}

// stillSignsIn is stillWorks for a connection of any name.
func (p *samlPeer) stillSignsIn() {
	p.t.Helper()
	b := p.browser()
	b.in(p.signIn(b, "ann@acme.com", ""))
}

func TestAbuse29AnotherOrganizationsDomain(t *testing.T) {
	w := newWorld(t)
	p := w.saml("acme-saml")
	w.saml("globex-saml").stillWorks() // Ann of Globex is a member there
	p.hostile(http.StatusForbidden, "unknown_domain", func(m samltest.Message) string {
		m.Name, m.Attributes = "ann", samltest.Attribute("email", "ann@globex.com")
		return m.SignedBy(t, p.key)
	})
	claims{payload: map[string]any{"email": "ann@globex.com"}}.try(w, http.StatusForbidden, "unknown_domain")
	claims{payload: map[string]any{"email": "gus@globex.com"}}.try(w, http.StatusForbidden, "unknown_domain")
	for _, member := range w.people().Members {
		if strings.Contains(member, "gus") || strings.Contains(member, "eve") {
			t.Errorf("there is %s", member)
		}
	}
	if members := w.people().Members; len(members) != 2 {
		t.Errorf("the members are %v, want one of each organization", members)
	}
}

func TestAbuse30ADisabledConnection(t *testing.T) {
	for state, code := range map[string]string{"paused": "paused", "observe": "observed"} {
		t.Run(state, func(t *testing.T) {
			w := newWorld(t, "connection: {id: acme-url, state: "+state+", saml: {entity_id: "+quoted("https://idp.example/acme-url")+
				", sso_url: "+quoted("https://idp.example/acme-url/sso")+", certificates: ["+quoted(pemOf(acmeKey().Certificate))+"]}}")
			w.ready("acme-url")
			p, b, before := w.saml("acme-url"), w.browser(), w.people()
			b.out(p.signIn(b, "eve@acme.com", ""), http.StatusForbidden, code, before)
			w.saml("acme-saml").stillWorks()
		})
	}
	t.Run("none", func(t *testing.T) {
		w := newWorld(t)
		p, b, before := w.saml("acme-url"), w.browser(), w.people()
		for _, a := range []*answer{b.get("/sso/acme-url/login"), p.deliver(b, p.says("eve@acme.com", "").SignedBy(t, p.key), "")} {
			if a.status != http.StatusNotFound || !references.MatchString(a.text()) || inside.MatchString(a.text()) {
				t.Errorf("a connection that there is not: %d\n%s", a.status, a.text())
			}
		}
		w.unchanged(before)
	})
}

func TestAbuse32Logout(t *testing.T) {
	w := newWorld(t)
	p, b, other := w.saml("acme-saml"), w.browser(), w.browser()
	b.in(p.signIn(b, "ann@acme.com", ""))
	good := p.logout(p.key, p.urls.SLO)
	unsigned, _, _ := strings.Cut(good, "&SigAlg=")
	before := w.people()
	for name, address := range map[string]string{
		"unsigned":              unsigned,
		"without its signature": good[:strings.LastIndex(good, "&Signature=")],
		"another relay state":   strings.Replace(good, "RelayState=there", "RelayState=here", 1),
		"by another key":        p.logout(evilKey(), p.urls.SLO),
		"meant for another":     strings.Replace(p.logout(p.key, w.saml("globex-saml").urls.SLO), "/globex-saml/", "/acme-saml/", 1),
		"at another connection": strings.Replace(good, "/acme-saml/", "/globex-saml/", 1),
		"garbage":               p.urls.SLO + "?SAMLRequest=garbage",
		"nothing":               p.urls.SLO,
	} {
		t.Run(name, func(t *testing.T) {
			w.pass(between)
			a := other.get(address)
			if a.status != http.StatusBadRequest || inside.MatchString(a.text()) || !b.signedIn() {
				t.Errorf("%d, signed in: %v\n%s", a.status, b.signedIn(), a.text())
			}
			other.journalled(a)
		})
	}
	w.unchanged(before)
	if a := other.get(good); a.status != http.StatusSeeOther || b.signedIn() {
		t.Errorf("the genuine one is answered %d, and signed in is %v", a.status, b.signedIn())
	}
	b.in(p.signIn(b, "ann@acme.com", ""))
	a := other.get(good)
	if why := other.journalled(a); a.status != http.StatusBadRequest || why.Code != "replayed" || !b.signedIn() {
		t.Errorf("a replay is answered %d as %s, and signed in is %v", a.status, why.Code, b.signedIn())
	}
}

// logout is an address by which the provider signs Ann out: a request that a key has signed, for a single logout service.
func (p *samlPeer) logout(key samltest.Pair, slo string) string {
	p.t.Helper()
	provider := &saml.Settings{
		EntityID: p.entity, SLO: p.entity + "/slo", Keys: []saml.KeyPair{key}, AllowLoopback: true,
		Metadata: saml.Metadata{EntityID: p.urls.Metadata, SLO: saml.Endpoints{Redirect: slo}},
	}
	out, err := provider.LogoutRequest(saml.Leave{
		At: p.now(), RelayState: "there", Session: "session-ann",
		NameID: identity.NameID{Value: "ann", Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
	})
	p.must(err)
	return out.URL
}

func TestAbuse31PanicInputs(t *testing.T) {
	p := newWorld(t).saml("acme-saml")
	p.pass(time.Minute)
	cut := func(from, to string) func(m samltest.Message) string {
		return func(m samltest.Message) string {
			text := m.AssertionText(t)
			i, j := strings.Index(text, from), strings.Index(text, to)
			return samltest.Encode(t, m.Response(t, p.signs(samltest.Element(t, text[:i]+text[j:]))))
		}
	}
	short := func(algorithm string, length int) func(m samltest.Message) string {
		return func(m samltest.Message) string {
			el := samltest.Encrypt(t, m.Assertion(t), p.ours(), algorithm, samltest.OAEP, "")
			el.FindElement("./EncryptedData/CipherData/CipherValue").SetText(base64.StdEncoding.EncodeToString(make([]byte, length)))
			return samltest.Encode(t, m.Response(t, el))
		}
	}
	text := func(value string) func(samltest.Message) string {
		return func(samltest.Message) string { return value }
	}
	for name, make := range map[string]func(samltest.Message) string{
		"signed, without conditions":   cut("<saml:Conditions", "<saml:AuthnStatement"),
		"signed, without a subject":    cut("<saml:Subject>", "<saml:Conditions"),
		"signed, without a statement":  cut("<saml:AuthnStatement", "<saml:AttributeStatement"),
		"encrypted, without anything":  short(samltest.AES256GCM, 0),
		"encrypted, less than a nonce": short(samltest.AES256GCM, 11),
		"encrypted, less than a block": short(samltest.AES128CBC, 15),
		"encrypted, a block and a bit": short(samltest.AES128CBC, 17),
		"nothing":                      text(""),
		"no base64":                    text("%%%"),
		"three bytes":                  text("AAAA"),
		"an element":                   text(base64.StdEncoding.EncodeToString([]byte("<a/>"))),
		"a space":                      text(base64.StdEncoding.EncodeToString([]byte(" "))),
	} {
		t.Run(name, func(t *testing.T) {
			(&samlPeer{p.in(t), p.connection, p.entity, p.key, p.urls}).hostile(http.StatusBadRequest, "invalid", make)
		})
	}
	before := p.people()
	if a := p.deliver(p.browser(), strings.Repeat("A", 1<<20), ""); a.status != http.StatusRequestEntityTooLarge || inside.MatchString(a.text()) {
		t.Errorf("a megabyte is answered %d\n%s", a.status, a.text())
	}
	if a := p.browser().posted(p.urls.ACS, url.Values{"SAMLResponse": {""}, "RelayState": {strings.Repeat("x", 4096)}}); a.status != http.StatusBadRequest {
		t.Errorf("a long relay state is answered %d\n%s", a.status, a.text())
	}
	p.unchanged(before)
	if text := p.log.String(); strings.Contains(text, "panic") || strings.Contains(text, `"level":"ERROR"`) {
		t.Errorf("the log has:\n%s", text)
	}
}
