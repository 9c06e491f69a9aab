// Package sso is what an employee's browser meets when it signs in and out. It makes no decision about people: it finds
// the way to a provider, has the answer verified, and hands what it says to provision.Engine.
//
//	/login ── address, organization, connection ──▶ start ──▶ provider
//	/sso/{connection}/login ──────────────────────▶   │          │
//	                                  sealed cookie ◀─┘          │
//	                                        │                    │
//	/sso/{connection}/saml/acs ─────────────┴─▶ sso/saml ◀───────┤
//	/sso/{connection}/oidc/callback ──────────▶ sso/oidc ◀───────┘
//	                                               │
//	                                    identity ──┴─▶ Engine.Login ──▶ session cookie ──▶ /terms, /welcome or back
//	                                    refusal ─────▶ Engine.Refuse ─▶ page with a reference
//
//	/invitations/{token} ──▶ the provider, as above ─────────────▶ Engine.Login, or Engine.AcceptSignedIn ──▶ /welcome
//	                 └─────▶ a code to the invited address ──▶ Engine.EnterInviteCode ──▶ session cookie ──▶ /account/sign-in
//
//	/logout ──▶ session ends here ──▶ provider's logout ──▶ /logout/done
//	/sso/{connection}/saml/slo, /sso/{connection}/oidc/backchannel-logout: the provider signs people out
//
// What must be remembered between leaving for a provider and coming back is sealed into a cookie of its own for each
// sign-in, so that starting one writes nothing; that it is answered once is a row that the answer itself writes.
//
// GET changes nothing but cookies, with the exceptions that the protocols make: an OpenID Connect answer and a SAML logout
// come as GET.
package sso
