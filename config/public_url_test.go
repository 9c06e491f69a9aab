package config_test

import (
	"strings"
	"testing"
)

func TestAProviderOnThisMachineThatUsherMayNotReachIsWarnedOf(t *testing.T) {
	const acme = "organization: {id: acme}\nconnections:\n" +
		"  - {id: keycloak, oidc: {issuer: \"http://localhost:8081\", client_id: a}}\n" +
		"  - {id: saml, saml: {metadata_url: \"http://127.0.0.1:8082/metadata\"}}\n" +
		"  - {id: okta, oidc: {issuer: \"https://acme.okta.com\", client_id: a}}\n"
	for networks, want := range map[string][]string{
		"": {"acme.yaml:3:", `nobody signs in by "keycloak": issuer is "http://localhost:8081"`, "acme.yaml:4:", `nobody signs in by "saml": metadata_url is`, "private_networks: {saml: [127.0.0.1]}"},
		"private_networks: {keycloak: [127.0.0.0/8], saml: [10.0.0.0/8]}\n": {`nobody signs in by "saml"`},
		"private_networks: {keycloak: [127.0.0.0/8], saml: [127.0.0.1]}\n":  nil,
	} {
		_, problems := loadWith(t, "organizations: [acme.yaml]\n"+networks, acme)
		got := render(problems)
		for _, words := range want {
			if !strings.Contains(got, words) {
				t.Errorf("%q: no %q in\n%s", networks, words, got)
			}
		}
		if len(want) == 0 && got != "" || strings.Contains(got, ": error: ") || strings.Contains(got, `"okta"`) || networks != "" && strings.Contains(got, `"keycloak"`) {
			t.Errorf("%q:\n%s", networks, got)
		}
	}
}
