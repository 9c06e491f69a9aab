package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mixus/usher/api"
)

// elsewhere answers the paths below /api/v1 as a server elsewhere would, and counts what it was asked.
func elsewhere(t *testing.T, answers map[string]any) (flags []string, asked map[string]int) {
	t.Helper()
	asked = map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := r.Method + " " + strings.TrimPrefix(r.URL.Path, api.Prefix)
		asked[route]++
		answer, ok := answers[route]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			answer = api.Problem{Status: http.StatusNotFound, Kind: "not_found", Detail: "There is nothing at " + route + "."}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("usher_api_x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--server", server.URL, "--token-file", token}, asked
}

// typed runs a command line and returns what it printed and its exit code.
func typed(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	return stdout.String(), stderr.String(), code
}

func TestConnectionsShowSaysWhatToPasteWhere(t *testing.T) {
	setup := api.Setup{
		Connection: "acme-okta", Organization: "acme", Provider: "okta", Protocol: "saml",
		Certificates: []api.SetupCertificate{{PEM: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", Ends: time.Now(), Role: "current"}},
		Attributes:   []api.SetupAttribute{{Field: "email", Names: []string{"email", "mail"}}},
		Subject:      api.SetupSubject{SCIM: "externalId", SignIn: "userId", Source: "user.id"},
		Steps: []api.SetupStep{
			{Where: "Applications › Configure SAML", Field: "Single sign-on URL", Value: "https://usher.acme.com/sso/acme-okta/saml/acs"},
			{Where: "Applications › Configure SAML", Field: "Name ID format", Value: "Persistent"},
			{Where: "Advanced", Field: "Signature Certificate", Value: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
		},
	}
	flags, _ := elsewhere(t, map[string]any{"GET /connections/acme-okta/setup": setup})
	out, errs, code := typed(t, append([]string{"connections", "show", "acme-okta"}, flags...)...)
	const want = `acme-okta of acme: okta, saml

Applications › Configure SAML
  Single sign-on URL                    https://usher.acme.com/sso/acme-okta/saml/acs
  Name ID format                        Persistent

Advanced
  Signature Certificate:
    -----BEGIN CERTIFICATE-----
    AAAA
    -----END CERTIFICATE-----

A person is known for good by userId when they sign in, and by externalId in SCIM. Both are to hold the same: user.id.

Attributes that are read, the first that is there
  email                                 email, mail
`
	if out != want || code != exitDone {
		t.Errorf("exit code %d, %s\nprinted\n%s\nwant\n%s", code, errs, out, want)
	}
	out, _, code = typed(t, append([]string{"connections", "show", "acme-okta", "--json"}, flags...)...)
	var back api.Setup
	if err := json.Unmarshal([]byte(out), &back); err != nil || back.Steps[0] != setup.Steps[0] || code != exitDone {
		t.Errorf("as JSON: %v, %s", err, out)
	}
	if _, errs, code = typed(t, append([]string{"connections", "show", "nosuch"}, flags...)...); code != exitFailed || !strings.Contains(errs, "There is nothing at") {
		t.Errorf("of another connection: exit code %d, %s", code, errs)
	}
}

func TestConnectionsTestEndsWithItsVerdict(t *testing.T) {
	finding := func(weight, text string) api.SignInFinding {
		return api.SignInFinding{Connection: "acme-okta", Weight: weight, Text: text}
	}
	for _, c := range []struct {
		name     string
		findings []api.SignInFinding
		last     string
		code     int
	}{
		{"well", []api.SignInFinding{finding("ok", "The clocks agree.")}, "0 problems, 0 warnings. As far as can be seen from here, people can sign in.", exitDone},
		{"warned", []api.SignInFinding{finding("warning", "It ends soon.")}, "0 problems, 1 warning. As far as can be seen from here, people can sign in.", exitDone},
		{"broken", []api.SignInFinding{finding("warning", "It ends soon."), finding("problem", "No metadata.")}, "1 problem, 1 warning. People cannot sign in.", exitFindings},
	} {
		flags, asked := elsewhere(t, map[string]any{"POST /connections/acme-okta/test": api.Examination{Findings: c.findings}})
		out, errs, code := typed(t, append([]string{"connections", "test", "acme-okta"}, flags...)...)
		if !strings.HasSuffix(out, "\n"+c.last+"\n") || !strings.Contains(out, c.findings[0].Text) || code != c.code {
			t.Errorf("%s: exit code %d, %s\n%s", c.name, code, errs, out)
		}
		if _, _, code = typed(t, append([]string{"connections", "test", "acme-okta", "--json"}, flags...)...); code != c.code {
			t.Errorf("%s: exit code %d with --json", c.name, code)
		}
		if asked["POST /connections/acme-okta/test"] != 2 {
			t.Errorf("%s: asked %v", c.name, asked)
		}
	}
}

func TestConnectionsRotateKeySaysWhatIsNext(t *testing.T) {
	flags, asked := elsewhere(t, map[string]any{
		"POST /connections/acme-okta/rotate-key": api.Rotation{Connection: "acme-okta", Step: 1, Did: "A new key was made.", Next: "Let the provider learn it."},
	})
	if _, errs, code := typed(t, append([]string{"connections", "rotate-key", "acme-okta"}, flags...)...); code != exitFailed || !strings.Contains(errs, "--reason") || len(asked) > 0 {
		t.Errorf("without a reason: exit code %d, %s, asked %v", code, errs, asked)
	}
	out, errs, code := typed(t, append([]string{"connections", "rotate-key", "acme-okta", "--reason", "yearly"}, flags...)...)
	if out != "Step 1 of 3. A new key was made.\nNext: Let the provider learn it.\n" || code != exitDone {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
}

func TestStatusTellsOfSigningIn(t *testing.T) {
	finding := api.SignInFinding{Connection: "acme-okta", Weight: "warning", Text: "A certificate ends soon."}
	of := func(findings ...api.SignInFinding) map[string]any {
		return map[string]any{"GET /status": api.Status{Organizations: []api.OrganizationStatus{{Organization: api.Organization{ID: "acme"}, Findings: findings}}}}
	}
	flags, _ := elsewhere(t, of(finding, api.SignInFinding{Weight: "warning", Text: "Nobody joins by acme.net."}))
	out, errs, code := typed(t, append([]string{"status"}, flags...)...)
	if out != "acme: no policy yet\n  acme-okta, warning: A certificate ends soon.\n  warning: Nobody joins by acme.net.\n" || code != exitDone {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
	finding.Weight = "problem"
	flags, _ = elsewhere(t, of(finding))
	if out, errs, code = typed(t, append([]string{"status"}, flags...)...); !strings.Contains(out, "acme-okta, problem: ") || code != exitFindings {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
}
