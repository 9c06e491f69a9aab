// Command app is a small application that signs people in through usher. It is an OpenID Connect relying party like any
// other and knows nothing of usher but its issuer: the code flow with PKCE, userinfo on every click, sign-out at the
// provider, and back-channel logout.
//
//	GET  /                     who is signed in, and what they may do
//	GET  /signin               off to the provider
//	GET  /callback             back from it
//	POST /signout              signed out here, and then at the provider
//	POST /backchannel-logout   the provider says that a session has ended
//
// It keeps everything in memory, as an example may.
package main
