package provider

import (
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// The scopes beyond those of OpenID Connect.
const scopeAccess = "access"

func scopes() []string {
	return []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail, scopeAccess}
}

// discovered is the discovery document, with what pkg/oidc has no field for.
type discovered struct {
	oidc.DiscoveryConfiguration
	PromptValuesSupported []string `json:"prompt_values_supported"`                        // Initiating User Registration 1.0, section 4
	IssuerInResponse      bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207, section 3
}

// discovery answers what there is, and nothing of what is off (OpenID Connect Discovery 1.0, section 3).
func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	methods := []oidc.AuthMethod{oidc.AuthMethodBasic, oidc.AuthMethodPost, oidc.AuthMethodNone}
	w.Header().Set("Cache-Control", "public, max-age=300")
	answer(w, http.StatusOK, &discovered{
		DiscoveryConfiguration: oidc.DiscoveryConfiguration{
			Issuer:                                 p.Issuer,
			AuthorizationEndpoint:                  p.Issuer + AuthorizePath,
			TokenEndpoint:                          p.Issuer + TokenPath,
			UserinfoEndpoint:                       p.Issuer + UserinfoPath,
			RevocationEndpoint:                     p.Issuer + RevokePath,
			EndSessionEndpoint:                     p.Issuer + EndSessionPath,
			JwksURI:                                p.Issuer + KeysPath,
			ScopesSupported:                        scopes(),
			ResponseTypesSupported:                 []string{string(oidc.ResponseTypeCode)},
			ResponseModesSupported:                 []string{string(oidc.ResponseModeQuery)},
			GrantTypesSupported:                    []oidc.GrantType{oidc.GrantTypeCode},
			SubjectTypesSupported:                  []string{"public"},
			IDTokenSigningAlgValuesSupported:       []string{string(signs)},
			TokenEndpointAuthMethodsSupported:      methods,
			RevocationEndpointAuthMethodsSupported: methods,
			CodeChallengeMethodsSupported:          []oidc.CodeChallengeMethod{oidc.CodeChallengeMethodS256},
			ClaimsSupported:                        claimNames(),
			BackChannelLogoutSupported:             true,
			BackChannelLogoutSessionSupported:      true,
		},
		PromptValuesSupported: []string{oidc.PromptNone, oidc.PromptLogin, oidc.PromptSelectAccount},
		IssuerInResponse:      true,
	})
}

// keys answers the public keys (RFC 7517). A new one is there a day before it signs, so that an hour in a cache is no risk.
func (p *Provider) keys(w http.ResponseWriter, r *http.Request) error {
	ring, err := p.ring().get(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	answer(w, http.StatusOK, ring.public())
	return nil
}
