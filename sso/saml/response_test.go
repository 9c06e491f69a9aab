package saml

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/mixus/usher/sso/identity"
	"github.com/mixus/usher/sso/saml/samltest"
)

func TestASignInBecomesAnIdentity(t *testing.T) {
	got := allowed(t, settings(rsaKey()), good().SignedBy(t, rsaKey()))
	want := &Accepted{
		Identity: &identity.Identity{
			Connection: "acme-okta", Subject: "ann", Issuer: issuerID,
			Addresses: []identity.Address{{Value: "ann@acme.com", Vouched: true}},
			Groups:    []string{"Engineering", "Staff"}, GroupsKnown: true,
			Claims:   map[string][]string{"email": {"ann@acme.com"}, "groups": {"Engineering", "Staff"}},
			SignedIn: now.Add(-time.Second), Session: "session-1",
			NameID: identity.NameID{Value: "ann", Format: urnPersistent},
		},
		Assertion: "_assertion-1", Until: now.Add(5*time.Minute + DefaultSkew),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSignaturesThatCount(t *testing.T) {
	for name, sg := range map[string]samltest.Signer{
		"RSA SHA-256":              {Key: rsaKey()},
		"RSA SHA-384":              {Key: rsaKey(), Method: dsig.RSASHA384SignatureMethod},
		"RSA SHA-512":              {Key: rsaKey(), Method: dsig.RSASHA512SignatureMethod, Digest: "http://www.w3.org/2001/04/xmlenc#sha512"},
		"ECDSA, r and s":           {Key: ecdsaKey()},
		"ECDSA, ASN.1":             {Key: ecdsaKey(), DER: true},
		"ECDSA SHA-512":            {Key: ecdsaKey(), Method: dsig.ECDSASHA512SignatureMethod},
		"without KeyInfo":          {Key: rsaKey(), NoKeyInfo: true},
		"ECDSA without KeyInfo":    {Key: ecdsaKey(), NoKeyInfo: true},
		"naming another of ours":   {Key: rsaKey(), KeyInfo: nextKey().Certificate},
		"naming a renewed one":     {Key: rsaKey(), KeyInfo: samltest.Certify(rsaKey().Key, now, now.AddDate(2, 0, 0)).Certificate},
		"by the second":            {Key: nextKey()},
		"by the second, unnamed":   {Key: nextKey(), NoKeyInfo: true},
		"with a digest of SHA-384": {Key: rsaKey(), Digest: "http://www.w3.org/2001/04/xmldsig-more#sha384"},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(rsaKey(), nextKey(), ecdsaKey()) // the provider is changing its key
			allowed(t, s, samltest.Encode(t, good().Response(t, sg.Sign(t, good().Assertion(t)))))
			allowed(t, s, samltest.Encode(t, sg.Sign(t, good().Response(t, good().Assertion(t)))))
			allowed(t, s, samltest.Encode(t, sg.Sign(t, good().Response(t, sg.Sign(t, good().Assertion(t))))))
		})
	}
}

// A response and its assertion may both be signed; then both signatures have to be good.
func TestBothSignaturesHaveToBeGood(t *testing.T) {
	s := settings(rsaKey())
	evilInside := samltest.Signer{Key: rsaKey()}.Sign(t, good().Response(t, samltest.Signer{Key: evilKey()}.Sign(t, good().Assertion(t))))
	denied(t, s, samltest.Encode(t, evilInside), identity.Invalid, "signature of the assertion")
	evilOutside := samltest.Signer{Key: evilKey()}.Sign(t, good().Response(t, samltest.Signer{Key: rsaKey()}.Sign(t, good().Assertion(t))))
	denied(t, s, samltest.Encode(t, evilOutside), identity.Invalid, "signature of the response")
}

// Once a certificate is out of the metadata, its signatures are worth nothing.
func TestRollover(t *testing.T) {
	old, renewed := good().SignedBy(t, rsaKey()), good().SignedBy(t, nextKey())
	before, during, after := settings(rsaKey()), settings(rsaKey(), nextKey()), settings(nextKey())
	allowed(t, before, old)
	denied(t, before, renewed, identity.Invalid, "renew the metadata")
	allowed(t, during, old)
	allowed(t, during, renewed)
	denied(t, after, old, identity.Invalid, "renew the metadata")
	allowed(t, after, renewed)
}

func TestAnExpiredCertificateIsANote(t *testing.T) {
	got := allowed(t, settings(staleCert()), samltest.Encode(t, samltest.Signer{Key: staleCert()}.Sign(t, good().Response(t, samltest.Signer{Key: staleCert()}.Sign(t, good().Assertion(t))))))
	if len(got.Identity.Notes) != 1 || !strings.Contains(got.Identity.Notes[0], "expired on 2025-11-22") {
		t.Errorf("notes %q", got.Identity.Notes)
	}
}

// Namespaces that are declared around the assertion and used within it are part of what its signature covers.
func TestNamespacesFromAround(t *testing.T) {
	a := samltest.Signer{Key: rsaKey()}.Sign(t, good().Assertion(t))
	root := good().Response(t, a)
	for _, declared := range []string{"saml", "xs", "xsi"} {
		moved := a.RemoveAttr("xmlns:" + declared)
		root.CreateAttr("xmlns:"+declared, moved.Value)
	}
	allowed(t, settings(rsaKey()), samltest.Encode(t, root))
	allowed(t, settings(rsaKey()), samltest.Encode(t, samltest.Signer{Key: rsaKey()}.Sign(t, root)))
}

func TestManyGroups(t *testing.T) {
	groups := make([]string, 2000)
	for i := range groups {
		groups[i] = fmt.Sprintf("Group %04d", i)
	}
	m := good()
	m.Attributes = samltest.Attribute("groups", groups...)
	for _, value := range []string{
		m.SignedBy(t, rsaKey()),
		samltest.Encode(t, samltest.Signer{Key: rsaKey()}.Sign(t, m.Response(t, samltest.Signer{Key: rsaKey()}.Sign(t, m.Assertion(t))))),
	} {
		if got := allowed(t, settings(rsaKey()), value).Identity; !cmp.Equal(got.Groups, groups) {
			t.Errorf("%d groups", len(got.Groups))
		}
	}
}

func TestWhitespaceAndByteOrderMark(t *testing.T) {
	value := samltest.Rewrap(t, good().SignedBy(t, rsaKey()), func(x string) string {
		return "\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + x + "\n"
	})
	var folded strings.Builder
	for i, c := range value {
		if i > 0 && i%76 == 0 {
			folded.WriteString("\r\n")
		}
		folded.WriteRune(c)
	}
	allowed(t, settings(rsaKey()), folded.String())
}

func TestForceAuthnHasToBeHonored(t *testing.T) {
	want := expected()
	want.Forced = true
	for _, c := range []struct {
		signedIn time.Time
		ok       bool
	}{
		{now.Add(-time.Second), true},
		{want.Asked.Add(-DefaultSkew), true},
		{want.Asked.Add(-DefaultSkew - time.Second), false},
		{now.Add(-8 * time.Hour), false},
	} {
		m := good()
		m.SignedIn = c.signedIn
		value := m.SignedBy(t, rsaKey())
		_, err := settings(rsaKey()).Response(value, want)
		if c.ok && err != nil {
			t.Errorf("signed in at %s: %v", c.signedIn, err)
		}
		if !c.ok {
			refused(t, err, identity.Misset, "did not")
		}
		always := settings(rsaKey())
		always.ForceAuthn = true
		if _, err := always.Response(value, expected()); (err == nil) != c.ok {
			t.Errorf("signed in at %s, always forced: %v", c.signedIn, err)
		}
		allowed(t, settings(rsaKey()), value) // when nobody asked
	}
	want.Asked = time.Time{}
	if _, err := settings(rsaKey()).Response(good().SignedBy(t, rsaKey()), want); err == nil {
		t.Error("accepted as fresh, without an instant to compare with")
	}
}

func TestRequestedContextHasToBeUsed(t *testing.T) {
	s := settings(rsaKey())
	s.AuthnContexts = []string{"urn:mfa", good().Class}
	allowed(t, s, good().SignedBy(t, rsaKey()))
	s.AuthnContexts = []string{"urn:mfa"}
	denied(t, s, good().SignedBy(t, rsaKey()), identity.Misset, "urn:mfa")
}

func TestUnknownConditionsRefuse(t *testing.T) {
	s := settings(rsaKey())
	m := good()
	m.Conditions = `<saml:OneTimeUse/>`
	allowed(t, s, m.SignedBy(t, rsaKey()))
	m.Conditions = `<saml:Condition xsi:type="x:Delegation"/>`
	denied(t, s, m.SignedBy(t, rsaKey()), identity.Invalid, "not understood")
}

func TestTheProviderSaysNo(t *testing.T) {
	status := func(top, second, message string) string {
		const urn = "urn:oasis:names:tc:SAML:2.0:status:"
		if second != "" {
			second = `<samlp:StatusCode Value="` + urn + second + `"/>`
		}
		return `<samlp:StatusCode Value="` + urn + top + `">` + second + `</samlp:StatusCode><samlp:StatusMessage>` + message + `</samlp:StatusMessage>`
	}
	for name, c := range map[string]struct {
		status string
		code   identity.Code
	}{
		"not assigned": {status("Requester", "RequestDenied", "User is not assigned"), identity.Denied},
		"failed":       {status("Responder", "AuthnFailed", "no"), identity.Denied},
		"name policy":  {status("Requester", "InvalidNameIDPolicy", "no"), identity.Misset},
		"requester":    {status("Requester", "", "no"), identity.Misset},
		"broken":       {status("Responder", "", "internal error"), identity.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			m.Status = c.status
			denied(t, settings(rsaKey()), samltest.Encode(t, m.Response(t)), c.code, "The provider answered")
			denied(t, settings(rsaKey()), m.SignedBy(t, rsaKey()), c.code, "The provider answered")
		})
	}
	m := good()
	m.Status = ""
	denied(t, settings(rsaKey()), m.SignedBy(t, rsaKey()), identity.Invalid, "no status")
	denied(t, settings(rsaKey()), samltest.Encode(t, good().Response(t)), identity.Invalid, "no assertion")
}

func TestSubjects(t *testing.T) {
	long := strings.Repeat("x", mostSubject+1)
	for name, c := range map[string]struct {
		change  func(*samltest.Message)
		subject string
		want    string // "" for a refusal
	}{
		"name":              {func(*samltest.Message) {}, "", "ann"},
		"name, said":        {func(*samltest.Message) {}, "NameID", "ann"},
		"spaces around":     {func(m *samltest.Message) { m.Name = "\n  ann\n  " }, "", "ann"},
		"case counts":       {func(m *samltest.Message) { m.Name = "Ann" }, "", "Ann"},
		"transient":         {func(m *samltest.Message) { m.Format = urnTransient }, "", ""},
		"empty":             {func(m *samltest.Message) { m.Name = " " }, "", ""},
		"long":              {func(m *samltest.Message) { m.Name = long }, "", ""},
		"attribute":         {func(m *samltest.Message) { m.Attributes = samltest.Attribute("oid", "42") }, "oid", "42"},
		"with transient":    {func(m *samltest.Message) { m.Attributes, m.Format = samltest.Attribute("oid", "42"), urnTransient }, "oid", "42"},
		"attribute in case": {func(m *samltest.Message) { m.Attributes = samltest.Attribute("OID", "42") }, "oid", ""},
		"attribute missing": {func(*samltest.Message) {}, "oid", ""},
		"attribute twice":   {func(m *samltest.Message) { m.Attributes = samltest.Attribute("oid", "42", "43") }, "oid", ""},
		"attribute repeated": {func(m *samltest.Message) {
			m.Attributes = samltest.Attribute("oid", "42") + samltest.Attribute("oid", "43")
		}, "oid", ""},
		"attribute empty": {func(m *samltest.Message) { m.Attributes = samltest.Attribute("oid", " ") }, "oid", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := good()
			c.change(&m)
			s := settings(rsaKey())
			s.Subject = c.subject
			accepted, err := s.Response(m.SignedBy(t, rsaKey()), expected())
			if c.want == "" {
				refused(t, err, identity.Misset, "")
				return
			}
			if err != nil || accepted.Identity.Subject != c.want {
				t.Errorf("got %+v, %v", accepted, err)
			}
		})
	}
}

// Whatever a refusal says, it neither quotes the message at length nor lets it break a line of the log.
func TestReasonsAreShortAndPrintable(t *testing.T) {
	m := good()
	m.Issuer = "https://evil.example/\nlevel=error " + strings.Repeat("x", 5000)
	_, err := settings(rsaKey()).Response(m.SignedBy(t, rsaKey()), expected())
	var refusal *identity.Refusal
	if !errors.As(err, &refusal) || len(refusal.Reason) > 1000 || strings.ContainsAny(refusal.Reason, "\n\r\t") {
		t.Errorf("got %q", err)
	}
}

// An attribute with a prefix is not the attribute: goxmldsig and readers must mean the same ID.
func TestOnlyPlainAttributesCount(t *testing.T) {
	el := etree.NewElement("x")
	el.CreateAttr("evil:ID", "a")
	el.CreateAttr("ID", "b")
	if got := attr(el, "ID"); got != "b" {
		t.Errorf("ID %q", got)
	}
	value := samltest.Rewrap(t, good().SignedBy(t, rsaKey()), func(x string) string {
		return samltest.Swap(t, x, `ID="_response-1"`, `saml:ID="_assertion-1" ID="_response-1"`)
	})
	denied(t, settings(rsaKey()), value, identity.Invalid, "ambiguous")
}
