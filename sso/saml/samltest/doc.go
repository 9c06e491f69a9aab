// Package samltest is a SAML provider's pen in the hand of whoever a test wants: it writes responses, good ones and such as no
// provider writes, and signs and encrypts them in every way, right or wrong. Tests import it, and nothing else does.
//
//	Message ─▶ Assertion ─▶ Signer.Sign ─▶ Encrypt ─▶ Response ─▶ Signer.Sign ─▶ Encode ─▶ SAMLResponse
//
// It knows nothing of package saml, whose tests use it: the algorithms are named here once more, so that a wrong table there
// is not checked against itself.
package samltest
