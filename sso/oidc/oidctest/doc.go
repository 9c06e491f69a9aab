// Package oidctest is an OpenID provider on loopback that does as it is told, right or wrong: its documents, its keys, its
// codes, its tokens. Tests import it, and nothing else does.
//
//	Consent (the person signs in) ─▶ state, code, iss ─▶ /token ─▶ an ID token of Claims and Header, by Key or by Token
//
// It knows nothing of package oidc, whose tests use it.
package oidctest
