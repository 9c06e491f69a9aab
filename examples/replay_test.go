package examples_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/app"
	"github.com/mixus/usher/examples"
	"github.com/mixus/usher/httpx"
)

var update = flag.Bool("update", false, "write what the server answers into the transcripts")

// house is a running server with the configuration of acme.
type house struct {
	t      *testing.T
	app    *app.App
	local  *http.Client      // over the socket, without a token
	tokens map[string]string // of each connection
}

func open(t *testing.T) *house {
	t.Helper()
	data := t.TempDir()
	a, err := app.New(app.Options{Config: filepath.Join("acme", "usher.yaml"), Data: data, Listen: "127.0.0.1:0", Version: "test", Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	h := &house{t: t, app: a, tokens: map[string]string{}}
	h.local = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return httpx.DialSocket(ctx, app.Data(data).Socket())
	}}}
	for _, connection := range []string{"acme-okta", "acme-entra"} {
		var created struct{ Token string }
		h.api(http.MethodPost, "/tokens", fmt.Sprintf(`{"connection": %q}`, connection), http.StatusCreated, &created)
		h.tokens[connection] = created.Token
	}
	return h
}

// api asks the REST interface over the socket.
func (h *house) api(method, path, body string, status int, into any) {
	h.t.Helper()
	h.send(h.local, method, "http://usher/api/v1"+path, "", "application/json", body, status, into)
}

// scim asks the SCIM interface of a connection.
func (h *house) scim(connection, method, path, body string, status int, into any) {
	h.t.Helper()
	h.send(http.DefaultClient, method, h.base(connection)+path, h.tokens[connection], "application/scim+json", body, status, into)
}

func (h *house) base(connection string) string { return h.app.URL() + "/scim/v2/" + connection }

func (h *house) send(client *http.Client, method, url, token, contentType, body string, status int, into any) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if resp.StatusCode != status {
		h.t.Fatalf("%s %s answered %d, want %d: %s", method, url, resp.StatusCode, status, text)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(text, into); err != nil {
		h.t.Fatalf("%s %s: %v in %s", method, url, err, text)
	}
}

// populate pushes a crowd into both connections, whose names no transcript uses, with a group of each hundred.
func (h *house) populate(people int) {
	h.t.Helper()
	for connection := range h.tokens {
		var members []string
		for i := range people {
			var created struct{ ID string }
			h.scim(connection, http.MethodPost, "/Users", fmt.Sprintf(`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
				"userName": "crowd%04d.%s@acme.com", "externalId": "crowd-%04d", "active": true}`, i, connection, i), http.StatusCreated, &created)
			if members = append(members, fmt.Sprintf(`{"value": %q}`, created.ID)); len(members) == 100 {
				h.scim(connection, http.MethodPost, "/Groups", fmt.Sprintf(`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
					"displayName": "Crowd %d", "members": [%s]}`, i/100, strings.Join(members, ",")), http.StatusCreated, nil)
				members = nil
			}
		}
	}
}

func transcripts(t *testing.T) []examples.Transcript {
	t.Helper()
	all, err := examples.Transcripts()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTranscriptsAgainstAFreshServer(t *testing.T) {
	for _, s := range transcripts(t) {
		t.Run(s.Name(), func(t *testing.T) {
			h := open(t)
			var p examples.Player
			if *update {
				text, err := p.Rewrite(t.Context(), h.base(s.Connection), h.tokens[s.Connection], s)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(s.File, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if err := p.Play(t.Context(), h.base(s.Connection), h.tokens[s.Connection], s); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTranscriptsAgainstAFullServer(t *testing.T) {
	h := open(t)
	h.populate(200)
	for _, s := range transcripts(t) {
		t.Run(s.Name(), func(t *testing.T) {
			var p examples.Player
			if err := p.Play(t.Context(), h.base(s.Connection), h.tokens[s.Connection], s); err != nil {
				t.Error(err)
			}
		})
	}
	h.t = t
	h.outcomes()
}

// outcomes checks what became of the people of the transcripts by acme's policy.
func (h *house) outcomes() {
	h.t.Helper()
	for email, want := range map[string]string{
		"ann@acme.com":          "active member engineering",    // Okta's group Engineering
		"ben@acme.com":          "active member ",               // the domain's default
		"cleo.crane@acme.com":   "active member ",               // left, came back, changed her name
		"dan@acme.com":          "active member ",               // was in Marketing
		"gus@acme.com":          "active viewer ",               // a contractor
		"juna@acme.com":         "active member marketing",      // her department, sent at the top level
		"kai@acme.com":          "none member support",          // pushed inactive: not a member
		"pia.petri@acme.com":    "suspended member engineering", // disabled
		"rosa@acme.com":         "active admin engineering",     // a director in Entra's group Engineering
		"sven@acme.com":         "active member ",               // was in Engineering
		"uwe@acme.com":          "active member ",               // deleted and hired again
		"vera.vogel@acme.com":   "suspended member ",            // deleted, and her department with her record
		"jc-test-8f3a@acme.com": "suspended member ",            // JumpCloud's test user, deleted
	} {
		var page struct {
			Items []struct{ Status, Role, Department string }
		}
		h.api(http.MethodGet, "/organizations/acme/members?status=all&email="+email, "", http.StatusOK, &page)
		got := ""
		for _, m := range page.Items {
			got += m.Status + " " + m.Role + " " + m.Department
		}
		if got != want {
			h.t.Errorf("%s is %q, want %q", email, got, want)
		}
	}
}

func TestOktaPushesMembersByTheHundreds(t *testing.T) {
	const people = 256 // the most that Okta puts into one request
	h := open(t)
	var group struct{ ID string }
	h.scim("acme-okta", http.MethodPost, "/Groups", `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Everybody", "members": []}`, http.StatusCreated, &group)
	var add, remove []string
	for i := range people {
		var user struct{ ID string }
		h.scim("acme-okta", http.MethodPost, "/Users", fmt.Sprintf(`{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
			"userName": "p%03d@acme.com", "externalId": "00u%03d", "active": true}`, i, i), http.StatusCreated, &user)
		add = append(add, fmt.Sprintf(`{"value": %q, "display": "p%03d@acme.com"}`, user.ID, i))
		remove = append(remove, fmt.Sprintf(`{"op": "remove", "path": "members[value eq \"%s\"]"}`, user.ID))
	}
	push := func(operations ...string) {
		t.Helper()
		h.scim("acme-okta", http.MethodPatch, "/Groups/"+group.ID,
			`{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [`+strings.Join(operations, ",")+`]}`, http.StatusNoContent, nil)
	}
	count := func() int {
		t.Helper()
		var got struct{ Members []struct{ Value string } }
		h.scim("acme-okta", http.MethodGet, "/Groups/"+group.ID, "", http.StatusOK, &got)
		return len(got.Members)
	}
	push(`{"op": "add", "path": "members", "value": [` + strings.Join(add, ",") + `]}`)
	if n := count(); n != people {
		t.Errorf("after adding them the group has %d members, want %d", n, people)
	}
	push(append(remove, `{"op": "add", "path": "members", "value": [`+strings.Join(add[:10], ",")+`]}`)...)
	if n := count(); n != 10 {
		t.Errorf("after taking all out and ten in, the group has %d members, want 10", n)
	}
	push(`{"op": "replace", "path": "members", "value": [` + strings.Join(add, ",") + `]}`)
	if n := count(); n != people {
		t.Errorf("after a full push the group has %d members, want %d", n, people)
	}
}
