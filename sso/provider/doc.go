// Package provider is the OpenID provider towards the application, which signs people in by standard OpenID Connect and
// never hears of SAML, directories or organizations' providers.
//
//	application ── GET /oidc/authorize ─────────▶ checked, and sealed into an id: nothing is written
//	browser     ── GET /oidc/authorize/callback ▶ no session ──▶ /login?return=… ──▶ back here
//	                                              session ─────▶ a code, to the exact redirect URI
//	application ── POST /oidc/token ────────────▶ the code is spent: an ID token and an access token
//	application ── GET /oidc/userinfo ──────────▶ the same claims, freshly read
//	browser     ── GET /oidc/end_session ───────▶ the session ends, and its provider's, and back to the application
//	journal ─────▶ Run ─────────────────────────▶ POST backchannel_logout_uri of who has to know
//
// There is one flow, the authorization code with PKCE by S256, for every client. There are no refresh tokens, no implicit
// flow, no other grants and no registration, and the discovery document has no word of them. Codes and access tokens hang on
// the session: what ends the session ends them in the same transaction (law 6).
//
// It is made of the parts of zitadel's pkg/op, with routes of our own: those of pkg/op let a GET exchange a code, answer
// people with JSON, log with the process's logger, allow every origin, and announce the implicit flow.
//
// Scopes and their claims, alike in ID tokens and from userinfo:
//
//	openid    sub (the member's id, for good), org, connection; in ID tokens sid too, and auth_time where it is known
//	profile   name, given_name, family_name
//	email     email, email_verified (the domain is owned by the organization)
//	access    role, department, teams, permissions (of the role), permission_sets, permission_values (of the sets, merged)
//
// What browsers may ask of /oidc/authorize beside the standard: organization and connection, which are handed on to /login.
package provider
