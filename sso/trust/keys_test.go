package trust

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/saml"
	"github.com/mixus/usher/store"
)

// inline is a connection whose provider stands in the organization's file.
func inline(t *testing.T, id string, at time.Time) string {
	t.Helper()
	return "{id: " + id + ", saml: {metadata: '" + metadata(entity, "", certificate(t, at)) + "'}}"
}

func TestTwoProcessesHaveTheSameKeyAndMetadata(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t, metadata(entity, "", certificate(t, w.now)))
	orgs := w.organizations(p.connection("okta"))
	keepers := []*Keeper{w.k, w.keeper(), w.keeper()}
	var all sync.WaitGroup
	for _, k := range keepers {
		w.must(k.Update(t.Context(), orgs))
		all.Go(func() {
			if err := k.Step(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var seen []string
	for _, k := range keepers {
		w.must(k.Step(t.Context())) // a minute later
		line, _ := k.Line("okta")
		if line.Problem != nil {
			t.Fatal(line.Problem)
		}
		seen = append(seen, saml.Fingerprint(line.SAML.Keys[0].Certificate))
	}
	if seen[0] != seen[1] || seen[1] != seen[2] {
		t.Errorf("the keys are %q", seen)
	}
	keys, docs := w.journal(provision.KindKeysChanged), w.journal(provision.KindMetadataChanged)
	if len(keys) != 1 || len(docs) != 1 || !strings.HasPrefix(keys[0][0], "key made: SHA-256 "+seen[0]) {
		t.Errorf("journalled %q and %q, want each once", keys, docs)
	}
	key := keepers[0].table.Load().entries["okta"].line.SAML.Keys[0]
	if years := key.Certificate.NotAfter.Sub(w.now).Hours() / 24 / 365; years < 9.9 || years > 10.1 {
		t.Errorf("the certificate is good for %.1f years", years)
	}
}

func TestUntilThereIsAKeyNobodySignsIn(t *testing.T) {
	w := newWorld(t)
	w.use(inline(t, "okta", w.now))
	w.broken("okta", "own key is being made")
	w.withKeys("okta").step()
	w.works("okta")
}

func TestAKeyIsRotatedInThreeSteps(t *testing.T) {
	w := newWorld(t)
	w.withKeys("okta", "unmade").use(inline(t, "okta", w.now), "{id: google, oidc: {issuer: 'https://accounts.google.com', client_id: a, client_secret: '${secret:okta}'}}")
	cause := directory.Cause{Kind: directory.CauseAdmin, Actor: "root", Reason: "yearly"}
	print := func(i int) string { return saml.Fingerprint(w.works("okta").SAML.Keys[i].Certificate) }
	roles := func() (roles, upload string) {
		t.Helper()
		setup, err := w.k.Setup("okta")
		w.must(err)
		for _, c := range setup.Certificates {
			roles += c.Role + " "
			if setup.ours() == c.PEM {
				upload = c.Fingerprint
			}
		}
		return roles, upload
	}
	rotate := func(want int) {
		t.Helper()
		w.now = w.now.Add(between)
		did, err := w.k.Rotate(t.Context(), "okta", cause)
		w.must(err)
		if did.Step != want || did.Connection != "okta" || did.Did == "" || did.Next == "" {
			t.Errorf("step %+v, want %d", did, want)
		}
	}
	first := print(0)
	rotate(1)
	second := print(1)
	if print(0) != first || len(w.line("okta").SAML.Keys) != 2 || first == second {
		t.Error("after step 1 the former key signs no more, or there is no new one")
	}
	if roles, upload := roles(); roles != "current next " || upload != second {
		t.Errorf("after step 1: %s, and %s is to be uploaded", roles, upload)
	}
	own, err := w.line("okta").SAML.OwnMetadata()
	w.must(err)
	if n := bytes.Count(own, []byte("<ds:X509Certificate>")); n != 4 { // each for signing and for encryption
		t.Errorf("our metadata has %d certificates", n)
	}
	if _, err := w.k.Rotate(t.Context(), "okta", cause); directory.KindOf(err) != directory.Conflict {
		t.Errorf("sent twice: %v, want a conflict", err)
	}
	rotate(2)
	if print(0) != second || print(1) != first {
		t.Error("after step 2 the new key does not sign, or the former one does not decrypt")
	}
	if roles, upload := roles(); roles != "current former " || upload != second {
		t.Errorf("after step 2: %s, and %s is to be uploaded", roles, upload)
	}
	rotate(3)
	if print(0) != second || len(w.line("okta").SAML.Keys) != 1 {
		t.Error("after step 3 the former key is still there")
	}
	rotate(1) // and again
	notes := w.journal(provision.KindKeysChanged)
	if len(notes) != 4 {
		t.Fatalf("journalled %q", notes)
	}
	for i, want := range []string{"key made, for the time to come: SHA-256 " + second, "key signs: SHA-256 " + second, "key dropped: SHA-256 " + first} {
		if !strings.HasPrefix(notes[i][0], want) {
			t.Errorf("entry %d is %q, want %q", i+1, notes[i], want)
		}
	}
	if strings.Contains(w.log.String(), "PRIVATE") {
		t.Error("a key is in the log")
	}
	for id, want := range map[string]directory.Kind{"google": directory.Conflict, "unknown": directory.NotFound} {
		if _, err := w.k.Rotate(t.Context(), id, cause); directory.KindOf(err) != want {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
}

func TestAKeyThatIsNotMadeIsNotRotated(t *testing.T) {
	w := newWorld(t)
	w.use(inline(t, "okta", w.now))
	if _, err := w.k.Rotate(t.Context(), "okta", directory.Cause{Kind: directory.CauseAdmin}); directory.KindOf(err) != directory.Conflict {
		t.Errorf("%v, want a conflict", err)
	}
	err := w.store.View(t.Context(), func(tx store.Tx) error {
		_, err := tx.Document(keysName("okta"))
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("there is a key now: %v", err)
	}
}

func TestWhatIsDamagedIsNotReplaced(t *testing.T) {
	w := newWorld(t)
	put := func(name, text string) {
		w.must(w.store.Update(t.Context(), func(tx store.Tx) error { return tx.PutDocument(name, []byte(text)) }))
	}
	put(keysName("a"), `{"keys":["no PEM"]}`)
	put(metadataName("b"), "{")
	p := newProvider(t, metadata(entity, "", certificate(t, w.now)))
	w.withKeys("b", "c").use(p.connection("a"), p.connection("b"), p.connection("c"))
	w.step()
	w.broken("a", "The key that the store keeps for a cannot be read")
	w.broken("b", "The metadata that the store keeps for b cannot be read")
	w.works("c")
	if _, err := w.k.Rotate(t.Context(), "a", directory.Cause{Kind: directory.CauseAdmin}); directory.KindOf(err) != directory.Precondition {
		t.Errorf("rotated: %v", err)
	}
	w.must(w.store.View(t.Context(), func(tx store.Tx) error {
		row, err := tx.Document(keysName("a"))
		if string(row) != `{"keys":["no PEM"]}` {
			t.Errorf("the key is %q now", row)
		}
		return err
	}))
}
