package saml

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/mixus/usher/sso/saml/samltest"
)

// sent decodes the XML of a message that we send.
func sent(t *testing.T, out *Outbound) *etree.Element {
	t.Helper()
	return samltest.Element(t, string(arrive(t, out).document))
}

func TestRequest(t *testing.T) {
	s := settings(rsaKey())
	s.AuthnContexts = []string{"urn:mfa", "urn:smartcard"}
	out, err := s.Request(Ask{At: now, RelayState: "a b&c", LoginHint: "ann+1@acme.com", ForceAuthn: true})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(out.URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Host != "idp.example" || q.Get("RelayState") != "a b&c" || q.Get("login_hint") != "ann+1@acme.com" || q.Has("Signature") || out.Binding != Redirect {
		t.Errorf("the URL is %s", out.URL)
	}
	el := sent(t, out)
	for key, want := range map[string]string{
		"ID": out.ID, "Version": "2.0", "IssueInstant": "2026-11-22T12:00:00Z", "Destination": "https://idp.example/sso",
		"AssertionConsumerServiceURL": acsURL, "ForceAuthn": "true", "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
	} {
		if got := attr(el, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if got := text(children(el, nsAssertion, "Issuer")[0]); got != entityID {
		t.Errorf("issuer %q", got)
	}
	if got := attr(children(el, nsProtocol, "NameIDPolicy")[0], "Format"); got != urnPersistent {
		t.Errorf("format %q", got)
	}
	classes := children(children(el, nsProtocol, "RequestedAuthnContext")[0], nsAssertion, "AuthnContextClassRef")
	if len(classes) != 2 || text(classes[1]) != "urn:smartcard" {
		t.Errorf("%d classes", len(classes))
	}
	again, err := s.Request(Ask{At: now})
	if err != nil || again.ID == out.ID || len(out.ID) < 32 {
		t.Errorf("the ids %q and %q can be guessed, %v", out.ID, again.ID, err)
	}
}

func TestRequestsAreSigned(t *testing.T) {
	for name, key := range map[string]KeyPair{"RSA": ownKey(), "ECDSA": ecdsaKey()} {
		t.Run(name, func(t *testing.T) {
			s := settings(rsaKey())
			s.Keys = []KeyPair{key, nextKey()}
			s.Metadata.WantRequestsSigned = true // the provider's wish is enough
			trusted := settings(key).Metadata.Certificates
			for _, binding := range []Binding{Redirect, POST} {
				out, err := s.Request(Ask{At: now, Binding: binding, RelayState: "x", LoginHint: "ann"})
				if err != nil {
					t.Fatal(err)
				}
				in := arrive(t, out)
				if _, _, err := in.verified(trusted, false); err != nil || in.RelayState != "x" {
					t.Errorf("%s: %v", binding, err)
				}
				if _, _, err := in.verified(settings(evilKey()).Metadata.Certificates, false); err == nil {
					t.Errorf("%s: anybody's signature", binding)
				}
				if name == "ECDSA" && binding == Redirect && len(in.signature) != 64 {
					t.Errorf("the signature has %d bytes, want r and s of 32 each", len(in.signature))
				}
			}
			post, err := s.Request(Ask{At: now, Binding: POST})
			if err != nil {
				t.Fatal(err)
			}
			if el := sent(t, post); el.ChildElements()[0].Tag != "Issuer" || el.ChildElements()[1].Tag != "Signature" {
				t.Error("the schema wants the signature after the issuer")
			}
		})
	}
}

func TestWhereRequestsGo(t *testing.T) {
	s := settings(rsaKey())
	s.Metadata.SSO = Endpoints{POST: "https://idp.example/post"}
	out, err := s.Request(Ask{At: now})
	if err != nil || out.Binding != POST || out.URL != "https://idp.example/post" || out.Fields[0].Name != "SAMLRequest" {
		t.Errorf("got %+v, %v", out, err)
	}
	if raw, err := base64.StdEncoding.DecodeString(out.Fields[0].Value); err != nil || !strings.HasPrefix(string(raw), "<samlp:AuthnRequest") {
		t.Errorf("got %q, %v", raw, err)
	}
	if _, err := s.Request(Ask{At: now, Binding: Redirect}); err == nil {
		t.Error("a binding that the provider does not have")
	}
	s.Metadata.SSO = Endpoints{Redirect: "https://accounts.google.com/o/saml2/idp?idpid=C0"}
	out, err = s.Request(Ask{At: now})
	if err != nil || !strings.HasPrefix(out.URL, "https://accounts.google.com/o/saml2/idp?idpid=C0&SAMLRequest=") {
		t.Errorf("got %+v, %v", out, err)
	}
}
