// Package saml is the service provider's half of the SAML 2.0 protocol: what one connection says to its provider, and
// what it believes of the answers. It holds no state: no store, no HTTP, no file, no clock. Whoever calls it keeps the id
// of a request until its answer comes, keeps the id of an assertion until it can no longer be used, and brings the instant.
//
//	Settings.Request ──▶ Outbound ──▶ browser ──▶ provider
//	                                                 │
//	            SAMLResponse, posted to our ACS URL ◀┘
//	                  │
//	                  ├─ prescan     size, depth, numbers, one root, one assertion: before anything is parsed
//	                  ├─ decrypt     with any of our keys
//	                  ├─ verify      with any of the provider's certificates; only what was signed is read on
//	                  └─ believe     issuer, audience, recipient, request, instants, authentication
//	                  │
//	                  └▶ Accepted: identity.Identity, and the assertion's id to remember; or an identity.Refusal
//
//	Settings.LogoutRequest, ReadLogoutRequest, LogoutResponse, ReadLogoutResponse: the same both ways for single logout
//
// Signatures are verified by goxmldsig and messages are made of crewjam/saml's schema. crewjam's own ServiceProvider is
// not used to accept messages: its clock and its skew are variables of that package, it knows one key of ours, and it
// reads the assertion from the document as it came and not from the bytes that the signature covers.
package saml
