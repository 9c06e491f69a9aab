// Package oidc is the protocol half of an OpenID Connect relying party: it writes the request, and makes one verified
// identity.Identity of the answer. It opens no store, has no mux and reads no file; what must be remembered between two
// calls goes out as a value and comes back as one.
//
//	browser                     usher (package sso)                oidc.Provider                  provider
//	   │  /sso/ID/login            │                                    │                            │
//	   ├──────────────────────────▶│ Request(ask) ─────────────────────▶│ discovery, cached ────────▶│
//	   │                           │◀── URL and Request{state,nonce,…} ─┤                            │
//	   │◀── 303 to the URL ────────┤ keeps the Request with the browser │                            │
//	   ├── signs in ─────────────────────────────────────────────────────────────────────────────────▶│
//	   │◀── 303 to the redirect URI, with code, state, iss ───────────────────────────────────────────┤
//	   ├──────────────────────────▶│ Callback(query, Request) ─────────▶│ code, verifier ───────────▶│
//	   │                           │                                    │◀── ID token, access token ─┤
//	   │                           │                                    │ signature and claims hold  │
//	   │                           │                                    │ userinfo, same sub ───────▶│
//	   │                           │◀── *identity.Identity, or ─────────┤                            │
//	   │                           │    *identity.Refusal               │                            │
//
// go-oidc checks a token's signature, issuer, audience and expiry; this package checks the rest (OpenID Connect Core
// 3.1.3.7, RFC 9207, RFC 9700): nonce, azp, foreign audiences, how sub is spelled, iat, the span until exp, type, form,
// size, at_hash, and that userinfo speaks of the same person.
//
// Sign-out goes both ways: LogoutURL leads a browser to the provider's end_session_endpoint, and BackChannelLogout verifies
// what a provider posts. Front-channel logout is not offered: browsers withhold cookies from the frames that it needs.
package oidc
