package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/mixus/usher/sso/provider"
	"github.com/mixus/usher/store"
)

// published returns the ids of the keys that anybody can fetch.
func (w *world) published() []string {
	w.t.Helper()
	_, answer := w.browser().open("/oidc/keys")
	set := &jose.JSONWebKeySet{}
	w.must(json.Unmarshal([]byte(answer.text), set))
	var ids []string
	for _, key := range set.Keys {
		if !key.IsPublic() || key.Use != "sig" || key.Algorithm != "RS256" {
			w.t.Errorf("the key %s is published as %s, %s, public %v", key.KeyID, key.Use, key.Algorithm, key.IsPublic())
		}
		ids = append(ids, key.KeyID)
	}
	if strings.Contains(answer.text, `"d"`) || strings.Contains(answer.text, `"p"`) {
		w.t.Errorf("the set holds a private key")
	}
	return ids
}

// signer signs somebody in and returns the id of the key that signed.
func (a *app) signer() string {
	a.w.t.Helper()
	token, _ := a.enter(a.w.browser())
	jws, err := jose.ParseSignedCompact(idTokenOf(token), []jose.SignatureAlgorithm{jose.RS256})
	a.w.must(err)
	return jws.Signatures[0].Header.KeyID
}

// TestKeysTakeTurns: a key is published a day before it signs, and a day longer than it does.
func TestKeysTakeTurns(t *testing.T) {
	w := newWorld(t)
	a := w.app()
	first := a.signer()
	if got := w.published(); !slices.Equal(got, []string{first}) {
		t.Fatalf("published are %v, and %s signs", got, first)
	}
	w.pass(88 * 24 * time.Hour)
	if got := w.published(); len(got) != 1 {
		t.Errorf("after 88 days published are %v", got)
	}
	w.pass(25 * time.Hour)
	both := w.published()
	if len(both) != 2 || both[0] != first || a.signer() != first {
		t.Fatalf("a day before the turn published are %v, and %s signs", both, a.signer())
	}
	w.pass(24 * time.Hour)
	second := a.signer()
	if second != both[1] || !slices.Equal(w.published(), both) {
		t.Errorf("after the turn %s signs, and published are %v", second, w.published())
	}
	w.pass(25 * time.Hour)
	if got := w.published(); !slices.Equal(got, []string{second}) || a.signer() != second {
		t.Errorf("two days after the turn published are %v", got)
	}
	w.pass(400 * 24 * time.Hour) // nobody was there for a year
	if got := w.published(); len(got) != 2 || got[0] != second || a.signer() != second {
		t.Errorf("after a year published are %v: a new key has to be known before it signs", got)
	}
}

func TestProcessesThatStartTogetherMakeOneKey(t *testing.T) {
	w := newWorld(t)
	w.must(w.store.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteDocument("provider/keys") }))
	var all sync.WaitGroup
	for range 4 {
		p := w.newProvider()
		all.Go(func() { w.keysOf(p) })
	}
	all.Wait()
	want := w.published()
	for range 2 {
		if got := w.keysOf(w.newProvider()); len(want) != 1 || !slices.Equal(got, want) {
			t.Errorf("one process has %v, another %v", got, want)
		}
	}
}

// keysOf returns the ids of the keys that a provider publishes.
func (w *world) keysOf(p *provider.Provider) []string {
	answer := httptest.NewRecorder()
	p.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, provider.KeysPath, nil))
	set := &jose.JSONWebKeySet{}
	if err := json.Unmarshal(answer.Body.Bytes(), set); err != nil {
		w.t.Errorf("%d %s", answer.Code, answer.Body)
	}
	var ids []string
	for _, key := range set.Keys {
		ids = append(ids, key.KeyID)
	}
	return ids
}
