package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/store"
	"github.com/mixus/usher/store/storetest"
)

// smallServer starts a server whose disk has room for a few megabytes, and returns its options and a function that gives
// the disk more. Where the test may not mount one, a limit on the size of files takes its place.
func smallServer(t *testing.T) (opts Options, a *App, more func()) {
	t.Helper()
	opts, _ = configure(t)
	dir, more, mounted := storetest.SmallDisk(t)
	opts.Data = filepath.Join(dir, "data")
	var err error
	if a, err = New(opts); err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !mounted {
		more = storetest.LimitFiles(t, 128<<10)
	}
	return opts, a, more
}

// push creates a user whose record is large, and returns the status, Retry-After, and the id or the error.
func push(t *testing.T, a *App, token string, n int) (status int, retry, id string) {
	t.Helper()
	body := fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"p%04d@acme.com","externalId":"x%04d",
		"active":true,"displayName":%q}`, n, n, strings.Repeat("long ", 4<<10))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL()+"/scim/v2/acme-okta/Users", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		ID      string
		Status  string
		Schemas []string
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%d %s: %v", resp.StatusCode, text, err)
	}
	if resp.StatusCode != http.StatusCreated && (answer.Status != "503" || answer.Schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error") {
		t.Fatalf("a full disk is answered %d %s", resp.StatusCode, text)
	}
	return resp.StatusCode, resp.Header.Get("Retry-After"), answer.ID
}

// until waits for /readyz to answer with a status; the check behind it is made once a second.
func until(t *testing.T, a *App, status int) {
	t.Helper()
	got, body := 0, ""
	for range 100 {
		if got, _, body = ask(t, http.MethodGet, a.URL()+"/readyz", ""); got == status {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("/readyz answers %d %s, want %d", got, body, status)
}

// TestAFullDiskAsksProvidersToComeBackAndLosesNothing fills the disk with pushes: from then on SCIM answers 503 with
// Retry-After, /readyz fails and reads go on. Once there is room again, pushes are taken, and after a restart everything
// that was acknowledged is there, each with its member and its journal entry, and nothing else.
func TestAFullDiskAsksProvidersToComeBackAndLosesNothing(t *testing.T) {
	opts, a, more := smallServer(t)
	token := secret(t, a)
	kept := map[string]bool{}
	next, refused := 0, 0
	for ; refused < 20; next++ {
		status, retry, id := push(t, a, token, next)
		if status == http.StatusCreated {
			kept[id] = true
			if next > 5000 {
				t.Fatal("the disk does not become full")
			}
			continue
		}
		refused++
		if s, err := strconv.Atoi(retry); err != nil || s < 1 {
			t.Fatalf("Retry-After %q, want whole seconds", retry)
		}
	}
	until(t, a, http.StatusServiceUnavailable)
	if status, _, _ := ask(t, http.MethodGet, a.URL()+"/healthz", ""); status != http.StatusOK {
		t.Errorf("/healthz answers %d: a process that is alive must not be killed for want of room", status)
	}
	if status, _, body := ask(t, http.MethodGet, a.URL()+"/scim/v2/acme-okta/Users?count=1", token); status != http.StatusOK || !strings.Contains(body, fmt.Sprintf(`"totalResults":%d`, len(kept))) {
		t.Errorf("reading on a full disk: %d %.200s, want %d users", status, body, len(kept))
	}

	more()
	until(t, a, http.StatusOK)
	for range 20 {
		status, _, id := push(t, a, token, next)
		if status != http.StatusCreated {
			t.Fatalf("a push with room again: %d", status)
		}
		kept[id] = true
		next++
	}
	end(t, a)
	expectKept(t, begin(t, opts), kept)
}

// expectKept checks that the store has exactly the users that were acknowledged, each with its member and its entry.
func expectKept(t *testing.T, a *App, kept map[string]bool) {
	t.Helper()
	err := a.store.View(t.Context(), func(tx store.Tx) error {
		users, err := tx.ListUsers(1, store.Page{Limit: 10_000})
		if err != nil {
			return err
		}
		members, err := tx.ListMembers(1, store.Page{Limit: 10_000})
		if err != nil {
			return err
		}
		entries, err := tx.ListEntries(0, 10_000, false)
		if err != nil {
			return err
		}
		created := map[string]bool{}
		for _, e := range entries {
			if e.Kind == "user.created" {
				created[e.Subjects[0].ID.String()] = true
			}
		}
		for _, u := range users {
			if id := u.ID.String(); !kept[id] || !created[id] {
				t.Errorf("%s was acknowledged: %v, journalled: %v", u.UserName, kept[id], created[id])
			}
		}
		for _, m := range members {
			if m.Status != directory.StatusActive {
				t.Errorf("%s is %s", m.Decision.Email, m.Status)
			}
		}
		if len(users) != len(kept) || len(members) != len(kept) || len(created) != len(kept) {
			t.Errorf("%d users, %d members and %d entries, and %d were acknowledged", len(users), len(members), len(created), len(kept))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
