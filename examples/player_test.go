package examples

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vendor answers the requests of the transcript above.
func vendor(t *testing.T, user string) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /scim/Users", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(body), "ann@acme.com") || r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("User-Agent") != "Vendor 1.0" {
			t.Errorf("request is %q with %v, %v", body, r.Header, err)
		}
		w.Header().Set("Content-Type", "application/scim+json")
		w.Header().Set("Location", "http://"+r.Host+"/scim/Users/u-1")
		w.WriteHeader(http.StatusCreated)
		if _, err := io.WriteString(w, strings.ReplaceAll(user, "HOST", r.Host)); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("DELETE /scim/Users/u-1", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func parse(t *testing.T, text string) Transcript {
	t.Helper()
	s, err := Parse("f.http", text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPlay(t *testing.T) {
	server := vendor(t, `{"id": "u-1"}`)
	played := 0
	p := Player{Client: server.Client(), Played: func(*Transcript, Exchange) { played++ }}
	if err := p.Play(t.Context(), server.URL+"/scim/", "secret", parse(t, ann)); err != nil {
		t.Fatal(err)
	}
	if played != 2 {
		t.Errorf("%d exchanges were reported, want 2", played)
	}
}

func TestPlayNamesTheFirstDifference(t *testing.T) {
	for name, c := range map[string]struct {
		answer, want string
		where, line  string
	}{
		"another id":      {`{"id": "u-2"}`, `{"id": "<id:ann>"}`, "id", "f.http:18"},
		"a key too many":  {`{"id": "u-1", "x": 1}`, `{"id": "<id:ann>"}`, "x", "f.http:18"},
		"a key too few":   {`{}`, "{\n\"id\": \"<id:ann>\"}", "id", "f.http:19"},
		"another value":   {`{"a": {"b": [1, 2]}}`, "{\"a\":\n{\"b\": [1,\n3]}}", "a.b[1]", "f.http:20"},
		"a list too long": {`{"a": [1, 2]}`, `{"a": [1]}`, "a[1]", "f.http:18"},
		"another type":    {`{"a": "1"}`, `{"a": 1}`, "a", "f.http:18"},
		"a shape":         {`{"a": []}`, `{"a": {}}`, "a", "f.http:18"},
		"no time":         {`{"a": "yesterday"}`, `{"a": "<time>"}`, "a", "f.http:18"},
		"no number":       {`{"a": "12"}`, `{"a": "<number>"}`, "a", "f.http:18"},
		"not JSON":        {`oops`, `{}`, "body", "f.http:18"},
	} {
		t.Run(name, func(t *testing.T) {
			server := vendor(t, c.answer)
			err := (&Player{Client: server.Client()}).Play(t.Context(), server.URL+"/scim", "secret", parse(t, strings.Replace(ann, `{"id": "<id:ann>"}`, c.want, 1)))
			var d *MismatchError
			if !errors.As(err, &d) {
				t.Fatalf("error is %v, want a difference", err)
			}
			if d.Where != c.where || !strings.HasPrefix(d.Error(), c.line+": Create\n") {
				t.Errorf("difference at %q:\n%v\nwant it at %q, %s", d.Where, d, c.where, c.line)
			}
		})
	}
}

func TestPlayAcceptsWhatPlaceholdersStandFor(t *testing.T) {
	answer := `{"id": "u-1", "again": "x/u-1", "at": "2026-11-22T10:00:00.123Z", "version": "W/\"3\"", "n": 12, "list": [{"a": null}], "b": true}`
	want := `{"b": true, "id": "<id:ann>", "again": "x/<id:ann>", "at": "<time>", "version": "<version:v>", "n": "<number>", "list": "<any>"}`
	server := vendor(t, answer)
	err := (&Player{Client: server.Client()}).Play(t.Context(), server.URL+"/scim", "secret", parse(t, strings.Replace(ann, `{"id": "<id:ann>"}`, want, 1)))
	if err != nil {
		t.Fatal(err)
	}
}

func TestPlayRefusesANameThatNoAnswerShowed(t *testing.T) {
	server := vendor(t, `{"id": "u-1"}`)
	err := (&Player{Client: server.Client()}).Play(t.Context(), server.URL+"/scim", "secret", parse(t, strings.Replace(ann, "DELETE /Users/<id:ann>", "DELETE /Users/<id:bob>", 1)))
	if err == nil || !strings.Contains(err.Error(), "<id:bob> is used before an answer has shown it") {
		t.Errorf("error is %v", err)
	}
}

func TestRewriteWritesWhatTheServerSaid(t *testing.T) {
	server := vendor(t, `{"id": "u-1", "total": 7, "meta": {"created": "2026-11-22T10:00:00Z", "location": "http://HOST/scim/Users/u-1", "version": "W/\"1\""}}`)
	old := strings.Replace(ann, `{"id": "<id:ann>"}`, `{"total": "<number>", "id": "<id:ann>"}`, 1)
	got, err := (&Player{Client: server.Client()}).Rewrite(t.Context(), server.URL+"/scim", "secret", parse(t, old))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(ann, "\n{\"id\": \"<id:ann>\"}", `
{
  "id": "<id:ann>",
  "total": "<number>",
  "meta": {"created": "<time>", "location": "<base>/Users/<id:ann>", "version": "<version>"}
}`, 1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

func TestTargetsAreEncoded(t *testing.T) {
	for in, want := range map[string]string{
		`/Users?filter=userName eq "ann@acme.com"&count=1`: `/Users?filter=userName%20eq%20%22ann@acme.com%22&count=1`,
		`/Users?filter=userName eq "søren"`:                `/Users?filter=userName%20eq%20%22s%C3%B8ren%22`,
		`/Users?filter=emails[type eq "work"]`:             `/Users?filter=emails[type%20eq%20%22work%22]`,
		`/Users/a%20b`:                                     `/Users/a%20b`,
	} {
		if got := encode(in); got != want {
			t.Errorf("encode(%q) = %q, want %q", in, got, want)
		}
	}
}
