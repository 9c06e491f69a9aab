package saml

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

// now is the instant of all messages here.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const (
	entityID  = "https://usher.example/sso/acme-okta"
	acsURL    = "https://usher.example/sso/acme-okta/saml/acs"
	sloURL    = "https://usher.example/sso/acme-okta/saml/slo"
	issuerID  = "https://idp.example/acme"
	requestID = "_request-of-this-browser"
)

// The keys are made once: RSA keys take their time.
var (
	rsaKey    = sync.OnceValue(func() KeyPair { return samltest.Certify(samltest.RSA(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	nextKey   = sync.OnceValue(func() KeyPair { return samltest.Certify(samltest.RSA(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	ecdsaKey  = sync.OnceValue(func() KeyPair { return samltest.Certify(samltest.ECDSA(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	ownKey    = sync.OnceValue(func() KeyPair { return samltest.Certify(samltest.RSA(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	evilKey   = sync.OnceValue(func() KeyPair { return samltest.Certify(samltest.RSA(), now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)) })
	staleCert = sync.OnceValue(func() KeyPair { return samltest.Certify(rsaKey().Key, now.AddDate(-3, 0, 0), now.AddDate(-1, 0, 0)) })
)

// settings are those of a connection that trusts some keys.
func settings(trusted ...KeyPair) *Settings {
	s := &Settings{
		Connection: "acme-okta", EntityID: entityID, ACS: acsURL, SLO: sloURL, Keys: []KeyPair{ownKey()},
		Metadata: Metadata{
			EntityID: issuerID,
			SSO:      Endpoints{Redirect: "https://idp.example/sso", POST: "https://idp.example/sso/post"},
			SLO:      Endpoints{Redirect: "https://idp.example/slo", POST: "https://idp.example/slo/post"},
		},
		Attributes: DefaultAttributes("generic"),
	}
	for _, k := range trusted {
		s.Metadata.Certificates = append(s.Metadata.Certificates, k.Certificate)
	}
	return s
}

// good is a sign-in with which nothing is wrong.
func good() samltest.Message {
	m := samltest.Good(issuerID, entityID, acsURL, requestID, "ann", now)
	m.Attributes = samltest.Attribute("email", "ann@acme.com") + samltest.Attribute("groups", "Engineering", "Staff")
	return m
}

func expected() Expected {
	return Expected{Request: requestID, Asked: now.Add(-time.Minute), At: now}
}

// refused wants a refusal of a code whose reason says something.
func refused(t testing.TB, err error, code identity.Code, says string) {
	t.Helper()
	var refusal *identity.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if refusal.Code != code || !strings.Contains(refusal.Reason, says) {
		t.Errorf("refused as %s: %s\nwant %s: …%s…", refusal.Code, refusal.Reason, code, says)
	}
}

// denied wants a response to be refused.
func denied(t testing.TB, s *Settings, value string, code identity.Code, says string) {
	t.Helper()
	accepted, err := s.Response(value, expected())
	if accepted != nil {
		t.Fatalf("accepted %+v", accepted.Identity)
	}
	refused(t, err, code, says)
	if cause := errors.Unwrap(err); cause != nil && strings.HasPrefix(cause.Error(), "panic: ") {
		t.Errorf("it panicked: %v", cause)
	}
}

// allowed wants a response to be believed.
func allowed(t testing.TB, s *Settings, value string) *Accepted {
	t.Helper()
	accepted, err := s.Response(value, expected())
	if err != nil {
		t.Fatalf("refused: %v (%v)", err, errors.Unwrap(err))
	}
	return accepted
}
