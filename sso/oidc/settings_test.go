package oidc

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mixus/usher/directory"
)

func TestSettingsCollectEverythingThatIsWrong(t *testing.T) {
	_, err := New(Settings{
		Issuer: "http://acme.okta.com", RedirectURI: "https://user:pw@usher.example/", ClientSecret: "s", Key: &ClientKey{},
		Subject: []string{"email"}, Algorithms: []string{"none"}, Skew: time.Hour, Prompt: "none", HostedDomain: "acme.com", Tenant: tenant,
	}, http.DefaultClient, nil)
	var fields []string
	for _, one := range err.(interface{ Unwrap() []error }).Unwrap() {
		var told *directory.Error
		if !errors.As(one, &told) || told.Kind != directory.Invalid || !strings.HasSuffix(told.Message, ".") {
			t.Errorf("%v is no sentence with a field", one)
			continue
		}
		fields = append(fields, told.Field)
	}
	slices.Sort(fields)
	want := []string{"algorithms", "client_id", "client_secret", "clock_skew", "hosted_domain", "issuer", "prompt", "redirect_uri", "subject", "tenant"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := New(Settings{}, nil, nil); err == nil {
		t.Error("a provider without a client")
	}
}

func TestSettings(t *testing.T) {
	good := Settings{Connection: "acme", Issuer: "https://acme.okta.com", ClientID: "a", ClientSecret: "s", RedirectURI: redirectURI}
	for name, c := range map[string]struct {
		change func(*Settings)
		wrong  string
	}{
		"good":                        {func(*Settings) {}, ""},
		"an issuer with a slash":      {func(s *Settings) { s.Issuer = "https://acme.eu.auth0.com/" }, ""},
		"an issuer with a query":      {func(s *Settings) { s.Issuer = "https://acme.okta.com?a=b" }, "issuer"},
		"a script":                    {func(s *Settings) { s.Issuer = "javascript:alert(1)" }, "issuer"},
		"plain HTTP":                  {func(s *Settings) { s.Issuer = "http://127.0.0.1:5556" }, "issuer"},
		"plain HTTP for tests":        {func(s *Settings) { s.Issuer, s.AllowHTTP = "http://127.0.0.1:5556", true }, ""},
		"plain HTTP to the world":     {func(s *Settings) { s.Issuer, s.AllowHTTP = "http://acme.okta.com", true }, "issuer"},
		"neither secret nor key":      {func(s *Settings) { s.ClientSecret = "" }, "client_secret"},
		"a kind that is not known":    {func(s *Settings) { s.Kind = "keycloak" }, "provider"},
		"keyed by address":            {func(s *Settings) { s.Subject = []string{"sub", "preferred_username"} }, "subject"},
		"Entra":                       {func(s *Settings) { s.Kind, s.Issuer = Entra, "https://login.microsoftonline.com/"+tenant+"/v2.0" }, ""},
		"Entra for everybody":         {func(s *Settings) { s.Kind, s.Issuer = Entra, "https://login.microsoftonline.com/common/v2.0" }, "issuer"},
		"Entra by address":            {func(s *Settings) { entra(s); s.TrustEmail = true }, "trust_email"},
		"Google does not sign again":  {func(s *Settings) { s.Kind, s.MaxAge = Google, time.Hour }, "max_age"},
		"EdDSA, ES512":                {func(s *Settings) { s.Algorithms = []string{"EdDSA", "ES512"} }, ""},
		"HS512":                       {func(s *Settings) { s.Algorithms = []string{"RS256", "HS512"} }, "algorithms"},
		"a negative skew":             {func(s *Settings) { s.Skew = -time.Second }, "clock_skew"},
		"a negative age":              {func(s *Settings) { s.MaxAge = -time.Second }, "max_age"},
		"a redirect with a fragment":  {func(s *Settings) { s.RedirectURI += "#x" }, "redirect_uri"},
		"a redirect that is relative": {func(s *Settings) { s.RedirectURI = "/callback" }, "redirect_uri"},
	} {
		s := good
		c.change(&s)
		_, err := New(s, http.DefaultClient, nil)
		var told *directory.Error
		switch {
		case c.wrong == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.wrong != "" && (!errors.As(err, &told) || told.Field != c.wrong):
			t.Errorf("%s: %v, want %s to be wrong", name, err, c.wrong)
		}
	}
	s := good
	s.Kind, s.Issuer = Entra, "https://login.microsoftonline.com/"+strings.ToUpper(tenant)+"/v2.0"
	if done, err := s.complete(); err != nil || done.Tenant != tenant {
		t.Errorf("%q, %v: want the tenant that the issuer names", done.Tenant, err)
	}
}
