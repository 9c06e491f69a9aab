// Package idps runs real identity providers on the loopback for tests, so that what usher says of them is held against
// programs that were written by others. `make idps` installs them:
//
//	dex             OpenID Connect                        dex/go.mod says which version
//	oidc-provider   OpenID Connect, back-channel logout   oidc-provider/package.json
//	SimpleSAMLphp   SAML                                  Debian's, debian.txt
//	LemonLDAP::NG   SAML and OpenID Connect               Debian's, debian.txt
//
// Every Start function writes the provider's configuration into a directory of the test, starts it on a free port, and
// stops it when the test ends. When the program is not installed the test is skipped, unless USHER_REQUIRE_IDPS is set,
// as in CI: then it fails.
//
//	p := idps.StartDex(t, idps.Client{RedirectURI: callback})
//	back, err := p.Login(idps.NewBrowser(), authorizationURL, idps.Ann().User, idps.Ann().Password)
//	// back is the request with which the browser returns to usher, not sent yet
package idps
