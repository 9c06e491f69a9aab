package sso_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/directory"
	"github.com/mixus/usher/provision"
	"github.com/mixus/usher/sso/passkey/passkeytest"
)

// A password that was held against that of one organization counts as tried, although it could not be held against that of
// the next.
func TestAPasswordThatWasLookedAtCountsAsTried(t *testing.T) {
	w := newInviteWorld(t, "")
	for _, org := range []string{"acme", "globex"} {
		_, path := w.inviteTo(org, "bob@private.example")
		b := w.browser()
		b.post(path+"/code/enter", w.code(b, path)).want(http.StatusSeeOther)
		b.post("/account/sign-in/password", url.Values{"password": {goodPassword}}).want(http.StatusSeeOther)
		w.now = w.now.Add(time.Hour)
	}
	looked := 0
	try := func() error {
		hashes := 0
		_, err := w.engine.EnterPassword(t.Context(), provision.EnterPassword{
			Email: "bob@private.example", Request: "r", Verify: func(_ context.Context, hash string) (bool, string, error) {
				if hashes++; hashes > 1 {
					return false, "", directory.Errorf(directory.Unavailable, "Many people sign in.")
				}
				if hash != "" {
					looked++
				}
				return false, "", nil
			},
		})
		return err
	}
	for range 30 {
		if err := try(); err == nil {
			t.Fatal("let in")
		}
	}
	if looked != 10 {
		t.Errorf("%d passwords were held against one hash, want 10", looked)
	}
}

// What a device says of itself is kept within bounds: it comes back with every page of the member's keys.
func TestAPasskeyThatSaysTooMuchOfItself(t *testing.T) {
	w := newInviteWorld(t, "")
	b := w.outsider("bob@private.example")
	add := func(change func(d *passkeytest.Device, answer string) string) *answer {
		d := &passkeytest.Device{Origin: b.url}
		return b.post("/account/sign-in/passkey", credential([]byte(change(d, string(d.Create(t, b.get("/account/sign-in").asked()))))))
	}
	many := `"transports":["` + strings.Repeat(`x","`, 1500) + `internal"]`
	add(func(_ *passkeytest.Device, answer string) string {
		if !strings.Contains(answer, `"transports":["internal"]`) {
			t.Fatal(answer)
		}
		return strings.Replace(answer, `"transports":["internal"]`, many, 1)
	}).leads("/account/sign-in?done=1")
	page := b.get("/account/sign-in").want(http.StatusOK)
	if options := string(page.asked()); len(options) > 2000 || !strings.Contains(options, `"internal"`) {
		t.Errorf("the page has %d bytes of options", len(options))
	}
	add(func(_ *passkeytest.Device, answer string) string {
		return strings.Repeat(" ", 33<<10) + answer
	}).want(http.StatusRequestEntityTooLarge)
	add(func(_ *passkeytest.Device, _ string) string {
		return strings.Repeat("[", 9<<10) // deeper than any answer
	}).want(http.StatusUnprocessableEntity)
}
